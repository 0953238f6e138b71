"""The service model of the installed botocore as a writer of requests and a judge of answers.

In: an operation's name, its members as they would be given to boto3 (values may be wrong on purpose), an endpoint. Out: the
answer, and what is wrong with it. Nothing is signed and nothing is checked on the way: the server sees what is given.
"""

import collections
import dataclasses
import http.client
import json
import re
import time
import urllib.parse

import botocore.session
from conformance_values import misfits

MODEL = botocore.session.get_session().get_service_model("omics")
IN_SCOPE = re.compile(r"/(variantStore|annotationStore|import/|share|tags/|referencestore)")
OPERATIONS = {
    name: operation
    for name, operation in ((name, MODEL.operation_model(name)) for name in MODEL.operation_names)
    if IN_SCOPE.match(operation.http["requestUri"])
}
COUNTED = collections.Counter()
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# Where the specification decides otherwise than the model, for answers. Each line has its reason.
HEX_IDS = "ids of stores and versions are 12 hex digits, not UUIDs (spec 3.11, D5)"
NO_REFERENCE = "an annotation store without a reference shows none (spec 3.11)"
SHOWS_NO_REFERENCE = {"GetAnnotationStoreResponse", "UpdateAnnotationStoreResponse", "AnnotationStoreItem"}


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict
    body: bytes


@dataclasses.dataclass(frozen=True)
class Answer:
    operation: str
    status: int
    headers: dict
    body: bytes

    @property
    def error(self) -> str | None:
        """The bare name of the error, of the header that SDKs read."""
        return self.headers.get("x-amzn-errortype")

    @property
    def message(self) -> str:
        return self.json.get("message", "") if self.error else ""

    @property
    def json(self):
        is_json = self.headers.get("content-type") == "application/json"
        return json.loads(self.body) if self.body and is_json else {}

    def __str__(self):
        return f"{self.status} {self.error or ''} {self.body[:400]!r}"


def members(operation: str) -> dict:
    """The members of an operation's request by name: shapes."""
    shape = OPERATIONS[operation].input_shape
    return dict(shape.members) if shape else {}


def location(shape) -> str:
    """Where a member travels: `uri`, `querystring`, `header` or `body`."""
    return shape.serialization.get("location", "body")


def request(operation: str, values: dict) -> Request:
    """The request with these members; one that is None is sent as JSON's null, one that is absent is not sent."""
    model = OPERATIONS[operation]
    path, query, headers, body = model.http["requestUri"], [], {}, {}
    for name, value in values.items():
        shape = members(operation).get(name)
        place = location(shape) if shape else "body"
        wire_name = shape.serialization.get("name", name) if shape else name
        if place == "uri":
            path = path.replace(f"{{{wire_name}}}", urllib.parse.quote(as_text(value), safe="-_.~"))
        elif place == "querystring":
            query += [(wire_name, as_text(v)) for v in (value if isinstance(value, list) else [value])]
        elif place == "header":
            headers[wire_name] = as_text(value)
        else:
            body[name] = value
    target = path + ("?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote) if query else "")
    has_body = any(location(shape) == "body" for shape in members(operation).values())
    if has_body:
        headers["Content-Type"] = "application/json"
    return Request(model.http["method"], target, headers, json.dumps(body).encode() if has_body else b"")


def as_text(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


IDLE = 10
"""Seconds after which a connection is opened anew: the server keeps an idle one for 30."""


class Wire:
    """A connection to a server that is kept open."""

    def __init__(self, endpoint: str):
        self._address = urllib.parse.urlparse(endpoint).netloc
        self._connection = http.client.HTTPConnection(self._address, timeout=60)
        self._used = time.monotonic()

    def call(self, operation: str, values: dict, **more) -> Answer:
        return self.send(operation, dataclasses.replace(request(operation, values), **more))

    def send(self, operation: str, wanted: Request) -> Answer:
        if time.monotonic() - self._used > IDLE:
            self._connection.close()  # the server may have closed it; it opens again by itself
        self._used = time.monotonic()
        try:
            try:
                self._connection.request(wanted.method, wanted.target, wanted.body, wanted.headers)
            except BrokenPipeError:
                pass  # refused before all of it was read: there is an answer
            got = self._connection.getresponse()
            return Answer(operation, got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        except Exception:
            self._connection.close()
            self._connection = http.client.HTTPConnection(self._address, timeout=60)
            raise


def complaints(answer: Answer) -> list[str]:
    """What is wrong with an answer by the model of its operation, whether it is a success or an error."""
    found = []
    if not re.fullmatch(UUID, answer.headers.get("x-amzn-requestid", "")):
        found.append(f"x-amzn-requestid is {answer.headers.get('x-amzn-requestid')!r}")
    if "date" not in answer.headers:
        found.append("no Date")
    found += _error_complaints(answer) if answer.status >= 400 else _success_complaints(answer)
    return found


def declared(operation: str) -> dict:
    """The errors of an operation and their HTTP statuses."""
    return {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in OPERATIONS[operation].error_shapes}


def _error_complaints(answer: Answer) -> list[str]:
    errors = declared(answer.operation)
    if answer.error not in errors:
        return [f"{answer.error} is none of the errors of {answer.operation}: {sorted(errors)}"]
    found = []
    if answer.status != errors[answer.error]:
        found.append(f"{answer.error} has status {answer.status}, not {errors[answer.error]}")
    if answer.headers.get("content-type") != "application/json":
        found.append(f"content-type is {answer.headers.get('content-type')}")
    try:
        body = json.loads(answer.body)
    except ValueError:
        return [*found, f"the body is no JSON: {answer.body[:80]!r}"]
    if set(body) != {"message"} or not isinstance(body["message"], str) or len(body["message"]) < 10:
        found.append(f"the body is {body}")
    return found


def _success_complaints(answer: Answer) -> list[str]:
    model = OPERATIONS[answer.operation]
    wanted = model.http["responseCode"]
    if answer.status != wanted and not (answer.operation == "GetReference" and answer.status == 206):
        return [f"the status is {answer.status}, not {wanted}"]
    if answer.status == 204 or not model.has_streaming_output and not model.output_shape.members:
        return [] if answer.body in (b"", b"{}") else [f"the body is {answer.body[:80]!r}, not empty"]
    if model.has_streaming_output:
        return []
    if answer.headers.get("content-type") != "application/json":
        return [f"content-type is {answer.headers.get('content-type')}"]
    try:
        body = json.loads(answer.body)
    except ValueError:
        return [f"the body is no JSON: {answer.body[:80]!r}"]
    return list(misfits(model.output_shape, body, excepted=_excepted))


def _excepted(shape, owner, member: str, value) -> str | None:
    """The reason why a value may be otherwise than the model says, if there is one and the value is as the reason says."""
    if shape.name == "ResourceId" and "Import" not in owner.name and re.fullmatch("[0-9a-f]{12}", str(value)):
        return HEX_IDS
    if member == "reference" and owner.name in SHOWS_NO_REFERENCE and value is None:
        return NO_REFERENCE
    return None


def count(kind: str, number: int = 1):
    """Cases of a kind, for the sum at the end of the run."""
    COUNTED[kind] += number


def accepted(answer: Answer) -> bool:
    """Whether an answer shows that the request passed validation."""
    return answer.status < 300 or answer.status in (404, 409)


def names(answer: Answer, member: str) -> bool:
    """Whether a refusal names a member: in the quoted path of the value, else anywhere."""
    path = re.search(r"Value at '([^']*)'", answer.message)
    return member in re.split(r"[.\[\]]", path.group(1)) if path else member in answer.message
