"""A peer as its bytes: a blocking socket that says and hears exactly what a test writes down."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

ROOM_SECONDS = 10.0  # nothing here takes a fifth of that

OK = b"P2P-CI/1.0 200 OK\r\n\r\n"
BAD_REQUEST = b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"
NOT_FOUND = b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n"
VERSION_NOT_SUPPORTED = b"P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n\r\n"

LIST = b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n"
NOTHING = OK + b"\r\n"


def add(number: int, title: str = "Seven", *, host: str = "h", port: int = 5) -> bytes:
    head = f"ADD RFC {number} P2P-CI/1.0\r\nHost: {host}\r\nPort: {port}\r\nTitle: {title}\r\n\r\n"
    return head.encode()


def lookup(number: int) -> bytes:
    return f"LOOKUP RFC {number} P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nTitle: \r\n\r\n".encode()


def answer(*records: str) -> bytes:
    """Give a 200 with these record lines, each without its `RFC` and its line end."""
    return OK + b"".join(f"RFC {record}\r\n".encode() for record in records) + b"\r\n"


def until(fact: Callable[[], object], *, seconds: float = ROOM_SECONDS) -> None:
    """Ask again and again until it is so."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not become so in time"


class WirePeer:
    """One connection to a server."""

    def __init__(
        self, server: tuple[str, int], *, source: str = "127.0.0.1", receive_buffer: int | None = None
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(ROOM_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.bind((source, 0))
            self.socket.connect(server)
        except OSError:
            self.socket.close()
            raise
        self.address: tuple[str, int] = self.socket.getsockname()
        self._unread = bytearray()

    def says(self, *segments: bytes) -> None:
        for segment in segments:
            self.socket.sendall(segment)

    def hears(self, expected: bytes) -> None:
        """Read exactly these bytes; what differs is shown as soon as it comes."""
        while len(self._unread) < len(expected) and expected.startswith(self._unread) and self._receives():
            pass
        heard = bytes(self._unread[: len(expected)])
        del self._unread[: len(expected)]
        assert heard == expected

    def hears_answer(self, *, meanwhile: Callable[[], object] = lambda: None) -> bytes:
        """Read one answer of 200, up to its closing blank line; do something after each piece."""
        searched = len(OK) - 2
        while (found := self._unread.find(b"\r\n\r\n", searched)) < 0:
            searched = max(searched, len(self._unread) - 3)
            assert self._receives(), bytes(self._unread[-200:])
            meanwhile()
        heard = bytes(self._unread[: found + 4])
        del self._unread[: found + 4]
        assert heard.startswith(OK), heard[:200]
        return heard

    @property
    def unread_size(self) -> int:
        """How many bytes `hears_some` has read."""
        return len(self._unread)

    def hears_some(self, size: int) -> None:
        """Read what is there, up to so much, and keep it for the next reading."""
        self._unread += self.socket.recv(size)

    def _receives(self) -> bool:
        """Wait for more bytes; False at the end."""
        came = self.socket.recv(1 << 18)
        self._unread += came
        return bool(came)

    def hears_the_end(self) -> None:
        """The server has closed in order, and said nothing more before."""
        assert (bytes(self._unread), self.socket.recv(1000)) == (b"", b"")

    def hears_nothing(self, *, seconds: float) -> bool:
        """Listen for a while; False as soon as something comes, the end included."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(ROOM_SECONDS)
        return False

    def asks(self, request: bytes, expected: bytes) -> None:
        self.says(request)
        self.hears(expected)

    def half_closes(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def leaves(self) -> None:
        """Close in order; what the server does upon it is done when this returns."""
        self.half_closes()
        self.hears_the_end()
        self.close()

    def resets(self) -> None:
        """End with a RST, as the kernel of a killed program may do."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def is_cut(self) -> bool:
        """Whether the server is gone, seen by sending to it."""
        try:
            self.socket.send(b"\n", socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return False

    def close(self) -> None:
        with suppress(OSError):
            self.socket.close()
