"""References are downloaded in parts and ranges, and deleted when nothing needs them."""

import io
import random

import pytest
from botocore.exceptions import ClientError
from server import create_store, reference_arn, wait_for

PART = 100 << 20


def ids(arn: str) -> dict:
    _, store, _, reference = arn.split(":")[-1].split("/")
    return {"referenceStoreId": store, "id": reference}


def read(server, arn: str, **more) -> bytes:
    return server.client().get_reference(**ids(arn), **{"partNumber": 1, **more})["payload"].read()


def refused(call, **arguments) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def fasta(shared_server):
    """(ARN, text)"""
    bases = random.Random(7)
    text = ">chr1\n" + "".join("".join(bases.choices("ACGT", k=60)) + "\n" for _ in range(20_000))
    return reference_arn(shared_server, "downloads.fa", text), text.encode()


def test_a_reference_comes_back_as_it_was_uploaded(shared_server, fasta):
    arn, text = fasta
    assert read(shared_server, arn) == text
    assert read(shared_server, arn, file="SOURCE") == text
    assert read(shared_server, arn, file="INDEX") == b"chr1\t1200000\t6\t60\t61\n"
    metadata = shared_server.client().get_reference_metadata(**ids(arn))
    assert metadata["files"]["source"] == {"totalParts": 1, "partSize": PART, "contentLength": len(text)}


@pytest.mark.parametrize(
    "header, part",
    [("bytes=0-9", slice(0, 10)), ("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None)), ("bytes=5-99999999", slice(5, None))],
)
def test_a_range_of_a_part(shared_server, fasta, header, part):
    arn, text = fasta
    answer = shared_server.client().get_reference(**ids(arn), partNumber=1, range=header)
    assert answer["payload"].read() == text[part]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    first, last = answer["ResponseMetadata"]["HTTPHeaders"]["content-range"].removeprefix("bytes ").split("/")[0].split("-")
    assert text[int(first) : int(last) + 1] == text[part]


@pytest.mark.parametrize(
    "arguments, code",
    [
        ({"partNumber": 2}, "ValidationException"),
        ({"partNumber": 10_001}, "ValidationException"),
        ({"partNumber": 0}, "ValidationException"),
        ({"partNumber": "+1"}, "ValidationException"),
        ({"partNumber": 1, "range": "bytes=+1-+2"}, "ValidationException"),
        ({"partNumber": 1, "file": "OTHER"}, "ValidationException"),
        ({"partNumber": 1, "range": "lines=1-2"}, "ValidationException"),
        ({"partNumber": 1, "range": "bytes=9-1"}, "ValidationException"),
        ({"partNumber": 1, "range": "bytes=99999999-"}, "RangeNotSatisfiableException"),
        ({"partNumber": 1, "range": "bytes=-0"}, "RangeNotSatisfiableException"),
        ({"partNumber": 1, "id": "1111111111"}, "ResourceNotFoundException"),
    ],
)
def test_what_is_not_there_is_refused(shared_server, fasta, arguments, code):
    no_checks = shared_server.client(parameter_validation=False)
    assert refused(no_checks.get_reference, **{**ids(fasta[0]), **arguments}) == code


def test_large_files_come_in_parts(make_server):
    server = make_server()
    line = b"ACGT" * 250_000 + b"\n"
    with io.BytesIO() as text:
        text.write(b">long\n" + line * 105)
        whole = text.getvalue()
    (server.files / "large.fa").write_bytes(whole)
    arn = reference_arn(server, "large.fa", None)
    assert read(server, arn, partNumber=1) == whole[:PART]
    assert read(server, arn, partNumber=2) == whole[PART:]
    assert read(server, arn, partNumber=2, range="bytes=3-5") == whole[PART + 3 : PART + 6]


def test_a_reference_goes_when_no_store_uses_it(make_server):
    server = make_server()
    arn = reference_arn(server)
    client = server.client()
    create_store(server, "bound", arn)
    client.create_annotation_store(name="bound_too", storeFormat="GFF", reference={"referenceArn": arn})
    assert refused(client.delete_reference, **ids(arn)) == "ConflictException"
    assert refused(client.delete_reference_store, id=ids(arn)["referenceStoreId"]) == "ConflictException"
    client.delete_variant_store(name="bound")
    client.get_waiter("variant_store_deleted").wait(name="bound", WaiterConfig={"Delay": 1})
    assert refused(client.delete_reference, **ids(arn)) == "ConflictException"
    client.delete_annotation_store(name="bound_too")
    client.get_waiter("annotation_store_deleted").wait(name="bound_too", WaiterConfig={"Delay": 1})
    client.delete_reference(**ids(arn))
    for call in (client.get_reference_metadata, client.delete_reference):
        assert refused(call, **ids(arn)) == "ResourceNotFoundException"
    assert client.list_references(referenceStoreId=ids(arn)["referenceStoreId"])["references"] == []
    assert refused(client.create_variant_store, name="late", reference={"referenceArn": arn}) == "ResourceNotFoundException"
    stored = server.data_dir / "warehouse" / "references"
    wait_for(lambda: not any(path.is_file() for path in stored.rglob("*")), "the files of the reference to go")
    client.delete_reference_store(id=ids(arn)["referenceStoreId"])
    assert refused(client.get_reference_store, id=ids(arn)["referenceStoreId"]) == "ResourceNotFoundException"
    assert client.list_reference_stores()["referenceStores"] == []
