"""GET: real documents, a very large one, and many slow readers of it, beside nginx.

Documents come from the folder that P2PCI_TEST_RFCS names, else they are made, with the sizes of real ones. Imports
what starts and loads them, and `results`.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contestants import BARE, NGINX, Contestant, start_nginx, start_peer, start_server
from bench.load import LOOPBACK, Asker, Asking, Load, ask
from bench.machine import can_measure_memory, forget_peak, memory_bytes, most_connections
from bench.results import OURS, Line
from bench.wording import Exchange, get, write_exchanges

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.programs import Workshop
    from bench.run import Run

ROW, LARGE_ROW, SLOW_ROW = "documents", "large-document", "slow-readers"
AT_ONCE = 32
MOST_DOCUMENTS = 2000
MADE_DOCUMENTS = 300
LARGE_BYTES = 256 * 2**20
LARGE_NUMBER = 99_999
SLOW_READERS = 2000
SLOW_SECONDS = 6.0
OTHERS = 4
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Library:
    """A folder of documents, and their numbers."""

    folder: Path
    numbers: list[int]

    def path(self, number: int) -> Path:
        return self.folder / f"rfc{number}.txt"

    @property
    def bytes(self) -> int:
        return sum(self.path(number).stat().st_size for number in self.numbers)


def measure(run: Run) -> list[Line]:
    """Measure GETs of many documents, a connection each, 32 at once."""
    workshop = run.workshop
    library = real_library(workshop, run.sized(MOST_DOCUMENTS)) or made_library(run)
    contestants = _start(workshop, library, has_bare=True)
    exchanges = _write_gets(workshop, library)

    def measure(contestant: Contestant) -> float:
        asking = Asking(
            exchanges=exchanges[contestant.name], connections=AT_ONCE, seconds=run.seconds, mode="once"
        )
        return ask(workshop, contestant.port, asking).per_second

    line = Line(
        row=ROW,
        what=f"GET of {len(library.numbers)} documents, one connection each, {AT_ONCE} at once",
        unit="requests/s",
        samples=run.interleave(contestants, measure),
        against=NGINX,
        at_least=0.9,
        aim=1.05,
        note=f"{library.bytes / _MB:.0f} MB, {library.bytes / len(library.numbers) / 1000:.0f} kB on average",
    )
    return [line]


def measure_large(run: Run) -> list[Line]:
    """Measure a document of 256 MiB, and the memory that sending it takes."""
    workshop, library = run.workshop, large_library(run)
    contestants = _start(workshop, library)
    exchanges = _write_gets(workshop, library)
    taken: list[float] = []

    def measure(contestant: Contestant) -> float:
        asking = Asking(exchanges=exchanges[contestant.name], connections=1, seconds=run.seconds, mode="once")
        load, memory = _watching_memory(contestant, lambda: ask(workshop, contestant.port, asking))
        if contestant.name == OURS:
            taken.append(memory)
        return load.bytes / load.seconds / _MB

    speed = Line(
        row=LARGE_ROW,
        what=f"GET of a document of {library.bytes / 2**20:.0f} MiB",
        unit="MB/s",
        samples=run.interleave(contestants, measure),
        against=NGINX,
        at_least=0.9,
        aim=1.0,
    )
    memory = Line(
        row=LARGE_ROW,
        what="memory that it takes on top",
        unit="MB",
        samples={OURS: taken},
        at_least=8.0,
        is_upper=True,
    )
    return [speed, memory] if can_measure_memory() else [speed]


def measure_slow(run: Run) -> list[Line]:
    """Measure 2,000 readers of the large document who take 10 kB a second, and what others notice."""
    workshop, library = run.workshop, large_library(run)
    small = made_library(run)
    for number in small.numbers:
        small.path(number).rename(library.path(number))
    peer = _start(workshop, library, has_nginx=False)[0]
    large = _write_gets(workshop, library)[OURS]
    others = _write_gets(workshop, replace(library, numbers=small.numbers))[OURS]
    readers = most_connections(run.sized(SLOW_READERS))
    seconds = max(1.0, SLOW_SECONDS * min(1.0, run.seconds))
    asking = Asking(exchanges=others, connections=OTHERS, seconds=seconds / 2, mode="once")
    alone = ask(workshop, peer.port, asking)
    reading = Asking(exchanges=large, connections=readers, seconds=seconds, mode="slow")

    def read_slowly() -> tuple[Load, Load]:
        slow = Asker(workshop, peer.port, reading)
        meanwhile = Asker(workshop, peer.port, asking).result(may_fail=True)
        return slow.result(may_fail=True), meanwhile

    (slow, meanwhile), memory = _watching_memory(peer, read_slowly)
    return _slow_lines(slow, meanwhile, alone, memory=memory, readers=readers)
