"""Ten million records: what they cost in memory and in speed, and what a peer that leaves costs the others.

Imports what starts, fills and loads, `lookups`, `table` and `results`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.contestants import Contestant, start_server
from bench.load import Asker, Asking, Shelves, Swarm, ask, request_all
from bench.machine import can_measure_memory, memory_bytes
from bench.report.results import OURS, Line
from bench.report.table import show_count
from bench.rows.lookups import asked_shelves, learned_lookups
from bench.wording import found, lookup, record
from bench.workshop import BenchError

if TYPE_CHECKING:
    from pathlib import Path

    from bench.run import Run

ROW, SUBSETS_ROW = "large", "subsets"
PEERS, SHELF = 1000, 9700
FIRST_NUMBER, FIRST_PEER = 20_001, 1000
SMALL, LARGE = "27 k records", OURS
START = "at the start"
LEAVE_CONNECTIONS = 10
_MB = 1e6


def other_shelves(run: Run, *, is_subset: bool = False) -> Shelves:
    """Give the 9.7 million records that nobody asks for; subsets are half of twice as many documents."""
    size = run.sized(SHELF, at_least=10)
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + (2 * size if is_subset else size))
    peers = range(FIRST_PEER, FIRST_PEER + run.sized(PEERS, at_least=10))
    return Shelves(peers=peers, numbers=numbers, size=size)


def measure(run: Run) -> list[Line]:
    """Measure with full shelves: memory, LOOKUP of other documents, and a peer that leaves."""
    workshop, asked, others = run.workshop, asked_shelves(run), other_shelves(run)
    small, large = start_server(workshop), start_server(workshop)
    start = memory_bytes(large.pid) if can_measure_memory() else 0
    swarm = Swarm(workshop, large.port, others)
    memory = _memory_line(large, others, row=ROW, start=start)
    for server in (small, large):
        Swarm(workshop, server.port, asked)
    exchanges = {server.pid: learned_lookups(workshop, server, asked) for server in (small, large)}
    samples: dict[str, list[float]] = {LARGE: [], SMALL: []}
    for _ in range(run.rounds):
        for name, server in ((LARGE, large), (SMALL, small)):
            asking = Asking(exchanges=exchanges[server.pid], seconds=run.seconds)
            samples[name].append(ask(workshop, server.port, asking).per_second)
    speed = Line(
        row=ROW,
        what=f"LOOKUP with {show_count(others.records)} other records",
        unit="requests/s",
        samples=samples,
        against=SMALL,
        at_least=0.9,
        aim=1.0,
    )
    leaving = _measure_leaving(run, swarm, server=large, exchanges=exchanges[large.pid])
    _check_left(large, others, run.rounds)
    return [*memory, speed, leaving]


def measure_subsets(run: Run) -> list[Line]:
    """Measure the memory when each shelf is half of the documents, by chance."""
    server, others = start_server(run.workshop), other_shelves(run, is_subset=True)
    start = memory_bytes(server.pid) if can_measure_memory() else 0
    Swarm(run.workshop, server.port, others)
    return _memory_line(server, others, row=SUBSETS_ROW, start=start)


def _memory_line(server: Contestant, shelves: Shelves, *, row: str, start: int) -> list[Line]:
    if not can_measure_memory():
        return []
    what, at_least, aim = {
        ROW: ("full shelves", 90.0, 60.0),
        SUBSETS_ROW: ("random subsets", 140.0, 100.0),
    }[row]
    line = Line(
        row=row,
        what=f"memory, {show_count(shelves.records)} records of {len(shelves.peers):,} peers, {what}",
        unit="MB",
        samples={OURS: [memory_bytes(server.pid) / _MB], START: [start / _MB]},
        at_least=at_least,
        aim=aim,
        is_upper=True,
    )
    return [line]


def _measure_leaving(run: Run, swarm: Swarm, *, server: Contestant, exchanges: Path) -> Line:
    """Let peers leave one by one while others ask, and take the answer that came latest."""
    samples: dict[str, list[float]] = {OURS: [], "nobody leaves": []}
    for _ in range(run.rounds):
        samples["nobody leaves"].append(worst_answer(run, server, exchanges))
        samples[OURS].append(worst_answer(run, server, exchanges, leaving=swarm))
    return Line(
        row=ROW,
        what=f"a peer with {run.sized(SHELF, at_least=10):,} records leaves: the others' latest answer",
        unit="ms",
        samples=samples,
        at_least=20.0,
        aim=10.0,
        is_upper=True,
        note=f"LOOKUP on {LEAVE_CONNECTIONS} connections while one peer leaves",
    )


def worst_answer(run: Run, server: Contestant, exchanges: Path, *, leaving: Swarm | None = None) -> float:
    """Give the milliseconds of the latest LOOKUP answer of a while, in which perhaps a peer leaves."""
    asking = Asking(exchanges=exchanges, connections=LEAVE_CONNECTIONS, seconds=run.seconds)
    asker = Asker(run.workshop, server.port, asking)
    time.sleep(run.seconds / 3)
    if leaving:
        leaving.leave(1)
    return asker.result().max_us / 1000


def _check_left(server: Contestant, shelves: Shelves, left: int) -> None:
    """See that as many peers hold a document as have stayed.

    Raises:
        BenchError: somebody who left is still there, or somebody else is not.
    """
    number = shelves.numbers.start
    expected = found(record(number, peer) for peer in shelves.peers[:-left])
    answer = request_all(server.port, [lookup(number)], answer_bytes=len(expected))
    if sorted(answer.split(b"\r\n")) != sorted(expected.split(b"\r\n")):
        raise BenchError(f"{left} peers left, and {answer.count(b'RFC')} of {len(shelves.peers)} are there")
