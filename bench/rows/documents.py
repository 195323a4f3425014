"""GET: real documents, a very large one, and many slow readers of it, beside nginx.

Documents come from the folder that P2PCI_TEST_RFCS names, else they are made, with the sizes of real ones.
Imports what starts and loads them, and `results`.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bench.contestants import NGINX, Contestant, start_nginx, start_peer, start_server
from bench.load import LOOPBACK, Asker, Asking, Load, ask
from bench.machine import can_measure_memory, forget_peak, memory_bytes, most_connections
from bench.report.results import OURS, Line
from bench.wording import Exchange, get, write_exchanges

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.run import Run
    from bench.workshop import Workshop

ROW, KEPT_ROW, LARGE_ROW, SLOW_ROW = "documents", "documents-kept", "large-document", "slow-readers"
AT_ONCE = 32
MOST_DOCUMENTS = 2000
MADE_DOCUMENTS = 300
LARGE_BYTES = 256 * 2**20
LARGE_NUMBER = 99_999
SLOW_READERS = 2000
SLOW_SECONDS = 6.0
OTHERS = 4
_MB = 1e6
_T = TypeVar("_T")


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
    return _measure_many(run, row=ROW, how="one connection each", at_least=0.9, aim=1.05)


def measure_kept(run: Run) -> list[Line]:
    """Measure GETs of many documents on 32 connections that are kept."""
    return _measure_many(run, row=KEPT_ROW, how="connections kept", at_least=0.7, aim=0.9)


def _measure_many(run: Run, *, row: str, how: str, at_least: float, aim: float) -> list[Line]:
    workshop, is_kept = run.workshop, row == KEPT_ROW
    library = real_library(workshop, run.sized(MOST_DOCUMENTS)) or made_library(run)
    contestants = _start(workshop, library)
    exchanges = _write_gets(workshop, library, is_kept=is_kept)
    mode = "kept" if is_kept else "once"

    def measure(contestant: Contestant) -> float:
        asking = Asking(
            exchanges=exchanges[contestant.name], connections=AT_ONCE, seconds=run.seconds, mode=mode
        )
        return ask(workshop, contestant.port, asking).per_second

    line = Line(
        row=row,
        what=f"GET of {len(library.numbers)} documents, {how}, {AT_ONCE} at once",
        unit="requests/s",
        samples=run.interleave(contestants, measure),
        against=NGINX,
        at_least=at_least,
        aim=aim,
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
        what="that document: memory on top",
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
        time.sleep(seconds / 4)
        meanwhile = Asker(workshop, peer.port, asking).result(may_fail=True)
        return slow.result(may_fail=True), meanwhile

    (slow, meanwhile), memory = _watching_memory(peer, read_slowly)
    return _slow_lines(slow, meanwhile, alone, memory=memory, readers=readers)


def _slow_lines(slow: Load, meanwhile: Load, alone: Load, *, memory: float, readers: int) -> list[Line]:
    note = f"{slow.served:,} of {readers:,} readers were being served"
    if slow.errors:
        note += f", {slow.errors:,} were cut off"
    is_served = meanwhile.requests and not meanwhile.errors
    taken = Line(
        row=SLOW_ROW,
        what=f"{readers:,} slow readers of that document: memory on top",
        unit="MB",
        samples={OURS: [memory]},
        at_least=64.0,
        is_upper=True,
        note=note,
    )
    others = Line(
        row=SLOW_ROW,
        what="meanwhile the others' GET, 99th percentile",
        unit="ms",
        # When nothing came, the latest answer is as late as the measurement was long.
        samples={
            OURS: [meanwhile.p99_us / 1000 if is_served else meanwhile.seconds * 1000],
            "no slow readers": [alone.p99_us / 1000],
        },
        at_least=20.0,
        is_upper=True,
        note="" if is_served else "the others were not served",
    )
    return [taken, others] if can_measure_memory() else [others]


def _watching_memory(contestant: Contestant, work: Callable[[], _T]) -> tuple[_T, float]:
    """Do something, and say how many MB the contestant took for it at most."""
    if not can_measure_memory():
        return work(), 0.0
    forget_peak(contestant.pid)
    before = memory_bytes(contestant.pid)
    done = work()
    return done, (memory_bytes(contestant.pid, peak=True) - before) / _MB


def _start(workshop: Workshop, library: Library, *, has_nginx: bool = True) -> list[Contestant]:
    """Start a peer with this shelf, and who else serves it."""
    index = start_server(workshop)
    peer = start_peer(workshop, library.folder, index)
    nginx = start_nginx(workshop, library.folder) if has_nginx else None
    return [peer, nginx] if nginx else [peer]


def _write_gets(workshop: Workshop, library: Library, *, is_kept: bool = False) -> dict[str, Path]:
    """Write down what is asked, and the bodies that must come."""
    bodies = {number: library.path(number).read_bytes() for number in library.numbers}
    ours = (Exchange(get(number, keeps_alive=is_kept), body) for number, body in bodies.items())
    connection = "keep-alive" if is_kept else "close"
    http = (Exchange(_encode_http(number, connection), body) for number, body in bodies.items())
    path = write_exchanges(workshop.path("gets"), ours)
    return {OURS: path, NGINX: write_exchanges(workshop.path("http"), http)}


def _encode_http(number: int, connection: str) -> bytes:
    return f"GET /rfc{number}.txt HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: {connection}\r\n\r\n".encode()


def real_library(workshop: Workshop, most: int) -> Library | None:
    """Copy real documents, at most so many, from all over the folder; None when none is named."""
    source = os.environ.get("P2PCI_TEST_RFCS")
    paths = sorted(Path(source).glob("rfc[0-9]*.txt")) if source else []
    if not paths:
        return None
    folder = workshop.path("library")
    folder.mkdir()
    chosen = [paths[i * len(paths) // min(most, len(paths))] for i in range(min(most, len(paths)))]
    numbers = [int(path.stem.removeprefix("rfc")) for path in chosen]
    for number, path in zip(numbers, chosen, strict=True):
        shutil.copyfile(path, folder / f"rfc{number}.txt")
    return Library(folder, numbers)


def made_library(run: Run) -> Library:
    """Make documents with sizes like those of RFCs: half of them below 35 kB, a few of several hundred."""
    folder = run.workshop.path("library")
    folder.mkdir()
    chance = random.Random(3457)
    library = Library(folder, list(range(1, run.sized(MADE_DOCUMENTS, at_least=20) + 1)))
    for number in library.numbers:
        size = min(int(chance.lognormvariate(10.5, 0.9)), 1_000_000)
        library.path(number).write_bytes(_made_text(number, size))
    return library


def large_library(run: Run) -> Library:
    folder = run.workshop.path("library")
    folder.mkdir()
    library = Library(folder, [LARGE_NUMBER])
    piece = _made_text(LARGE_NUMBER, 2**20)
    with library.path(LARGE_NUMBER).open("wb") as file:
        for _ in range(max(1, int(LARGE_BYTES * run.scale) // len(piece))):
            file.write(piece)
    return library


def _made_text(number: int, size: int) -> bytes:
    head = f"\n\nRequest for Comments: {number}\n\n\n{f'Document number {number}':^72}\n\n\n"
    line = f"A line of document {number}, which was made to be measured.\n"
    return (head + line * (size // len(line) + 1)).encode()[:size]
