"""Annotation import jobs: what they show, how they end, and that rows are there once or not at all."""

import datetime
import re

import pytest
from annotation_stores import FAST, count, create, load, loaded, start, tsv_options, wait
from botocore.exceptions import WaiterError
from server import BUCKET, ROLE, wait_for, wait_for_no_leftovers
from vcf_files import bgzf, vcf

POSITIONS = tsv_options("CHR_POS", "CHR=chr POS=pos", "chr:STRING pos:LONG name:STRING")
ALL_READ_OPTIONS = {
    **{"sep": "|", "encoding": "UTF-8", "quote": "'", "quoteAll": True, "escape": "\\", "escapeQuotes": False},
    **{"comment": "#", "header": True, "lineSep": "\n"},
}
JOB_ITEM = {
    *("id", "destinationName", "versionName", "roleArn", "status", "creationTime", "updateTime", "completionTime"),
    *("runLeftNormalization", "annotationFields"),
}
JOB = JOB_ITEM | {"statusMessage", "items", "formatOptions"}
STAGES = [
    *(pytest.param(s, marks=pytest.mark.slow) for s in ("claimed", "header-read", "file-closed", "item-recorded", "metadata-written")),
    *("batch-2", "commit-before"),
]
ROWS = 50_000


def positions(rows=ROWS) -> str:
    return "chr\tpos\tname\n" + "".join(f"chr1\t{10 + 3 * i}\tn{i}\n" for i in range(rows))


def test_a_job_shows_every_member(shared_server):
    client = shared_server.client()
    create(shared_server, "every_member", "TSV", POSITIONS)
    text = "# a comment\nchr|pos|name\nchr1|5|'a|b'\n"
    job = loaded(shared_server, "every_member", "every.txt", text, ALL_READ_OPTIONS)
    assert set(job) - {"ResponseMetadata"} == JOB - {"annotationFields"}, "a TSV store has no VEP annotations"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", job["id"])
    assert (job["destinationName"], job["versionName"], job["roleArn"]) == ("every_member", "every_member", ROLE)
    assert (job["status"], job["statusMessage"], job["runLeftNormalization"]) == ("COMPLETED", "", False)
    assert job["items"] == [{"source": f"s3://{BUCKET}/every.txt", "jobStatus": "COMPLETED"}]
    assert job["formatOptions"] == {"tsvOptions": {"readOptions": ALL_READ_OPTIONS}}
    assert job["creationTime"] <= job["completionTime"] <= job["updateTime"]
    assert datetime.datetime.now(datetime.timezone.utc) - job["creationTime"] < datetime.timedelta(minutes=2)
    assert shared_server.sql('SELECT importjobid, chr, pos, "end", name FROM every_member') == [
        {"importjobid": job["id"], "chr": "chr1", "pos": 4, "end": 5, "name": "a|b"}
    ]
    listed = client.list_annotation_import_jobs(filter={"storeName": "every_member"})["annotationImportJobs"]
    assert listed == [{member: job[member] for member in JOB_ITEM - {"annotationFields"}}]


@pytest.mark.parametrize(
    "store_format,given,shown",
    [
        ("TSV", None, {"tsvOptions": {"readOptions": {}}}),
        ("TSV", {"tsvOptions": {}}, {"tsvOptions": {"readOptions": {}}}),
        ("TSV", {"tsvOptions": {"readOptions": {"sep": "\t", "header": True}}}, None),
        ("VCF", None, {"vcfOptions": {}}),
        ("VCF", {"vcfOptions": {"ignoreQualField": True}}, None),
        ("VCF", {"vcfOptions": {"ignoreQualField": False, "ignoreFilterField": True}}, None),
        ("GFF", None, {"vcfOptions": {}}),
    ],
)
def test_format_options_are_shown_as_they_were_given(shared_server, store_format, given, shown):
    name = f"options_{store_format.lower()}"
    client = shared_server.client()
    if name not in [s["name"] for s in client.list_annotation_stores()["annotationStores"]]:
        create(shared_server, name, store_format, POSITIONS if store_format == "TSV" else None)
    files = {"TSV": positions(1), "VCF": vcf(1, samples=()), "GFF": "##gff-version 3\nchr1\t.\tgene\t1\t2\t.\t+\t.\tID=a\n"}
    more = {"formatOptions": given} if given else {}
    job = loaded(shared_server, name, f"{name}.txt", files[store_format], **more)
    assert job["formatOptions"] == (shown or given)
    assert job.get("annotationFields") == ({"VEP": "CSQ"} if store_format == "VCF" else None)


def test_a_failed_file_says_why_in_the_jobs_message(shared_server):
    create(shared_server, "failing", "TSV", POSITIONS)
    job = load(shared_server, "failing", "failing.tsv", "chr\tpos\tname\nchr1\t5\ta\nchr1\tfive\tb\n")
    assert (job["status"], job["items"][0]["jobStatus"]) == ("FAILED", "FAILED")
    assert re.search(r"\bE19\b.*\bline 3\b", job["statusMessage"]) and "pos" in job["statusMessage"], job["statusMessage"]
    empty = load(shared_server, "failing", "empty.tsv", "chr\tpos\tname\n")
    assert empty["status"] == "FAILED" and re.search(r"\bE20\b", empty["statusMessage"]), empty["statusMessage"]
    absent = wait(shared_server, start(shared_server, "failing", "no_such_file.tsv"))
    assert absent["status"] == "FAILED" and "no_such_file.tsv" in absent["statusMessage"]
    assert count(shared_server, "failing") == 0


def test_what_was_odd_in_an_imported_file_is_in_the_jobs_message(shared_server):
    create(shared_server, "odd", "GFF")
    line = "chr1\tx\tgene\t{}\t20\t{}\t+\t.\tID=a{}\n"
    data = "##gff-version 3\n" + line.format(10, ".", 1) + line.format(11, "high", 2) + line.format(12, "low", 3)
    job = loaded(shared_server, "odd", "odd.gff3", data)
    assert re.match(r"warnings: .*score.*\(2 times, first on line 3\)", job["statusMessage"]), job["statusMessage"]


def test_jobs_are_listed_by_store_and_status(shared_server):
    client = shared_server.client()
    for name in ("jobs_of_a", "jobs_of_b"):
        create(shared_server, name, "TSV", POSITIONS)
    jobs = [loaded(shared_server, "jobs_of_a", "jobs.tsv", positions(2))["id"] for _ in range(4)]
    other = loaded(shared_server, "jobs_of_b", "jobs.tsv", positions(2))["id"]
    bad = load(shared_server, "jobs_of_a", "bad.tsv", "nothing")["id"]

    def listed(**filters):
        pages = client.get_paginator("list_annotation_import_jobs").paginate(
            filter=filters, PaginationConfig={"PageSize": 3}
        )
        return [job["id"] for page in pages for job in page["annotationImportJobs"]]

    assert listed(storeName="jobs_of_a") == [bad, *jobs[::-1]]
    assert listed(storeName="jobs_of_a", status="COMPLETED") == jobs[::-1]
    assert listed(storeName="jobs_of_b") == [other]
    assert listed(storeName="jobs_of_b", status="FAILED") == []
    assert bad in listed(status="FAILED") and not {bad, other} & set(listed(status="CANCELLED"))
    some = client.list_annotation_import_jobs(ids=[other, jobs[0]])["annotationImportJobs"]
    assert [job["id"] for job in some] == [other, jobs[0]]
    assert not {other} & {job["id"] for job in client.list_variant_import_jobs()["variantImportJobs"]}
    assert count(shared_server, "jobs_of_a") == 8, "the same file again appends its rows again"


def test_the_job_waiter_ends_on_completed_and_raises_on_failed(shared_server):
    create(shared_server, "waited_for", "TSV", POSITIONS)
    waiter = shared_server.client().get_waiter("annotation_import_job_created")
    (shared_server.files / "waited.tsv").write_text(positions(3))
    waiter.wait(jobId=start(shared_server, "waited_for", "waited.tsv"), WaiterConfig=FAST)
    with pytest.raises(WaiterError, match="terminal failure"):
        waiter.wait(jobId=start(shared_server, "waited_for", "absent.tsv"), WaiterConfig=FAST)


def test_a_retried_start_gives_the_same_job(shared_server):
    create(shared_server, "retried_job", "TSV", POSITIONS)
    (shared_server.files / "retried.tsv").write_text(positions(3))
    client = shared_server.client()

    def same_invocation(request, **_):
        request.headers["amz-sdk-invocation-id"] = "44444444-2222-4333-8444-888888888888"

    client.meta.events.register("before-send.omics.StartAnnotationImportJob", same_invocation)
    arguments = dict(destinationName="retried_job", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/retried.tsv"}])
    jobs = {client.start_annotation_import_job(**arguments)["jobId"] for _ in range(2)}
    assert len(jobs) == 1
    wait(shared_server, jobs.pop())
    assert count(shared_server, "retried_job") == 3


@pytest.fixture
def held(make_server, tmp_path):
    """A server whose worker waits at a stage of a job into the store `faults`; gives server, job and what holds it."""

    def hold_at(stage: str):
        hold = tmp_path / "hold"
        running = make_server(hold=f"{stage}:{hold}")
        (running.files / "big.tsv.gz").write_bytes(bgzf(positions().encode()))
        create(running, "faults", "TSV", POSITIONS)
        running.client().create_annotation_store_version(name="faults", versionName="second")
        job = start(running, "faults", "big.tsv.gz", versionName="second")
        wait_for(hold.exists, f"the worker to reach {stage}", 60)
        return running, job, hold

    return hold_at


def test_a_running_job_shows_what_the_model_demands(held):
    running, job, hold = held("batch-2")
    ask = running.client().get_annotation_import_job
    wait_for(lambda: ask(jobId=job)["items"][0]["jobStatus"] == "IN_PROGRESS", "the file to be in progress", 10)
    answer = ask(jobId=job)
    assert set(answer) - {"ResponseMetadata"} == JOB - {"annotationFields"}
    assert answer["status"] == "IN_PROGRESS"
    assert answer["completionTime"] == answer["updateTime"], "the model demands a time before there is one"
    entry = running.client().list_annotation_import_jobs(filter={"status": "IN_PROGRESS"})["annotationImportJobs"][0]
    assert entry["id"] == job and "completionTime" not in entry
    hold.unlink()
    assert wait(running, job)["status"] == "COMPLETED"


@pytest.mark.parametrize("stage", STAGES)
def test_a_cancelled_job_leaves_no_row(held, stage):
    running, job, hold = held(stage)
    running.client().cancel_annotation_import_job(jobId=job)
    hold.unlink()
    running.client().get_waiter("annotation_import_job_created").wait(jobId=job, WaiterConfig=FAST)
    answer = wait(running, job)
    assert (answer["status"], answer["items"][0]["jobStatus"]) == ("CANCELLED", "CANCELLED")
    assert count(running, "faults_second") == 0
    wait_for_no_leftovers(running.data_dir)
    assert loaded(running, "faults", "small.tsv", positions(5), versionName="second"), "the store goes on"
    assert count(running, "faults_second") == 5


@pytest.mark.parametrize("stage", [*STAGES, "commit-after"])
def test_a_killed_server_leaves_rows_exactly_once(make_server, held, stage):
    running, job, hold = held(stage)
    running.kill()
    hold.unlink(missing_ok=True)
    again = make_server()
    assert wait(again, job)["status"] == "COMPLETED"
    assert count(again, "faults_second") == again.value("SELECT count(DISTINCT name) FROM faults_second") == ROWS
    assert count(again, "faults") == 0
    wait_for_no_leftovers(again.data_dir)
