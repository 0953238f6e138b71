"""What the role of an import job lets it read."""

import pytest
from annotation_stores import create, wait
from botocore.exceptions import ClientError
from server import BUCKET, create_store, reference_arn, wait_for_job

IMPORTER = "arn:aws:iam::000000000000:role/importer"
OTHER = "arn:aws:iam::000000000000:role/other"
FOREIGN = "arn:aws:iam::999999999999:role/importer"
VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t1\t.\tA\tC\t.\t.\t.\n"


@pytest.fixture
def server(make_server):
    running = make_server(config=f'[roles."{IMPORTER}"]\nsources = ["s3://{BUCKET}/allowed/"]\n')
    for folder in ("allowed", "secret"):
        (running.files / folder).mkdir()
        (running.files / folder / "a.vcf").write_text(VCF)
        (running.files / folder / "a.fa").write_text(">chr1\nACGT\n")
        (running.files / folder / "a.gff3").write_text("##gff-version 3\nchr1\tx\tgene\t1\t2\t.\t+\t.\tID=g\n")
    return running


def denied(call, **arguments) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return error.value.response["Error"]["Message"]


def test_a_role_reads_what_its_prefixes_allow_and_nothing_else(server):
    client = server.client()
    store = client.create_reference_store(name="references")["id"]
    reference = {"referenceStoreId": store, "sources": [{"sourceFile": f"s3://{BUCKET}/allowed/a.fa", "name": "tiny"}]}
    job = client.start_reference_import_job(**reference, roleArn=IMPORTER)["id"]
    client.get_waiter("reference_import_job_completed").wait(id=job, referenceStoreId=store, WaiterConfig={"Delay": 1})
    arn = client.list_references(referenceStoreId=store)["references"][0]["arn"]
    create_store(server, "cohort", arn)
    create(server, "genes", "GFF")

    def variants(role, folder="allowed"):
        items = [{"source": f"s3://{BUCKET}/{folder}/a.vcf"}]
        return {"destinationName": "cohort", "roleArn": role, "items": items}

    job = client.start_variant_import_job(**variants(IMPORTER))["jobId"]
    assert wait_for_job(server, job)["status"] == "COMPLETED"
    genes = {"destinationName": "genes", "items": [{"source": f"s3://{BUCKET}/allowed/a.gff3"}]}
    assert wait(server, client.start_annotation_import_job(**genes, roleArn=IMPORTER)["jobId"])["status"] == "COMPLETED"

    unknown = denied(client.start_variant_import_job, **variants(OTHER))
    assert "cannot be used by account 000000000000" in unknown
    assert denied(client.start_variant_import_job, **variants(FOREIGN)) == unknown.replace(OTHER, FOREIGN)
    outside = denied(client.start_variant_import_job, **variants(IMPORTER, "secret"))
    assert outside == f"role {IMPORTER} may not read s3://{BUCKET}/secret/a.vcf"
    denied(client.start_annotation_import_job, **genes, roleArn=OTHER)
    secret = [{"sourceFile": f"s3://{BUCKET}/secret/a.fa", "name": "tiny"}]
    denied(client.start_reference_import_job, referenceStoreId=store, roleArn=IMPORTER, sources=secret)
    assert len(client.list_variant_import_jobs()["variantImportJobs"]) == 1


def test_a_path_that_leads_out_of_the_prefix_is_not_read(server):
    create_store(server, "cohort", _reference(server))
    items = [{"source": f"s3://{BUCKET}/allowed/../secret/a.vcf"}]
    start = {"destinationName": "cohort", "roleArn": IMPORTER, "items": items}
    try:
        job = server.client().start_variant_import_job(**start)["jobId"]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
    else:
        assert wait_for_job(server, job)["status"] == "FAILED"


def _reference(server) -> str:
    client = server.client()
    store = client.create_reference_store(name="references")["id"]
    source = {"sourceFile": f"s3://{BUCKET}/allowed/a.fa", "name": "tiny"}
    job = client.start_reference_import_job(referenceStoreId=store, roleArn=IMPORTER, sources=[source])["id"]
    client.get_waiter("reference_import_job_completed").wait(id=job, referenceStoreId=store, WaiterConfig={"Delay": 1})
    return client.list_references(referenceStoreId=store)["references"][0]["arn"]


def test_one_entry_may_stand_for_all_roles_of_an_account(make_server):
    server = make_server(config=f'[roles."*"]\nsources = ["s3://{BUCKET}/"]\n')
    create_store(server, "cohort", reference_arn(server))
    (server.files / "a.vcf").write_text(VCF)
    items = [{"source": f"s3://{BUCKET}/a.vcf"}]
    job = server.client().start_variant_import_job(destinationName="cohort", roleArn=OTHER, items=items)["jobId"]
    assert wait_for_job(server, job)["status"] == "COMPLETED"
    denied(server.client().start_variant_import_job, destinationName="cohort", roleArn=FOREIGN, items=items)
