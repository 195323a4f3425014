"""Cost against size: what a request, a leave and a record cost with ever more peers, and ever more records.

Imports what starts, fills and loads, `scale` and `results`.
"""

from __future__ import annotations

import socket
import time
from statistics import median
from typing import TYPE_CHECKING

from bench.contestants import Contestant, start_server
from bench.load import ANSWER_SECONDS, LOOPBACK, Asking, Shelves, Swarm, ask
from bench.machine import can_measure_memory, memory_bytes, most_connections
from bench.report.results import Curve
from bench.report.table import show_figure
from bench.rows.lookups import asked_shelves, learned_lookups
from bench.rows.scale import FIRST_NUMBER, FIRST_PEER, worst_answer
from bench.wording import LIST_ALL, adds, write_exchanges
from bench.workshop import BenchError

if TYPE_CHECKING:
    from pathlib import Path

    from bench.run import Run

PEERS, RECORDS = "peers", "records"
PEER_COUNTS = (10, 100, 1000, 10_000, 20_000)
SHELF_OF_EACH = 10
SHELF_SIZES = (1, 10, 100, 1000, 10_000)  # of 1,000 peers: 10³ … 10⁷ records
HOLDERS = 1000
ADDERS, ADDED_EACH = range(100, 150), 400
SPARE_CONNECTIONS = 100
WORTH_WEIGHING = 100  # documents of each peer; with fewer it is the peers that weigh
_NEW_NUMBER = 1_000_000
_LINES_AROUND = 3  # of an answer: the status line, the blank one, the closing one

LOOKUP, ADD, LIST, LEAVE = (
    "LOOKUP",
    "ADD",
    "LIST, for each record",
    "leave: others' latest answer",
)
PEER_MEMORY, RECORD_MEMORY = "memory of a peer", "memory of a record"
_UNITS = {LOOKUP: "µs", ADD: "µs", LIST: "µs", LEAVE: "ms", PEER_MEMORY: "kB", RECORD_MEMORY: "B"}


def measure(run: Run) -> list[Curve]:
    """Measure with 10 … 20,000 peers of ten records, then with 10³ … 10⁷ records of 1,000 peers."""
    curves: list[Curve] = []
    most = most_connections(max(PEER_COUNTS)) - SPARE_CONNECTIONS
    counts = dict.fromkeys(min(most, run.sized(count)) for count in PEER_COUNTS)
    sizes = dict.fromkeys(run.sized(size) for size in SHELF_SIZES)
    for over, all_shelves in (
        (PEERS, [_shelves(count, SHELF_OF_EACH) for count in counts]),
        (RECORDS, [_shelves(run.sized(HOLDERS), size) for size in sizes]),
    ):
        for shelves in all_shelves:
            at = len(shelves.peers) if over == PEERS else shelves.records
            print(f"{at:,} {over} ...", end="", flush=True)
            begin = time.monotonic()
            for what, cost in _measure_point(run, shelves, over=over).items():
                _curve(curves, what, over=over).points.append((at, cost))
            run.workshop.clear()
            print(f" {time.monotonic() - begin:.0f} s", flush=True)
    return curves


def _shelves(peers: int, size: int) -> Shelves:
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + size)
    return Shelves(peers=range(FIRST_PEER, FIRST_PEER + peers), numbers=numbers, size=size)


def _curve(curves: list[Curve], what: str, *, over: str) -> Curve:
    for curve in curves:
        if (curve.what, curve.over) == (what, over):
            return curve
    curves.append(Curve(what=what, unit=_UNITS[what], over=over))
    return curves[-1]


def _measure_point(run: Run, shelves: Shelves, *, over: str) -> dict[str, float]:
    """Give the costs in an index of this size, with the records that are asked for beside it."""
    workshop, asked = run.workshop, asked_shelves(run)
    server = start_server(workshop)
    Swarm(workshop, server.port, asked)
    lookups = learned_lookups(workshop, server, asked)
    before = memory_bytes(server.pid) if can_measure_memory() else 0
    swarm = Swarm(workshop, server.port, shelves)
    after = memory_bytes(server.pid) if can_measure_memory() else 0
    costs = {
        LOOKUP: median(_lookup_cost(run, server, lookups) for _ in range(run.rounds)),
        ADD: median(_add_costs(run, server)),
        LIST: _list_cost(server, asked.records + shelves.records),
        LEAVE: median(worst_answer(run, server, lookups, leaving=swarm) for _ in range(run.rounds)),
    }
    if can_measure_memory() and over == PEERS:
        costs[PEER_MEMORY] = (after - before) / len(shelves.peers) / 1000
    elif can_measure_memory() and shelves.size >= WORTH_WEIGHING:
        costs[RECORD_MEMORY] = (after - before) / shelves.records
    return costs


def _lookup_cost(run: Run, server: Contestant, lookups: Path) -> float:
    asking = Asking(exchanges=lookups, in_flight=16, seconds=run.seconds)
    return 1e6 / ask(run.workshop, server.port, asking).per_second


def _add_costs(run: Run, server: Contestant) -> list[float]:
    """Let fifty peers join with new documents and leave again, some times over."""
    each = run.sized(ADDED_EACH, at_least=10)
    costs = []
    for i in range(run.rounds):
        first = _NEW_NUMBER + i * each
        exchanges = list(adds(ADDERS, range(first, first + each)))
        asking = Asking(
            exchanges=write_exchanges(run.workshop.path("adds"), exchanges),
            connections=len(ADDERS),
            in_flight=16,
            seconds=60.0,
            mode="drain",
        )
        costs.append(ask(run.workshop, server.port, asking).seconds / len(exchanges) * 1e6)
    return costs


def _list_cost(server: Contestant, records: int) -> float:
    """Read a whole LIST, count its records, and give the microseconds for each.

    Raises:
        BenchError: it has more records or fewer.
    """
    lines = 0
    begin = time.perf_counter()
    with socket.create_connection((LOOPBACK, server.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(LIST_ALL)
        while lines < records + _LINES_AROUND:
            data = connection.recv(1 << 20)
            lines += data.count(b"\n")
            if not data:
                break
    if lines != records + _LINES_AROUND:
        raise BenchError(f"LIST has {lines - _LINES_AROUND:,} records, and should have {records:,}")
    return (time.perf_counter() - begin) / records * 1e6


def draw(curves: list[Curve]) -> str:
    """Write the curves as lines of text."""
    return "\n".join(
        f"{curve.what}, by {curve.over}: "
        + ", ".join(f"{size:,.0f}: {show_figure(cost, curve.unit)}" for size, cost in curve.points)
        for curve in curves
    )
