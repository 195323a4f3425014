"""The meeting place of a shared index in memory: it is slow by chance, goes away, and forgets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

from p2pci.errors import LeaseLostError, StoreAwayError
from p2pci.shared_index.store import Post

CUT_SHARE = 0.002  # of the calls that fail, before or after they were carried out
LOST_SHARE = 0.02  # of the messages to each that listens, without a word: Redis is not as bad
SLOWEST_SECONDS = 0.02
SILENCE_SECONDS = 0.25


class Board:
    """What Redis is to several servers; `MemoryStore` is one server's connection to it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.is_away = False
        self.epochs: dict[str, str] = {}
        self.leases: dict[str, tuple[str, float]] = {}
        self.fields: dict[tuple[str, str, str], dict[bytes, bytes]] = {}
        self.sequences: dict[tuple[str, str], int] = {}
        self.listening: list[asyncio.Queue[bytes | None]] = []

    def go_away(self) -> None:
        self.is_away = True
        self.cut()

    def cut(self) -> None:
        """End the connections of all that listen."""
        listening, self.listening = self.listening, []
        for queue in listening:
            queue.put_nowait(None)

    def tell(self, message: bytes) -> None:
        for queue in self.listening:
            if self.chance.random() > LOST_SHARE:
                queue.put_nowait(message)

    def forget(self) -> None:
        self.epochs.clear()
        self.leases.clear()
        self.fields.clear()
        self.sequences.clear()

    def holder(self, name: str) -> str:
        epoch, ends = self.leases.get(name, ("", 0.0))
        return epoch if ends > asyncio.get_running_loop().time() else ""


class MemoryStore:
    """See Store."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._queue: asyncio.Queue[bytes | None] | None = None

    async def open(self) -> None:
        await self._reach()

    async def close(self) -> None:
        with suppress(ValueError):
            self._board.listening.remove(self._queue or asyncio.Queue())

    async def _reach(self) -> None:
        await asyncio.sleep(self._board.chance.uniform(0, SLOWEST_SECONDS))
        self._may_fail()

    def _may_fail(self) -> None:
        if self._board.is_away or self._board.chance.random() < CUT_SHARE:
            raise StoreAwayError("the test took it away")

    async def listen(self) -> AsyncIterator[bytes | None]:
        await self._reach()
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._queue = queue
        self._board.listening.append(queue)
        return self._hear(queue)

    async def _hear(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes | None]:
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await queue.get()
            except TimeoutError:
                yield None
                continue
            if message is None:
                raise StoreAwayError("the test cut the connection")
            yield message

    async def claim(self, name: str, epoch: str, *, instead_of: str, lease_seconds: float) -> bool:
        await self._reach()
        if self._board.holder(name) not in ("", instead_of):
            return False
        self._board.leases[name] = epoch, asyncio.get_running_loop().time() + lease_seconds
        self._board.epochs[name] = epoch
        return True

    async def seconds_left(self, name: str) -> float:
        await self._reach()
        _, ends = self._board.leases.get(name, ("", 0.0))
        return max(0.0, ends - asyncio.get_running_loop().time())

    async def post(self, name: str, epoch: str, post: Post, *, lease_seconds: float) -> None:
        await self._reach()
        if self._board.holder(name) != epoch:
            raise LeaseLostError
        if post.renews:
            self._board.leases[name] = epoch, asyncio.get_running_loop().time() + lease_seconds
            self._board.epochs[name] = epoch
        for kind, fields in (("editions", post.editions), ("peers", post.peers)):
            stored = self._board.fields.setdefault((kind, name, epoch), {})
            for field, value in fields.items():
                stored.pop(b"%d" % field, None)
                if value is not None:
                    stored[b"%d" % field] = value
        if post.sequence is not None:
            self._board.sequences[name, epoch] = post.sequence
        for message in post.messages:
            self._board.tell(message)
        self._may_fail()  # carried out, and nobody knows

    async def release(self, name: str, epoch: str, message: bytes) -> None:
        await self._reach()
        if self._board.holder(name) == epoch:
            del self._board.leases[name]
            self._board.tell(message)

    async def nodes(self) -> dict[str, str]:
        await self._reach()
        return {name: epoch for name in self._board.epochs if (epoch := self._board.holder(name))}

    async def sequence(self, name: str, epoch: str) -> int | None:
        await self._reach()
        return self._board.sequences.get((name, epoch))

    async def editions(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        for batch in await self._batches("editions", name, epoch):
            await self._reach()
            yield batch

    async def peers(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        stored = self._board.fields.get(("peers", name, epoch), {})
        for field in list(stored):  # read one after the other, while they change, as HSCAN does
            await self._reach()
            if field in stored:
                yield {field: stored[field]}

    async def _batches(self, kind: str, *of: str) -> list[dict[bytes, bytes]]:
        await self._reach()
        name, epoch = of
        return [dict(self._board.fields.get((kind, name, epoch), {}))]
