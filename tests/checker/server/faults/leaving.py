"""Faults when peers leave, and after errors."""

from __future__ import annotations

import asyncio

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, Record, Request, Stub


@fault("P-4.2/1")
class KeepsRecords(Stub):
    def leave(self, me: Connection) -> None:
        pass


class KeepsSome(Stub):
    """Who is among the kept takes no records along."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[Connection] = set()

    def leave(self, me: Connection) -> None:
        if me not in self.kept:
            super().leave(me)


@fault("P-4.2/2")
class KeepsRecordsAfterAReset(KeepsSome):
    async def receive(self, me: Connection) -> None:
        try:
            await super().receive(me)
        except ConnectionError:
            self.kept.add(me)
            raise


@fault("P-4.2/3")
class KeepsRecordsOfHalfARequest(KeepsSome):
    async def receive(self, me: Connection) -> None:
        await super().receive(me)
        if me.is_over and me.buffer:
            self.kept.add(me)


@fault("P-4.2/4")
class KeepsRecordsOfTheHasty(KeepsSome):
    async def receive(self, me: Connection) -> None:
        await super().receive(me)
        if me.buffer.count(b"LIST") > 10:
            self.kept.add(me)


@fault("P-4.2/5")
class RemovesByNumber(Stub):
    def leave(self, me: Connection) -> None:
        numbers = {record.number for record in self.records if record.owner is me}
        self.records = [record for record in self.records if record.number not in numbers]


@fault("P-4.2/6")
class ListsFromALog(Stub):
    def __init__(self) -> None:
        super().__init__()
        self.log: list[Record] = []

    def register(self, request: Request) -> Record:
        record = super().register(request)
        self.log.append(record)
        return record

    def list_all(self, request: Request) -> str:
        return self.ok(self.log, request)


@fault("P-4.2/7")
class RemembersWhoComesBack(Stub):
    def __init__(self) -> None:
        super().__init__()
        self.parked: list[Record] = []

    def leave(self, me: Connection) -> None:
        self.parked += [record for record in self.records if record.owner is me]
        super().leave(me)

    def register(self, request: Request) -> Record:
        self.records += [
            item for item in self.parked if (item.host, item.port) == (request.host, request.port)
        ]
        return super().register(request)


@fault("P-4.2/8")
class TakesLeavesSlowly(Stub):
    left_at = 0.0

    def leave(self, me: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self.left_at > 0.05:
            super().leave(me)
        self.left_at = now


@fault("P-1.46/1")
class NeverCloses(Stub):
    def close(self, me: Connection) -> None:
        pass


@fault("A-19/1")
class KnowsExit(Stub):
    async def answer(self, lines: list[str], me: Connection) -> str:
        return self.write_ok([], []) if lines == ["EXIT"] else await super().answer(lines, me)


@fault("Q-9/1", "Q-9/2", "Q-9/3")
class ClosesAfterErrors(Stub):
    def error(self, status: str, me: Connection) -> str:
        me.is_cut_off = True
        return super().error(status, me)
