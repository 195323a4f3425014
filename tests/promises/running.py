"""Programs under attack: an index server or a holder in a process of its own, and good clients beside."""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.process import LOOPBACK, P2PCI, Process
from tests.promises.watching import MIB, MORE_BYTES, memory_bytes, peak_bytes
from tests.server.wire_client import LIST, OK, ROOM_SECONDS, WirePeer, lookup

SHORT_LIMITS = str(Path(__file__).with_name("short_limits.py"))
ON_UVLOOP = (sys.executable, SHORT_LIMITS)
ON_ASYNCIO = (sys.executable, "-I", "-S", SHORT_LIMITS)
QUIET_INDEX = (*P2PCI, "server", "--port", "0")
GOOD_SECONDS = 5.0  # a good client is answered within 1 s: five times the room

# One answer of the index, with headers when they were agreed, and its records.
ANSWER = re.compile(
    rb"P2P-CI/1\.0 (?P<code>200 OK|400 Bad Request|404 Not Found|505 P2P-CI Version Not Supported)\r\n"
    rb"(?:[A-Z][A-Za-z-]*: [^\r\n]*\r\n)*\r\n(?:RFC [0-9]+ [^\r\n]+\r\n)*\r\n"
)

# Linux has all of 127.0.0.0/8 without being told.
_SOURCES = itertools.cycle(
    [f"127.0.0.{number}" for number in range(2, 250)] if sys.platform == "linux" else [LOOPBACK]
)


class Served:
    """A program that serves on a port; `close` looks that it is well and was never loud or large."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port
        self.at_first_bytes = memory_bytes(process.pid)
        self.slowest_seconds = 0.0  # answer to a good client
        self._peers: list[WirePeer] = []

    @property
    def pid(self) -> int:
        return self.process.pid

    def peer(self, *, receive_buffer: int | None = None) -> WirePeer:
        peer = WirePeer((LOOPBACK, self.port), receive_buffer=receive_buffer)
        self._peers.append(peer)
        return peer

    def peers(self, count: int) -> list[WirePeer]:
        return [self.peer() for _ in range(count)]

    def says_all(self, request: bytes) -> bytes:
        """Send something, say that nothing more comes, and give all that is answered.

        Who closes first keeps the port for a minute: twenty thousand of one address would leave none.
        """
        peer = WirePeer((LOOPBACK, self.port), source=next(_SOURCES))
        try:
            peer.says(request)
            peer.half_closes()
            return read_to_the_end(peer)
        finally:
            peer.close()

    def answers_all(self, request: bytes) -> bytes:
        """Send something, say nothing more, and give all that comes until the other side closes."""
        peer = WirePeer((LOOPBACK, self.port))
        try:
            peer.says(request)
            return read_to_the_end(peer)
        finally:
            peer.close()

    def records(self) -> list[str]:
        """The record lines of LIST, without their `RFC`."""
        answer = self.says_all(LIST)
        assert answer.startswith(OK)
        assert answer.endswith(b"\r\n\r\n")
        lines = answer.removeprefix(OK).decode().split("\r\n")
        return [line.removeprefix("RFC ") for line in lines if line]

    def is_good_to(self, client: WirePeer) -> None:
        """A client that does nothing wrong is answered, and soon."""
        begun = time.monotonic()
        client.says(lookup(4_000_000_000))
        client.hears(b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n")
        self.note_answer(time.monotonic() - begun)

    def note_answer(self, seconds: float) -> None:
        self.slowest_seconds = max(self.slowest_seconds, seconds)
        assert seconds < GOOD_SECONDS

    @property
    def grown_bytes(self) -> int:
        """How much more memory than at first it ever took."""
        return peak_bytes(self.pid) - self.at_first_bytes

    def close(self) -> None:
        for peer in self._peers:
            peer.close()
        print(
            f"{self.slowest_seconds * 1000:.0f} ms for the slowest answer to a good client, "
            f"{self.grown_bytes / MIB:.1f} MiB more memory, {len(self.process.output)} bytes of log"
        )
        assert self.process.is_running, self.process.output
        assert len(self.process.output) < MIB
        assert self.grown_bytes < MORE_BYTES


def until(fact: Callable[[], object], *, seconds: float = ROOM_SECONDS) -> None:
    """Ask now and then until it is so, and leave the machine to the programs meanwhile."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.02)  # between two questions; nothing tells when it is time


def read_to_the_end(peer: WirePeer) -> bytes:
    pieces = []
    while piece := peer.socket.recv(1 << 18):
        pieces.append(piece)
    return b"".join(pieces)


def codes_of(answers: bytes) -> list[int]:
    """The codes of some answers of the index; what is not well-formed fails."""
    codes = []
    position = 0
    while position < len(answers):
        found = ANSWER.match(answers, position)
        assert found, answers[position : position + 300]
        codes.append(int(found["code"][:3]))
        position = found.end()
    return codes
