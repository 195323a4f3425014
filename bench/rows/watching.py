"""An index with its page and metrics, which somebody scrapes, beside one without.

Imports what starts, fills and loads, `lookups` and `results`.
"""

from __future__ import annotations

import threading
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


def measure(run: Run) -> list[Line]:
    """Measure LOOKUPs while /metrics is asked for once in each round."""
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
                scraping = threading.Timer(run.seconds / 2, _scrape, (page if name == OURS else 0,))
                scraping.start()
                before = processor_seconds(server.pid)
                asking = Asking(exchanges=exchanges[server.port], in_flight=in_flight, seconds=run.seconds)
                load = ask(workshop, server.port, asking)
                samples[name].append(load.requests / (processor_seconds(server.pid) - before))
                scraping.join()
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
    return lines


def _scrape(port: int) -> None:
    if port:
        connection = HTTPConnection(LOOPBACK, port)
        connection.request("GET", "/metrics")
        with connection.getresponse() as answer:
            answer.read()
        connection.close()
