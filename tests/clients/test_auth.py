"""Who calls: what boto3, curl and the program's own commands send is verified, and everything else refused."""

import datetime
import json
import re
import subprocess

import botocore.auth
import botocore.session
import pytest
import requests
from credentials import AUTH_CODES, client, create, is_known, refusal, sql, user, wait_until_known
from server import Server, binary, clean_environment, wait_for

ARN = "arn:aws:omics:us-east-1:000000000000:variantStore/cohort"


class Guarded(Server):
    """A server with a user for each role, and one of another account."""

    def __init__(self, data_dir, files, **options):
        self.keys = {role: create(data_dir, f"the-{role}", role) for role in ("reader", "writer", "admin")}
        self.keys["stranger"] = create(data_dir, "stranger", "admin", account="123456789012")
        super().__init__(data_dir, files, **options)

    def client(self, role="admin", **more):
        return client(self, self.keys[role], **more)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    base = tmp_path_factory.mktemp("guarded")
    with Guarded(base / "data", base / "files", environment={"VARBERG_LOG_LEVEL": "trace"}) as running:
        yield running
        assert running.stop() == 0


# Signatures


def members(shape, depth=0):
    """Some value of a shape; whether it makes sense does not matter to a signature."""
    if shape.type_name == "structure":
        names = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
        return {name: members(shape.members[name], depth + 1) for name in names}
    if shape.type_name == "list":
        return [members(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {"k é": members(shape.value, depth + 1)}
    if shape.type_name == "timestamp":
        return datetime.datetime(2026, 1, 31)
    if shape.type_name == "string":
        return "a b/é%2F~+".ljust(shape.metadata.get("min", 0), "x")[: shape.metadata.get("max")]
    return {"boolean": True, "blob": b"x"}.get(shape.type_name, 1)


def test_every_operation_that_boto3_signs_is_recognized(guarded):
    """All of the service model, those that this server lacks too: names with every kind of character in path and query."""
    omics = guarded.client()
    model = omics.meta.service_model
    asked = 0
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.input_shape and operation.has_streaming_input:
            continue  # sent unsigned; no operation of the analytics API does that
        values = members(operation.input_shape) if operation.input_shape else {}
        method = botocore.xform_name(name)
        try:
            getattr(omics, method)(**values)
        except omics.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] not in AUTH_CODES, f"{name}: {error}"
        asked += 1
    assert asked > 90
    print(f"{asked} operations")


def test_tags_with_an_arn_in_the_path_and_repeated_query_keys(guarded):
    omics = guarded.client()
    for call, values in [
        (omics.tag_resource, {"tags": {"Größe": "≥ 1"}}),
        (omics.list_tags_for_resource, {}),
        (omics.untag_resource, {"tagKeys": ["é", "a b", "a+b", "~", "/", "%2F"]}),
    ]:
        code, status, _ = refusal(call, resourceArn=ARN, **values)
        assert (code, status) == ("ResourceNotFoundException", 404), call


def test_a_wrong_secret_an_unknown_key_and_a_session_token(guarded):
    key = guarded.keys["admin"]
    cases = [
        ({**key, "secretAccessKey": key["secretAccessKey"][:-1] + "_"}, {}, "InvalidSignatureException"),
        ({**key, "secretAccessKey": guarded.keys["reader"]["secretAccessKey"]}, {}, "InvalidSignatureException"),
        ({**key, "accessKeyId": "VBAKUNKNOWNUNKNOWN67"}, {}, "UnrecognizedClientException"),
        (key, {"aws_session_token": "AQoDYXdzEPT"}, "UnrecognizedClientException"),
        (key, {"region": "eu-west-1"}, "InvalidSignatureException"),
    ]
    for wrong, more, code in cases:
        found, status, message = refusal(client(guarded, wrong, **more).list_variant_stores)
        assert (found, status) == (code, 403), message
        assert key["secretAccessKey"] not in message


def test_a_wrong_clock_is_told(guarded, monkeypatch):
    for minutes, text in ((-20, "Signature expired: "), (20, "Signature not yet current: ")):
        moved = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: moved.replace(tzinfo=None))
        code, status, message = refusal(guarded.client().list_variant_stores)
        assert (code, status) == ("InvalidSignatureException", 403) and message.startswith(text), message


def test_presigned_addresses_are_refused(guarded):
    address = guarded.client().generate_presigned_url("get_variant_store", Params={"name": "cohort"})
    answer = requests.get(address, timeout=10)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "IncompleteSignatureException")


def test_nothing_but_health_is_answered_without_credentials(guarded):
    for method, path in [
        ("GET", "/variantStore/cohort"),
        ("POST", "/variantStores"),
        ("DELETE", "/variantStore/cohort"),
        ("POST", "/sql"),
        ("POST", "/varberg/export"),
        ("GET", "/varberg/jobs/1/progress"),
        ("GET", "/tags/x"),
        ("POST", "/shares"),
        ("GET", "/workflow"),
        ("GET", "/"),
        ("GET", "/no/such/path"),
        ("PUT", "/variantStores"),
        ("OPTIONS", "/variantStores"),
    ]:
        answer = requests.request(method, guarded.endpoint + path, timeout=10)
        found = (answer.status_code, answer.headers["x-amzn-errortype"])
        assert found == (403, "MissingAuthenticationTokenException"), (method, path)
        assert answer.headers["x-amzn-requestid"] and answer.headers["date"]
    for path in ("live", "ready"):
        assert requests.get(f"{guarded.endpoint}/health/{path}", timeout=10).status_code == 200


def test_a_web_page_cannot_use_the_credentials_of_a_browser(guarded):
    key = guarded.keys["reader"]
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = sql(guarded, key, headers=headers)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert sql(guarded, key, headers={"Host": "variants.example.org"}).status_code == 200, "any name, once there are users"


# Basic


def test_basic_credentials_of_this_machine(guarded):
    key = guarded.keys["reader"]
    assert sql(guarded, key).json() == [{"one": 1}]
    wrong = sql(guarded, {**key, "secretAccessKey": "x" * 40})
    unknown = sql(guarded, {**key, "accessKeyId": "VBAKUNKNOWNUNKNOWN67"})
    for answer in (wrong, unknown):
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "UnrecognizedClientException")
    assert wrong.json() == unknown.json()
    for header in ("Basic", "Basic !", "Basic YQ==", "Basic " + "YWFh" * 2000, "basic YTpi"):
        answer = requests.post(f"{guarded.endpoint}/sql", data="SELECT 1", headers={"Authorization": header}, timeout=10)
        assert answer.status_code == 403, header


# What the called may do


def test_roles(guarded):
    cases = [
        ("list_variant_stores", {}, {"reader", "writer", "admin"}),
        ("get_variant_store", {"name": "cohort"}, {"reader", "writer", "admin"}),
        ("list_tags_for_resource", {"resourceArn": ARN}, {"reader", "writer", "admin"}),
        ("create_reference_store", {"name": "refs"}, {"writer", "admin"}),
        ("update_variant_store", {"name": "cohort"}, {"writer", "admin"}),
        ("tag_resource", {"resourceArn": ARN, "tags": {"k": "v"}}, {"writer", "admin"}),
        ("cancel_variant_import_job", {"jobId": "0" * 8 + "-0000-4000-8000-" + "0" * 12}, {"writer", "admin"}),
        ("delete_variant_store", {"name": "cohort"}, {"admin"}),
        ("create_share", {"resourceArn": ARN, "principalSubscriber": "123456789012"}, {"admin"}),
    ]
    for operation, values, allowed in cases:
        for role in ("reader", "writer", "admin"):
            omics = guarded.client(role)
            try:
                getattr(omics, operation)(**values)
                code = None
            except omics.exceptions.ClientError as error:
                code = error.response["Error"]["Code"]
            assert (code == "AccessDeniedException") == (role not in allowed), (operation, role, code)


def test_each_account_has_its_own_resources(guarded):
    ours, theirs = guarded.client("writer"), guarded.client("stranger")
    mine = ours.create_reference_store(name="ours")
    assert ":000000000000:" in mine["arn"]
    assert ":123456789012:" in theirs.create_reference_store(name="theirs")["arn"]
    assert refusal(theirs.get_reference_store, id=mine["id"])[0] == "ResourceNotFoundException"
    assert [store["name"] for store in theirs.list_reference_stores()["referenceStores"]] == ["theirs"]


# Users, while the server runs


def test_users_are_made_rotated_and_deleted_while_the_server_runs(make_server, tmp_path):
    running = make_server()
    data = running.data_dir
    assert sql(running).status_code == 200, "without users, programs of this machine call"
    first = create(data, "ada")
    wait_for(lambda: sql(running).status_code == 403, "the server to ask for credentials", 10)
    assert sql(running).headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert is_known(running, first)

    second = user("rotate", "ada", data_dir=data)
    wait_until_known(running, second)
    assert is_known(running, first), "the former key goes on working"
    third = user("rotate", "ada", data_dir=data)
    wait_until_known(running, third)
    wait_until_known(running, first, known=False)
    assert is_known(running, second)
    fourth = user("rotate", "ada", "--revoke", data_dir=data)
    wait_until_known(running, fourth)
    assert not is_known(running, second) and not is_known(running, third)

    known = user("list", data_dir=data)["users"]
    assert [(u["userName"], u["role"], len(u["accessKeys"])) for u in known] == [("ada", "admin", 1)]
    assert known[0]["accessKeys"][0]["lastUsedTime"], "the use of a key is noted"
    secrets = [key["secretAccessKey"] for key in (first, second, third, fourth)]
    assert not any(secret in json.dumps(known) for secret in secrets)

    user("delete", "ada", "--key", fourth["accessKeyId"], data_dir=data)
    wait_until_known(running, fourth, known=False)
    assert sql(running).status_code == 403, "a user without a key is a user"
    user("delete", "ada", data_dir=data)
    wait_for(lambda: sql(running).status_code == 200, "loopback without users to be as before", 10)


def test_wrong_calls_of_the_user_command(tmp_path):
    data = tmp_path / "data"
    create(data, "ada")
    cases = [
        (("create", "ada"), 1, "user ada already exists"),
        (("rotate", "eve"), 1, "user eve does not exist"),
        (("delete", "eve"), 1, "user eve does not exist"),
        (("delete", "ada", "--key", "VBAKNONE"), 1, "access key VBAKNONE does not exist"),
        (("create", "a b"), 2, "pattern"),
        (("create", "x", "--account", "12"), 2, "12 digits"),
        (("create", "x", "--role", "root"), 2, "reader, writer, admin"),
    ]
    for arguments, code, text in cases:
        done = user(*arguments, data_dir=data, check=False)
        assert done.returncode == code and text in done.stderr, done
        assert done.stdout == ""
    missing = user("list", data_dir=tmp_path / "nowhere", check=False)
    assert missing.returncode == 1 and "--data-dir" in missing.stderr
    assert not (tmp_path / "nowhere").exists()


# The program's own commands


def command(server, *arguments, **environment):
    settings = clean_environment() | {"VARBERG_ENDPOINT": server.endpoint} | environment
    return subprocess.run([binary(), *arguments], env=settings, capture_output=True, text=True, timeout=60)


def test_commands_sign_what_they_send(guarded, tmp_path):
    key = guarded.keys["reader"]
    own = {"VARBERG_ACCESS_KEY_ID": key["accessKeyId"], "VARBERG_SECRET_ACCESS_KEY": key["secretAccessKey"]}
    aws = {"AWS_ACCESS_KEY_ID": key["accessKeyId"], "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"]}
    files = tmp_path / "credentials"
    pair = f"aws_access_key_id = {key['accessKeyId']}\naws_secret_access_key = {key['secretAccessKey']}\n"
    files.write_text(f"[default]\naws_access_key_id = x\naws_secret_access_key = y\n[lab]\n{pair}")
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(files), "AWS_PROFILE": "lab"}
    wrong = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    for settings in (own, aws, profile, own | wrong, own | {"AWS_REGION": "us-east-1"}):
        for arguments in (["query", "SELECT 1 AS one"], ["store", "list"], ["job", "list"], ["reference", "list"]):
            done = command(guarded, *arguments, **settings)
            assert done.returncode == 0, (arguments, done.stderr)
    denied = command(guarded, "reference", "import", "s3://lab-files/x.fa", **own)
    assert denied.returncode != 0 and "reader" in denied.stderr, denied.stderr
    unsigned = command(guarded, "store", "list")
    assert unsigned.returncode == 1 and "MissingAuthenticationTokenException" in unsigned.stderr
    half = command(guarded, "store", "list", VARBERG_ACCESS_KEY_ID="x")
    assert half.returncode == 2 and "VARBERG_SECRET_ACCESS_KEY" in half.stderr


def test_doctor_says_whether_the_credentials_are_taken(guarded):
    key = guarded.keys["reader"]
    own = {"VARBERG_ACCESS_KEY_ID": key["accessKeyId"], "VARBERG_SECRET_ACCESS_KEY": key["secretAccessKey"]}
    good = command(guarded, "doctor", **own).stdout
    assert re.search(r"ok\s+call", good), good
    bad = command(guarded, "doctor", **(own | {"VARBERG_SECRET_ACCESS_KEY": "wrong"})).stdout
    assert re.search(r"FAIL\s+call.*signature", bad), bad
    for text in (good, bad):
        assert key["secretAccessKey"] not in text


def test_env_passes_the_credentials_on(guarded):
    key = guarded.keys["reader"]
    own = {"VARBERG_ACCESS_KEY_ID": key["accessKeyId"], "VARBERG_SECRET_ACCESS_KEY": key["secretAccessKey"]}
    lines = json.loads(command(guarded, "env", "--output", "json", **own).stdout)
    assert (lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"]) == (key["accessKeyId"], key["secretAccessKey"])


# Secrets


def test_no_secret_is_in_the_log_or_the_data_directory(guarded):
    """Last of this file: the server has logged at its most talkative by now."""
    log = guarded.log()
    assert "the-admin" in log and "DEBUG" in log, "the callers are logged, and everything is"
    secrets = [key["secretAccessKey"] for key in guarded.keys.values()]
    assert not any(secret in log for secret in secrets)
    assert "Signature=" not in log and "Authorization" not in log
    for path in guarded.data_dir.rglob("*"):
        if path.is_file():
            stored = path.read_bytes()
            assert not any(secret.encode() in stored for secret in secrets), path
    assert (guarded.data_dir / "secrets.key").stat().st_mode & 0o777 == 0o600
