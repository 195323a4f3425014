"""Three servers of a shared index on a clock that jumps: after any faults all of them agree again."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import pytest

from p2pci.index import Index, Member
from p2pci.shared_index import SharedIndex
from tests.simulation.board import Board, MemoryStore
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network

LEASE_SECONDS = 3.0
AGREE_SECONDS = 5.0
DEEDS = 120


class _Server:
    """An index with its part in the shared one, and its own peers."""

    def __init__(self, board: Board, name: str) -> None:
        self.name = name
        self.index = Index()
        self.own: dict[Member, dict[int, str]] = {}
        self.shared = SharedIndex(MemoryStore(board), node=name, lease_seconds=LEASE_SECONDS)

    async def start(self) -> None:
        await self.shared.start(self.index)

    def records(self) -> list[str]:
        return sorted(b"".join(self.index.list_all()).decode().splitlines())

    def own_records(self) -> set[str]:
        return {
            f"RFC {number} {title} {member.host} {member.port}"
            for member, held in self.own.items()
            for number, title in held.items()
        }


class _Play:
    """What peers do, and what goes wrong, by a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.board = Board(self.chance)
        self.servers = [_Server(self.board, name) for name in "abc"]
        self._next_port = 1
        self._lives = 0

    async def run(self) -> None:
        for server in self.servers:
            await server.start()
        deeds = [self._join] * 3 + [self._add] * 12 + [self._remove] * 3 + [self._leave] * 2
        for _ in range(DEEDS):
            await asyncio.sleep(self.chance.choice((0, 0, 0.001, 0.01, 0.1, 1.0)))
            if self.chance.random() < 0.05:
                await self.chance.choice((self._away, self._cut, self._forget, self._expire, self._kill))()
            else:
                self.chance.choice(deeds)(self.chance.choice(self.servers))
        await asyncio.sleep(LEASE_SECONDS + AGREE_SECONDS)
        expected = sorted(set[str]().union(*(server.own_records() for server in self.servers)))
        for server in self.servers:
            assert server.records() == expected, server.name
            assert sorted(server.shared.others) == sorted(
                other.name for other in self.servers if other is not server
            )
        for server in self.servers:
            await server.shared.stop()

    def _join(self, server: _Server) -> None:
        member = server.index.join("h", self._next_port)
        self._next_port += 1
        server.own[member] = {}
        self._add_to(server, member)

    def _add(self, server: _Server) -> None:
        if server.own:
            self._add_to(server, self.chance.choice(list(server.own)))

    def _add_to(self, server: _Server, member: Member) -> None:
        for number in self.chance.sample(range(1, 40), self.chance.choice((1, 1, 20))):
            title = self.chance.choice(("T", "Older", "Ünlike"))
            assert server.index.add(member, number, title)
            server.own[member][number] = title

    def _remove(self, server: _Server) -> None:
        for member, held in server.own.items():
            if held:
                server.index.remove(member, number := self.chance.choice(list(held)))
                del held[number]
                return

    def _leave(self, server: _Server) -> None:
        if server.own:
            member = self.chance.choice(list(server.own))
            del server.own[member]
            while not server.index.leave(member, at_most=3):
                pass

    async def _away(self) -> None:
        self.board.go_away()
        await asyncio.sleep(self.chance.choice((0.1, 2.0, 2 * LEASE_SECONDS)))
        self.board.come_back()

    async def _cut(self) -> None:
        self.board.cut()

    async def _forget(self) -> None:
        self.board.forget()

    async def _expire(self) -> None:
        self.board.expire()

    async def _kill(self) -> None:
        """End one without a word, and start it again, empty and under another name."""
        server = self.servers.pop()
        server.index.journal = None
        server.shared._is_stopping = True
        server.shared._keeping.cancel()
        self._lives += 1
        self.servers.insert(0, _Server(self.board, f"{server.name[0]}{self._lives}"))
        await self.servers[0].start()


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_all_agree_again(first: int) -> None:
    for seed in range(first, first + 10):
        network = cast("Network", _NoNetwork())
        loop = SimulatedLoop(network, work_seconds=lambda: 0.0, at_rest=lambda: None)
        try:
            loop.run_until_complete(_Play(seed).run())
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        finally:
            loop.close()


class _NoNetwork:
    """Nobody connects here."""

    loop: Any = None
