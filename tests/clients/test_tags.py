"""Tags of every taggable resource, with boto3."""

import pytest
from botocore.exceptions import ClientError
from server import create_store, reference_arn


@pytest.fixture(scope="module")
def arns(shared_server) -> dict:
    client = shared_server.client()
    reference = reference_arn(shared_server, "tags.fa")
    create_store(shared_server, "tags_variants", reference)
    client.create_annotation_store(name="tags_annotations", storeFormat="GFF", tags={"made": "here"})
    client.create_annotation_store_version(name="tags_annotations", versionName="second", tags={"made": "here"})
    version = client.get_annotation_store_version(name="tags_annotations", versionName="second")
    return {
        "variant store": client.get_variant_store(name="tags_variants")["storeArn"],
        "annotation store": client.get_annotation_store(name="tags_annotations")["storeArn"],
        "version": version["versionArn"],
        "reference store": reference.rsplit("/reference/")[0],
        "reference": reference,
    }


@pytest.mark.parametrize("kind", ["variant store", "annotation store", "version", "reference store", "reference"])
def test_tags_are_merged_listed_and_removed(shared_server, arns, kind):
    client, arn = shared_server.client(), arns[kind]
    before = client.list_tags_for_resource(resourceArn=arn)["tags"]
    client.tag_resource(resourceArn=arn, tags={"Ünï/cödé": "a b", "k": "1"})
    client.tag_resource(resourceArn=arn, tags={"k": "2", "empty": ""})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {**before, "Ünï/cödé": "a b", "k": "2", "empty": ""}
    answer = client.untag_resource(resourceArn=arn, tagKeys=["Ünï/cödé", "empty", "never there"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {**before, "k": "2"}
    client.untag_resource(resourceArn=arn, tagKeys=["k"])


def test_tags_are_shown_with_their_resource(shared_server, arns):
    client = shared_server.client()
    client.tag_resource(resourceArn=arns["version"], tags={"stage": "lab"})
    shown = client.get_annotation_store_version(name="tags_annotations", versionName="second")["tags"]
    assert shown == {"made": "here", "stage": "lab"}
    assert client.get_annotation_store(name="tags_annotations")["tags"] == {"made": "here"}


@pytest.mark.parametrize(
    "change, code",
    [
        ({"resourceArn": "arn:aws:omics:us-east-1:000000000000:variantStore/absent"}, "ResourceNotFoundException"),
        ({"resourceArn": "arn:aws:omics:us-east-1:999999999999:variantStore/tags_variants"}, "ResourceNotFoundException"),
        ({"resourceArn": "arn:aws:omics:us-east-1:000000000000:run/1234567"}, "ResourceNotFoundException"),
        ({"resourceArn": "variantStore/tags_variants"}, "ValidationException"),
        ({"tags": {"aws:x": "1"}}, "ValidationException"),
        ({"tags": {"varberg:layout": "wide"}}, "ValidationException"),
        ({"tags": {"k" * 129: "1"}}, "ValidationException"),
        ({"tags": {"k": "v" * 257}}, "ValidationException"),
        ({"tags": {f"k{i}": "" for i in range(51)}}, "ValidationException"),
        ({"tags": {f"k{i}": "" for i in range(50)}}, "ServiceQuotaExceededException"),
    ],
)
def test_wrong_tags_and_resources_are_refused(shared_server, arns, change, code):
    client = shared_server.client(parameter_validation=False)
    client.tag_resource(resourceArn=arns["variant store"], tags={"one": "1"})
    with pytest.raises(ClientError) as error:
        client.tag_resource(**{"resourceArn": arns["variant store"], "tags": {"k": "1"}, **change})
    assert error.value.response["Error"]["Code"] == code
