"""Any value anywhere: whatever stands in place of a part of a legal request, the answer is one that the operation declares.

Each value of `HOSTILE` at each place of each operation's request, then several places at once by chance (the seed is fixed).
"""

import copy
import random

import pytest
from conformance import OPERATIONS, complaints, count
from conformance_values import travels
from conformance_world import probes

HOSTILE = [
    None, True, 0, -1, 2**31, 2**63, 2**64, 10**300, 1e308, -0.0, "", " ", "\0", "\n", "\ud7ff", "a" * 70_000, "漢" * 1000, "%00", "../../x", "a/b",
    "arn:aws:omics:us-east-1:000000000000:variantStore/" + "a" * 3000, "arn:::::", "s3://", "s3://a/", "file:///dev/zero", "'; DROP TABLE stores; --",
    "{{7*7}}", "${jndi:ldap://x}", "1970-01-01T00:00:00Z", "+275760-09-13T00:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z",
    [], [[]], [None], ["a"] * 6000, {}, {"": ""}, {"a": {"a": {"a": {}}}}, {"__type": "x"}, {"constructor": {"prototype": {}}},
]  # fmt: skip
ROUNDS = 40
NO_OPERATION = ("UnknownOperationException", "NotSupportedOperationException")


def places(value, path=()):
    """The paths of every part of a request, its keys and positions."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def put(value, path, new):
    """A copy of a request with another part at a path; as it is, if an earlier change took the path away."""
    changed = copy.deepcopy(value)
    part = changed
    for key in path[:-1]:
        try:
            part = part[key]
        except (KeyError, IndexError, TypeError):
            return changed
    if isinstance(part, dict) or isinstance(part, list) and isinstance(path[-1], int) and path[-1] < len(part):
        part[path[-1]] = new
    return changed


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_value_at_every_place_is_answered_as_declared(world, operation):
    wire, chance, failures = world.wire_of(operation), random.Random(operation), []
    for values, _ in probes(world, operation):
        parts = list(places(values))
        requests = [put(values, path, new) for path in parts for new in HOSTILE]
        for _ in range(ROUNDS):
            changed = values
            for path in chance.sample(parts, min(len(parts), chance.randint(2, 4))):
                changed = put(changed, path, chance.choice(HOSTILE))
            requests.append(changed)
        for changed in requests:
            if not travels(str(changed.get("range", "")), "header"):
                continue
            answer = wire.call(operation, changed)
            # An empty or overlong label makes the path one of no operation, or one that HTTP cannot carry.
            is_declared = answer.status == 414 or answer.error in NO_OPERATION or not complaints(answer)
            if answer.status >= 500 or not is_declared:
                failures.append(f"{str(changed)[:300]}: {answer} {complaints(answer)}")
            count("hostile values")
    assert not failures, "\n".join([f"{operation}: {len(failures)} requests", *failures])
    assert world.server.process.poll() is None
