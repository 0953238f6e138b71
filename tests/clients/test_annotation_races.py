"""Several users at once on one annotation store: each call wins or is refused, and no table is left without a store."""

import concurrent.futures
import threading
import time

from annotation_stores import count, create, loaded, start, tsv_options, wait
from botocore.exceptions import ClientError
from server import create_store, reference_arn, tables, wait_for_no_leftovers

COLUMNS = tsv_options("CHR_POS", "CHR=chr POS=pos", "chr:STRING pos:LONG name:STRING")
ROUNDS = 4


def at_once(*calls) -> list[str]:
    """Runs the calls at the same moment; for each `done` or the name of its error."""
    ready = threading.Barrier(len(calls))

    def run(call):
        ready.wait()
        try:
            call()
            return "done"
        except ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def versions(server, store: str) -> list[str]:
    return [v["versionName"] for v in server.client().list_annotation_store_versions(name=store)["annotationStoreVersions"]]


def test_one_of_many_creations_of_a_name_wins(make_server):
    running = make_server()
    arn = reference_arn(running)
    for round_ in range(ROUNDS):
        name = f"wanted_{round_}_name"
        create(running, f"wanted_{round_}", "GFF")
        client = running.client()
        ends = at_once(
            lambda: create(running, name, "GFF"),
            lambda: create(running, name, "TSV", COLUMNS),
            lambda: create_store(running, name, arn),
            lambda: client.create_annotation_store_version(name=f"wanted_{round_}", versionName="name"),
        )
        assert sorted(ends) == ["ConflictException"] * 3 + ["done"], ends
        assert running.value(f"SELECT count(*) FROM {name}") == 0, "the winner's table is there"
    wait_for_no_leftovers(running.data_dir)
    assert len(tables(running.data_dir)) == 2 * ROUNDS


def test_one_version_is_left_however_they_are_deleted(make_server):
    running = make_server()
    for round_ in range(ROUNDS):
        store = f"shrinking_{round_}"
        create(running, store, "GFF", versionName="first")
        running.client().create_annotation_store_version(name=store, versionName="second")
        errors = []

        def delete(name):
            errors.extend(running.client().delete_annotation_store_versions(name=store, versions=[name])["errors"])

        assert at_once(lambda: delete("first"), lambda: delete("second")) == ["done", "done"]
        assert len(versions(running, store)) == 1, errors
        assert [error["versionName"] for error in errors] == versions(running, store)
        assert running.client().get_annotation_store(name=store)["numVersions"] == 1
    wait_for_no_leftovers(running.data_dir)
    assert len(tables(running.data_dir)) == ROUNDS


def test_a_version_is_made_or_its_store_is_deleted(make_server):
    running = make_server()
    for round_ in range(ROUNDS):
        store = f"going_{round_}"
        create(running, store, "GFF")
        client = running.client()
        made, gone = at_once(
            lambda: client.create_annotation_store_version(name=store, versionName="second"),
            lambda: (time.sleep(round_ / 100), running.client().delete_annotation_store(name=store)),
        )
        stores = [s["name"] for s in client.list_annotation_stores()["annotationStores"]]
        assert (gone == "done") == (store not in stores)
        if made == "done":
            assert gone == "ConflictException" and versions(running, store) == ["second", store]
        else:
            assert made in ("ResourceNotFoundException", "ConflictException", "ValidationException") and gone == "done"
    wait_for_no_leftovers(running.data_dir)


def test_jobs_into_one_version_and_its_neighbour_all_land(make_server):
    running = make_server()
    create(running, "crowded", "TSV", COLUMNS)
    running.client().create_annotation_store_version(name="crowded", versionName="second")
    data = "chr\tpos\tname\n" + "".join(f"chr{i % 9}\t{i + 1}\tn{i}\n" for i in range(5_000))
    (running.files / "crowded.tsv").write_text(data)
    jobs = [start(running, "crowded", "crowded.tsv", versionName=v) for v in ("crowded", "second", "crowded", "second", "crowded")]
    assert {wait(running, job)["status"] for job in jobs} == {"COMPLETED"}
    assert (count(running, "crowded"), count(running, "crowded_second")) == (15_000, 10_000)
    by_job = running.sql("SELECT importjobid, count(*) AS n FROM crowded GROUP BY 1")
    assert {row["importjobid"]: row["n"] for row in by_job} == {jobs[at]: 5_000 for at in (0, 2, 4)}
    wait_for_no_leftovers(running.data_dir)


def test_a_job_into_a_version_that_is_being_deleted_is_refused_or_cancelled(make_server):
    running = make_server()
    create(running, "closing", "TSV", COLUMNS)
    (running.files / "closing.tsv").write_text("chr\tpos\tname\n1\t2\ta\n")
    for _ in range(ROUNDS):
        running.client().create_annotation_store_version(name="closing", versionName="second")
        jobs = []
        started, _ = at_once(
            lambda: jobs.append(start(running, "closing", "closing.tsv", versionName="second")),
            lambda: running.client().delete_annotation_store_versions(name="closing", versions=["second"], force=True),
        )
        assert started in ("done", "ResourceNotFoundException", "ValidationException"), started
        if jobs:
            assert wait(running, jobs[0])["status"] in ("CANCELLED", "COMPLETED")
        assert versions(running, "closing") == ["closing"]
    assert loaded(running, "closing", "closing.tsv", "chr\tpos\tname\n1\t2\ta\n")
    wait_for_no_leftovers(running.data_dir)
