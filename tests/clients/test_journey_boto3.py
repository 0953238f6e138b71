"""The journey of a HealthOmics user with unmodified boto3: only the endpoint and the host-prefix switch are set."""

import hashlib
import re
import time

import pytest
from botocore.exceptions import ClientError, WaiterError
from server import ACCOUNT, BUCKET, ROLE, create_store, import_files, reference_arn, start_import, wait_for, wait_for_job
from vcf_files import MALFORMED, MALFORMED_LINE, bgzf, fasta, gzipped, vcf

FASTA = fasta()
FAST = {"Delay": 1, "MaxAttempts": 30}


@pytest.mark.parametrize("packed", [bytes, gzipped, bgzf], ids=["plain", "gzip", "bgzf"])
def test_a_fasta_becomes_a_reference(shared_server, packed):
    client = shared_server.client()
    data = packed(FASTA.encode())
    name = f"ref{packed.__name__}.fa"
    (shared_server.files / name).write_bytes(data)
    store = client.create_reference_store(name=f"store of {name}", description="for a test")
    assert re.fullmatch(r"\d{10}", store["id"])
    assert store["arn"] == f"arn:aws:omics:us-east-1:{ACCOUNT}:referenceStore/{store['id']}"
    source = {"sourceFile": f"s3://{BUCKET}/{name}", "name": "small", "description": "two contigs"}
    job = client.start_reference_import_job(referenceStoreId=store["id"], roleArn=ROLE, sources=[source])
    assert job["status"] == "SUBMITTED"
    client.get_waiter("reference_import_job_completed").wait(
        id=job["id"], referenceStoreId=store["id"], WaiterConfig=FAST
    )
    done = client.get_reference_import_job(id=job["id"], referenceStoreId=store["id"])
    assert [s["status"] for s in done["sources"]] == ["FINISHED"]
    listed = client.list_references(referenceStoreId=store["id"])["references"]
    assert [(r["name"], r["status"], r["description"]) for r in listed] == [("small", "ACTIVE", "two contigs")]
    meta = client.get_reference_metadata(referenceStoreId=store["id"], id=listed[0]["id"])
    assert meta["arn"] == f"{store['arn']}/reference/{meta['id']}"
    assert meta["md5"] == hashlib.md5(data).hexdigest()
    assert meta["files"]["source"]["contentLength"] == len(data)
    assert meta["files"]["source"]["totalParts"] == 1
    assert meta["files"]["index"]["contentLength"] > 0
    assert store["id"] in [s["id"] for s in client.list_reference_stores()["referenceStores"]]
    filtered = client.list_reference_stores(filter={"name": f"store of {name}"})["referenceStores"]
    assert [s["id"] for s in filtered] == [store["id"]]


def test_a_reference_that_is_not_fasta_fails_its_source(shared_server):
    client = shared_server.client()
    (shared_server.files / "not.fa").write_text("this is no FASTA\n")
    store = client.create_reference_store(name="bad references")["id"]
    sources = [{"sourceFile": f"s3://{BUCKET}/{f}", "name": "bad"} for f in ("not.fa", "absent.fa")]
    job = client.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)["id"]

    def ended():
        answer = client.get_reference_import_job(id=job, referenceStoreId=store)
        return answer if answer["status"] not in ("SUBMITTED", "IN_PROGRESS") else None

    answer = wait_for(ended, "the reference import to end", 30)
    assert answer["status"] == "FAILED"
    assert all(s["status"] == "FAILED" and s["statusMessage"] for s in answer["sources"])
    assert client.list_references(referenceStoreId=store)["references"] == []


def test_a_store_is_active_in_the_first_get(shared_server, reference):
    client = shared_server.client()
    created = client.create_variant_store(
        name="first_get", reference={"referenceArn": reference}, description="d", tags={"team": "blue"}
    )
    assert set(created) - {"ResponseMetadata"} == {"id", "reference", "status", "name", "creationTime"}
    assert created["status"] == "CREATING"
    assert re.fullmatch(r"[a-f0-9]{12}", created["id"])
    began = time.monotonic()
    client.get_waiter("variant_store_created").wait(name="first_get")
    assert time.monotonic() - began < 5, "the waiter's first poll must end it: the second comes after 30 s"
    got = client.get_variant_store(name="first_get")
    assert got["status"] == "ACTIVE"
    assert got["storeArn"] == f"arn:aws:omics:us-east-1:{ACCOUNT}:variantStore/first_get"
    assert got["reference"] == {"referenceArn": reference}
    assert (got["description"], got["tags"], got["statusMessage"]) == ("d", {"team": "blue"}, "")
    assert got["storeSizeBytes"] == 0
    assert got["sseConfig"]["type"] == "KMS"


def test_one_malformed_file_of_three_leaves_the_others_rows(shared_server, reference):
    client = shared_server.client()
    create_store(shared_server, "three_files", reference)
    (shared_server.files / "one.vcf").write_text(vcf(20))
    (shared_server.files / "two.vcf.gz").write_bytes(bgzf(vcf(30, samples=("S3",)).encode()))
    (shared_server.files / "bad.vcf").write_text(MALFORMED)
    job = import_files(shared_server, "three_files", "one.vcf", "bad.vcf", "two.vcf.gz")
    assert job["status"] == "COMPLETED_WITH_FAILURES"
    assert [i["source"] for i in job["items"]] == [f"s3://{BUCKET}/{f}" for f in ("one.vcf", "bad.vcf", "two.vcf.gz")]
    assert [i["jobStatus"] for i in job["items"]] == ["COMPLETED", "FAILED", "COMPLETED"]
    message = job["items"][1]["statusMessage"]
    assert re.search(r"\bE15\b", message) and re.search(rf"line {MALFORMED_LINE}\b", message), message
    assert job["completionTime"] >= job["creationTime"]
    assert job["runLeftNormalization"] is False
    assert shared_server.value('SELECT count(*) FROM "default"."three_files"') == 20 * 2 + 30
    by_sample = shared_server.sql('SELECT sampleid, count(*) AS n FROM "default"."three_files" GROUP BY 1 ORDER BY 1')
    assert by_sample == [{"sampleid": "S1", "n": 20}, {"sampleid": "S2", "n": 20}, {"sampleid": "S3", "n": 30}]
    store = client.get_variant_store(name="three_files")
    assert store["storeSizeBytes"] > 0
    qualified = f'"variant_{ACCOUNT}_{store["id"]}"."three_files"'
    assert shared_server.value(f"SELECT count(*) FROM {qualified}") == 70
    assert shared_server.value(f"SELECT count(DISTINCT importjobid) FROM {qualified}") == 1


def test_the_job_waiter_ends_on_completed(shared_server, reference):
    create_store(shared_server, "waiter_completed", reference)
    (shared_server.files / "good.vcf").write_text(vcf())
    job = start_import(shared_server, "waiter_completed", "good.vcf")
    shared_server.client().get_waiter("variant_import_job_created").wait(jobId=job, WaiterConfig=FAST)
    assert shared_server.client().get_variant_import_job(jobId=job)["status"] == "COMPLETED"


def test_the_job_waiter_raises_on_failed(shared_server, reference):
    create_store(shared_server, "waiter_failed", reference)
    job = start_import(shared_server, "waiter_failed", "absent.vcf")
    with pytest.raises(WaiterError, match="terminal failure"):
        shared_server.client().get_waiter("variant_import_job_created").wait(jobId=job, WaiterConfig=FAST)
    assert shared_server.client().get_variant_import_job(jobId=job)["status"] == "FAILED"


def test_the_job_waiter_counts_cancelled_as_success(make_server, tmp_path):
    hold = tmp_path / "hold"
    running = make_server(hold=f"claimed:{hold}")
    create_store(running, "waiter_cancelled", reference_arn(running))
    (running.files / "good.vcf").write_text(vcf())
    job = start_import(running, "waiter_cancelled", "good.vcf")
    wait_for(hold.exists, "the worker to reach its hold")
    running.client().cancel_variant_import_job(jobId=job)
    hold.unlink()
    running.client().get_waiter("variant_import_job_created").wait(jobId=job, WaiterConfig=FAST)
    answer = running.client().get_variant_import_job(jobId=job)
    assert (answer["status"], answer["items"][0]["jobStatus"]) == ("CANCELLED", "CANCELLED")


def test_paginators_show_everything_once_newest_first(shared_server, reference):
    client = shared_server.client()
    (shared_server.files / "page.vcf").write_text(vcf(2))
    names = [f"page_{i}" for i in range(5)]
    for name in names:
        create_store(shared_server, name, reference)
    ids = [client.get_variant_store(name=n)["id"] for n in names]
    for size in (1, 2, 3, 100):
        pages = client.get_paginator("list_variant_stores").paginate(ids=ids, PaginationConfig={"PageSize": size})
        assert [s["name"] for page in pages for s in page["variantStores"]] == names[::-1], size
    jobs = [import_files(shared_server, "page_0", "page.vcf")["id"] for _ in range(4)]
    for size in (1, 3):
        pages = client.get_paginator("list_variant_import_jobs").paginate(
            filter={"storeName": "page_0", "status": "COMPLETED"}, PaginationConfig={"PageSize": size}
        )
        assert [j["id"] for page in pages for j in page["variantImportJobs"]] == jobs[::-1], size
    assert shared_server.value('SELECT count(*) FROM "default"."page_0"') == 4 * 2 * 2, "the same file again appends again"


def test_a_listing_is_stable_while_stores_are_added(shared_server, reference):
    client = shared_server.client()
    for name in ("stable_a", "stable_b", "stable_c"):
        create_store(shared_server, name, reference)
    seen, token = [], None
    while True:
        more = {"nextToken": token} if token else {}
        page = client.list_variant_stores(maxResults=1, **more)
        seen += [s["name"] for s in page["variantStores"]]
        create_store(shared_server, f"stable_new_{len(seen)}", reference)
        token = page.get("nextToken")
        if not token or {"stable_a", "stable_b", "stable_c"} <= set(seen):
            break
    assert len(seen) == len(set(seen))
    assert [n for n in seen if n in ("stable_a", "stable_b", "stable_c")] == ["stable_c", "stable_b", "stable_a"]
    assert not [n for n in seen if n.startswith("stable_new_")], "a page after the first never shows what is newer"


def test_a_deleted_store_is_gone_and_its_name_free(shared_server, reference):
    client = shared_server.client()
    create_store(shared_server, "short_lived", reference)
    (shared_server.files / "short.vcf").write_text(vcf())
    import_files(shared_server, "short_lived", "short.vcf")
    assert client.delete_variant_store(name="short_lived")["status"] == "DELETING"
    client.get_waiter("variant_store_deleted").wait(name="short_lived", WaiterConfig=FAST)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_variant_store(name="short_lived")
    assert "short_lived" not in [s["name"] for s in client.list_variant_stores()["variantStores"]]
    create_store(shared_server, "short_lived", reference)
    assert shared_server.value('SELECT count(*) FROM "default"."short_lived"') == 0


UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
ITEM = {"source": f"s3://{BUCKET}/x.vcf"}
REF = {"referenceArn": "{reference}"}
ERRORS = [
    ("create_variant_store", dict(name="taken", reference=REF), "ConflictException", 409),
    ("create_variant_store", dict(name="Upper", reference=REF), "ValidationException", 400),
    ("create_variant_store", dict(name="ab", reference=REF), "ValidationException", 400),
    ("create_variant_store", dict(name="a" * 256, reference=REF), "ValidationException", 400),
    ("create_variant_store", dict(reference=REF), "ValidationException", 400),
    ("create_variant_store", dict(name="long_text", reference=REF, description="d" * 501), "ValidationException", 400),
    ("create_variant_store", dict(name="no_such_ref", reference={"referenceArn": "arn:aws:omics:us-east-1:000000000000:referenceStore/1234567890/reference/1234567890"}), ("ResourceNotFoundException", "ValidationException"), (404, 400)),
    ("create_variant_store", dict(name="bad_ref", reference={"referenceArn": "not-an-arn"}), "ValidationException", 400),
    ("create_variant_store", dict(name="long_tag", reference=REF, tags={"k" * 129: "v"}), "ValidationException", 400),
    ("get_variant_store", dict(name="no_such_store"), "ResourceNotFoundException", 404),
    ("delete_variant_store", dict(name="no_such_store"), "ResourceNotFoundException", 404),
    ("list_variant_stores", dict(maxResults=101), "ValidationException", 400),
    ("list_variant_stores", dict(maxResults=0), "ValidationException", 400),
    ("list_variant_stores", dict(nextToken="not a token"), "ValidationException", 400),
    ("list_variant_stores", dict(filter={"status": "NICE"}), "ValidationException", 400),
    ("list_variant_stores", dict(ids=["i"] * 21), "ValidationException", 400),
    ("start_variant_import_job", dict(destinationName="no_such_store", roleArn=ROLE, items=[ITEM]), "ResourceNotFoundException", 404),
    ("start_variant_import_job", dict(destinationName="taken", roleArn="x" * 30, items=[ITEM]), "ValidationException", 400),
    ("start_variant_import_job", dict(destinationName="taken", roleArn=ROLE, items=[{"source": "http://x/y.vcf"}]), "ValidationException", 400),
    ("start_variant_import_job", dict(destinationName="taken", roleArn=ROLE, items=[{"source": "s3://UPPER/y.vcf"}]), "ValidationException", 400),
    ("start_variant_import_job", dict(destinationName="taken", roleArn=ROLE, items=[ITEM] * 1001), "ValidationException", 400),
    ("start_variant_import_job", dict(destinationName="taken", roleArn=ROLE, items=[ITEM], annotationFields={"VEP": "C" * 22}), "ValidationException", 400),
    ("start_variant_import_job", dict(destinationName="taken", roleArn=ROLE, items=[ITEM], runLeftNormalization="yes"), "ValidationException", 400),
    ("get_variant_import_job", dict(jobId=UNKNOWN_JOB), "ResourceNotFoundException", 404),
    ("get_variant_import_job", dict(jobId="not-a-uuid"), "ValidationException", 400),
    ("cancel_variant_import_job", dict(jobId=UNKNOWN_JOB), "ResourceNotFoundException", 404),
    ("cancel_variant_import_job", dict(jobId="{finished}"), "ValidationException", 400),
    ("list_variant_import_jobs", dict(filter={"status": "NICE"}), "ValidationException", 400),
    ("create_reference_store", dict(name="n" * 128), "ValidationException", 400),
    ("list_reference_stores", dict(maxResults=1000), "ValidationException", 400),
    ("start_reference_import_job", dict(referenceStoreId="1234567890", roleArn=ROLE, sources=[{"sourceFile": f"s3://{BUCKET}/r.fa", "name": "ref"}]), "ResourceNotFoundException", 404),
    ("start_reference_import_job", dict(referenceStoreId="{store}", roleArn=ROLE, sources=[{"sourceFile": "r.fa", "name": "ref"}]), "ValidationException", 400),
    ("get_reference_import_job", dict(referenceStoreId="{store}", id="1234567890"), "ResourceNotFoundException", 404),
    ("get_reference_metadata", dict(referenceStoreId="{store}", id="1234567890"), "ResourceNotFoundException", 404),
    ("get_reference_metadata", dict(referenceStoreId="{store}", id="abcdefghij"), "ValidationException", 400),
    ("list_references", dict(referenceStoreId="1234567890"), "ResourceNotFoundException", 404),
]


def fill(value, known: dict):
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, dict):
        return {k: fill(v, known) for k, v in value.items()}
    return [fill(v, known) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def known(shared_server, reference):
    create_store(shared_server, "taken", reference)
    (shared_server.files / "known.vcf").write_text(vcf(1))
    job = import_files(shared_server, "taken", "known.vcf")
    return {"{reference}": reference, "{finished}": job["id"], "{store}": reference.split("/")[1]}


@pytest.mark.parametrize("operation,arguments,code,status", ERRORS, ids=[f"{i}-{e[0]}" for i, e in enumerate(ERRORS)])
def test_errors_have_their_name_status_and_request_id(shared_server, known, operation, arguments, code, status):
    client = shared_server.client(parameter_validation=False, retries={"max_attempts": 0})
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**fill(arguments, known))
    answer = caught.value.response
    codes, statuses = (code, status) if isinstance(code, tuple) else ((code,), (status,))
    assert answer["Error"]["Code"] in codes, answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in statuses
    assert len(answer["Error"]["Message"]) > 10
    assert answer["ResponseMetadata"]["RequestId"]


def test_a_retried_start_gives_the_same_job(shared_server, reference):
    """The same call again (the SDK repeats `amz-sdk-invocation-id` when an answer got lost) is not a second job."""
    create_store(shared_server, "retried", reference)
    (shared_server.files / "retried.vcf").write_text(vcf(5))
    client = shared_server.client()

    def same_invocation(request, **_):
        request.headers["amz-sdk-invocation-id"] = "11111111-2222-4333-8444-555555555555"

    client.meta.events.register("before-send.omics.StartVariantImportJob", same_invocation)
    arguments = dict(destinationName="retried", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/retried.vcf"}])
    first = client.start_variant_import_job(**arguments)["jobId"]
    second = client.start_variant_import_job(**arguments)["jobId"]
    assert first == second
    wait_for_job(shared_server, first)
    assert shared_server.value('SELECT count(*) FROM "default"."retried"') == 10
