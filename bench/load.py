"""Load: the two C programs that make it, and answers learned by asking once.

`load.c` asks and compares, `swarm.c` has peers that hold records. An order of records that is no promise is
learned as it comes. Imports `workshop` and `wording`.
"""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bench.wording import Exchange
from bench.workshop import BenchError, Program, Workshop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOOPBACK = "127.0.0.1"
FILL_SECONDS = 600.0
ANSWER_SECONDS = 60.0
_SPARE_SECONDS = 30.0
_BATCH = 100  # requests that are learned at a time


@dataclass(frozen=True, slots=True)
class Load:
    """What load.c measured; times of answers in microseconds."""

    requests: int
    seconds: float
    per_second: float
    bytes: int
    errors: int
    served: int
    p50_us: float
    p90_us: float
    p99_us: float
    max_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How load.c asks: see there.

    Attributes:
        exchanges: a file of requests and answers.
        connections: how many at once.
        in_flight: requests under way on each.
        seconds: when it ends, or at the latest.
        mode: shared, split, drain, kept, once, whole or slow.
    """

    exchanges: Path
    connections: int = 50
    in_flight: int = 1
    seconds: float = 1.0
    mode: str = "shared"


class Asker:
    """A load generator under way."""

    def __init__(self, workshop: Workshop, port: int, asking: Asking, *, host: str = LOOPBACK) -> None:
        self._seconds = asking.seconds
        self._workshop = workshop
        self._program = workshop.start(
            (
                workshop.compiled("load"),
                host,
                str(port),
                str(asking.exchanges),
                str(asking.connections),
                str(asking.in_flight),
                str(asking.seconds),
                asking.mode,
            ),
            is_load=True,
        )

    def result(self, *, may_fail: bool = False) -> Load:
        """Wait for its end.

        Raises:
            BenchError: an answer was wrong or missing, and that may not be.
        """
        self._program.finish(seconds=self._seconds + _SPARE_SECONDS)
        output = self._program.output
        self._workshop.stop(self._program)
        found = re.search(r"^\{.*\}$", output, re.MULTILINE)
        if not found:
            raise BenchError(f"The load generator failed:\n{output[-2000:]}")
        load = Load(**json.loads(found[0]))
        if load.errors and not may_fail:
            raise BenchError(f"Answers were not what they have to be:\n{output[-2000:]}")
        return load


def ask(workshop: Workshop, port: int, asking: Asking) -> Load:
    """Load a server, and say what came.

    Raises:
        BenchError: an answer was wrong or missing.
    """
    return Asker(workshop, port, asking).result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """Peers and what they hold: each has `size` of the documents `numbers`, all or some by chance."""

    peers: range
    numbers: range
    size: int

    @property
    def records(self) -> int:
        return len(self.peers) * self.size


class Swarm:
    """Peers that joined a server with their records, and stay until they are told to leave."""

    def __init__(self, workshop: Workshop, port: int, shelves: Shelves) -> None:
        self._workshop = workshop
        self._program: Program = workshop.start(
            (
                workshop.compiled("swarm"),
                LOOPBACK,
                str(port),
                str(len(shelves.peers)),
                str(shelves.size),
                str(len(shelves.numbers)),
                str(shelves.numbers.start),
                str(shelves.peers.start),
            ),
            is_load=True,
            obeys=True,
        )
        found = self._program.wait_for(r"^\{.*\}$", seconds=FILL_SECONDS)
        self.seconds: float = json.loads(found[0])["seconds"]
        self._commands = 0

    def leave(self, peers: int) -> None:
        """Let so many close their connections, those that joined last first."""
        stdin = self._program.process.stdin
        if not stdin:
            return
        stdin.write(f"leave {peers}\n".encode())
        stdin.flush()
        self._commands += 1
        self._program.wait_for(rf"(left\n){{{self._commands}}}")

    def stop(self) -> None:
        self._workshop.stop(self._program)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def learn(port: int, expected: Sequence[Exchange]) -> list[Exchange]:
    """Ask everything once, and give the answers with their lines in the order in which they came.

    Args:
        port: of a server on this machine, which answers several requests in one segment.
        expected: requests, with answers that have the right lines in any order.

    Raises:
        BenchError: an answer has other lines.
    """
    learned: list[Exchange] = []
    with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as connection:
        for first in range(0, len(expected), _BATCH):
            batch = expected[first : first + _BATCH]
            connection.sendall(b"".join(exchange.request for exchange in batch))
            learned += [
                _check(exchange, read_exactly(connection, len(exchange.answer))) for exchange in batch
            ]
    return learned


def _check(expected: Exchange, answer: bytes) -> Exchange:
    if sorted(answer.split(b"\r\n")) != sorted(expected.answer.split(b"\r\n")):
        raise BenchError(f"{expected.request!r} was answered {answer[:300]!r}, not {expected.answer[:300]!r}")
    return Exchange(expected.request, answer)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes.

    Raises:
        BenchError: the connection ended, or nothing came for too long.
    """
    answer = bytearray()
    while len(answer) < size:
        try:
            data = connection.recv(min(size - len(answer), 1 << 20))
        except TimeoutError:
            data = b""
        if not data:
            raise BenchError(f"{size} bytes were to come, and {len(answer)} came: {bytes(answer[:300])!r}")
        answer += data
    return bytes(answer)


def request_all(port: int, requests: Sequence[bytes], *, answer_bytes: int) -> bytes:
    """Send requests on a connection of their own, and read so many bytes of answers."""
    with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(b"".join(requests))
        return read_exactly(connection, answer_bytes)
