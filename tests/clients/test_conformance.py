"""Every operation against the service model of the installed botocore: legal calls and their answers, and every constraint.

Where the specification decides otherwise than the model, `conformance_exceptions.py` says so, each time with its reason.
"""

import json
import re

import pytest
from conformance import MODEL, OPERATIONS, accepted, complaints, count, members, names
from conformance_values import of_member
from conformance_exceptions import ACCEPTED, REFUSED, decided
from conformance_world import maximal, minimal, probes
from raw_http import exchange, head

SENT_NAME = {"CreateVariantStore", "CreateAnnotationStore"}


@pytest.fixture(scope="module", params=sorted(OPERATIONS))
def operation(request):
    return request.param


def test_there_are_42_operations():
    assert len(OPERATIONS) == 42


def test_a_minimal_call_is_answered_as_the_model_says(world, operation):
    values = minimal(world, operation)
    required = set(OPERATIONS[operation].input_shape.required_members)
    assert set(values) == required | ({"name"} & set(values) if operation in SENT_NAME else set()), "the call is not minimal"
    check(world.wire_of(operation).call(operation, values))


def test_maximal_calls_are_answered_as_the_model_says(world, operation):
    calls, wire = maximal(world, operation), world.wire_of(operation)
    for values in list(calls):
        answer = check(wire.call(operation, values))
        if "nextToken" in answer.json:
            calls.append(values | dict(nextToken=answer.json["nextToken"]))
            check(wire.call(operation, calls[-1]))
    assert not left_out(OPERATIONS[operation].input_shape, merged(calls)), "the calls are not maximal"


def check(answer):
    assert answer.status < 300, str(answer)
    assert not complaints(answer), f"{complaints(answer)}\n{answer}"
    count("legal calls")
    return answer


def merged(values: list):
    """All members that any of the values has, so that one can see what none has."""
    if all(isinstance(v, dict) for v in values):
        keys = {k for v in values for k in v}
        return {k: merged([v[k] for v in values if k in v]) for k in keys}
    if all(isinstance(v, list) for v in values):
        return [merged([entry for v in values for entry in v])]
    return values[0]


def left_out(shape, value, path="") -> set[str]:
    """Members of the shape that the value does not have."""
    if shape.type_name == "structure":
        absent = {f"{path}.{name}" for name in shape.members if name not in value}
        return absent.union(*(left_out(shape.members[k], v, f"{path}.{k}") for k, v in value.items()))
    if shape.type_name == "list" and value:
        return left_out(shape.member, value[0], path)
    return set()


def values_of(world, operation):
    """Requests that are changed in one place; each change once."""
    shape, seen = OPERATIONS[operation].input_shape, set()
    for values, left_to_next in probes(world, operation):
        for name, inner in members(operation).items():
            for variant in of_member(shape, values, name, inner):
                if variant.member not in left_to_next and (name, variant.member, variant.what) not in seen:
                    seen.add((name, variant.member, variant.what))
                    yield variant


def test_every_constraint_is_kept_on_both_sides(world, operation):
    wire, failures = world.wire_of(operation), []
    for variant in values_of(world, operation):
        inside, exception = decided(operation, variant)
        count("values otherwise than in the model" if exception else "values inside" if inside else "values outside")
        wrong = judge(wire.call(operation, variant.value), "" if exception else variant.member, inside)
        if wrong:
            failures.append(f"{operation} {variant.member}: {variant.what}: {wrong}")
    assert not failures, "\n".join([f"{len(failures)} values", *failures])


def test_every_exception_is_needed(world):
    used = {decided(operation, variant)[1] for operation in OPERATIONS for variant in values_of(world, operation)}
    assert {reason for *_, reason in REFUSED + ACCEPTED} <= used


def judge(answer, member: str, inside: bool) -> str | None:
    """What is wrong with the answer to a value that is legal, or not; a refusal must name the member."""
    if inside and not accepted(answer):
        return f"is legal, but: {answer}"
    if not inside and (answer.status, answer.error) != (400, "ValidationException"):
        return f"is illegal, but: {answer}"
    if not inside and member and not names(answer, member):
        return f"the message does not name it: {answer.message}"
    return f"{complaints(answer)}: {answer}" if complaints(answer) else None


@pytest.mark.parametrize("other", sorted(set(MODEL.operation_names) - set(OPERATIONS)))
def test_other_operations_of_the_service_are_told_that_they_are_not_here(world, other):
    """Workflows, runs, sequence stores, read sets: an error that SDKs know, and what this server is."""
    http = MODEL.operation_model(other).http
    target = re.sub(r"\{[\w+]+\}", "1234567890", http["requestUri"])
    reply = exchange(world.server.endpoint, head(http["method"], target, "Content-Length: 2") + b"{}")
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (405, "NotSupportedOperationException"), reply
    assert "Varberg" in json.loads(reply.body)["message"]
    count("other operations")
