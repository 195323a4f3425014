"""Ten million records of several servers: what they cost in Redis, and how soon a new server has them.

Imports what starts and fills, `sharing`, `scale` and `results`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.contestants import start_server
from bench.load import LOOPBACK, Swarm
from bench.machine import memory_bytes
from bench.report.results import OURS, Line
from bench.report.table import show_count
from bench.rows.scale import other_shelves
from bench.rows.sharing import start_store
from bench.workshop import BenchError

if TYPE_CHECKING:
    from bench.contestants import Contestant
    from bench.run import Run

ROW = "joining"
SAME_SECONDS = 2.0  # what Redis has is all there is when it did not change for so long
MOST_SECONDS = 300.0
_MB = 1e6


def measure(run: Run) -> list[Line]:
    """Measure with full shelves, and with random ones."""
    return [line for is_subset in (False, True) for line in _measure(run, is_subset=is_subset)]


def _measure(run: Run, *, is_subset: bool) -> list[Line]:
    workshop, shelves = run.workshop, other_shelves(run, is_subset=is_subset)
    store = start_store(workshop)
    options = ("--shared", f"redis://{LOOPBACK}:{store.port}/0", "--node")
    empty = memory_bytes(store.pid)
    holder = start_server(workshop, *options, "holder", is_free=True)
    Swarm(workshop, holder.port, shelves)
    held = _wait_until_stored(store)
    begun = time.perf_counter()
    new = start_server(workshop, *options, "new", is_free=True, seconds=MOST_SECONDS)
    seconds = time.perf_counter() - begun
    told = int(new.program.wait_for(r"as new: (\d+) records")[1])
    if told != shelves.records:
        raise BenchError(f"The new server has {told:,} of {shelves.records:,} records.")
    workshop.clear()
    what = f"{show_count(shelves.records)} records of {'random subsets' if is_subset else 'full shelves'}"
    return [
        Line(
            row=ROW,
            what=f"{what}: memory in Redis",
            unit="MB",
            samples={OURS: [(held - empty) / _MB]},
            at_least=300.0,
            is_upper=True,
        ),
        Line(
            row=ROW,
            what=f"{what}: a new server is ready",
            unit="s",
            samples={OURS: [seconds]},
            at_least=20.0,
            is_upper=True,
        ),
    ]


def _wait_until_stored(store: Contestant) -> int:
    """Give the bytes that Redis takes, once they stay the same."""
    before = 0
    while (now := memory_bytes(store.pid)) != before:
        before = now
        time.sleep(SAME_SECONDS)
    return now
