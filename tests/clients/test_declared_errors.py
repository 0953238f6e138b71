"""Every error that an operation declares in the service model: provoked, or with the reason why it cannot occur.

Each answer has the status, the headers and the body that SDKs read, and no operation answers with an error of another.
"""

import dataclasses
import http.client
import re
import sqlite3

import pytest
from conformance import OPERATIONS, Answer, Wire, complaints, count, declared, members, request
from conformance_exceptions import decided
from conformance_values import of_member
from conformance_world import SUBSCRIBER, UNKNOWN_ID, UNKNOWN_JOB, minimal, probes
from server import ACCOUNT, Server

TIMEOUT = "RequestTimeoutException"
PAIRS = sorted((operation, error) for operation in OPERATIONS for error in declared(operation) if error != TIMEOUT)
TIMED = sorted(operation for operation in OPERATIONS if TIMEOUT in declared(operation))
ACCESS, CONFLICT, NOT_FOUND = "AccessDeniedException", "ConflictException", "ResourceNotFoundException"
INVALID, QUOTA, RANGE = "ValidationException", "ServiceQuotaExceededException", "RangeNotSatisfiableException"
INTERNAL, THROTTLED = "InternalServerException", "ThrottlingException"
UNKNOWN_ARN = f"arn:aws:omics:us-east-1:{ACCOUNT}:variantStore/no_such_store"
UNKNOWN_REFERENCE = f"arn:aws:omics:us-east-1:{ACCOUNT}:referenceStore/{UNKNOWN_ID}/reference/{UNKNOWN_ID}"
ELSEWHERE = [{"source": "file:///etc/passwd"}]

MAKES_NOTHING = "it makes nothing that is counted (spec 5.5)"
READS = "it changes nothing, so that nothing can contradict it"
SEES_ALL = "a listing of the account: nothing is named that could be absent"
ONE_WRITER = "tags are changed in one transaction: no two changes meet"
PER_VERSION = "what speaks against deleting a version is told in `errors` of the answer (spec 12.4)"

# (operation, error): why it does not occur.
REASONS = {
    **{
        (operation, QUOTA): MAKES_NOTHING
        for operation in ("AcceptShare", "DeleteShare", "GetShare", "ListShares", "UntagResource", "ListTagsForResource")
    },
    ("ListVariantStores", NOT_FOUND): SEES_ALL,
    ("ListVariantImportJobs", NOT_FOUND): SEES_ALL,
    ("ListAnnotationStores", NOT_FOUND): SEES_ALL,
    ("ListAnnotationImportJobs", NOT_FOUND): SEES_ALL,
    ("ListShares", NOT_FOUND): SEES_ALL,
    ("GetShare", CONFLICT): READS,
    ("ListShares", CONFLICT): READS,
    ("ListTagsForResource", CONFLICT): READS,
    ("TagResource", CONFLICT): ONE_WRITER,
    ("UntagResource", CONFLICT): ONE_WRITER,
    ("DeleteAnnotationStoreVersions", CONFLICT): PER_VERSION,
    ("DeleteShare", CONFLICT): "a share can be deleted in every state that it is visible in (spec 5.2)",
}


def absent(world, operation: str) -> dict:
    """A legal request about something that does not exist."""
    changes = {
        "CreateVariantStore": dict(reference={"referenceArn": UNKNOWN_REFERENCE}),
        "CreateAnnotationStore": dict(reference={"referenceArn": UNKNOWN_REFERENCE}),
        "StartReferenceImportJob": dict(referenceStoreId=UNKNOWN_ID),
        "ListReferences": dict(referenceStoreId=UNKNOWN_ID),
        "ListReferenceImportJobs": dict(referenceStoreId=UNKNOWN_ID),
    }
    unknown = dict(
        destinationName="no_such_store",
        jobId=UNKNOWN_JOB,
        shareId=UNKNOWN_JOB,
        resourceArn=UNKNOWN_ARN,
        id=UNKNOWN_ID,
        name="no_such_store",
    )
    named = next(({name: value} for name, value in unknown.items() if name in members(operation)), {})
    return least(world, operation) | changes.get(operation, named)


def least(world, operation: str) -> dict:
    """A minimal request that needs nothing to be made first."""
    made = {
        "DeleteVariantStore": dict(name="the_variants"),
        "DeleteAnnotationStore": dict(name="the_vcf"),
        "DeleteAnnotationStoreVersions": dict(name="the_vcf", versions=["the_vcf"]),
        "CancelVariantImportJob": dict(jobId=world.variant_job),
        "CancelAnnotationImportJob": dict(jobId=world.annotation_job),
        "GetShare": dict(shareId=UNKNOWN_JOB),
        "AcceptShare": dict(shareId=UNKNOWN_JOB),
        "DeleteShare": dict(shareId=UNKNOWN_JOB),
        "DeleteReferenceStore": dict(id=UNKNOWN_ID),
        "DeleteReference": dict(id=UNKNOWN_ID, referenceStoreId=world.reference_store),
    }
    return made.get(operation) or minimal(world, operation)


def forbidden(world, operation: str):
    """What the caller may not do: sources outside the places that the server reads, else a web page's call."""
    starts = {
        "StartVariantImportJob": dict(items=ELSEWHERE),
        "StartAnnotationImportJob": dict(items=ELSEWHERE),
        "StartReferenceImportJob": dict(sources=[{"sourceFile": "file:///etc/passwd", "name": "name"}]),
    }
    if operation in starts:
        return world.wire.call(operation, least(world, operation) | starts[operation])
    wanted = request(operation, least(world, operation))
    return world.wire.send(operation, dataclasses.replace(wanted, headers=wanted.headers | {"Host": "evil.example"}))


def conflicting(world, operation: str):
    """What contradicts the state of things."""
    reference = dict(referenceStoreId=world.reference_store, id=world.reference_id)
    if operation.startswith("DeleteVariant"):
        world.start_variants(world.held.client())
        return world.held_wire.call(operation, dict(name="the_variants"))
    if operation == "CreateShare":
        return world.wire.call(operation, dict(resourceArn=shared(world), principalSubscriber=SUBSCRIBER))
    if operation == "AcceptShare":
        share = dict(shareId=world.new_share())
        world.subscriber_wire.call(operation, share)
        return world.subscriber_wire.call(operation, share)
    made = {
        "CreateVariantStore": dict(name="the_variants", reference={"referenceArn": world.reference}),
        "CreateAnnotationStore": dict(name="the_variants", storeFormat="GFF"),
        "CreateAnnotationStoreVersion": dict(name="the_gff", versionName="first"),
        "DeleteAnnotationStore": dict(name="the_table"),  # has two versions
        "DeleteReference": reference,
        "DeleteReferenceStore": dict(id=world.reference_store),
    }
    return world.wire.call(operation, made[operation])


def shared(world) -> str:
    return world.client.get_share(shareId=world.new_share())["share"]["resourceArn"]


def invalid(world, operation: str):
    """The first value that the model does not allow; where it allows every text, a path that is no text."""
    for values, _ in probes(world, operation):
        for name, shape in members(operation).items():
            for variant in of_member(OPERATIONS[operation].input_shape, values, name, shape):
                if not decided(operation, variant)[0]:
                    return world.wire.call(operation, variant.value)
    wanted = request(operation, least(world, operation))
    path = re.sub(r"\{\w+\}", "%FF", OPERATIONS[operation].http["requestUri"])
    return world.wire.send(operation, dataclasses.replace(wanted, target=path))


def too_many(world, operation: str):
    """The second of something where one is allowed, and the 51st tag."""
    if operation == "TagResource":
        arn = world.client.get_variant_store(name=world.new_store())["storeArn"]
        world.client.tag_resource(resourceArn=arn, tags={f"key{i}": "" for i in range(50)})
        return world.wire.call(operation, dict(resourceArn=arn, tags={"one": "more"}))
    held = world.held.client()
    store = world.held_reference.split("/")[1]
    values = {
        "CreateVariantStore": dict(reference={"referenceArn": world.held_reference}),
        "CreateAnnotationStoreVersion": dict(name="the_vcf"),
        "StartReferenceImportJob": dict(referenceStoreId=store),
    }
    if operation == "CreateShare":
        arn = held.get_variant_store(name="the_variants")["storeArn"]
        held.create_share(resourceArn=arn, principalSubscriber="222222222222")
        values[operation] = dict(resourceArn=arn)
    return world.full_wire.call(operation, least(world, operation) | values.get(operation, {}))


def too_often(world, operation: str):
    """The same call again within a second; about what does not exist, so that nothing is deleted."""
    values = absent(world, operation)
    for _ in range(5):
        answer = world.rated_wire.call(operation, values)
        if answer.status == 429:
            break
    assert answer.headers.get("retry-after") and answer.headers.get("x-amz-retry-after"), answer
    return answer


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A server whose catalog has lost all tables."""
    base = tmp_path_factory.mktemp("broken")
    with Server(base / "data", base / "files") as running:
        with sqlite3.connect(running.data_dir / "catalog.sqlite") as catalog:
            names = [
                name
                for (name,) in catalog.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
            ]
            catalog.execute("pragma foreign_keys = off")
            for name in names:
                catalog.execute(f'drop table "{name}"')
        yield Wire(running.endpoint)


def failing(broken, world, operation: str):
    """The server's own failure: told without any detail."""
    answer = broken.call(operation, least(world, operation))
    assert not re.search("sql|table|catalog|/", answer.message), answer
    return answer


def provoke(world, operation: str, error: str):
    if error == INVALID:
        return invalid(world, operation)
    if error == NOT_FOUND:
        return world.wire.call(operation, absent(world, operation))
    if error == ACCESS:
        return forbidden(world, operation)
    if error == CONFLICT:
        return conflicting(world, operation)
    if error == RANGE:
        return world.wire.call(operation, minimal(world, operation) | dict(range="bytes=999999999-"))
    if error == QUOTA:
        return too_many(world, operation)
    if error == THROTTLED:
        return too_often(world, operation)
    raise AssertionError(f"neither a test nor a reason for {error} of {operation}")


@pytest.mark.parametrize("operation,error", PAIRS, ids=[f"{o}-{e}" for o, e in PAIRS])
def test_a_declared_error_occurs_as_declared_or_for_a_reason_never(world, broken, operation, error):
    if (operation, error) in REASONS:
        count("errors that cannot occur")
        return
    answer = failing(broken, world, operation) if error == INTERNAL else provoke(world, operation, error)
    assert (answer.error, answer.status) == (error, declared(operation)[error]), str(answer)
    assert not complaints(answer), f"{complaints(answer)}\n{answer}"
    count("errors provoked")


def test_every_reason_is_of_an_error_that_is_declared():
    assert set(REASONS) <= set(PAIRS)


@pytest.mark.slow
def test_a_body_that_does_not_come_times_out(world):
    """After 30 seconds, all at once; a request without a body may announce one too."""
    waiting = {}
    for operation in TIMED:
        wanted = request(operation, least(world, operation))
        connection = http.client.HTTPConnection(world.server.endpoint.removeprefix("http://"), timeout=60)
        connection.putrequest(wanted.method, wanted.target)
        connection.putheader("Content-Length", "10")
        connection.endheaders()
        waiting[operation] = connection
    for operation, connection in waiting.items():
        got = connection.getresponse()
        answer = Answer(operation, got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        assert (answer.error, answer.status) == (TIMEOUT, 408), str(answer)
        assert not complaints(answer), f"{complaints(answer)}\n{answer}"
        count("errors provoked")
