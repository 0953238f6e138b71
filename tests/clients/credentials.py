"""Users of a server under test, made with the program's own command, and clients that call with their keys."""

import json
import subprocess

import boto3
import requests
from botocore.config import Config
from server import binary, clean_environment, wait_for

AUTH_CODES = {
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
}


def user(*arguments, data_dir, environment=None, check=True):
    """`varberg user ... --output json`; its answer, or the finished process when `check` is off."""
    command = [binary(), "user", *arguments, "--data-dir", str(data_dir), "--output", "json"]
    done = subprocess.run(command, env=clean_environment() | (environment or {}), capture_output=True, text=True, timeout=60)
    if not check:
        return done
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def create(data_dir, name, role="admin", account=None, environment=None):
    more = ["--account", account] if account else []
    return user("create", name, "--role", role, *more, data_dir=data_dir, environment=environment)


def client(server, key, service="omics", region="us-east-1", **more):
    """An unmodified boto3 client with these credentials."""
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name=region,
        aws_access_key_id=key["accessKeyId"],
        aws_secret_access_key=key["secretAccessKey"],
        verify=server.ca,
        config=Config(inject_host_prefix=False, retries={"max_attempts": 1}),
        **more,
    )


def sql(server, key=None, statement="SELECT 1 AS one", **more):
    """The raw answer of `POST /sql` with Basic credentials, or without any."""
    auth = key and (key["accessKeyId"], key["secretAccessKey"])
    return requests.post(f"{server.endpoint}/sql", data=statement, auth=auth, verify=server.ca, timeout=30, **more)


def refusal(call, *arguments, **members):
    """The error code and status that a call ends with."""
    try:
        call(*arguments, **members)
    except Exception as error:  # botocore makes classes for modelled codes only
        answer = error.response
        assert answer["ResponseMetadata"]["RequestId"] and answer["ResponseMetadata"]["HTTPHeaders"]["date"], answer
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]
    raise AssertionError("the call was not refused")


def is_known(server, key) -> bool:
    """Whether the server takes the key by now; it follows the catalog within a second."""
    return sql(server, key).status_code == 200


def wait_until_known(server, key, known=True):
    wait_for(lambda: is_known(server, key) == known, f"the key to be {'known' if known else 'unknown'}", 10)
