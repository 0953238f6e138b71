"""All paginators of boto3 in scope: everything once, newest first, at any size of page, and from any place on.

Which paginators there are, and their members, is read from the installed botocore.
"""

import itertools

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from conformance import OPERATIONS, count

PAGINATORS = {
    name: detail
    for name, detail in botocore.session.get_session().get_paginator_model("omics")._paginator_config.items()
    if name in OPERATIONS
}
ENTRIES = 7


@pytest.fixture(scope="module")
def crowd(world):
    """At least seven entries in each listing; for each the filter or place that finds them."""
    client = world.client
    stores = [world.new_store() for _ in range(ENTRIES)]
    tables = [world.new_annotation_store() for _ in range(ENTRIES)]
    arns = [client.get_variant_store(name=name)["storeArn"] for name in stores]
    for i, arn in enumerate(arns):
        client.create_share(resourceArn=arn, principalSubscriber="111122223333")
        client.create_reference_store(name="crowd")
        client.create_annotation_store_version(name=tables[0], versionName=f"crowd_{i}")
        world.start_variants(client, stores[0])
        world.start_annotations(client, tables[1])
        world.new_reference()
    return {
        "ListVariantStores": dict(ids=stores),
        "ListAnnotationStores": dict(ids=tables),
        "ListAnnotationStoreVersions": dict(name=tables[0]),
        "ListVariantImportJobs": dict(filter={"storeName": stores[0]}),
        "ListAnnotationImportJobs": dict(filter={"storeName": tables[1]}),
        "ListShares": dict(resourceOwner="SELF", filter={"resourceArns": arns}),
        "ListReferenceStores": dict(filter={"name": "crowd"}),
        "ListReferences": dict(referenceStoreId=world.reference_store),
        "ListReferenceImportJobs": dict(referenceStoreId=world.reference_store),
    }


def test_there_are_nine_paginators():
    assert len(PAGINATORS) == 9


@pytest.fixture(params=sorted(PAGINATORS))
def listing(request, crowd, world):
    """The paginator with its arguments bound, the member of its entries, and its name."""
    name = request.param
    paginator = world.client.get_paginator(xform_name(name))
    return lambda **config: paginator.paginate(**crowd[name], PaginationConfig=config), PAGINATORS[name]["result_key"], name


def key(entry: dict) -> str:
    return entry.get("id") or entry["shareId"]


def test_every_size_of_page_shows_everything_once_newest_first(listing):
    paginate, member, name = listing
    whole = [key(entry) for page in paginate() for entry in page[member]]
    times = [entry["creationTime"] for page in paginate() for entry in page[member]]
    assert len(whole) == len(set(whole)) >= ENTRIES
    assert times == sorted(times, reverse=True)
    for size in (1, 2, 3, len(whole) - 1, len(whole), len(whole) + 1, 100):
        pages = list(paginate(PageSize=size))
        assert [key(entry) for page in pages for entry in page[member]] == whole, (name, size)
        assert [len(page[member]) for page in pages[:-1]] == [size] * (len(pages) - 1), (name, size)
        assert len(pages) == -(-len(whole) // size), f"{name}: the last page of {size} has a token, or a page is short"
        assert ["nextToken" in page for page in pages] == [True] * (len(pages) - 1) + [False]
        count("paginated listings")


def test_a_listing_goes_on_where_it_was_left(listing):
    paginate, member, name = listing
    whole = [key(entry) for page in paginate() for entry in page[member]]
    for taken, size in itertools.product((1, 2, 3, 5), (1, 2, 100)):
        first = paginate(MaxItems=taken, PageSize=size).build_full_result()
        rest = paginate(StartingToken=first["NextToken"]).build_full_result()
        assert [key(entry) for entry in first[member] + rest[member]] == whole, (name, taken, size)
        assert "NextToken" not in rest
        count("paginated listings")


def refused(world, crowd, name: str, token: str):
    with pytest.raises(ClientError) as caught:
        answer = getattr(world.client, xform_name(name))(**crowd[name], nextToken=token)
        pytest.fail(f"{name} took {token!r}: {answer}")
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException" and "nextToken" in error["Message"], (name, token, error)
    count("tokens refused")


def first_token(world, crowd, name: str) -> str:
    return getattr(world.client, xform_name(name))(**crowd[name], maxResults=1)["nextToken"]


@pytest.mark.parametrize("name", sorted(PAGINATORS))
def test_a_token_is_good_for_its_own_listing_alone(world, crowd, name):
    token = first_token(world, crowd, name)
    for other in PAGINATORS:
        if other != name:
            refused(world, crowd, other, token)


@pytest.mark.parametrize("name", sorted(PAGINATORS))
def test_a_token_that_was_changed_is_refused(world, crowd, name):
    token = first_token(world, crowd, name)
    for changed in (token[:-1], token + "A", token + "AAAA", token[1:], token.swapcase(), token[::-1], token * 2, token + "=", "x"):
        refused(world, crowd, name, changed)


def test_what_is_made_or_deleted_meanwhile_does_not_shift_pages(world):
    """New stores never show on a later page; a store that is gone leaves the others where they were."""
    names = [world.new_annotation_store() for _ in range(6)]
    client = world.client
    pages = client.get_paginator("list_annotation_stores").paginate(PaginationConfig={"PageSize": 1})
    seen = []
    for page in pages:
        seen += [entry["name"] for entry in page["annotationStores"]]
        if len(seen) == 2:
            client.delete_annotation_store(name=seen[-1])
            client.delete_annotation_store(name=names[2])
        world.new_annotation_store()
        if names[0] in seen:
            break
    assert seen == [names[i] for i in (5, 4, 3, 1, 0)]
