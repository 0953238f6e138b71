"""A TCP proxy that loses the answer to the first try of each call, so that an SDK has to try again.

In: the server's endpoint, and how the answer gets lost. Out: an address for clients, and the answers that were lost
and passed on, by call.
"""

import socket
import threading
import urllib.parse

from raw_http import Reply, read_reply

MANNERS = {
    "swallowed": "the server answers, and the client's connection ends instead",
    "impatient": "the client's connection ends while the server works, and the server answers nobody",
    "cut": "both connections end as soon as the request has left",
}


class LossyProxy:
    """Tries of one call are told by the SDK's invocation id, which all of them carry."""

    def __init__(self, endpoint: str, manner: str):
        self._server = urllib.parse.urlparse(endpoint)
        self._manner = manner
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.tries: dict[str, int] = {}
        self.lost: dict[str, Reply] = {}
        self.passed: dict[str, Reply] = {}
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(client,), daemon=True).start()

    def _converse(self, client: socket.socket):
        with client:
            client.settimeout(60)
            while request := _read_request(client):
                call = _header(request, b"amz-sdk-invocation-id")
                with self._lock:
                    self.tries[call] = self.tries.get(call, 0) + 1
                    lose = self.tries[call] == 1
                with socket.create_connection((self._server.hostname, self._server.port), timeout=60) as server:
                    server.sendall(request)
                    if lose and self._manner == "cut":
                        return
                    if lose and self._manner == "impatient":
                        client.close()
                    reply = read_reply(server)
                if lose:
                    self.lost[call] = reply
                    return
                self.passed[call] = reply
                client.sendall(_bytes(reply))


def _read_request(client: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        data = client.recv(65536)
        if not data:
            return b""
        received += data
    body_at = received.index(b"\r\n\r\n") + 4
    while len(received) < body_at + int(_header(received, b"content-length") or 0):
        received += client.recv(65536)
    return received


def _header(request: bytes, name: bytes) -> str:
    for line in request.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode()
    return ""


def _bytes(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} x", *(f"{name}: {value}" for name, value in reply.headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + reply.body
