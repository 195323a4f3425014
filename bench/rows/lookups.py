"""LOOKUP of documents with three holders, beside Redis, the C limit and the server of the original kind.

Imports what starts, loads and fills them, and `results`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.contestants import (
    LIMIT,
    REDIS,
    THREADS,
    Contestant,
    encode_redis,
    start_limit,
    start_redis,
    start_server,
    start_threads,
)
from bench.load import Asking, Shelves, Swarm, ask, learn, request_all
from bench.report.results import Line
from bench.wording import Exchange, found, lookup, record, write_exchanges

if TYPE_CHECKING:
    from pathlib import Path

    from bench.run import Run
    from bench.workshop import Workshop

ROW = "lookup"
HOLDERS = range(3)
DOCUMENTS = 9000
THREADS_DOCUMENTS = 300


def asked_shelves(run: Run) -> Shelves:
    """Give the records that are asked for: 27,000, three for each document."""
    count = run.sized(DOCUMENTS, at_least=100)
    return Shelves(peers=HOLDERS, numbers=range(1, count + 1), size=count)


def lookups(shelves: Shelves) -> list[Exchange]:
    """Give LOOKUPs of all documents, with answers whose lines may come in another order."""
    return [
        Exchange(lookup(number), found(record(number, peer) for peer in shelves.peers))
        for number in shelves.numbers
    ]


def learned_lookups(workshop: Workshop, server: Contestant, shelves: Shelves) -> Path:
    """Write the exchanges of a server that has these records."""
    return write_exchanges(workshop.path("lookups"), learn(server.port, lookups(shelves)))


def measure(run: Run) -> list[Line]:
    """Measure with 1 and with 16 requests in flight on each of 50 connections."""
    shelves = asked_shelves(run)
    workshop = run.workshop
    server = start_server(workshop)
    Swarm(workshop, server.port, shelves)
    exchanges = {server.name: learned_lookups(workshop, server, shelves)}
    contestants = [server]
    redis = start_redis(workshop)
    if redis:
        exchanges[REDIS] = _fill_redis(run, redis, shelves)
        contestants.append(redis)
    limit = _start_limit(workshop, server, shelves)
    exchanges[LIMIT] = _constant_lookups(workshop, limit, shelves)
    contestants.append(limit)
    many = _measure(run, contestants, exchanges, in_flight=16)
    contestants.append(_start_threads(workshop, exchanges))
    one = _measure(run, contestants, exchanges, in_flight=1)
    return _lines(one, many)


def _start_threads(workshop: Workshop, exchanges: dict[str, Path]) -> Contestant:
    """Start the server of the original kind, with 900 records: it looks at each of them for every answer."""
    shelves = Shelves(peers=HOLDERS, numbers=range(1, THREADS_DOCUMENTS + 1), size=THREADS_DOCUMENTS)
    threads = start_threads(workshop)
    Swarm(workshop, threads.port, shelves)
    exchanges[THREADS] = learned_lookups(workshop, threads, shelves)
    return threads


def _measure(
    run: Run, contestants: list[Contestant], exchanges: dict[str, Path], *, in_flight: int
) -> dict[str, list[float]]:
    def measure(contestant: Contestant) -> float:
        asking = Asking(exchanges=exchanges[contestant.name], in_flight=in_flight, seconds=run.seconds)
        return ask(run.workshop, contestant.port, asking).per_second

    return run.interleave(contestants, measure)


def _fill_redis(run: Run, redis: Contestant, shelves: Shelves) -> Path:
    """Give Redis a set of record lines for each document, and learn what SMEMBERS answers."""
    adds, expected = [], []
    for number in shelves.numbers:
        key = b"rfc:%d" % number
        members = [record(number, peer).encode() for peer in shelves.peers]
        adds += [encode_redis(b"SADD", key, member) for member in members]
        expected.append(Exchange(encode_redis(b"SMEMBERS", key), encode_redis(*members)))
    for first in range(0, len(adds), 1000):
        batch = adds[first : first + 1000]
        request_all(redis.port, batch, answer_bytes=len(b":1\r\n") * len(batch))
    return write_exchanges(run.workshop.path("smembers"), learn(redis.port, expected))


def _start_limit(workshop: Workshop, ours: Contestant, shelves: Shelves) -> Contestant:
    """Start the limit with one of our answers, of the usual size."""
    middle = lookups(shelves)[len(shelves.numbers) // 2]
    return start_limit(workshop, learn(ours.port, [middle])[0].answer)


def _constant_lookups(workshop: Workshop, limit: Contestant, shelves: Shelves) -> Path:
    requests = [exchange.request for exchange in lookups(shelves)]
    size = len(lookups(shelves)[len(requests) // 2].answer)
    answer = request_all(limit.port, requests[:1], answer_bytes=size)
    return write_exchanges(workshop.path("constant"), [Exchange(request, answer) for request in requests])


def _lines(one: dict[str, list[float]], many: dict[str, list[float]]) -> list[Line]:
    first = Line(
        row=ROW,
        what="LOOKUP, 50 connections, 1 in flight",
        unit="requests/s",
        samples=one,
        against=REDIS,
        at_least=0.8,
        aim=1.0,
    )
    return [
        first,
        replace(first, what="the same, beside the C limit", against=LIMIT, at_least=None, aim=0.7),
        replace(first, what="LOOKUP, 16 in flight", samples=many, at_least=1.0, aim=1.4),
    ]
