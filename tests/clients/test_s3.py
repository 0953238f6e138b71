"""Sources and the warehouse in S3, by moto's server: real requests, real signatures (which moto does not check)."""

import socket
import subprocess
import sys

import boto3
import pytest
import requests
from server import ROLE, Server, create_store, reference_arn, wait_for, wait_for_job
from vcf_files import bgzf, vcf

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
RECORDS, SAMPLES = 20_000, 2


@pytest.fixture(scope="module")
def s3():
    """A client of an S3 with two empty buckets, `lake` and `sources`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        try:
            return requests.get(endpoint, timeout=5).ok
        except requests.ConnectionError:
            return False

    try:
        wait_for(answers, "moto to answer", 60)
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
        client.create_bucket(Bucket="lake")
        client.create_bucket(Bucket="sources")
        yield client
    finally:
        process.kill()
        process.wait()


def settings(s3) -> str:
    return f'[s3]\nendpoint = "{s3.meta.endpoint_url}"\nregion = "us-east-1"\npath_style = true\n'


@pytest.mark.parametrize("keys_from", ["variables", "profile"])
def test_tables_and_sources_lie_in_s3(s3, tmp_path, keys_from):
    environment = KEYS
    if keys_from == "profile":
        lines = "[lab]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
        (tmp_path / "credentials").write_text(lines)
        environment = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_PROFILE": "lab"}
    text = vcf(RECORDS)
    s3.put_object(Bucket="sources", Key="a b/plain.vcf", Body=text.encode())
    s3.put_object(Bucket="sources", Key="packed.vcf.gz", Body=bgzf(text.encode()))
    warehouse = ("--warehouse", f"s3://lake/{keys_from}")
    with Server(tmp_path / "data", tmp_path / "files", config=settings(s3), args=warehouse, environment=environment) as server:
        omics = server.client()
        create_store(server, "cloud", reference_arn(server))
        items = [{"source": f"s3://sources/{key}"} for key in ("a b/plain.vcf", "packed.vcf.gz", "absent.vcf")]
        job = omics.start_variant_import_job(destinationName="cloud", roleArn=ROLE, items=items)["jobId"]
        ended = wait_for_job(server, job)
        assert [i["jobStatus"] for i in ended["items"]] == ["COMPLETED", "COMPLETED", "FAILED"], ended
        assert "absent.vcf" in ended["items"][2]["statusMessage"]
        assert server.value('SELECT count(*) FROM "default"."cloud" WHERE start >= 0') == 2 * RECORDS * SAMPLES
        omics.delete_variant_store(name="cloud")

        def gone():
            listed = s3.list_objects_v2(Bucket="lake", Prefix=f"{keys_from}/variant_")
            return not listed.get("Contents")

        wait_for(gone, "no files of the deleted store", 30)


def test_a_source_that_changes_during_its_import_fails(s3, tmp_path):
    s3.put_object(Bucket="sources", Key="moving.vcf", Body=vcf(RECORDS).encode())
    marker = tmp_path / "held"
    hold = f"header-read:{marker}"
    with Server(tmp_path / "data", tmp_path / "files", hold=hold, config=settings(s3), environment=KEYS) as server:
        create_store(server, "moving", reference_arn(server))
        items = [{"source": "s3://sources/moving.vcf"}]
        job = server.client().start_variant_import_job(destinationName="moving", roleArn=ROLE, items=items)["jobId"]
        wait_for(marker.exists, "the worker to have read the header")
        s3.put_object(Bucket="sources", Key="moving.vcf", Body=vcf(10).encode())
        marker.unlink()
        ended = wait_for_job(server, job)
        assert ended["status"] == "FAILED" and "changed" in ended["items"][0]["statusMessage"], ended
        assert server.value('SELECT count(*) FROM "default"."moving"') == 0
