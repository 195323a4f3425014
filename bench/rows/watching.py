"""An index with its page and metrics beside one without.

Imports what starts, fills and loads, `lookups` and `results`.
"""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING

from bench.contestants import start_server
from bench.load import LOOPBACK, Asking, Swarm, ask
from bench.machine import processor_seconds
from bench.report.results import OURS, Line
from bench.rows.lookups import asked_shelves, learned_lookups

if TYPE_CHECKING:
    from bench.run import Run

ROW = "watched"
UNWATCHED = "no page"
SCRAPES = 20


def measure(run: Run) -> list[Line]:
    """Measure LOOKUPs beside an index without a page, and what it takes to answer who asks for /metrics."""
    workshop, shelves = run.workshop, asked_shelves(run)
    plain = start_server(workshop)
    watched = start_server(workshop, "--web", f"{LOOPBACK}:0")
    page = int(watched.program.wait_for(r"http://\S+?:(\d+)")[1])
    for server in (plain, watched):
        Swarm(workshop, server.port, shelves)
    exchanges = {server.port: learned_lookups(workshop, server, shelves) for server in (plain, watched)}
    lines = []
    for in_flight in (1, 16):
        samples: dict[str, list[float]] = {OURS: [], UNWATCHED: []}
        for _ in range(run.rounds):
            for name, server in ((OURS, watched), (UNWATCHED, plain)):
                asking = Asking(exchanges=exchanges[server.port], in_flight=in_flight, seconds=run.seconds)
                before = processor_seconds(server.pid)
                load = ask(workshop, server.port, asking)
                samples[name].append(load.requests / (processor_seconds(server.pid) - before))
        lines.append(
            Line(
                row=ROW,
                what=f"LOOKUP of an index with page and metrics, {in_flight} in flight",
                unit="requests/s of a core",
                samples=samples,
                against=UNWATCHED,
                at_least=0.97,
            )
        )
    before = processor_seconds(watched.pid)
    for _ in range(SCRAPES):
        _scrape(page)
    taken = (processor_seconds(watched.pid) - before) / SCRAPES
    what = f"/metrics of {shelves.records:,} records is asked for once: processor time"
    return [*lines, Line(row=ROW, what=what, unit="ms", samples={OURS: [1000 * taken]})]


def _scrape(port: int) -> None:
    connection = HTTPConnection(LOOPBACK, port)
    connection.request("GET", "/metrics")
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
