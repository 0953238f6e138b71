"""Undo of import jobs, and expiry of snapshots."""

import pytest
import requests
from server import BUCKET, create_store, import_files, reference_arn, stored_files, wait_for, wait_for_job, wait_for_no_leftovers
from table_tasks import begin, check_foreign_readers, compact, expire, files, rows, single_samples, undo, wait_for_task
from vcf_files import MALFORMED, vcf

OFF = "[maintenance]\nautomatic = false\n"
SAMPLES = [f"S{n:02}" for n in range(6)]


def progress(running, job) -> dict:
    return requests.get(f"{running.endpoint}/varberg/jobs/{job}/progress", timeout=60).json()


@pytest.mark.parametrize("compacted", [False, True])
def test_exactly_one_job_is_undone(make_server, compacted):
    running = make_server(config=OFF)
    jobs = single_samples(running, "many", SAMPLES)
    if compacted:
        compact(running, "many")
        jobs += single_samples(running, "many", ["S02"], create=False)  # the same file again: another job
    before = rows(running, "many")
    gone = jobs[2]
    task = undo(running, gone)
    assert (task["status"], task["jobId"], task["report"]["rowsRemoved"]) == ("COMPLETED", gone, 90)
    assert rows(running, "many") == [row for row in before if row["importjobid"] != gone]
    last = running.sql('SELECT operation, job_id, summary FROM "many$snapshots" ORDER BY committed_at DESC LIMIT 1')[0]
    assert (last["operation"], last["job_id"]) == ("overwrite" if compacted else "delete", None)
    assert last["summary"]["varberg.undone-job-id"] == gone
    shown = progress(running, gone)
    assert (shown["status"], shown["undone"]["taskId"], shown["undone"]["rows"]) == ("COMPLETED", task["taskId"], 90)
    assert "undone" not in progress(running, jobs[1])
    assert running.client().get_variant_import_job(jobId=gone)["status"] == "COMPLETED", "the contract's state stays"
    check_foreign_readers(running, "many")
    again = undo(running, gone)
    assert (again["taskId"], again["status"]) == (task["taskId"], "COMPLETED"), "twice is fine"
    assert import_files(running, "many", "S02.vcf")["status"] == "COMPLETED"
    assert running.value("SELECT count(*) FROM \"many\" WHERE sampleid = 'S02'") == (180 if compacted else 90)
    items = requests.get(f"{running.endpoint}/varberg/stores/many/items", timeout=60).json()["items"]
    assert gone not in {item["jobId"] for item in items}, "export does not look for its rows"
    wait_for_no_leftovers(running.data_dir)


@pytest.mark.parametrize("stage", ["task-claimed", "task-files-written", "task-commit-before", "task-commit-after"])
def test_a_kill_during_an_undo(make_server, tmp_path, stage):
    first = make_server(config=OFF)
    jobs = single_samples(first, "many", SAMPLES)
    compact(first, "many")
    before = rows(first, "many")
    assert first.stop() == 0
    hold = tmp_path / "hold"
    running = make_server(config=OFF, hold=f"{stage}:{hold}")
    task = begin(running, f"jobs/{jobs[0]}/undo")
    wait_for(hold.exists, f"the worker to reach {stage}", 60)
    running.kill()
    hold.unlink(missing_ok=True)
    again = make_server(config=OFF)
    ended = wait_for_task(again, task)
    assert (ended["status"], ended["report"]["rowsRemoved"]) == ("COMPLETED", 90)
    assert rows(again, "many") == [row for row in before if row["importjobid"] != jobs[0]]
    wait_for_no_leftovers(again.data_dir)


def test_what_cannot_be_undone(make_server):
    running = make_server(config=OFF)
    create_store(running, "many", reference_arn(running))
    (running.files / "bad.vcf").write_text(MALFORMED)
    failed = import_files(running, "many", "bad.vcf")
    assert failed["status"] == "FAILED"

    def refused(job):
        answer = requests.post(f"{running.endpoint}/varberg/jobs/{job}/undo", timeout=60)
        return answer.status_code, answer.headers["x-amzn-errortype"]

    assert refused(failed["id"]) == (409, "ConflictException")
    assert refused("0f8fad5b-d9cb-469f-a165-70867728950e") == (404, "ResourceNotFoundException")
    assert refused("x") == (400, "ValidationException")


def test_expired_snapshots_and_their_files_go(make_server):
    running = make_server(config="[maintenance]\nautomatic = false\ngrace_s = 0\n")
    jobs = single_samples(running, "many", SAMPLES)
    compact(running, "many")
    snapshots = running.sql('SELECT snapshot_id FROM "many$snapshots" ORDER BY committed_at')
    third = snapshots[2]["snapshot_id"]
    assert running.value(f'SELECT count(*) FROM "many" FOR VERSION AS OF {third}') == 270
    stored = len([path for path in stored_files(running.data_dir) if path.endswith(".parquet")])
    assert stored == 7, "the old files are there as long as their snapshots are"
    assert expire(running, "many", before="2000-01-01T00:00:00Z")["report"]["snapshotsDropped"] == 0
    assert expire(running, "many", keep=2)["report"]["snapshotsDropped"] == 5
    assert running.value('SELECT count(*) FROM "many$snapshots"') == 2
    task = expire(running, "many")
    assert (task["status"], task["report"]["snapshotsDropped"]) == ("COMPLETED", 1)
    wait_for_no_leftovers(running.data_dir)
    assert len([path for path in stored_files(running.data_dir) if path.endswith(".parquet")]) == 1
    answer = requests.post(f"{running.endpoint}/sql", data=f'SELECT 1 FROM "many" FOR VERSION AS OF {third}', timeout=60)
    assert answer.status_code == 400 and "keeps no snapshot" in answer.text
    assert running.value('SELECT count(*) FROM "many"') == 540
    check_foreign_readers(running, "many")
    assert undo(running, jobs[0])["report"]["rowsRemoved"] == 90
    assert files(running, "many") == 1


def test_readers_of_dropped_snapshots_have_time_to_end(make_server):
    running = make_server(config="janitor_interval_s = 1\n[maintenance]\nautomatic = false\ngrace_s = 6\n")
    single_samples(running, "many", SAMPLES)
    compact(running, "many")
    before = stored_files(running.data_dir)
    expire(running, "many")
    assert import_files(running, "many", "S00.vcf")["status"] == "COMPLETED", "the janitor comes by"
    assert {path for path in before if path.endswith(".parquet")} <= stored_files(running.data_dir)
    wait_for_no_leftovers(running.data_dir)
    assert len([path for path in stored_files(running.data_dir) if path.endswith(".parquet")]) == 2


def test_tables_of_annotations_have_tasks_too(make_server):
    from server import ROLE

    running = make_server(config=OFF)
    client = running.client()
    client.create_annotation_store(name="genes", storeFormat="GFF")
    gff = "##gff-version 3\n" + "".join(f"chr1\tx\tgene\t{n * 10 + 1}\t{n * 10 + 5}\t.\t+\t.\tID=g{n}\n" for n in range(50))
    (running.files / "genes.gff").write_text(gff)
    for _ in range(3):
        start = {"destinationName": "genes", "roleArn": ROLE, "items": [{"source": f"s3://{BUCKET}/genes.gff"}]}
        job = client.start_annotation_import_job(**start)["jobId"]
        wait_for(lambda: client.get_annotation_import_job(jobId=job)["status"] == "COMPLETED", "the import")  # noqa: B023
    assert compact(running, "genes")["report"]["filesAfter"] == 1
    assert running.value("SELECT count(*) FROM genes") == 150
    assert undo(running, job)["report"]["rowsRemoved"] == 50
    assert running.value("SELECT count(*) FROM genes") == 100
    wait_for_no_leftovers(running.data_dir)


def test_more_rows_than_one_batch_are_undone(make_server):
    running = make_server(config=OFF)
    create_store(running, "many", reference_arn(running))
    jobs = []
    for sample in ("A", "B"):
        (running.files / f"{sample}.vcf").write_text(vcf(30_000, samples=(sample,)))
        jobs.append(import_files(running, "many", f"{sample}.vcf")["id"])
    assert compact(running, "many")["report"]["filesAfter"] == 1
    assert undo(running, jobs[0])["report"]["rowsRemoved"] == 30_000
    assert running.sql('SELECT sampleid, count(*) AS n, sum(start) AS s FROM "many" GROUP BY 1') == [
        {"sampleid": "B", "n": 30_000, "s": sum(99 + 10 * n for n in range(30_000))}
    ]
    assert wait_for_job(running, jobs[0])["status"] == "COMPLETED"
