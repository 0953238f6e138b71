"""Answers that get lost: an SDK sends a Start or Create again, and there is one job, one store, and one answer.

With each retry mode of boto3, and each way in which an answer gets lost. The pauses between tries are left out.
"""

import concurrent.futures
import dataclasses
import itertools
import threading
import types
from collections.abc import Callable

import boto3
import botocore.endpoint
import pytest
import server as support
from annotation_stores import tsv_options
from botocore.config import Config
from conformance import Wire, count, request
from lossy_proxy import MANNERS, LossyProxy
from server import ACCOUNT, BUCKET, ROLE, reference_arn, wait_for, wait_for_no_leftovers

MODES = ("legacy", "standard", "adaptive")
COLUMNS = tsv_options("CHR_POS", "CHR=chr POS=pos", "chr:STRING pos:LONG")
ITEMS = [{"source": f"s3://{BUCKET}/absent"}]
NUMBERS = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Call:
    """An operation that makes something: its arguments for a number, the member of its answer that identifies what it made,
    and the listing that shows it."""

    arguments: Callable[[object, int], dict]
    id: str
    listing: str
    member: str
    where: Callable[[object], dict] = lambda place: {}


CALLS = {
    "create_variant_store": Call(
        lambda at, n: dict(name=f"store_{n}", reference={"referenceArn": at.reference}),
        "id",
        "list_variant_stores",
        "variantStores",
    ),
    "create_annotation_store": Call(
        lambda at, n: dict(name=f"store_{n}", storeFormat="GFF"), "id", "list_annotation_stores", "annotationStores"
    ),
    "create_annotation_store_version": Call(
        lambda at, n: dict(name="the_table", versionName=f"version_{n}"),
        "id",
        "list_annotation_store_versions",
        "annotationStoreVersions",
        lambda at: dict(name="the_table"),
    ),
    "start_variant_import_job": Call(
        lambda at, n: dict(destinationName="the_variants", roleArn=ROLE, items=ITEMS),
        "jobId",
        "list_variant_import_jobs",
        "variantImportJobs",
    ),
    "start_annotation_import_job": Call(
        lambda at, n: dict(destinationName="the_table", roleArn=ROLE, items=ITEMS),
        "jobId",
        "list_annotation_import_jobs",
        "annotationImportJobs",
    ),
    "create_reference_store": Call(lambda at, n: dict(name="store"), "id", "list_reference_stores", "referenceStores"),
    "start_reference_import_job": Call(
        lambda at, n: dict(referenceStoreId=at.store, roleArn=ROLE, sources=[{"sourceFile": ITEMS[0]["source"], "name": "name"}]),
        "id",
        "list_reference_import_jobs",
        "importJobs",
        lambda at: dict(referenceStoreId=at.store),
    ),
    "create_share": Call(
        lambda at, n: dict(
            resourceArn=f"arn:aws:omics:us-east-1:{ACCOUNT}:variantStore/the_variants", principalSubscriber=f"{n:012}"
        ),
        "shareId",
        "list_shares",
        "shares",
        lambda at: dict(resourceOwner="SELF"),
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server with what jobs and versions are started on. Their files are absent, so that jobs end at once."""
    base = tmp_path_factory.mktemp("retries")
    with support.Server(base / "data", base / "files", config="janitor_interval_s = 1\n") as running:
        client, arn = running.client(), reference_arn(running)
        client.create_variant_store(name="the_variants", reference={"referenceArn": arn})
        client.create_annotation_store(name="the_table", storeFormat="TSV", storeOptions={"tsvStoreOptions": COLUMNS})
        yield types.SimpleNamespace(server=running, client=client, reference=arn, store=arn.split("/")[1])
        wait_for_no_leftovers(running.data_dir)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(botocore.endpoint, "time", types.SimpleNamespace(sleep=lambda _: None))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", ["delete", "cancel", "unshare", "delete_reference"])
def test_what_takes_away_is_answered_again(place, mode, operation):
    """The retry of a deletion or a cancellation is not told that the thing is gone."""
    client, number = place.client, next(NUMBERS)
    if operation == "delete":
        client.create_variant_store(name=f"store_{number}", reference={"referenceArn": place.reference})
        call = ("delete_variant_store", {"name": f"store_{number}"})
    elif operation == "cancel":
        job = client.start_variant_import_job(destinationName="the_variants", roleArn=ROLE, items=ITEMS)["jobId"]
        call = ("cancel_variant_import_job", {"jobId": job})
    elif operation == "unshare":
        arn = f"arn:aws:omics:us-east-1:{ACCOUNT}:variantStore/the_variants"
        share = client.create_share(resourceArn=arn, principalSubscriber=f"{number:012}")["shareId"]
        call = ("delete_share", {"shareId": share})
    else:
        store = client.create_reference_store(name="empty")["id"]
        call = ("delete_reference_store", {"id": store})
    with LossyProxy(place.server.endpoint, "swallowed") as proxy:
        lossy = boto3.client(
            "omics",
            endpoint_url=proxy.endpoint,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
            config=Config(inject_host_prefix=False, retries={"mode": mode}),
        )
        name, arguments = call
        try:
            answer = getattr(lossy, name)(**arguments)
        except client.exceptions.ValidationException as error:
            assert operation == "cancel" and "already ended" in str(error), "the job was faster than its cancellation"
        else:
            assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    if operation != "cancel":
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            getattr(client, name)(**arguments)


def made(place, call: Call) -> set[str]:
    """The ids of everything of a kind that there is."""
    found = place.client.get_paginator(call.listing).paginate(**call.where(place))
    return {entry.get("id") or entry["shareId"] for page in found for entry in page[call.member]}


def lose_and_retry(place, mode: str, manner: str, operation: str, rounds: int):
    """Calls through a proxy that loses the first answer: the retry gets the answer that was lost, and nothing more is made."""
    call, before, answered = CALLS[operation], made(place, CALLS[operation]), set()
    with LossyProxy(place.server.endpoint, manner) as proxy:
        client = boto3.client(
            "omics",
            endpoint_url=proxy.endpoint,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
            config=Config(inject_host_prefix=False, retries={"mode": mode}),
        )
        for round_ in range(rounds):
            answer = getattr(client, operation)(**call.arguments(place, next(NUMBERS)))
            assert answer["ResponseMetadata"]["RetryAttempts"] == 1, (round_, answer)
            answered.add(answer[call.id])
            count("lost answers")
        if manner != "cut":
            wait_for(lambda: len(proxy.lost) == rounds, "the answers that were lost")
            differ = [
                (lost, proxy.passed[id_])
                for id_, lost in proxy.lost.items()
                if (lost.status, lost.body) != (200, proxy.passed[id_].body)
            ]
            assert not differ, f"{operation}, {mode}, {manner}: {len(differ)} of {rounds} answers, such as {differ[0]}"
    assert len(answered) == rounds
    assert made(place, call) - before == answered, f"{operation}, {mode}, {manner}: what was answered is not what was made"


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("mode", MODES)
def test_a_lost_answer_makes_nothing_twice(place, mode, manner):
    for operation in CALLS:
        lose_and_retry(place, mode, manner, operation, rounds=4)


@pytest.mark.parametrize("mode", MODES)
def test_a_hundred_lost_answers_make_a_hundred_jobs(place, mode):
    lose_and_retry(place, mode, "swallowed", "start_variant_import_job", rounds=100)


@pytest.mark.parametrize("operation", CALLS)
def test_the_same_call_many_times_at_once_makes_one_thing(place, operation):
    """Eight tries of one call at the same moment, as when a client gives up too early again and again: one answer for all."""
    call, before, rounds = CALLS[operation], made(place, CALLS[operation]), 5
    name = "".join(part.capitalize() for part in operation.split("_"))
    for round_ in range(rounds):
        values = call.arguments(place, next(NUMBERS))
        ready = threading.Barrier(8)

        def send(_, values=values, ready=ready, id_=f"{operation}-{round_}"):
            wanted = request(name, values)
            wanted = dataclasses.replace(wanted, headers=wanted.headers | {"amz-sdk-invocation-id": id_})
            wire = Wire(place.server.endpoint)
            ready.wait()
            return wire.send(name, wanted)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(8)))
        assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}, [str(answer) for answer in answers]
        count("answers at once", 8)
    assert len(made(place, call) - before) == rounds


def test_a_client_token_says_which_calls_are_one(place):
    """The two operations with `clientToken`: the same one is the same call, with whatever invocation id."""
    client = place.client
    start = dict(referenceStoreId=place.store, roleArn=ROLE, sources=[{"sourceFile": ITEMS[0]["source"], "name": "name"}])
    for operation, values in ((client.create_reference_store, dict(name="token")), (client.start_reference_import_job, start)):
        first, again, other = (operation(**values, clientToken=token) for token in ("one", "one", "two"))
        ids = [answer["id"] for answer in (first, again, other)]
        assert ids[0] == ids[1] != ids[2]
        assert first["creationTime"] == again["creationTime"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("mode", MODES)
def test_a_hundred_lost_answers_of_each_operation(place, mode, manner):
    for operation in CALLS:
        lose_and_retry(place, mode, manner, operation, rounds=100)
