"""The same journey with the AWS command line of this venv: two environment variables point it here."""

from server import BUCKET, ROLE, import_files, wait_for, wait_for_job
from vcf_files import MALFORMED, bgzf, fasta, vcf

def test_the_journey(shared_server, aws):
    files = shared_server.files
    (files / "cli.fa").write_text(fasta())
    store = aws("create-reference-store", "--name", "cli references")["id"]
    sources = f"sourceFile=s3://{BUCKET}/cli.fa,name=clireference"
    job = aws("start-reference-import-job", "--reference-store-id", store, "--role-arn", ROLE, "--sources", sources)
    # A waiter of the command line polls every 30 s; wait here, then let it confirm with its first poll.
    client = shared_server.client()
    wait_for(
        lambda: client.get_reference_import_job(id=job["id"], referenceStoreId=store)["status"] == "COMPLETED", "reference"
    )
    aws("wait", "reference-import-job-completed", "--id", job["id"], "--reference-store-id", store)
    reference = aws("list-references", "--reference-store-id", store)["references"][0]
    meta = aws("get-reference-metadata", "--reference-store-id", store, "--id", reference["id"])
    assert meta["status"] == "ACTIVE"

    created = aws("create-variant-store", "--name", "cli_store", "--reference", f"referenceArn={reference['arn']}")
    assert created["status"] == "CREATING"
    aws("wait", "variant-store-created", "--name", "cli_store")
    assert aws("get-variant-store", "--name", "cli_store")["status"] == "ACTIVE"

    (files / "cli1.vcf").write_text(vcf(4))
    (files / "cli2.vcf.gz").write_bytes(bgzf(vcf(6).encode()))
    (files / "cli3.vcf").write_text(MALFORMED)
    items = [f"source=s3://{BUCKET}/{f}" for f in ("cli1.vcf", "cli2.vcf.gz", "cli3.vcf")]
    start = ("start-variant-import-job", "--destination-name", "cli_store", "--role-arn", ROLE, "--items")
    mixed = aws(*start, *items)["jobId"]
    assert wait_for_job(shared_server, mixed)["status"] == "COMPLETED_WITH_FAILURES"
    shown = aws("get-variant-import-job", "--job-id", mixed)
    assert [i["jobStatus"] for i in shown["items"]] == ["COMPLETED", "COMPLETED", "FAILED"]
    good = import_files(shared_server, "cli_store", "cli1.vcf")["id"]
    aws("wait", "variant-import-job-created", "--job-id", good)
    failed = import_files(shared_server, "cli_store", "cli3.vcf")["id"]
    aws("wait", "variant-import-job-created", "--job-id", failed, fails_with="terminal failure")
    assert shared_server.value('SELECT count(*) FROM "default"."cli_store"') == (4 + 6) * 2 + 4 * 2

    jobs = aws("list-variant-import-jobs", "--filter", "storeName=cli_store", "--page-size", "1")["variantImportJobs"]
    assert [j["id"] for j in jobs] == [failed, good, mixed]
    aws("cancel-variant-import-job", "--job-id", good, fails_with="ValidationException")
    stores = aws("list-variant-stores", "--page-size", "2")["variantStores"]
    assert "cli_store" in [s["name"] for s in stores]
    assert store in [s["id"] for s in aws("list-reference-stores")["referenceStores"]]
    aws("create-variant-store", "--name", "cli_store", "--reference", f"referenceArn={reference['arn']}", fails_with="ConflictException")

    assert aws("delete-variant-store", "--name", "cli_store")["status"] == "DELETING"
    wait_for(lambda: "cli_store" not in [s["name"] for s in client.list_variant_stores()["variantStores"]], "deletion")
    aws("wait", "variant-store-deleted", "--name", "cli_store")
    aws("get-variant-store", "--name", "cli_store", fails_with="ResourceNotFoundException")
