"""The OpenAPI document has the operations and members of botocore's service model."""

import json
import urllib.request

import botocore.session
import pytest


@pytest.fixture(scope="module")
def document(shared_server) -> dict:
    with urllib.request.urlopen(f"{shared_server.endpoint}/openapi.json") as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def model():
    return botocore.session.get_session().get_service_model("omics")


def operations(document: dict) -> dict:
    return {o["operationId"]: (path, verb, o) for path, verbs in document["paths"].items() for verb, o in verbs.items()}


OURS = {"GetOpenApi", "Query", "GetImportJobProgress", "ListStoreItems", "GetItemHeader", "ExportRows"}
# Ours to require, or to leave out (docs/differences.md): names are given, and a store may have no reference.
STRICTER = {("CreateVariantStore", "name"), ("CreateAnnotationStore", "name")}
LOOSER = {(name, "reference") for name in ("GetAnnotationStore", "UpdateAnnotationStore", "AnnotationStoreItem")}


def members(schema: dict) -> dict:
    return {name: name in schema.get("required", []) for name in schema.get("properties", {})}


def test_operations_are_those_of_the_model(document, model):
    described = operations(document)
    of_healthomics = {name: entry for name, entry in described.items() if name in model.operation_names}
    assert len(of_healthomics) == 42
    for name, (path, verb, _) in of_healthomics.items():
        http = model.operation_model(name).http
        assert verb.upper() == http["method"], name
        assert [p.startswith("{") or p for p in path.split("/")] == [p.startswith("{") or p for p in http["requestUri"].split("/")], name


def test_members_of_requests_and_answers_are_those_of_the_model(document, model):
    for name, (_, _, described) in operations(document).items():
        if name not in model.operation_names:
            continue
        operation = model.operation_model(name)
        body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        given = members(body)
        wanted = {m for m, s in operation.input_shape.members.items() if s.serialization.get("location") is None}
        assert set(given) == wanted, name
        required = {m for m in operation.input_shape.required_members if m in wanted}
        assert {m for m, is_required in given.items() if is_required} - required <= {m for o, m in STRICTER if o == name}, name
        elsewhere = {p["in"] for p in described["parameters"]}
        assert len(described["parameters"]) == len(operation.input_shape.members) - len(wanted), (name, elsewhere)
        if operation.output_shape is not None and operation.output_shape.members and name != "GetReference":
            answer = described["responses"]["200"]["content"]["application/json"]["schema"]
            assert set(members(answer)) == set(operation.output_shape.members), name
            required = {m for m, is_required in members(answer).items() if is_required}
            assert required == set(operation.output_shape.required_members) - {m for o, m in LOOSER if o == name}, name


def test_declared_errors_are_those_of_the_model(document, model):
    for name, (_, _, described) in operations(document).items():
        if name in model.operation_names:
            errors = {r["description"].split()[0] for status, r in described["responses"].items() if not status.startswith("2")}
            assert errors == {shape.name for shape in model.operation_model(name).error_shapes}, name


def test_shapes_that_are_named_exist(document):
    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert set(document["components"]["schemas"]) - named == set()
