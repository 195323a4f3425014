"""A web server that plays a script: what it answers for each path, and what it was asked.

It runs in threads of its own, over TLS with a certificate of a test's authority, or without.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from p2pci.origin import OriginLimits

# With what must come at once, five times the room and more.
SHORT = OriginLimits(
    connect_seconds=5.0, stall_seconds=0.3, whole_seconds=5.0, max_bytes=100_000, max_redirects=3
)
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


class Reply(NamedTuple):
    """An answer: `raw` exactly so and then the end, or code, headers and body as HTTP has them.

    Attributes:
        code: 0 hangs up without an answer.
        silence: says nothing more behind `raw`, and does not close either.
        endless: repeated behind `raw`, a piece every 50 ms.
    """

    body: bytes = b""
    code: int = 200
    headers: dict[str, str] = PLAIN
    raw: bytes = b""
    silence: bool = False
    endless: bytes = b""


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]
    connection: tuple[str, int]


class FakeOrigin:
    """A running web server; `replies` by path, others are answered with 404.

    Attributes:
        asked: the requests in their order.
        port: where it listens.
    """

    def __init__(self, replies: dict[str, Reply]) -> None:
        self.replies = replies
        self.asked: list[Asked] = []
        self.port = 0
        self.has_ended = threading.Event()

    @property
    def connections(self) -> int:
        return len({asked.connection for asked in self.asked})

    def url(self, scheme: str = "https") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/rfc/"


@contextmanager
def serving(replies: dict[str, Reply], *, tls: ssl.SSLContext | None) -> Iterator[FakeOrigin]:
    fake = FakeOrigin(replies)
    with _Server(("127.0.0.1", 0), _handler(fake)) as server:
        if tls:
            # The handshake is left to each connection's thread.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            fake.has_ended.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what many tests are about."""


def _handler(fake: FakeOrigin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5.0  # else a connection that is kept would keep its thread

        def do_GET(self) -> None:
            fake.asked.append(Asked(self.path, dict(self.headers), self.client_address))
            reply = fake.replies.get(self.path, Reply(code=404))
            if reply.code and not (reply.raw or reply.silence):
                self._answer(reply)
                return
            self.close_connection = True
            self.wfile.write(reply.raw)
            while reply.endless and not fake.has_ended.wait(0.05):
                self.wfile.write(reply.endless)
            if reply.silence:
                fake.has_ended.wait(30)

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.code)
            for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    return Handler
