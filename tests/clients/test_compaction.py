"""Compaction: no row changes, whoever imports, asks, or kills the server meanwhile; few files are left, other readers agree."""

import concurrent.futures
import json
import random
import re
import signal
import subprocess
import time

import pytest
import requests
from server import binary, clean_environment, import_files, start_import, wait_for, wait_for_job, wait_for_no_leftovers
from table_tasks import begin, check_foreign_readers, compact, expire, files, rows, single_samples, wait_for_task
from vcf_files import vcf

SAMPLES = [f"S{n:02}" for n in range(12)]
STAGES = ["task-claimed", "task-files-written", "task-metadata-written", "task-commit-before", "task-commit-after"]
OFF = "[maintenance]\nautomatic = false\n"


def test_rows_are_the_same_and_files_are_few(make_server):
    running = make_server(config=OFF)
    single_samples(running, "many", SAMPLES)
    before = rows(running, "many")
    assert len(before) == 12 * 90 and files(running, "many") == 12
    task = compact(running, "many")
    assert task["status"] == "COMPLETED" and (task["work"], task["automatic"]) == ("COMPACT", False)
    report = task["report"]
    assert (report["filesBefore"], report["filesAfter"], report["rowsRewritten"], report["rowsRemoved"]) == (12, 1, 1080, 0)
    assert report["bytesBefore"] > report["bytesAfter"] > 0
    assert rows(running, "many") == before and files(running, "many") == 1
    last = running.sql('SELECT operation, job_id, summary FROM "many$snapshots" ORDER BY committed_at DESC LIMIT 1')[0]
    assert (last["operation"], last["job_id"], last["summary"]["varberg.task-id"]) == ("replace", None, task["taskId"])
    check_foreign_readers(running, "many")
    one = rows(running, "many", "sampleid = 'S03'")
    assert one == [row for row in before if row["sampleid"] == "S03"] and len(one) == 90
    again = compact(running, "many")
    assert (again["status"], again["report"]["filesBefore"], files(running, "many")) == ("COMPLETED", 0, 1), "nothing is left to do"
    wait_for_no_leftovers(running.data_dir)
    assert import_files(running, "many", "S00.vcf")["status"] == "COMPLETED"
    assert running.value('SELECT count(*) FROM "many"') == 1080 + 90


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_loses_nothing(make_server, tmp_path, stage):
    first = make_server(config=OFF)
    single_samples(first, "many", SAMPLES)
    before = rows(first, "many")
    assert first.stop() == 0
    hold = tmp_path / "hold"
    running = make_server(config=OFF, hold=f"{stage}:{hold}")
    task = begin(running, "tables/many/compact")
    wait_for(hold.exists, f"the worker to reach {stage}", 60)
    assert rows(running, "many") == before, "readers see one snapshot or the other"
    running.kill()
    hold.unlink(missing_ok=True)
    again = make_server(config=OFF)
    assert rows(again, "many") == before
    ended = wait_for_task(again, task)
    assert (ended["status"], ended["report"]["filesBefore"], ended["report"]["filesAfter"]) == ("COMPLETED", 12, 1)
    assert rows(again, "many") == before and files(again, "many") == 1
    check_foreign_readers(again, "many")
    wait_for_no_leftovers(again.data_dir)


def test_imports_and_queries_go_on(make_server, tmp_path):
    """Compactions, imports and questions at the same time: each question sees whole jobs, at the end each row is there once."""
    running = make_server(config=OFF)
    single_samples(running, "many", SAMPLES)
    (running.files / "more.vcf").write_text(vcf(90, samples=("MORE",)))
    until = time.monotonic() + 12
    counts = []

    def ask():
        while time.monotonic() < until:
            counts.append(running.value('SELECT count(*) FROM "many"'))

    def bring():
        jobs = []
        while time.monotonic() < until:
            jobs.append(wait_for_job(running, start_import(running, "many", "more.vcf"))["status"])
        return jobs

    def merge():
        return [compact(running, "many")["status"] for _ in iter(lambda: time.monotonic() < until, False)]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked, brought, merged = pool.submit(ask), pool.submit(bring), pool.submit(merge)
        asked.result()
        assert set(brought.result()) == set(merged.result()) == {"COMPLETED"}
    assert compact(running, "many")["status"] == "COMPLETED"
    total = 1080 + 90 * len(brought.result())
    assert running.value('SELECT count(*) FROM "many"') == total and all((n - 1080) % 90 == 0 for n in counts), counts
    assert sorted(counts) == counts, "rows never go away"
    once = 'SELECT count(*) FROM (SELECT DISTINCT importjobid, contigname, start, sampleid FROM "many")'
    assert running.value(once) == total
    check_foreign_readers(running, "many")
    assert expire(running, "many")["status"] == "COMPLETED"
    assert running.value('SELECT count(*) FROM "many"') == total


def test_files_come_back_from_merged_rows(make_server):
    """Hidden columns are kept too: an export is the same before and after."""
    running = make_server(config=OFF)
    jobs = single_samples(running, "many", SAMPLES[:4])

    def exported(job):
        settings = clean_environment() | {"VARBERG_ENDPOINT": running.endpoint}
        done = subprocess.run([binary(), "export", "many", "--job", job], env=settings, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    before = [exported(job) for job in jobs]
    assert compact(running, "many")["report"]["filesAfter"] == 1
    assert [exported(job) for job in jobs] == before and len(set(before)) == 4


def test_an_import_during_the_commit_is_kept(make_server, tmp_path):
    """The pointer moves between the choice of files and the commit: the compaction goes on top of it."""
    first = make_server(config=OFF)
    single_samples(first, "many", SAMPLES)
    assert first.stop() == 0
    hold = tmp_path / "hold"
    running = make_server(config=OFF, hold=f"task-commit-before:{hold}")
    task = begin(running, "tables/many/compact")
    wait_for(hold.exists, "the commit", 60)
    assert import_files(running, "many", "S00.vcf")["status"] == "COMPLETED"
    hold.unlink()
    assert wait_for_task(running, task)["status"] == "COMPLETED"
    assert running.value('SELECT count(*) FROM "many"') == 1080 + 90 and files(running, "many") == 2
    operations = running.sql('SELECT operation FROM "many$snapshots" ORDER BY committed_at')
    assert [o["operation"] for o in operations] == ["append"] * 13 + ["replace"]


def test_a_worker_that_sleeps_past_its_lease_changes_nothing(make_server, tmp_path):
    first = make_server(config=OFF)
    single_samples(first, "many", SAMPLES)
    before = rows(first, "many")
    assert first.stop() == 0
    hold = tmp_path / "hold"
    sleeper = make_server(config=OFF, hold=f"task-commit-before:{hold}")
    task = begin(sleeper, "tables/many/compact")
    wait_for(hold.exists, "the commit", 60)
    second = make_server(config=OFF)
    sleeper.process.send_signal(signal.SIGSTOP)
    assert wait_for_task(second, task)["status"] == "COMPLETED"
    hold.unlink()
    sleeper.process.send_signal(signal.SIGCONT)
    time.sleep(4)
    assert rows(second, "many") == before and files(second, "many") == 1
    wait_for_no_leftovers(second.data_dir)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifteen_random_kills(make_server):
    """Imports, compactions, an undo and an expiry, with kill -9 at random moments; the seed is printed with a failure."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    config = "janitor_interval_s = 2\n[maintenance]\nsmall_files = 4\ninterval_s = 1\ngrace_s = 0\n"
    running = make_server(config=config)
    jobs = single_samples(running, "many", SAMPLES[:2])
    gone = set()
    for _ in range(15):
        jobs += [start_import(running, "many", "S00.vcf") for _ in range(2)]
        begin(running, "tables/many/compact")
        ended = [job for job in jobs[:-2] if job not in gone]
        if chance.random() < 0.4:
            wait_for_job(running, ended[-1])
            gone.add(ended[-1])
            begin(running, f"jobs/{ended[-1]}/undo")
        if chance.random() < 0.4:
            begin(running, "tables/many/expire", {"before": "2999-01-01T00:00:00Z"})
        time.sleep(chance.random() * 2)
        running.kill()
        running = make_server(config=config)
    assert {wait_for_job(running, job)["status"] for job in jobs} == {"COMPLETED"}, seed

    def tasks():
        return requests.get(f"{running.endpoint}/varberg/tasks?table=many", timeout=60).json()["tasks"]

    wait_for(lambda: all(task["status"] == "COMPLETED" for task in tasks()), f"all tasks to complete, seed {seed}", 120)
    counted = running.sql('SELECT importjobid AS job, count(*) AS n FROM "many" GROUP BY 1')
    assert {row["job"]: row["n"] for row in counted} == {job: 90 for job in jobs if job not in gone}, seed
    check_foreign_readers(running, "many")
    wait_for_no_leftovers(running.data_dir)


def test_a_store_is_deleted_while_it_is_compacted(make_server, tmp_path):
    first = make_server(config=OFF)
    single_samples(first, "many", SAMPLES[:3])
    assert first.stop() == 0
    hold = tmp_path / "hold"
    running = make_server(config=OFF, hold=f"task-files-written:{hold}")
    task = begin(running, "tables/many/compact")
    wait_for(hold.exists, "the merged files", 60)
    running.client().delete_variant_store(name="many")
    hold.unlink()
    assert wait_for_task(running, task)["status"] == "CANCELLED"
    running.client().get_waiter("variant_store_deleted").wait(name="many", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    wait_for_no_leftovers(running.data_dir)


def test_the_server_compacts_by_itself(make_server):
    running = make_server(config="[maintenance]\nsmall_files = 8\ninterval_s = 1\n")
    single_samples(running, "many", SAMPLES)
    wait_for(lambda: files(running, "many") < 8, "the table to be compacted", 60)

    def tasks():
        return requests.get(f"{running.endpoint}/varberg/tasks?table=many", timeout=60).json()["tasks"]

    wait_for(lambda: all(task["status"] == "COMPLETED" for task in tasks()), "the task to end")
    assert {task["automatic"] for task in tasks()} == {True} and running.value('SELECT count(*) FROM "many"') == 1080
    events = requests.get(f"{running.endpoint}/varberg/events", timeout=60).json()["events"]
    told = [e for e in events if e["detail-type"] == "Table Task Status Change" and e["detail"]["taskId"] == tasks()[-1]["taskId"]]
    assert [e["detail"]["status"] for e in told] == ["SUBMITTED", "IN_PROGRESS", "COMPLETED"]
    detail = told[-1]["detail"]
    assert (detail["work"], detail["automatic"], detail["storeName"]) == ("COMPACT", "true", "many")
    assert int(detail["filesBefore"]) >= 8 and "filesBefore" not in told[0]["detail"]


def test_the_command_line(make_server):
    running = make_server(config=OFF)

    def varberg(*arguments, exit=0):
        settings = clean_environment() | {"VARBERG_ENDPOINT": running.endpoint}
        done = subprocess.run([binary(), *arguments], env=settings, capture_output=True, text=True, timeout=120)
        assert done.returncode == exit, done
        return done

    jobs = single_samples(running, "many", SAMPLES[:3])
    shown = varberg("table", "compact", "many").stdout
    assert re.search(r"^done +3 files \(.*\) became 1 \(.*\), 270 rows rewritten$", shown, re.M), shown
    assert re.search(r"^status +COMPLETED$", shown, re.M)
    undone = json.loads(varberg("job", "undo", jobs[1], "--output", "json").stdout)
    assert (undone["status"], undone["jobId"], undone["report"]["rowsRemoved"]) == ("COMPLETED", jobs[1], 90)
    assert re.search(r"^undone +\S+", varberg("job", "show", jobs[1]).stdout, re.M)
    assert "5 snapshots" not in varberg("table", "expire", "many").stdout, "none is older than 7 days"
    assert re.search(r"^done +4 snapshots dropped$", varberg("table", "expire", "many", "--older-than", "0s").stdout, re.M)
    listed = varberg("table", "tasks", "many").stdout
    assert [line.split()[2] for line in listed.splitlines()[1:]] == ["EXPIRE", "EXPIRE", "UNDO", "COMPACT"], listed
    identity = listed.splitlines()[1].split()[0]
    assert identity in varberg("table", "task", identity).stdout
    for arguments in (["compact", "nothing"], ["expire", "nothing"], ["task", jobs[0]]):
        assert "does not exist" in varberg("table", *arguments, exit=1).stderr
    varberg("table", "expire", "many", "--keep", "0", exit=2)
