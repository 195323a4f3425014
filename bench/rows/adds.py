"""ADD: many peers at once beside Redis and the C limit, and a whole shelf on one connection.

Each round adds records that are not there yet. Imports what starts and loads, and `results`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.contestants import (
    LIMIT,
    REDIS,
    Contestant,
    clear_redis,
    encode_redis,
    start_limit,
    start_redis,
    start_server,
)
from bench.load import Asking, ask
from bench.report.results import OURS, Line
from bench.wording import Exchange, adds, write_exchanges

if TYPE_CHECKING:
    from pathlib import Path

    from bench.run import Run
    from bench.workshop import Workshop

ROW, SHELF_ROW = "add", "shelf"
PEERS = range(1000, 1050)
EACH = 6000
SHELF = 9700
SHELF_IN_FLIGHT = 1000
MOST_SECONDS = 60.0


def measure(run: Run) -> list[Line]:
    """Measure 50 peers that add 6,000 documents each, 16 requests in flight."""
    exchanges = list(adds(PEERS, range(1, run.sized(EACH, at_least=20) + 1)))
    samples = _measure(run, exchanges, connections=len(PEERS), in_flight=16)
    rates = {name: [len(exchanges) / seconds for seconds in each] for name, each in samples.items()}
    line = Line(
        row=ROW,
        what="ADD, 50 connections, 16 in flight",
        unit="requests/s",
        samples=rates,
        against=REDIS,
        at_least=0.8,
        aim=1.0,
    )
    return [line]


def measure_shelf(run: Run) -> list[Line]:
    """Measure a peer that adds its shelf of 9,700 documents as fast as the answers come."""
    exchanges = list(adds(range(1000, 1001), range(1, run.sized(SHELF, at_least=100) + 1)))
    samples = _measure(run, exchanges, connections=1, in_flight=SHELF_IN_FLIGHT)
    line = Line(
        row=SHELF_ROW,
        what=f"ADD of a shelf of {len(exchanges):,} documents on one connection",
        unit="s",
        samples=samples,
        at_least=0.1,
        aim=0.04,
        is_upper=True,
    )
    return [line, replace(line, what="the same, beside Redis", against=REDIS, at_least=None, aim=None)]


def _measure(
    run: Run, exchanges: list[Exchange], *, connections: int, in_flight: int
) -> dict[str, list[float]]:
    """Give the seconds of each contestant's rounds."""
    workshop = run.workshop
    paths = _write(workshop, exchanges)
    current = {
        contestant.name: contestant
        for contestant in (
            start_server(workshop),
            start_redis(workshop),
            start_limit(workshop, exchanges[0].answer),
        )
        if contestant
    }

    def measure(known: Contestant) -> float:
        contestant = current[known.name] = _emptied(workshop, current[known.name])
        asking = Asking(
            exchanges=paths[known.name],
            connections=connections,
            in_flight=in_flight,
            seconds=MOST_SECONDS,
            mode="drain",
        )
        return ask(workshop, contestant.port, asking).seconds

    return run.interleave(list(current.values()), measure)


def _write(workshop: Workshop, exchanges: list[Exchange]) -> dict[str, Path]:
    """Write down what each contestant is asked."""
    ours = write_exchanges(workshop.path("adds"), exchanges)
    constant = (exchange._replace(answer=exchanges[0].answer) for exchange in exchanges)
    sadds = (Exchange(_encode_sadd(exchange), b":1\r\n") for exchange in exchanges)
    return {
        OURS: ours,
        LIMIT: write_exchanges(workshop.path("constant"), constant),
        REDIS: write_exchanges(workshop.path("sadds"), sadds),
    }


def _encode_sadd(exchange: Exchange) -> bytes:
    """Encode what adds the same record line to the set of its document."""
    line = exchange.answer.split(b"\r\n")[2]
    return encode_redis(b"SADD", b"rfc:" + line.split(b" ")[1], line)


def _emptied(workshop: Workshop, contestant: Contestant) -> Contestant:
    """Give a contestant without records: our server started anew, Redis emptied."""
    if contestant.name == OURS:
        workshop.stop(contestant.program)
        return start_server(workshop)
    if contestant.name == REDIS:
        clear_redis(contestant)
    return contestant
