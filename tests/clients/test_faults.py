"""Kills, stops and cancels at every stage of an import: rows exactly once or not at all, and nothing left over.

`VARBERG_HOLD_AT=stage:PATH` makes a worker create PATH when it reaches the stage and wait until PATH is gone.
"""

import random
import signal
import time
import zlib

import pytest
import requests
from botocore.exceptions import ClientError
from server import (
    ACCOUNT,
    create_store,
    import_files,
    reference_arn,
    start_import,
    stored_files,
    wait_for,
    wait_for_job,
    wait_for_no_leftovers,
)
from vcf_files import bgzf, vcf

BEFORE_COMMIT = ["claimed", "header-read", "batch-3", "file-closed", "item-recorded", "metadata-written", "commit-before"]
STAGES = [*BEFORE_COMMIT, "commit-after"]
RECORDS = 60_000
ROWS = RECORDS * 2 + 40 * 2


@pytest.fixture(scope="session")
def big_vcf():
    """Enough records for several batches of a part."""
    return bgzf(vcf(RECORDS).encode())


@pytest.fixture
def held(make_server, tmp_path, big_vcf):
    """A server whose worker waits at a stage of a job of two files; gives server, job and the file that holds it."""

    def hold_at(stage: str):
        hold = tmp_path / "hold"
        running = make_server(hold=f"{stage}:{hold}")
        (running.files / "big.vcf.gz").write_bytes(big_vcf)
        (running.files / "small.vcf").write_text(vcf(40))
        create_store(running, "faults", reference_arn(running))
        job = start_import(running, "faults", "big.vcf.gz", "small.vcf")
        wait_for(hold.exists, f"the worker to reach {stage}", 60)
        return running, job, hold

    return hold_at


def count(running) -> int:
    return running.value('SELECT count(*) FROM "default"."faults"')


def check_rows_once(running, expected=ROWS):
    assert count(running) == expected
    once = 'SELECT count(*) FROM (SELECT contigname, start, sampleid, count(*) AS n FROM "default"."faults" GROUP BY 1, 2, 3)'
    assert running.value(once) == RECORDS * 2, "the small file repeats the first records of the big one"


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_server_leaves_rows_exactly_once(make_server, held, tmp_path, stage):
    running, job, hold = held(stage)
    running.kill()
    hold.unlink(missing_ok=True)
    again = make_server()
    answer = wait_for_job(again, job)
    assert answer["status"] == "COMPLETED", answer
    assert [i["jobStatus"] for i in answer["items"]] == ["COMPLETED", "COMPLETED"]
    check_rows_once(again)
    wait_for_no_leftovers(again.data_dir)


@pytest.mark.parametrize("stage", STAGES)
def test_a_cancel_leaves_all_or_nothing(held, stage):
    running, job, hold = held(stage)
    client = running.client()
    try:
        client.cancel_variant_import_job(jobId=job)
        cancelled = True
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationException"
        cancelled = False
    assert cancelled == (stage != "commit-after"), "a job that has ended cannot be cancelled; one that has not can"
    hold.unlink()
    answer = wait_for_job(running, job)
    states = {i["jobStatus"] for i in answer["items"]}
    if cancelled:
        assert (answer["status"], states) == ("CANCELLED", {"CANCELLED"})
        assert count(running) == 0
    else:
        assert (answer["status"], states) == ("COMPLETED", {"COMPLETED"})
        check_rows_once(running)
    wait_for_no_leftovers(running.data_dir)
    assert import_files(running, "faults", "small.vcf")["status"] == "COMPLETED", "the store goes on"


def test_a_cancel_is_heard_where_no_line_is_a_record(make_server):
    """Blank lines that would be read for minutes, in one part."""
    running = make_server()
    pieces = zlib.compressobj(1, zlib.DEFLATED, 31)
    empty = b"\n" * (1 << 24)
    packed = pieces.compress(vcf(1).encode()) + b"".join(pieces.compress(empty) for _ in range(128)) + pieces.flush()
    (running.files / "blank.vcf.gz").write_bytes(packed)
    create_store(running, "faults", reference_arn(running))
    job = start_import(running, "faults", "blank.vcf.gz")

    def bytes_read():
        address = f"{running.endpoint}/varberg/jobs/{job}/progress"
        return requests.get(address, timeout=60).json()["items"][0]["bytesRead"]

    wait_for(lambda: 0 < bytes_read() < len(packed), "the progress of a file without records")
    running.client().cancel_variant_import_job(jobId=job)
    assert wait_for_job(running, job, 20)["status"] == "CANCELLED"


@pytest.mark.parametrize("stage", BEFORE_COMMIT)
def test_a_store_with_a_running_import_is_deleted_only_by_force(held, stage):
    running, job, hold = held(stage)
    client = running.client()
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_variant_store(name="faults")
    assert client.get_variant_store(name="faults")["status"] == "ACTIVE"
    assert client.delete_variant_store(name="faults", force=True)["status"] == "DELETING"
    hold.unlink()
    client.get_waiter("variant_store_deleted").wait(name="faults", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    answer = wait_for_job(running, job)
    assert (answer["status"], {i["jobStatus"] for i in answer["items"]}) == ("CANCELLED", {"CANCELLED"})
    wait_for(lambda: not stored_files(running.data_dir), "all files of the deleted store to be gone", 30)


def test_a_refused_delete_does_not_disturb_the_import(held):
    running, job, hold = held("batch-3")
    client = running.client()
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_variant_store(name="faults", force=False)
    hold.unlink()
    assert wait_for_job(running, job)["status"] == "COMPLETED"
    check_rows_once(running)


def test_a_worker_that_sleeps_past_its_lease_changes_nothing(make_server, held, tmp_path):
    """A records item 1 of 2 and is stopped; B takes over and finishes; A wakes."""
    first, job, hold = held("item-recorded")
    second = make_server()
    first.process.send_signal(signal.SIGSTOP)
    answer = wait_for_job(second, job)
    assert answer["status"] == "COMPLETED", answer
    check_rows_once(second)
    hold.unlink()
    first.process.send_signal(signal.SIGCONT)
    wait_for(lambda: first.client().get_variant_import_job(jobId=job)["status"] == "COMPLETED", "the first server to answer")
    # The woken worker finds its lease gone; give it a whole lease to do damage, then look.
    time.sleep(4)
    check_rows_once(second)
    check_rows_once(first)
    wait_for_no_leftovers(second.data_dir)
    assert import_files(first, "faults", "small.vcf")["status"] == "COMPLETED", "the first server works on"
    check_rows_once(second, ROWS + 80)


def test_a_graceful_stop_hands_the_job_on(make_server, held):
    running, job, hold = held("batch-3")
    running.process.send_signal(signal.SIGTERM)
    hold.unlink()
    assert running.process.wait(30) == 0
    again = make_server()
    assert wait_for_job(again, job)["status"] == "COMPLETED"
    check_rows_once(again)
    wait_for_no_leftovers(again.data_dir)


def test_two_jobs_into_one_store_both_land(make_server, big_vcf):
    running = make_server()
    (running.files / "big.vcf.gz").write_bytes(big_vcf)
    (running.files / "small.vcf").write_text(vcf(40))
    create_store(running, "faults", reference_arn(running))
    jobs = [start_import(running, "faults", "big.vcf.gz"), *(start_import(running, "faults", "small.vcf") for _ in range(4))]
    assert {wait_for_job(running, job)["status"] for job in jobs} == {"COMPLETED"}
    assert count(running) == RECORDS * 2 + 4 * 80
    namespace = f"variant_{ACCOUNT}_{running.client().get_variant_store(name='faults')['id']}"
    by_job = running.sql(f'SELECT importjobid, count(*) AS n FROM "{namespace}"."faults" GROUP BY 1')
    assert {row["importjobid"]: row["n"] for row in by_job} == {jobs[0]: RECORDS * 2} | {job: 80 for job in jobs[1:]}
    wait_for_no_leftovers(running.data_dir)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_random_kills(make_server, big_vcf):
    """One job after the other, with kill -9 at a random moment of each; the seed is printed with a failure."""
    seed = random.randrange(1 << 32)
    random_ = random.Random(seed)
    running = make_server()
    (running.files / "big.vcf.gz").write_bytes(big_vcf)
    (running.files / "small.vcf").write_text(vcf(40))
    create_store(running, "faults", reference_arn(running))
    began = time.monotonic()
    assert import_files(running, "faults", "big.vcf.gz", "small.vcf")["status"] == "COMPLETED"
    usual = time.monotonic() - began
    for round_ in range(20):
        job = start_import(running, "faults", "big.vcf.gz", "small.vcf")
        time.sleep(random_.uniform(0, usual * 1.2))
        running.kill()
        running = make_server()
        answer = wait_for_job(running, job)
        assert answer["status"] == "COMPLETED", (seed, round_, answer)
        check_rows_once(running, ROWS * (round_ + 2))
    wait_for_no_leftovers(running.data_dir)
