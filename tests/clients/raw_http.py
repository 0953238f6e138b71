"""Bytes to a server and what comes back, for requests that no client library would send.

In: an endpoint and bytes. Out: a status with headers and body, or an AssertionError when the server said nothing.
"""

import dataclasses
import re
import socket
import urllib.parse


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int
    headers: dict
    body: bytes


def exchange(endpoint: str, *pieces: bytes, half_close=False, timeout=20.0) -> Reply:
    """Sends the pieces one after the other, and reads one answer. A server may answer before it has read everything."""
    address = urllib.parse.urlparse(endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_reply(connection)


def read_reply(connection) -> Reply:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection, received)
    head, body = received.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    status = re.fullmatch(r"HTTP/1\.[01] (\d{3}).*", lines[0])
    assert status, f"no status line: {received[:200]!r}"
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        body += _more(connection, received + body)
    return Reply(int(status.group(1)), headers, body)


def _more(connection, received: bytes) -> bytes:
    try:
        data = connection.recv(65536)
    except (ConnectionResetError, TimeoutError) as error:
        raise AssertionError(f"{error!r} instead of an answer, after {received[:200]!r}") from None
    assert data, f"the connection ended without a whole answer, after {received[:200]!r}"
    return data


def head(method: str, target: str, *lines: str, host="localhost") -> bytes:
    """The head of a request; each line is one header."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host else []), *lines, "", ""]).encode(
        "utf-8", "surrogateescape"
    )


def post(target: str, body: bytes, *lines: str, content_type="application/json") -> bytes:
    typed = [f"Content-Type: {content_type}"] if content_type else []
    return head("POST", target, *typed, f"Content-Length: {len(body)}", *lines) + body
