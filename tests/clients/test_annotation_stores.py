"""Annotation stores as a user of unmodified boto3 sees them: created, shown, listed, updated, deleted, refused."""

import re
import time

import pytest
from annotation_stores import FAST, create, loaded, start, tsv_options, wait
from botocore.exceptions import ClientError
from server import ACCOUNT, create_store, reference_arn, wait_for

POSITIONS = tsv_options("CHR_POS", "CHR=chr POS=pos", "chr:STRING pos:LONG score:DOUBLE")
FORMATS = {"GFF": None, "VCF": None, "TSV": {"tsvStoreOptions": POSITIONS}}
STORE_ITEM = {
    *("id", "reference", "status", "storeArn", "name", "storeFormat", "description", "sseConfig"),
    *("creationTime", "updateTime", "statusMessage", "storeSizeBytes"),
}


def members(answer: dict) -> set:
    return set(answer) - {"ResponseMetadata"}


@pytest.mark.parametrize("store_format", FORMATS)
def test_a_store_of_each_format_shows_all_it_was_created_with(shared_server, reference, store_format):
    client = shared_server.client()
    name, options = f"as_created_{store_format.lower()}", FORMATS[store_format]
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    more = dict(description="d", tags={"team": "blue"}, sseConfig={"type": "KMS", "keyArn": key})
    if options:
        more["storeOptions"] = options
    created = client.create_annotation_store(
        name=name, storeFormat=store_format, reference={"referenceArn": reference}, versionName="y2026", **more
    )
    always = {"id", "reference", "storeFormat", "status", "name", "versionName", "creationTime"}
    assert members(created) == always | ({"storeOptions"} if options else set())
    assert (created["status"], created["versionName"], created["name"]) == ("CREATING", "y2026", name)
    assert re.fullmatch(r"[a-f0-9]{12}", created["id"])
    assert created.get("storeOptions") == options
    began = time.monotonic()
    client.get_waiter("annotation_store_created").wait(name=name)
    assert time.monotonic() - began < 5, "the waiter's first poll must end it: the second comes after 30 s"
    got = client.get_annotation_store(name=name)
    assert members(got) == STORE_ITEM | {"tags", "numVersions"} | ({"storeOptions"} if options else set())
    assert (got["id"], got["status"], got["storeFormat"]) == (created["id"], "ACTIVE", store_format)
    assert got["storeArn"] == f"arn:aws:omics:us-east-1:{ACCOUNT}:annotationStore/{name}"
    assert got["reference"] == {"referenceArn": reference}
    assert got["sseConfig"] == {"type": "KMS", "keyArn": key}
    assert (got["description"], got["tags"], got["statusMessage"]) == ("d", {"team": "blue"}, "")
    assert (got["storeSizeBytes"], got["numVersions"]) == (0, 1)
    assert got.get("storeOptions") == options
    assert got["updateTime"] >= got["creationTime"] == created["creationTime"]


def test_what_is_left_out_has_its_default(shared_server):
    client = shared_server.client()
    created = create(shared_server, "plain_gff", "GFF")
    assert created["versionName"] == "plain_gff"
    got = client.get_annotation_store(name="plain_gff")
    assert "reference" not in got and "storeOptions" not in got, "an empty union breaks typed SDKs"
    assert (got["description"], got["tags"], got["sseConfig"]["type"]) == ("", {}, "KMS")
    first = client.get_annotation_store_version(name="plain_gff", versionName="plain_gff")
    assert first["id"] == first["storeId"] == created["id"], "the first version has the store's id"


def test_the_type_is_generic_unless_said(shared_server):
    created = create(shared_server, "no_type", "TSV", {"schema": [{"gene": "STRING"}]})
    shown = created["storeOptions"]["tsvStoreOptions"]
    assert shown == {"annotationType": "GENERIC", "formatToHeader": {}, "schema": [{"gene": "STRING"}]}


def test_lists_show_everything_once_newest_first(shared_server, reference):
    client = shared_server.client()
    names = [f"listed_{i}" for i in range(4)]
    ids = [create(shared_server, n, "VCF", reference={"referenceArn": reference})["id"] for n in names]
    for size in (1, 3, 100):
        pages = client.get_paginator("list_annotation_stores").paginate(ids=ids, PaginationConfig={"PageSize": size})
        assert [s["name"] for page in pages for s in page["annotationStores"]] == names[::-1], size
    entry = client.list_annotation_stores(ids=ids[:1])["annotationStores"][0]
    assert members(entry) == STORE_ITEM
    got = client.get_annotation_store(name=names[0])
    assert entry == {member: got[member] for member in STORE_ITEM}
    active = client.list_annotation_stores(ids=ids, filter={"status": "ACTIVE"})["annotationStores"]
    assert [s["name"] for s in active] == names[::-1]
    assert client.list_annotation_stores(filter={"status": "FAILED"})["annotationStores"] == []
    assert not {"listed_0"} & {s["name"] for s in client.list_variant_stores()["variantStores"]}


def test_an_update_changes_the_description_and_nothing_else(shared_server):
    client = shared_server.client()
    create(shared_server, "updated", "TSV", POSITIONS, description="before", tags={"a": "b"})
    before = client.get_annotation_store(name="updated")
    answer = client.update_annotation_store(name="updated", description="after")
    assert members(answer) == {
        *("id", "status", "name", "description", "creationTime", "updateTime", "storeOptions", "storeFormat"),
    }
    assert (answer["description"], answer["storeOptions"]) == ("after", {"tsvStoreOptions": POSITIONS})
    after = client.get_annotation_store(name="updated")
    assert after["updateTime"] > before["updateTime"]
    changed = {"description", "updateTime", "ResponseMetadata"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    client.update_annotation_store(name="updated")
    assert client.get_annotation_store(name="updated")["description"] == "after"
    client.update_annotation_store(name="updated", description="")
    assert client.get_annotation_store(name="updated")["description"] == ""


def test_a_deleted_store_is_gone_and_its_name_free(shared_server):
    client = shared_server.client()
    create(shared_server, "short_lived_tsv", "TSV", POSITIONS)
    loaded(shared_server, "short_lived_tsv", "short_lived.tsv", "chr\tpos\tscore\n1\t5\t0.5\n")
    assert client.get_annotation_store(name="short_lived_tsv")["storeSizeBytes"] > 0
    assert client.delete_annotation_store(name="short_lived_tsv")["status"] == "DELETING"
    began = time.monotonic()
    client.get_waiter("annotation_store_deleted").wait(name="short_lived_tsv")
    assert time.monotonic() - began < 5
    client.get_waiter("annotation_store_version_deleted").wait(name="short_lived_tsv", versionName="short_lived_tsv")
    for call in ("get_annotation_store", "delete_annotation_store", "list_annotation_store_versions"):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            getattr(client, call)(name="short_lived_tsv")
    assert "short_lived_tsv" not in [s["name"] for s in client.list_annotation_stores()["annotationStores"]]
    create(shared_server, "short_lived_tsv", "GFF")
    assert shared_server.value('SELECT count(*) FROM "default"."short_lived_tsv"') == 0


@pytest.fixture
def importing(make_server, tmp_path):
    """A server whose worker waits in the middle of a job into the store `busy`; gives server, job and what holds it."""
    hold = tmp_path / "hold"
    running = make_server(hold=f"header-read:{hold}")
    create(running, "busy", "TSV", POSITIONS)
    (running.files / "busy.tsv").write_text("chr\tpos\tscore\n1\t5\t0.5\n")
    job = start(running, "busy", "busy.tsv")
    wait_for(hold.exists, "the worker to reach its hold")
    return running, job, hold


def test_a_store_with_a_running_import_is_deleted_only_by_force(importing):
    running, job, hold = importing
    client = running.client()
    for more in ({}, {"force": False}):
        with pytest.raises(client.exceptions.ConflictException):
            client.delete_annotation_store(name="busy", **more)
    assert client.get_annotation_store(name="busy")["status"] == "ACTIVE"
    assert client.delete_annotation_store(name="busy", force=True)["status"] == "DELETING"
    hold.unlink()
    client.get_waiter("annotation_store_deleted").wait(name="busy", WaiterConfig=FAST)
    answer = wait(running, job)
    assert (answer["status"], answer["items"][0]["jobStatus"]) == ("CANCELLED", "CANCELLED")


def test_a_store_of_several_versions_is_not_deleted(shared_server):
    client = shared_server.client()
    create(shared_server, "two_versions", "GFF")
    client.create_annotation_store_version(name="two_versions", versionName="second")
    with pytest.raises(client.exceptions.ConflictException, match="version"):
        client.delete_annotation_store(name="two_versions")
    answer = client.delete_annotation_store_versions(name="two_versions", versions=["second"])
    assert answer["errors"] == []
    assert client.delete_annotation_store(name="two_versions")["status"] == "DELETING"


def test_a_name_belongs_to_one_store_of_either_kind(shared_server, reference):
    client = shared_server.client()
    conflict = client.exceptions.ConflictException
    create_store(shared_server, "name_of_variants", reference)
    create(shared_server, "name_of_gff", "GFF")
    with pytest.raises(conflict):
        create(shared_server, "name_of_variants", "GFF")
    with pytest.raises(conflict):
        create_store(shared_server, "name_of_gff", reference)
    with pytest.raises(conflict):
        create(shared_server, "name_of_gff", "VCF")


def test_a_name_is_not_that_of_a_versions_table_either(shared_server, reference):
    client = shared_server.client()
    conflict = client.exceptions.ConflictException
    create(shared_server, "genes_of", "GFF")
    client.create_annotation_store_version(name="genes_of", versionName="v44")
    with pytest.raises(conflict):
        create(shared_server, "genes_of_v44", "GFF")
    with pytest.raises(conflict):
        create_store(shared_server, "genes_of_v44", reference)
    create_store(shared_server, "genes_of_v45", reference)
    with pytest.raises(conflict):
        client.create_annotation_store_version(name="genes_of", versionName="v45")
    client.delete_variant_store(name="genes_of_v45")
    client.get_waiter("variant_store_deleted").wait(name="genes_of_v45", WaiterConfig=FAST)
    assert client.create_annotation_store_version(name="genes_of", versionName="v45")["status"] == "CREATING"


def test_a_retried_creation_gives_the_same_store(shared_server):
    """The same call again (the SDK repeats `amz-sdk-invocation-id` when an answer got lost) is no conflict."""
    client = shared_server.client()

    def same_invocation(request, **_):
        request.headers["amz-sdk-invocation-id"] = "22222222-2222-4333-8444-666666666666"

    client.meta.events.register("before-send.omics.CreateAnnotationStore", same_invocation)
    arguments = dict(name="retried_store", storeFormat="TSV", storeOptions={"tsvStoreOptions": POSITIONS})
    first, second = client.create_annotation_store(**arguments), client.create_annotation_store(**arguments)
    assert first["id"] == second["id"]
    with pytest.raises(ClientError) as other_call:
        shared_server.client().create_annotation_store(**arguments)
    assert other_call.value.response["Error"]["Code"] == "ConflictException"


def test_the_reference_of_a_store_must_exist(make_server):
    running = make_server()
    arn = reference_arn(running)
    create(running, "with_reference", "VCF", reference={"referenceArn": arn})
    with pytest.raises(ClientError) as caught:
        create(running, "without", "VCF", reference={"referenceArn": f"{arn[:-10]}0123456789"})
    assert caught.value.response["Error"]["Code"] in ("ResourceNotFoundException", "ValidationException")
    names = [s["name"] for s in running.client().list_annotation_stores()["annotationStores"]]
    assert names == ["with_reference"], "a refused store leaves nothing"
