"""The index servers of a world: one, or several that answer as one, each on a machine of its own.

Several meet at a board on another machine. How many there are, and who takes which, is decided by a chance of
its own, so that worlds with one index server are what they would be without this.
"""

from __future__ import annotations

import asyncio
from math import inf
from random import Random
from typing import TYPE_CHECKING

from p2pci.server import IndexServer
from p2pci.serving import ServingLimits
from p2pci.shared_index import SharedIndex
from tests.simulation.board import Board, MemoryStore
from tests.simulation.foreign import Foreigner
from tests.simulation.network import on
from tests.simulation.plain_index import PlainIndex

if TYPE_CHECKING:
    from p2pci.events import Address
    from tests.simulation.world import World

BOARD_HOST = "10.0.4.1"
PORT = 7734
TWIN_SHARE = 0.3  # of the programs of others that know several
SEVERAL_SHARE = 0.3  # of the worlds without an index of others


class Indexes:
    """All of them.

    Attributes:
        hosts: their machines.
        board: where they meet; None for one alone.
        lease_seconds: of those that meet there.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        chance = self._chance = Random(f"indexes {world.seed}")
        has_several = not world.reading and chance.random() < SEVERAL_SHARE
        board = Board(Random(f"board {world.seed}"), reaches=lambda: world.network.reaches(BOARD_HOST))
        self.board = board if has_several else None
        self.lease_seconds = chance.choice((3.0, 15.0))
        others = chance.sample(("10.0.4.2", "10.0.4.3"), chance.randint(1, 2)) if has_several else []
        hosts = zip(("10.0.0.1", *others), "abc", strict=False)
        self.hosts = [IndexHost(self, host, name) for host, name in hosts]

    @property
    def machines(self) -> list[str]:
        """The addresses of all machines, that of the board too."""
        return [host.host for host in self.hosts] + ([BOARD_HOST] if self.board else [])

    def shuffled(self) -> list[Address]:
        """Give where they listen, for who may try one after the other."""
        return self._chance.sample([host.address for host in self.hosts], len(self.hosts))

    def any(self) -> IndexHost:
        return self._chance.choice(self.hosts)

    def settle(self, host: str) -> list[Foreigner]:
        """Give a program of others, which knows one index server, or talks to two as one identity."""
        index, *spares = self.shuffled()
        foreigner = Foreigner(self._world, host, index)
        has_twin = spares and self._chance.random() < TWIN_SHARE
        return [foreigner, foreigner.twin(spares[0])] if has_twin else [foreigner]

    async def calm_down(self) -> None:
        """Have all of them run, and nothing go wrong any more."""
        if self.board:
            self.board.is_rough = False
        for host in self.hosts:
            if host.server is None:
                await host.start()

    def next_name(self, before: str) -> str:
        """Give the name under which a server is started anew: its own, or another one."""
        return before if self._chance.random() < 0.5 else f"{before[0]}{self._chance.randrange(10**6)}"


class IndexHost:
    """A machine for an index server.

    Attributes:
        host: its address.
        address: where the server listens.
        name: under which the others know the server.
        server: None while none runs, or is only about to.
        store: the server's way to the board; None where it is alone.
        stands_still: while it does; it neither hears nor says anything then.
    """

    def __init__(self, indexes: Indexes, host: str, name: str) -> None:
        self.host = host
        self.address = (host, PORT)
        self.name = name
        self.server: IndexServer | PlainIndex | None = None
        self.store: MemoryStore | None = None
        self.stands_still = False
        self._indexes = indexes
        self._world = indexes._world
        self._has_run = False

    @property
    def _shared(self) -> SharedIndex | None:
        return self.server.shared if isinstance(self.server, IndexServer) else None

    @property
    def answers(self) -> bool:
        """Whether somebody could see now what the server knows."""
        shared = self._shared
        return bool(self.server) and not self.stands_still and (not shared or shared.may_answer())

    @property
    def others(self) -> list[str]:
        """The names of the servers that this one knows."""
        return sorted(self._shared.others) if self._shared else []

    @property
    def joining_at(self) -> float:
        """When it last tried to be one with the others."""
        return self.store.joining_at if self.store else -inf

    async def start(self) -> None:
        with on(self.host):
            if self._world.reading:
                plain = PlainIndex(self._world.reading, dead_seconds=self._world.dead_seconds)
                await plain.start(self._world.loop, PORT)
                self.server = plain
            else:
                await self._start_ours()

    async def _start_ours(self) -> None:
        """Start our server; one that was killed had its name for the rest of its lease."""
        limits = ServingLimits(dead_seconds=self._world.dead_seconds)
        server = IndexServer(port=PORT, limits=limits, shared=self._take_part())
        seconds = self._indexes.lease_seconds + 10.0
        if await self._world.ends(server.start(), within_seconds=seconds, name="start index"):
            self.server = server
        else:
            self._world.troubles.append(f"no index server starts on {self.host}")

    def _take_part(self) -> SharedIndex | None:
        board = self._indexes.board
        if board is None:
            return None
        if self._has_run:
            self.name = self._indexes.next_name(self.name)
        self._has_run = True
        self.store = MemoryStore(board)
        return SharedIndex(self.store, node=self.name, lease_seconds=self._indexes.lease_seconds)

    async def stop(self, *, kills: bool) -> None:
        """Let the server go as on Ctrl-C, or end its process at once."""
        world, server = self._world, self.server
        self.server = None
        if server is None:
            return
        with on(self.host):
            if kills:
                world.operations["kills of the index"] += 1
                world.network.kill(self.host, silently=world.chance.random() < 0.5)
            await world.ends(server.stop(), within_seconds=15.0, name="stop index")
            world.network.revive(self.host)

    async def stand_still(self, seconds: float) -> None:
        """Stop the process for a while, as SIGSTOP does; its system goes on."""
        world, shared = self._world, self._shared
        world.operations["pauses of an index"] += 1
        was_one_with_others = shared is not None and shared.is_shared
        self.stands_still = True
        with world.loop.without(self.host):
            await asyncio.sleep(seconds)
        self.stands_still = False
        if was_one_with_others and seconds > self._indexes.lease_seconds and self.answers:
            world.troubles.append(
                f"{self.host} stood still for {seconds:.1f} s, and answers as if it had not"
            )
