"""Quotas and rates: off by default, AWS's figures as a preset, answers 402 and 429 with their shapes."""

import pytest
from botocore.exceptions import ClientError
from server import BUCKET, ROLE, create_store, reference_arn, start_import, wait_for, wait_for_job

VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t1\t.\tA\tC\t.\t.\t.\n"


def refusal(call, **arguments) -> tuple:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_each_quota_answers_402_when_it_is_reached(make_server):
    config = """
[quotas]
variant_stores = 2
annotation_stores = 1
versions = 2
shares = 1
reference_stores = 1
references = 2
"""
    server = make_server(config=config)
    client = server.client()
    arn = reference_arn(server)
    reference = {"referenceArn": arn}
    exceeded = (402, "ServiceQuotaExceededException")
    for name in ("one", "two"):
        client.create_variant_store(name=f"store_{name}", reference=reference)
    assert refusal(client.create_variant_store, name="store_three", reference=reference) == (
        *exceeded,
        "the quota of 2 variant stores is reached",
    )
    client.create_annotation_store(name="notes", storeFormat="GFF")
    assert refusal(client.create_annotation_store, name="more_notes", storeFormat="GFF")[:2] == exceeded
    client.create_annotation_store_version(name="notes", versionName="second")
    assert refusal(client.create_annotation_store_version, name="notes", versionName="third")[:2] == exceeded
    store = client.get_variant_store(name="store_one")["storeArn"]
    client.create_share(resourceArn=store, principalSubscriber="111111111111")
    assert refusal(client.create_share, resourceArn=store, principalSubscriber="222222222222")[:2] == exceeded
    assert refusal(client.create_reference_store, name="another")[:2] == exceeded
    sources = [{"sourceFile": f"s3://{BUCKET}/reference.fa", "name": f"copy{i}"} for i in range(2)]
    one = {"referenceStoreId": arn.split("/")[1], "roleArn": ROLE}
    assert refusal(client.start_reference_import_job, **one, sources=sources)[:2] == exceeded
    client.start_reference_import_job(**one, sources=sources[:1])
    client.delete_variant_store(name="store_two")
    client.get_waiter("variant_store_deleted").wait(name="store_two", WaiterConfig={"Delay": 1})
    client.create_variant_store(name="store_three", reference=reference)


def test_jobs_and_sizes_of_files_are_bounded(make_server, tmp_path):
    held = tmp_path / "held"
    server = make_server(config="[quotas]\nimport_jobs = 1\nsource_bytes = 1000\n", hold=f"claimed:{held}")
    create_store(server, "cohort", reference_arn(server))
    (server.files / "small.vcf").write_text(VCF)
    (server.files / "large.vcf").write_text(VCF + "chr1\t2\t.\tA\tC\t.\t.\t.\n" * 100)
    job = start_import(server, "cohort", "small.vcf")
    items = [{"source": f"s3://{BUCKET}/small.vcf"}]
    refused = refusal(server.client().start_variant_import_job, destinationName="cohort", roleArn=ROLE, items=items)
    assert refused == (402, "ServiceQuotaExceededException", "the quota of 1 import jobs that wait or run is reached")
    wait_for(held.exists, "the job to be claimed")
    held.unlink()
    assert wait_for_job(server, job)["status"] == "COMPLETED"
    job = start_import(server, "cohort", "large.vcf")
    ended = wait_for_job(server, job)
    assert ended["status"] == "FAILED"
    assert "the quota is 1000" in ended["items"][0]["statusMessage"]


def test_a_rate_answers_429_and_clients_try_again(make_server):
    server = make_server(config="[quotas]\nrate_analytics = 2\n")
    once = server.client(retries={"total_max_attempts": 1})
    refused = 0
    for _ in range(6):
        try:
            once.list_variant_stores()
        except ClientError as error:
            answer = error.response
            assert answer["Error"]["Code"] == "ThrottlingException"
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
            assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
            refused += 1
    assert 3 <= refused <= 5
    once.list_annotation_stores()  # each operation has a count of its own
    patient = server.client(retries={"mode": "standard", "total_max_attempts": 8})
    for _ in range(4):
        patient.list_variant_stores()
    once.list_reference_stores()
    once.list_reference_stores()
    once.list_reference_stores()


def test_the_preset_has_the_figures_of_aws(make_server):
    server = make_server(config='[quotas]\npreset = "aws"\nrate_analytics = 0\nrate_reference_changes = 0\nrate_references = 0\n')
    client = server.client()
    reference = {"referenceArn": reference_arn(server)}
    for index in range(10):
        client.create_variant_store(name=f"store_{index}", reference=reference)
    assert refusal(client.create_variant_store, name="store_10", reference=reference)[0] == 402
    assert refusal(client.create_reference_store, name="second")[0] == 402


def test_without_configuration_there_is_no_bound(make_server):
    server = make_server()
    client = server.client(retries={"total_max_attempts": 1})
    reference = {"referenceArn": reference_arn(server)}
    for index in range(12):
        client.create_variant_store(name=f"store_{index}", reference=reference)
        client.list_variant_stores()
