"""Versions of annotation stores: each a table of its own, with its own columns, tags and end."""

import re
import time

import pytest
from annotation_stores import FAST, columns, count, create, load, loaded, namespace, start, tsv_options, wait
from server import ACCOUNT, stored_files, wait_for, wait_for_no_leftovers

POSITIONS = tsv_options("CHR_POS", "CHR=chr POS=pos", "chr:STRING pos:LONG")
INTERVALS = tsv_options("CHR_START_END_ZERO_BASE", "CHR=contig START=first END=last", "contig:STRING first:INT last:INT name:STRING")
POSITIONS_FILE = "chr\tpos\n1\t5\n2\t6\n"
INTERVALS_FILE = "contig\tfirst\tlast\tname\n1\t0\t10\ta\n1\t5\t15\tb\nX\t7\t8\tc\n"
VERSION_ITEM = {
    *("storeId", "id", "status", "versionArn", "name", "versionName", "description"),
    *("creationTime", "updateTime", "statusMessage", "versionSizeBytes"),
}


def create_version(server, store: str, version: str, options: dict | None = None, **more) -> dict:
    if options:
        more["versionOptions"] = {"tsvVersionOptions": options}
    return server.client().create_annotation_store_version(name=store, versionName=version, **more)


def delete_versions(server, store: str, *versions: str, **more) -> dict:
    """The message for each version that could not be deleted."""
    answer = server.client().delete_annotation_store_versions(name=store, versions=list(versions), **more)
    return {error["versionName"]: error["message"] for error in answer["errors"]}


def names(server, store: str) -> list[str]:
    return [v["versionName"] for v in server.client().list_annotation_store_versions(name=store)["annotationStoreVersions"]]


def test_a_version_has_its_own_columns_and_its_own_table(shared_server):
    client = shared_server.client()
    create(shared_server, "panel", "TSV", POSITIONS)
    created = create_version(shared_server, "panel", "regions", INTERVALS, description="d", tags={"year": "2026"})
    assert set(created) - {"ResponseMetadata"} == {
        *("id", "versionName", "storeId", "versionOptions", "name", "status", "creationTime"),
    }
    assert (created["status"], created["versionOptions"]) == ("CREATING", {"tsvVersionOptions": INTERVALS})
    began = time.monotonic()
    client.get_waiter("annotation_store_version_created").wait(name="panel", versionName="regions")
    assert time.monotonic() - began < 5
    assert loaded(shared_server, "panel", "panel.tsv", POSITIONS_FILE)["versionName"] == "panel"
    assert loaded(shared_server, "panel", "regions.tsv", INTERVALS_FILE, versionName="regions")["versionName"] == "regions"

    database = namespace(shared_server, "panel")
    for schema in ('"default"', f'"{database}"'):
        first = shared_server.sql(f'SELECT chr, pos, "end" FROM {schema}."panel" ORDER BY chr')
        assert first == [{"chr": "1", "pos": 4, "end": 5}, {"chr": "2", "pos": 5, "end": 6}]
        other = shared_server.sql(f'SELECT contig, first, last, name FROM {schema}."panel_regions" ORDER BY name')
        assert [tuple(row.values()) for row in other] == [("1", 0, 10, "a"), ("1", 5, 15, "b"), ("X", 7, 8, "c")]
    assert columns(shared_server, "panel") == [
        *(("importjobid", "varchar"), ("chr", "varchar"), ("pos", "bigint"), ("end", "integer")),
        ("information", "map(varchar, varchar)"),
    ]
    assert columns(shared_server, "panel_regions") == [
        *(("importjobid", "varchar"), ("contig", "varchar"), ("first", "integer"), ("last", "integer")),
        *(("name", "varchar"), ("information", "map(varchar, varchar)")),
    ]


def test_a_version_shows_all_it_was_created_with(shared_server):
    client = shared_server.client()
    store = create(shared_server, "shown_versions", "TSV", POSITIONS)["id"]
    created = create_version(shared_server, "shown_versions", "second", INTERVALS, description="d", tags={"year": "2026"})
    assert created["storeId"] == store != created["id"]
    assert re.fullmatch(r"[a-f0-9]{12}", created["id"])
    got = client.get_annotation_store_version(name="shown_versions", versionName="second")
    assert set(got) - {"ResponseMetadata"} == VERSION_ITEM | {"tags", "versionOptions"}
    arn = f"arn:aws:omics:us-east-1:{ACCOUNT}:annotationStore/shown_versions/version/second"
    assert (got["storeId"], got["id"], got["versionArn"]) == (store, created["id"], arn)
    assert (got["name"], got["versionName"], got["status"]) == ("shown_versions", "second", "ACTIVE")
    assert (got["description"], got["tags"], got["statusMessage"]) == ("d", {"year": "2026"}, "")
    assert got["versionOptions"] == {"tsvVersionOptions": INTERVALS}
    assert got["versionSizeBytes"] == 0
    loaded(shared_server, "shown_versions", "shown.tsv", INTERVALS_FILE, versionName="second")
    size = client.get_annotation_store_version(name="shown_versions", versionName="second")["versionSizeBytes"]
    whole = client.get_annotation_store(name="shown_versions")
    assert whole["storeSizeBytes"] == size > 0, "a store is as large as its versions together"
    assert whole["numVersions"] == 2
    first = client.get_annotation_store_version(name="shown_versions", versionName="shown_versions")
    assert (first["id"], first["tags"]) == (store, {}), "the tags of a store are not those of its version"
    assert first["versionOptions"] == {"tsvVersionOptions": POSITIONS}


def test_versions_are_listed_newest_first(shared_server):
    client = shared_server.client()
    create(shared_server, "listed_versions", "GFF", versionName="v1_0")
    for number in range(2, 6):
        create_version(shared_server, "listed_versions", f"v{number}_0")
    expected = [f"v{number}_0" for number in range(5, 0, -1)]
    for size in (1, 2, 100):
        pages = client.get_paginator("list_annotation_store_versions").paginate(
            name="listed_versions", filter={"status": "ACTIVE"}, PaginationConfig={"PageSize": size}
        )
        assert [v["versionName"] for page in pages for v in page["annotationStoreVersions"]] == expected, size
    entry = client.list_annotation_store_versions(name="listed_versions")["annotationStoreVersions"][0]
    got = client.get_annotation_store_version(name="listed_versions", versionName="v5_0")
    assert entry == {member: got[member] for member in VERSION_ITEM}
    failed = client.list_annotation_store_versions(name="listed_versions", filter={"status": "FAILED"})
    assert failed["annotationStoreVersions"] == []
    assert client.get_annotation_store(name="listed_versions")["numVersions"] == 5


def test_options_that_a_version_leaves_out_are_the_stores(shared_server):
    create(shared_server, "inherits", "TSV", POSITIONS)
    plain = create_version(shared_server, "inherits", "same")
    assert plain["versionOptions"] == {"tsvVersionOptions": POSITIONS}
    wider = [*POSITIONS["schema"], {"note": "STRING"}]
    some = create_version(shared_server, "inherits", "wider", {"schema": wider})
    assert some["versionOptions"] == {"tsvVersionOptions": POSITIONS | {"schema": wider}}
    loaded(shared_server, "inherits", "inherits.tsv", "c\tp\tn\n7\t8\tx\n", versionName="wider")
    rows = shared_server.sql('SELECT chr, pos, "end", note FROM inherits_wider')
    assert rows == [{"chr": "7", "pos": 7, "end": 8, "note": "x"}]


@pytest.mark.parametrize("store_format", ["GFF", "VCF"])
def test_versions_of_other_formats_have_no_options(shared_server, store_format):
    name = f"versions_{store_format.lower()}"
    create(shared_server, name, store_format)
    assert "versionOptions" not in create_version(shared_server, name, "second")
    assert columns(shared_server, f"{name}_second") == columns(shared_server, name)


def test_an_update_changes_the_description_and_nothing_else(shared_server):
    client = shared_server.client()
    create(shared_server, "updated_version", "TSV", POSITIONS)
    create_version(shared_server, "updated_version", "second", description="before", tags={"a": "b"})
    before = client.get_annotation_store_version(name="updated_version", versionName="second")
    answer = client.update_annotation_store_version(name="updated_version", versionName="second", description="after")
    assert set(answer) - {"ResponseMetadata"} == {
        *("storeId", "id", "status", "name", "versionName", "description", "creationTime", "updateTime"),
    }
    after = client.get_annotation_store_version(name="updated_version", versionName="second")
    assert (answer["description"], after["description"]) == ("after", "after")
    assert after["updateTime"] > before["updateTime"]
    changed = {"description", "updateTime", "ResponseMetadata"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    assert client.get_annotation_store(name="updated_version")["description"] == "", "not the store's"


def test_ten_are_deleted_at_once_and_each_that_cannot_go_says_why(shared_server):
    client = shared_server.client()
    create(shared_server, "many", "GFF", versionName="first")
    for number in range(8):
        create_version(shared_server, "many", f"version{number}")
    asked = [f"version{number}" for number in range(8)] + ["absent", "missing"]
    messages = delete_versions(shared_server, "many", *asked)
    assert list(messages) == ["absent", "missing"] and all(name in text for name, text in messages.items())
    client.get_waiter("annotation_store_version_deleted").wait(name="many", versionName="version0", WaiterConfig=FAST)
    assert names(shared_server, "many") == ["first"]
    assert client.get_annotation_store(name="many")["numVersions"] == 1
    for number in (0, 7):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_annotation_store_version(name="many", versionName=f"version{number}")
    assert list(delete_versions(shared_server, "many", "first")) == ["first"], "the last version goes with its store"
    assert list(delete_versions(shared_server, "many", "first", force=True)) == ["first"]
    assert client.get_annotation_store(name="many")["status"] == "ACTIVE"


def test_the_first_version_may_go_before_others(shared_server):
    client = shared_server.client()
    create(shared_server, "moving_on", "TSV", POSITIONS)
    create_version(shared_server, "moving_on", "newer")
    loaded(shared_server, "moving_on", "moving.tsv", POSITIONS_FILE, versionName="newer")
    assert delete_versions(shared_server, "moving_on", "moving_on") == {}
    client.get_waiter("annotation_store_version_deleted").wait(name="moving_on", versionName="moving_on", WaiterConfig=FAST)
    assert names(shared_server, "moving_on") == ["newer"]
    assert count(shared_server, "moving_on_newer") == 2
    with pytest.raises(client.exceptions.ValidationException, match="version"):
        start(shared_server, "moving_on", "moving.tsv")
    assert loaded(shared_server, "moving_on", "moving.tsv", POSITIONS_FILE, versionName="newer")
    assert count(shared_server, "moving_on_newer") == 4
    assert client.delete_annotation_store(name="moving_on")["status"] == "DELETING"


def test_a_version_with_a_running_import_is_deleted_only_by_force(make_server, tmp_path):
    hold = tmp_path / "hold"
    running = make_server(hold=f"header-read:{hold}")
    create(running, "busy", "TSV", POSITIONS)
    for version in ("loading", "idle"):
        create_version(running, "busy", version)
    (running.files / "busy.tsv").write_text(POSITIONS_FILE)
    job = start(running, "busy", "busy.tsv", versionName="loading")
    wait_for(hold.exists, "the worker to reach its hold")
    assert list(delete_versions(running, "busy", "idle", "loading")) == ["loading"], "the others go all the same"
    assert names(running, "busy") == ["loading", "busy"]
    assert delete_versions(running, "busy", "loading", force=True) == {}
    hold.unlink()
    waiter = running.client().get_waiter("annotation_store_version_deleted")
    waiter.wait(name="busy", versionName="loading", WaiterConfig=FAST)
    answer = wait(running, job)
    assert (answer["status"], answer["items"][0]["jobStatus"]) == ("CANCELLED", "CANCELLED")
    wait_for(lambda: len(stored_files(running.data_dir)) == 1, "nothing but the metadata of the first version", 30)
    wait_for_no_leftovers(running.data_dir)


def test_a_version_that_is_made_again_is_empty_and_nothing_is_left_over(make_server):
    running = make_server()
    client = running.client()
    create(running, "again", "TSV", POSITIONS)
    ids = set()
    for options, data in ((POSITIONS, POSITIONS_FILE), (INTERVALS, INTERVALS_FILE), (POSITIONS, POSITIONS_FILE)):
        ids.add(create_version(running, "again", "second", options)["id"])
        assert count(running, "again_second") == 0
        loaded(running, "again", "again.tsv", data, versionName="second")
        assert count(running, "again_second") == data.count("\n") - 1
        assert delete_versions(running, "again", "second") == {}
        client.get_waiter("annotation_store_version_deleted").wait(name="again", versionName="second", WaiterConfig=FAST)
    assert len(ids) == 3
    wait_for_no_leftovers(running.data_dir)
    wait_for(lambda: len(stored_files(running.data_dir)) == 1, "nothing but the metadata of the first version", 30)
    client.delete_annotation_store(name="again")
    wait_for(lambda: not stored_files(running.data_dir), "all files of the deleted store to be gone", 30)


def test_a_retried_creation_gives_the_same_version(shared_server):
    client = shared_server.client()
    create(shared_server, "retried_versions", "GFF")

    def same_invocation(request, **_):
        request.headers["amz-sdk-invocation-id"] = "33333333-2222-4333-8444-777777777777"

    client.meta.events.register("before-send.omics.CreateAnnotationStoreVersion", same_invocation)
    arguments = dict(name="retried_versions", versionName="second")
    ids = {client.create_annotation_store_version(**arguments)["id"] for _ in range(2)}
    assert len(ids) == 1
    with pytest.raises(client.exceptions.ConflictException):
        create_version(shared_server, "retried_versions", "second")


def test_a_failed_import_into_a_version_touches_no_other(shared_server):
    create(shared_server, "apart", "TSV", POSITIONS)
    create_version(shared_server, "apart", "second", INTERVALS)
    loaded(shared_server, "apart", "apart.tsv", POSITIONS_FILE)
    assert load(shared_server, "apart", "apart2.tsv", POSITIONS_FILE, versionName="second")["status"] == "FAILED"
    assert (count(shared_server, "apart"), count(shared_server, "apart_second")) == (2, 0)
