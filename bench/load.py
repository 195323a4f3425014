"""The two C programs that make load: load.c, which asks, and swarm.c, whose peers hold records.

Imports `programs`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bench.programs import BenchError, Program, Workshop

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = "127.0.0.1"
FILL_SECONDS = 600.0
_SPARE_SECONDS = 30.0


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
        mode: shared, split, drain, once, whole or slow.
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
