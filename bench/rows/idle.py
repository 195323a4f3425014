"""Ten thousand peers that are registered and silent: what each costs, and what they cost the others.

Imports what starts, fills and loads, `lookups` and `results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.contestants import start_server
from bench.load import Asking, Shelves, Swarm, ask
from bench.machine import can_measure_memory, memory_bytes, most_connections
from bench.report.results import OURS, Line
from bench.rows.lookups import asked_shelves, learned_lookups
from bench.rows.scale import FIRST_NUMBER, FIRST_PEER

if TYPE_CHECKING:
    from bench.run import Run

ROW = "idle"
COUNTS = (10_000, 18_000)
ALONE = "nobody idle"
_DOCUMENTS = 100


def measure(run: Run) -> list[Line]:
    """Measure with 10,000 idle peers, and with 18,000 for information."""
    lines: list[Line] = []
    for wanted in COUNTS:
        count = most_connections(run.sized(wanted))
        is_measure = wanted == COUNTS[0]
        note = f"the limit of open files allows {count:,}" if count < run.sized(wanted) else ""
        lines += _measure(run, count, is_measure=is_measure, note=note)
        run.workshop.clear()
    return lines


def _measure(run: Run, count: int, *, is_measure: bool, note: str) -> list[Line]:
    workshop, asked = run.workshop, asked_shelves(run)
    idle = Shelves(
        peers=range(FIRST_PEER, FIRST_PEER + count),
        numbers=range(FIRST_NUMBER, FIRST_NUMBER + _DOCUMENTS),
        size=1,
    )
    small, large = start_server(workshop), start_server(workshop)
    for server in (small, large):
        Swarm(workshop, server.port, asked)
    exchanges = {server.pid: learned_lookups(workshop, server, asked) for server in (small, large)}
    before = memory_bytes(large.pid) if can_measure_memory() else 0
    Swarm(workshop, large.port, idle)
    after = memory_bytes(large.pid) if can_measure_memory() else 0
    samples: dict[str, list[float]] = {OURS: [], ALONE: []}
    for _ in range(run.rounds):
        for name, server in ((OURS, large), (ALONE, small)):
            asking = Asking(exchanges=exchanges[server.pid], seconds=run.seconds)
            samples[name].append(ask(workshop, server.port, asking).per_second)
    memory = Line(
        row=ROW,
        what=f"{count:,} idle registered peers: memory of each",
        unit="kB",
        samples={OURS: [(after - before) / count / 1000]},
        at_least=6.0 if is_measure else None,
        aim=3.0 if is_measure else None,
        is_upper=True,
        note=note,
    )
    speed = Line(
        row=ROW,
        what=f"LOOKUP of others beside {count:,} idle peers",
        unit="requests/s",
        samples=samples,
        against=ALONE,
        at_least=0.9 if is_measure else None,
    )
    return [memory, speed] if can_measure_memory() else [speed]
