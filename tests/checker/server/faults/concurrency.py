"""Faults that show when several peers are there at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, Record, Request, Stub


class WithLock(Stub):
    def __init__(self) -> None:
        super().__init__()
        self.lock = asyncio.Lock()


@fault("B-2/1", "B-2/2")
class OneAtATime(WithLock):
    async def serve(self, me: Connection) -> None:
        async with self.lock:
            await super().serve(me)


@fault("B-2/3")
class ReadsUnderTheLock(WithLock):
    async def exchange(self, me: Connection) -> str:
        if not me.buffer:
            await self.receive(me)
        async with self.lock:
            return await super().exchange(me)


@fault("B-2/4")
class SendsUnderTheLock(WithLock):
    async def send(self, me: Connection, answer: str) -> None:
        async with self.lock:
            await super().send(me, answer)


@fault("B-2/5")
class RequestInAGlobal(Stub):
    async def carry_out(self, request: Request) -> str:
        self.current = request
        await asyncio.sleep(0.01)
        return await super().carry_out(self.current)


@fault("B-2/6")
class CopiesWithoutALock(Stub):
    async def add(self, request: Request) -> str:
        before = list(self.records)
        await asyncio.sleep(0.001)
        self.records = before
        return await super().add(request)


@fault("B-2/7")
class TakesTwentyPeers(Stub):
    async def serve(self, me: Connection) -> None:
        if len(self.tasks) <= 20:
            await super().serve(me)
        else:
            self.close(me)


@fault("P-1.1/1")
class ClosesAfterAnAnswer(Stub):
    async def exchange(self, me: Connection) -> str:
        answer = await super().exchange(me)
        me.is_cut_off = True
        return answer


@fault("P-1.1/2")
class ClosesWhenIdle(Stub):
    async def receive(self, me: Connection) -> None:
        me.is_over = True
        with suppress(TimeoutError):
            async with asyncio.timeout(0.15):
                await super().receive(me)


@fault("P-4.14/1")
class ListsAHundred(Stub):
    def ordered(self, records: list[Record]) -> list[Record]:
        return super().ordered(records)[:100]
