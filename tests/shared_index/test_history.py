"""Twenty clients add, leave and look up on random servers while these and Redis fail; then it is checked."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK
from tests.server.wire_client import add, lookup
from tests.shared_index.history import Held, History, Outage, Seen
from tests.shared_index.redis_server import Engine, RedisServer
from tests.shared_index.swarm import LEASE_SECONDS, Node, Swarm

CLIENTS = 20
NUMBERS = range(1, 60)
BOUND_SECONDS = 2.0  # for a machine that is busy; how soon it is on a quiet one is measured, not tested
BACK_SECONDS = 5.0
ANSWER_SECONDS = 20.0


@pytest.fixture
def redis(engine: Engine, tmp_path: Path) -> Iterator[RedisServer]:
    """One that may be killed."""
    server = RedisServer(tmp_path, engine=engine)
    yield server
    server.kill()


class Clients:
    """They do at random what clients do, and write down what came of it."""

    def __init__(self, swarm: Swarm, history: History, *, seed: int) -> None:
        self.history = history
        self.is_over = False
        self._swarm = swarm
        self._random = random.Random(seed)
        self._ports = count(1)

    @property
    def nodes(self) -> list[Node]:
        return [node for node in self._swarm.nodes if node.process.is_running]

    async def live(self) -> None:
        while not self.is_over:
            node = self._random.choice(self.nodes)
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._stay(node)

    async def _stay(self, node: Node) -> None:
        """Be a member for a while, and ask meanwhile, there and elsewhere."""
        port = next(self._ports) % 65535 + 1
        mine: list[Held] = []
        reader, writer = await asyncio.open_connection(LOOPBACK, node.port)
        try:
            for number in self._random.sample(NUMBERS, self._random.randint(1, 5)):
                writer.write(add(number, "T", port=port))
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await _answer(reader)
                if b"200 OK" in answer:
                    mine.append(Held(number, port, node.name, time.monotonic()))
                    self.history.held.append(mine[-1])
            for _ in range(self._random.randint(1, 12)):
                await self._look(self._random.choice(self.nodes))
                await asyncio.sleep(self._random.uniform(0, 0.2))
        finally:
            now = time.monotonic()
            for held in mine:
                held.leaving = min(held.leaving, now)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            for held in mine:
                held.left = time.monotonic()

    async def _look(self, node: Node) -> None:
        number = self._random.choice(NUMBERS)
        reader, writer = await asyncio.open_connection(LOOPBACK, node.port)
        try:
            asked = time.monotonic()
            writer.write(lookup(number))
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await _answer(reader)
            lines = [line for line in answer.split(b"\r\n") if line.startswith(b"RFC ")]
            ports = frozenset(int(line.rsplit(b" ", 1)[1]) for line in lines)
            self.history.seen.append(Seen(number, node.name, asked, time.monotonic(), ports))
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    while not head.endswith(b"\r\n\r\n\r\n") and head.count(b"\r\n\r\n") < 2:
        head += await reader.readuntil(b"\r\n")
    return head


class Faults:
    """What is done to the servers and to Redis; each takes some seconds."""

    def __init__(self, swarm: Swarm, history: History) -> None:
        self.done: list[str] = []
        self._swarm = swarm
        self._history = history

    async def kill_redis(self) -> None:
        begin = time.monotonic()
        self._swarm.redis.kill()
        await asyncio.sleep(1)
        await asyncio.to_thread(self._swarm.redis.start)
        self._note("Redis killed", begin)

    async def empty_redis(self) -> None:
        begin = time.monotonic()
        await asyncio.to_thread(self._swarm.redis.does, "FLUSHALL")
        self._note("Redis emptied", begin)

    async def hang_redis(self) -> None:
        begin = time.monotonic()
        self._swarm.redis.signal(signal.SIGSTOP)
        await asyncio.sleep(1.5)
        self._swarm.redis.signal(signal.SIGCONT)
        self._note("Redis hung", begin)

    async def cut_connections(self) -> None:
        begin = time.monotonic()
        for kind in ("pubsub", "normal"):
            await asyncio.to_thread(self._swarm.redis.does, "CLIENT", "KILL", "TYPE", kind)
        self._note("connections cut", begin)

    async def pause_server(self) -> None:
        node = self._swarm.nodes[-1]
        begin = time.monotonic()
        node.process.signal(signal.SIGSTOP)
        await asyncio.sleep(2 * LEASE_SECONDS)
        node.process.signal(signal.SIGCONT)
        self._note("server paused", begin, node.name)

    async def kill_server(self) -> None:
        node = self._swarm.nodes.pop()
        begin = time.monotonic()
        node.stop()
        await asyncio.to_thread(self._swarm.start, f"{node.name}x")
        self._note("server killed", begin, node.name)

    def _note(self, what: str, begin: float, server: str = "") -> None:
        self.done.append(what)
        self._history.outages.append(Outage(begin, time.monotonic(), server))


async def _run(swarm: Swarm, *, seconds: float, names: list[str], seed: int) -> None:
    history = History(LEASE_SECONDS, BOUND_SECONDS, BACK_SECONDS)
    clients, faults = Clients(swarm, history, seed=seed), Faults(swarm, history)
    await asyncio.to_thread(swarm.start, "a", "b", "c")
    living = [asyncio.create_task(clients.live()) for _ in range(CLIENTS)]
    deadline = time.monotonic() + seconds
    steps: list[Callable[[], Awaitable[None]]] = [getattr(faults, name) for name in names]
    for step in steps:
        await asyncio.sleep(max(0, (deadline - time.monotonic()) / (2 * len(steps))))
        await step()
    await asyncio.sleep(max(1, deadline - time.monotonic()))
    clients.is_over = True
    await asyncio.wait(living, timeout=ANSWER_SECONDS)
    found = history.faults()
    print(f"{len(history.held)} records, {len(history.seen)} lookups, faults: {', '.join(faults.done)}")
    assert len(history.seen) > 20 * seconds
    assert not found, f"{len(found)} of {len(history.seen)}:\n" + "\n".join(found[:5])


@pytest.mark.slow
async def test_short_history_under_faults_is_as_promised(swarm: Swarm) -> None:
    await _run(swarm, seconds=6, names=["empty_redis"], seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("engine, seed", [(Engine.REDIS, 1), (Engine.VALKEY, 2)], indirect=["engine"])
async def test_long_history_under_faults_is_as_promised(swarm: Swarm, seed: int) -> None:
    names = ["pause_server", "kill_redis", "empty_redis", "kill_server", "hang_redis", "cut_connections"]
    random.Random(seed).shuffle(names)
    await _run(swarm, seconds=60, names=names, seed=seed)


SEEN = Seen(7, "b", 10.0, 10.1, frozenset({5}))
HELD = Held(7, 5, "a", 1.0)


@pytest.mark.parametrize(
    "held, seen, outages, is_fine",
    [
        (HELD, SEEN, [], True),
        (HELD, SEEN._replace(ports=frozenset()), [], False),
        (Held(7, 5, "a", 9.0), SEEN._replace(ports=frozenset()), [], True),  # it may still be on its way
        (Held(7, 5, "a", 1.0, 10.05), SEEN._replace(ports=frozenset()), [], True),  # it was leaving
        (Held(7, 5, "a", 3.0), SEEN._replace(ports=frozenset()), [Outage(4, 6)], True),
        (HELD, SEEN._replace(ports=frozenset()), [Outage(4, 6)], False),  # it was there before
        (HELD, SEEN._replace(ports=frozenset()), [Outage(4, 6, "c")], False),
        (HELD, SEEN._replace(ports=frozenset()), [Outage(4, 6, "a")], True),
        (Held(7, 5, "a", 1.0, 5.0, 5.5), SEEN, [], False),
        (Held(7, 5, "a", 1.0, 7.0, 7.5), SEEN, [], True),  # within the lease
        (Held(7, 5, "a", 1.0, 2.0, 2.5), SEEN, [Outage(4, 6)], True),
        (Held(7, 6, "a", 1.0), SEEN, [], False),  # nobody ever added it
        (Held(7, 5, "a", 1.0, 5.0, 5.5), SEEN._replace(asked=6.0), [Outage(1, 10, "b")], False),
    ],
)
def test_checker_knows_what_cannot_be(
    held: Held, seen: Seen, outages: list[Outage], *, is_fine: bool
) -> None:
    history = History(lease=2.0, bound=2.0, back=5.0, held=[held], seen=[seen], outages=outages)
    assert (history.faults() == []) is is_fine
