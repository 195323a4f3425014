"""LIST of a million records, streamed to four readers while others ask for single documents.

Imports what starts, fills and loads, `lookups`, `table` and `results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.contestants import Contestant, start_server
from bench.load import Asker, Asking, Shelves, Swarm, learn
from bench.machine import can_measure_memory, forget_peak, memory_bytes
from bench.report.results import OURS, Line
from bench.report.table import show_count
from bench.rows.lookups import asked_shelves, learned_lookups
from bench.rows.scale import FIRST_NUMBER, FIRST_PEER
from bench.wording import LIST_ALL, Exchange, found, record, write_exchanges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.run import Run

ROW = "list"
READERS = 4
PEERS, DOCUMENTS = 100, 10_000
OTHERS = 10  # connections that ask for single documents
_MB = 1e6


class _Round(NamedTuple):
    read_mb_each_second: float  # by all readers together
    others_p99_ms: float
    memory_mb: float  # on top of what the server had


def measure(run: Run) -> list[Line]:
    workshop, asked = run.workshop, asked_shelves(run)
    count = run.sized(DOCUMENTS, at_least=100)
    listed = Shelves(
        peers=range(FIRST_PEER, FIRST_PEER + PEERS),
        numbers=range(FIRST_NUMBER, FIRST_NUMBER + count),
        size=count,
    )
    server = start_server(workshop)
    for shelves in (asked, listed):
        Swarm(workshop, server.port, shelves)
    lookups = learned_lookups(workshop, server, asked)
    answer = learn(server.port, [Exchange(LIST_ALL, found(_records(asked, listed)))])
    lists = write_exchanges(workshop.path("list"), answer)
    rounds = [_measure_round(run, server, lists=lists, lookups=lookups) for _ in range(run.rounds)]
    return _lines(rounds, records=asked.records + listed.records)


def _records(*all_shelves: Shelves) -> Iterator[str]:
    for shelves in all_shelves:
        for number in shelves.numbers:
            for peer in shelves.peers:
                yield record(number, peer)


def _measure_round(run: Run, server: Contestant, *, lists: Path, lookups: Path) -> _Round:
    before = 0
    if can_measure_memory():
        forget_peak(server.pid)
        before = memory_bytes(server.pid)
    reading = Asking(exchanges=lists, connections=READERS, seconds=2 * run.seconds)
    asking = Asking(exchanges=lookups, connections=OTHERS, seconds=2 * run.seconds)
    readers = Asker(run.workshop, server.port, reading)
    others = Asker(run.workshop, server.port, asking)
    read, asked = readers.result(), others.result()
    taken = memory_bytes(server.pid, peak=True) - before if can_measure_memory() else 0
    return _Round(read.bytes / read.seconds / _MB, asked.p99_us / 1000, taken / _MB)


def _lines(rounds: list[_Round], *, records: int) -> list[Line]:
    lines = [
        Line(
            row=ROW,
            what=f"LIST of {show_count(records)} records to {READERS} readers",
            unit="MB/s",
            samples={OURS: [each.read_mb_each_second for each in rounds]},
            at_least=200.0,
            aim=300.0,
        ),
        Line(
            row=ROW,
            what="meanwhile the others' LOOKUP, 99th percentile",
            unit="ms",
            samples={OURS: [each.others_p99_ms for each in rounds]},
            at_least=20.0,
            is_upper=True,
        ),
        Line(
            row=ROW,
            what="LIST to them: memory on top",
            unit="MB",
            samples={OURS: [each.memory_mb for each in rounds]},
            at_least=32.0,
            is_upper=True,
        ),
    ]
    return lines if can_measure_memory() else lines[:2]
