"""Requests that are malformed as JSON or as HTTP: refused with 4xx, never a 5xx, and never without an answer.

The classes of JSON cases follow the malformed-request tests of the protocol restJson1, about every operation with a body.
"""

import json
import socket
import urllib.parse

import pytest
from conformance import OPERATIONS, Answer, complaints, count, location, members, request
from conformance_world import probes
from raw_http import Reply, exchange, head, post, read_reply

WITH_BODY = sorted(name for name in OPERATIONS if any(location(shape) == "body" for shape in members(name).values()))
DEEP = 10_000
NO_OBJECTS = [b"[]", b'"text"', b"7", b"null", b"true", b"[{}]"]
NO_JSON = [
    b"{",
    b"}",
    b'{"a"}',
    b'{"a":}',
    b'{"a":1',
    b'{"a":1,}',
    b"{'a':1}",
    b"{a:1}",
    b"{}{}",
    b"{} x",
    b"\0",
    b"{}\0",
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-}',
    b'{"a":01}',
    b'{"a":.5}',
    b'{"a":1.}',
    b'{"a":0x1}',
    b'{"a":1e999999}',
    b'{"a":+1}',
    b'{"a":tru}',
    b'{/**/"a":1}',
    b'{"a":1}//',
    b'{"a":"\n"}',
    b'{"a":"\0"}',
    b'{"a":"\\x"}',
    b'{"a":"\\u12"}',
    b'{"a":"\\ud800"}',
    b'{"\\udfff":1}',
    b"<a/>",
    b"a=1&b=2",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n",
    b'{"a":' + b"9" * 100_000 + b"}",
    b'{"a":-1e' + b"9" * 100_000 + b"}",
]
NOT_UTF8 = [
    b'{"a":"\xff"}',
    b'{"\xc3\x28":1}',
    b'{"a":"\xc0\xaf"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\xf5\x80\x80\x80"}',
    b"\xef\xbb\xbf{}",
    '{"a":1}'.encode("utf-16"),
    '{"a":1}'.encode("utf-16-le"),
    '{"a":"é"}'.encode("latin-1"),
    b"\x1f\x8b\x08\x00",
]
TOO_DEEP = [
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b'{"filter":' * DEEP + b"1" + b"}" * DEEP,
    b'{"tags":' * DEEP + b"1" + b"}" * DEEP,
    b'{"items":' + b"[" * DEEP + b"]" * DEEP + b"}",
]
TWICE = [
    b'{"a":1,"a":1}',
    b'{"name":"abc","name":"abd"}',
    b'{"\\u0061":1,"a":2}',
    b'{"x":{"a":1,"a":2}}',
    b'{"x":[{"a":1,"a":2}]}',
    b'{"filter":{"status":"ACTIVE","status":"FAILED"}}',
]


@pytest.fixture(scope="module")
def targets(world):
    """For each operation with a body the target of a legal request."""
    return {name: request(name, probes(world, name)[0][0]).target for name in WITH_BODY}


@pytest.fixture(autouse=True)
def goes_on(world):
    """Whatever was sent, the server answers the next request."""
    yield
    assert exchange(world.server.endpoint, head("GET", "/health/live")).status == 200
    assert world.server.process.poll() is None


def is_refused(reply: Reply) -> bool:
    return 400 <= reply.status < 500


@pytest.mark.parametrize(
    "bodies", [NO_OBJECTS, NO_JSON, NOT_UTF8, TOO_DEEP, TWICE], ids=["no-object", "no-json", "not-utf8", "too-deep", "twice"]
)
def test_a_body_that_is_no_json_object_is_refused_by_every_operation(world, targets, bodies):
    wrong = []
    for operation, target in targets.items():
        for body in bodies:
            method = OPERATIONS[operation].http["method"]
            lines = [f"Content-Length: {len(body)}", "Content-Type: application/json"]
            reply = exchange(world.server.endpoint, head(method, target, *lines) + body)
            answer = Answer(operation, reply.status, reply.headers, reply.body)
            if (answer.status, answer.error) != (400, "ValidationException") or complaints(answer):
                wrong.append(f"{operation} {body[:60]!r} ({len(body)} bytes): {answer} {complaints(answer)}")
            count("malformed bodies")
    assert not wrong, "\n".join([f"{len(wrong)} bodies", *wrong])


def test_a_union_of_two_members_is_refused_however_it_is_written(world):
    unions = {
        "/variantStore": [
            '{"name":"union_1","reference":{"referenceArn":"%s","other":1}}',
            '{"name":"union_1","reference":{"referenceArn":"%s","referenceArn":"%s"}}',
            '{"name":"union_1","reference":{}}',
            '{"name":"union_1","reference":[]}',
            '{"name":"union_1","reference":{"referenceArn":null}}',
        ],
        "/import/annotation": [
            '{"destinationName":"the_vcf","roleArn":"arn:aws:iam::000000000000:role/x","items":[{"source":"s3://lab-files/a"}],"formatOptions":%s}'
            % union
            for union in (
                '{"vcfOptions":{},"tsvOptions":{}}',
                "{}",
                '{"vcfOptions":null}',
                '{"vcfOptions":{},"x":{}}',
                '{"x":{}}',
                '{"vcfOptions":[]}',
            )
        ],
    }
    for target, bodies in unions.items():
        for body in bodies:
            reply = exchange(world.server.endpoint, post(target, body.replace("%s", world.reference).encode()))
            assert (reply.status, reply.headers.get("x-amzn-errortype")) == (400, "ValidationException"), (body, reply)
            count("malformed bodies")


def test_a_body_of_two_megabytes_is_answered(world):
    """Larger than any legal one: 413; of unknown members, of one text, of blanks."""
    for body in (b'{"a":"' + b"x" * 3_000_000 + b'"}', b" " * 3_000_000, b'{"a":[' + b"1," * 1_500_000 + b"1]}"):
        reply = exchange(world.server.endpoint, post("/variantStores", body))
        assert reply.status == 413 and json.loads(reply.body)["message"], reply
        chunked = head("POST", "/variantStores", "Transfer-Encoding: chunked") + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
        assert exchange(world.server.endpoint, chunked).status == 413
        count("malformed bodies", 2)


# HTTP


PATHS = [
    "/variantStore/%",
    "/variantStore/%zz",
    "/variantStore/%FF",
    "/variantStore/%C3%28",
    "/variantStore/a%",
    "/import/variant/%FF",
    "/annotationStore/%FF/version/abc",
    "/annotationStore/abc/version/%80",
    "/tags/%FF",
    "/share/%FF",
    "/referencestore/%FF",
    "/variantStore/",
    "/variantStore/..",
    "/variantStore/%2e%2e/%2e%2e/etc/passwd",
    "//variantStore/abc",
    "/variantStore//abc",
    "/../variantStore/abc",
    "/variantStore/%00",
    "/variantStore/a%00b",
    "/variantStore/a%0d%0ab",
    "/variantStore/" + "a" * 60_000,
    "/variantStore/" + "%F0%9F%A7%AC" * 2_000,
    "/tags/arn",
    "/tags/",
    "/tags/arn%3Aaws%3Aomics%3A%3A%3A",
    "/tags/arn:aws:omics:us-east-1:000000000000:variantStore/../x",
    "/",
    "*",
    "variantStore/abc",
    "/import/variant/" + "0" * 36,
    "/import/variant/" + "g" * 36,
    "/VariantStore/abc",
    "/variantstore/abc",
    "/variantStore/abc/def",
    "/referencestore/" + "9" * 37,
]
QUERIES = [
    "maxResults=%FF",
    "maxResults=",
    "maxResults",
    "maxResults=9" + "9" * 400,
    "maxResults=-9223372036854775809",
    "maxResults=1&maxResults=x&maxResults=0",
    "maxResults=%00",
    "maxResults=1%0a",
    "nextToken=",
    "nextToken=%FF",
    "nextToken=" + "A" * 10_001,
    "nextToken=" + "%41" * 15_000,
    "nextToken=====",
    "nextToken=..%2F..%2F",
    "maxResults=１",
]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_path_that_is_none_is_refused(world, method):
    for path in PATHS:
        reply = exchange(world.server.endpoint, head(method, path))
        assert is_refused(reply), (path[:80], reply)
        count("malformed requests")


@pytest.mark.parametrize(
    "listing", ["/variantStores", "/annotationStores", "/import/variants", "/import/annotations", "/referencestores"]
)
def test_a_query_that_is_none_is_refused(world, listing):
    for query in QUERIES:
        reply = exchange(world.server.endpoint, post(f"{listing}?{query}", b"{}"))
        assert reply.status == 400, (query[:80], reply)
        count("malformed requests")


START = "POST /variantStores HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LENGTHS = [
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    "Content-Length: 2\r\nContent-Length: 3\r\n",
    "Content-Length: -2\r\n",
    "Content-Length: two\r\n",
    "Content-Length: 0x2\r\n",
    "Content-Length: 2, 3\r\n",
    "Content-Length: 99999999999999999999999999\r\n",
    "Content-Length: 2.0\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: \x0bchunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Content-Length : 2\r\n",
    "Content-Length: 2 3\r\n",
    "Content-Length:\r\n",
]
CHUNKS = [
    b"x\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}0\r\n\r\n",
    b"2\n{}\n0\n\n",
    b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"2 2\r\n{}\r\n0\r\n\r\n",
]
# The preface of HTTP/2 is not among them: whoever sends it does not wait for an answer of HTTP/1.
HEADS = [
    b"garbage\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /variantStore/abc\r\n\r\n",
    b"GET  /variantStore/abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /variantStore/a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /variantStore/abc HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET /variantStore/abc HTTQ/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\nHost: localhost\r\n: empty\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    b"GET /variantStore/abc HTTP/1.1\r\nHost: localhost\r\nX Y: a\r\n\r\n",
    b"GET /variantStore/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"get /variantStore/abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"BREW /variantStore/abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PATCH /variantStores HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PUT /variantStore HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    b"GET http://evil.example/variantStore/abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http:///variantStore/abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET ftp://localhost/variantStore/abc HTTP/1.1\r\nHost: evil.example\r\n\r\n",
]


def test_a_body_of_unclear_length_is_refused(world):
    wrong = []
    cases = [(START + lines + "\r\n").encode() + b"{}" for lines in LENGTHS]
    cases += [(START + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunks for chunks in CHUNKS]
    for case in cases:
        count("malformed requests")
        try:
            reply = exchange(world.server.endpoint, case, half_close=True)
        except AssertionError as error:
            wrong.append(f"{case[-80:]!r}: {error}")
            continue
        if not is_refused(reply):
            wrong.append(f"{case[-80:]!r}: {reply}")
    assert not wrong, "\n".join([f"{len(wrong)} requests", *wrong])


def test_a_head_that_is_none_is_refused(world):
    wrong = []
    for case in HEADS:
        count("malformed requests")
        try:
            reply = exchange(world.server.endpoint, case)
        except AssertionError as error:
            wrong.append(f"{case!r}: {error}")
            continue
        if not is_refused(reply):
            wrong.append(f"{case!r}: {reply}")
    assert not wrong, "\n".join([f"{len(wrong)} requests", *wrong])


def test_headers_of_64_kilobytes_are_refused(world):
    """One long header or many; those of 20 kilobytes are not."""
    long, many = f"X-Long: {'x' * 65_536}", [f"X-{i}: {'x' * 600}" for i in range(99)]
    for lines in (
        [long],
        many,
        [f"Authorization: {'A' * 65_536}"],
        [f"amz-sdk-invocation-id: {'i' * 65_536}"],
        [f"User-Agent: {'ü' * 30_000}"],
    ):
        reply = exchange(world.server.endpoint, post("/variantStores", b"{}", *lines))
        assert is_refused(reply), reply
        count("malformed requests")
    assert exchange(world.server.endpoint, post("/variantStores", b"{}", f"X-Long: {'x' * 20_000}")).status == 200
    for lines in ([f"X-Long: {'x' * 1_000_000}"], [f"X-{i}: x" for i in range(20_000)]):
        assert is_refused(exchange(world.server.endpoint, post("/variantStores", b"{}", *lines)))
        count("malformed requests")


def test_a_truncated_body_is_answered(world):
    body = b'{"filter": {"status": "ACTIVE"}}'
    for cut in (0, 1, len(body) - 1):
        whole = head("POST", "/variantStores", f"Content-Length: {len(body)}", "Content-Type: application/json") + body[:cut]
        assert is_refused(exchange(world.server.endpoint, whole, half_close=True)), cut
        chunked = head("POST", "/variantStores", "Transfer-Encoding: chunked") + b"%x\r\n" % len(body) + body[:cut]
        assert is_refused(exchange(world.server.endpoint, chunked, half_close=True)), cut
        count("malformed requests", 2)


CONTENT_TYPES = [
    "text/xml",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "garbage",
    "/",
    ";",
    "image/png",
    "a" * 10_000,
]


def test_a_body_that_says_to_be_something_else_is_never_a_failure(world):
    for content_type in [None, "", *CONTENT_TYPES]:
        for body in (b"{}", b"<a/>", b"name=abc"):
            reply = exchange(world.server.endpoint, post("/variantStores", body, content_type=content_type))
            assert is_refused(reply), (content_type, body, reply)
            count("malformed requests")


def test_absolute_targets_are_answered_as_those_of_a_path(world):
    port = urllib.parse.urlparse(world.server.endpoint).port
    for host in (
        f"localhost:{port}",
        f"analytics-localhost:{port}",
        f"127.0.0.1:{port}",
        "localhost",
        f"control-storage-[::1]:{port}",
    ):
        reply = exchange(world.server.endpoint, post(f"http://{host}/variantStores?maxResults=1", b"{}"))
        assert reply.status == 200 and "variantStores" in json.loads(reply.body), (host, reply)
        reply = exchange(world.server.endpoint, head("GET", f"http://{host}/variantStore/no_such_store"))
        assert reply.status == 404, (host, reply)
        count("malformed requests", 2)


def test_a_refusal_does_not_cost_the_next_request(world):
    """A connection that the server keeps is answered again; one that it ends, it says so. The body comes in a packet of its own."""
    address = urllib.parse.urlparse(world.server.endpoint)
    for method, target, host in (
        ("POST", "/variantStores", "evil.example"),
        ("PUT", "/variantStores", "localhost"),
        ("POST", "/nowhere", "localhost"),
        ("POST", "/workflow", "localhost"),
        ("POST", "/variantStores?maxResults=1&maxResults=2", "localhost"),
        ("POST", "/variantStore/%FF", "localhost"),
        ("POST", "/variantStore", "localhost"),
        ("DELETE", "/variantStore/no_such_store", "localhost"),
    ):
        with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
            connection.sendall(head(method, target, "Content-Length: 7", host=host))
            let_it_answer(connection)
            connection.sendall(b'{"a":1}')
            reply = read_reply(connection)
            assert is_refused(reply), reply
            if reply.headers.get("connection", "").lower() != "close":
                try:
                    connection.sendall(head("GET", "/health/live"))
                    assert read_reply(connection).status == 200
                except (BrokenPipeError, ConnectionResetError, AssertionError) as error:
                    pytest.fail(f"{method} {target} to {host}: {reply.status} without `connection: close`, then {error!r}")
        count("malformed requests")


def let_it_answer(connection):
    """Gives the server time to answer before the body is sent, as many clients do without meaning to."""
    connection.settimeout(0.2)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        pass
    connection.settimeout(20)
