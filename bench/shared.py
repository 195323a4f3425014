"""Several servers as one, measured: `python -m bench.shared`. Not a row of the table; it prints its figures.

How soon a record is found on another server; LOOKUPs and ADDs a second of processor time of a server that is
one of three, in turns with those of one alone (what else the machine does counts for nothing then); what
records cost in Redis, and how soon a new server has them all. Imports what starts and loads.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import redis

from bench.contestants import Contestant, command, find_redis, start_server
from bench.load import LOOPBACK, Asking, Shelves, Swarm, ask
from bench.rows.lookups import learned_lookups
from bench.wording import add, adds, found, lookup, record, write_exchanges
from bench.workshop import BenchError, Workshop
from p2pci.index import Index
from p2pci.protocol.shortcuts import write_add_key
from p2pci.shared_index import RedisStore, SharedIndex

NAMES = ("a", "b", "c")
PEERS = 1000
DOCUMENTS = 20_000
JOIN_SECONDS = 300.0
_prefixes = count(1)


def _start_redis(workshop: Workshop) -> Contestant:
    """Start a Redis beside the load: on the core of what is measured it would take the time of that."""
    binary = find_redis()
    if binary is None:
        raise SystemExit("There is no redis-server here.")
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    options = ["--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", str(workshop.folder)]
    program = workshop.start([binary, "--port", str(port), *options], is_load=True)
    program.wait_for("Ready to accept connections")
    return Contestant("Redis", port, program)


def start_shared(
    workshop: Workshop, store: Contestant, name: str, *, prefix: str, is_free: bool
) -> Contestant:
    """Start one server of a shared index."""
    words = [*command(workshop), "server", "--bind", LOOPBACK, "--port", "0"]
    where = ["--shared", f"redis://{LOOPBACK}:{store.port}/0", "--shared-prefix", prefix, "--node", name]
    program = workshop.start([*words, *where], is_free=is_free)
    return Contestant(
        name, int(program.wait_for(r"Listening on port (\d+)", seconds=JOIN_SECONDS)[1]), program
    )


def measure_propagation(workshop: Workshop, store: Contestant, *, rounds: int) -> None:
    """Add a record on one server, and ask another one until it is there."""
    a, b = (start_shared(workshop, store, name, prefix="propagation", is_free=True) for name in "ab")
    seconds = []
    with ExitStack() as stack:
        here, there = (stack.enter_context(socket.create_connection((LOOPBACK, s.port))) for s in (a, b))
        for number in range(1, rounds + 1):
            answer = found([record(number, 5)])
            here.sendall(add(number, 5))
            _hear(here, answer)
            acknowledged = time.perf_counter()
            while True:
                there.sendall(lookup(number))
                if b" 200 " in _hear(there, None):
                    break
            seconds.append(time.perf_counter() - acknowledged)
            time.sleep(random.uniform(0.01, 0.03))  # not in step with the flushes
    milliseconds = sorted(1000 * each for each in seconds)
    p99 = milliseconds[int(len(milliseconds) * 0.99)]
    print(
        f"found elsewhere: {rounds} records, p50 {statistics.median(milliseconds):.1f} ms, p99 {p99:.1f} ms"
    )
    workshop.stop(a.program, b.program)


def _hear(connection: socket.socket, answer: bytes | None) -> bytes:
    """Read one answer; `answer` when it is known."""
    heard = b""
    while True:
        heard += connection.recv(65536)
        if heard.endswith(b"\r\n\r\n") and (heard.count(b"\r\n\r\n") >= 2 or b" 404 " in heard):
            if answer and heard != answer:
                raise BenchError(f"{heard!r} instead of {answer!r}")
            return heard


def measure_lookups(workshop: Workshop, store: Contestant, *, rounds: int) -> None:
    """Ask one server alone, and each of three that hold the same peers together, in turns."""
    shelves = Shelves(peers=range(3), numbers=range(1, 9001), size=9000)
    single = start_server(workshop)
    three = [start_shared(workshop, store, name, prefix="lookups", is_free=False) for name in NAMES]
    swarms = [Swarm(workshop, single.port, shelves)]
    for place, server in enumerate(three):
        part = Shelves(peers=range(place, place + 1), numbers=shelves.numbers, size=shelves.size)
        swarms.append(Swarm(workshop, server.port, part))
    time.sleep(2)  # nothing tells when the last record is everywhere; it is then
    asked = {server.name: learned_lookups(workshop, server, shelves) for server in (single, *three)}
    for in_flight in (1, 16):
        ratios: list[float] = []
        alone = 0.0
        for _ in range(rounds):
            rates = []
            for server in (single, *three):
                asking = Asking(exchanges=asked[server.name], in_flight=in_flight, seconds=1.0)
                before = _processor_seconds(server.pid)
                load = ask(workshop, server.port, asking)
                rates.append(load.requests / (_processor_seconds(server.pid) - before))
            alone = rates[0]
            ratios += [rate / alone for rate in rates[1:]]
        print(
            f"LOOKUP, {in_flight} in flight: {alone:,.0f}/s, shared {statistics.median(ratios):.2f} of that"
        )
    for swarm in swarms:
        swarm.stop()
    workshop.stop(single.program, *(server.program for server in three))


def measure_adds(workshop: Workshop, store: Contestant, *, rounds: int, others: int) -> None:
    """Add 300,000 records to one server alone, and to one that tells them on, in turns."""
    exchanges = write_exchanges(workshop.path("adds"), adds(range(1000, 1050), range(1, 6001)))
    asking = Asking(exchanges=exchanges, connections=50, in_flight=16, seconds=60, mode="drain")
    ratios, rate = [], 0.0
    for _ in range(rounds):
        single = start_server(workshop)
        alone = _add_all(workshop, single, asking)
        workshop.stop(single.program)
        prefix = f"adds{next(_prefixes)}"
        far = [
            start_shared(workshop, store, name, prefix=prefix, is_free=True) for name in NAMES[1 : 1 + others]
        ]
        server = start_shared(workshop, store, "a", prefix=prefix, is_free=False)
        ratios.append(alone / _add_all(workshop, server, asking))
        rate = 300_000 / alone
        workshop.stop(server.program, *(each.program for each in far))
    print(f"ADD, {others} other server(s): {rate:,.0f}/s alone, {statistics.median(ratios):.2f} of it shared")


def _add_all(workshop: Workshop, server: Contestant, asking: Asking) -> float:
    before = _processor_seconds(server.pid)
    ask(workshop, server.port, asking)
    return _processor_seconds(server.pid) - before


def measure_joining(workshop: Workshop, store: Contestant, *, records: int) -> None:
    """Have one server hold so many records, of full shelves and of random ones, and a new one join it."""
    keys = [
        write_add_key(number, f"The title of document {number}", None) for number in range(1, DOCUMENTS + 1)
    ]
    each = records // PEERS
    chance = random.Random(1)
    print("full shelves:")
    asyncio.run(_hold(workshop, store, [keys[:each]] * PEERS))
    print("random shelves:")
    asyncio.run(_hold(workshop, store, [chance.sample(keys, each) for _ in range(PEERS)]))


async def _hold(workshop: Workshop, store: Contestant, shelves: list[list[bytes]]) -> None:
    prefix = f"joining{next(_prefixes)}"
    with redis.Redis(port=store.port) as client:
        before = client.info("memory")["used_memory"]
        index = Index()
        url = f"redis://{LOOPBACK}:{store.port}/0"
        shared = SharedIndex(RedisStore(url, prefix=prefix), node="holder")
        await shared.start(index)
        for peer, shelf in enumerate(shelves):
            index.add_run(index.join(f"192.0.2.{peer % 250}", 1000 + peer), shelf)
            await asyncio.sleep(0)
        while shared.is_unstored:  # noqa: ASYNC110 - nothing tells when all is there
            await asyncio.sleep(0.1)
        used = client.info("memory")["used_memory"] - before
    print(f"  in Redis: {index.record_count:,} records, {used / 1e6:.1f} MB")
    begun = time.perf_counter()
    server = await asyncio.to_thread(start_shared, workshop, store, "new", prefix=prefix, is_free=True)
    seconds = time.perf_counter() - begun
    told = server.program.wait_for(r"as new: (\d+) records")[1]
    used_seconds = _processor_seconds(server.program.pid)
    print(f"  a new server has {int(told):,} records in {seconds:.1f} s, {used_seconds:.1f} s of a core")
    workshop.stop(server.program)
    await shared.stop()


def _processor_seconds(pid: int) -> float:
    """Tell how long a process has run on a core: what the machine does besides leaves that alone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.shared", description="Measure servers that are one."
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=10_000_000)
    options = parser.parse_args()
    with Workshop() as workshop:
        store = _start_redis(workshop)
        measure_propagation(workshop, store, rounds=100 * options.rounds)
        measure_lookups(workshop, store, rounds=options.rounds)
        for others in (0, 1, 2):
            measure_adds(workshop, store, rounds=options.rounds, others=others)
        measure_joining(workshop, store, records=options.records)


if __name__ == "__main__":
    main()
