"""Faults in the form of answers."""

from __future__ import annotations

import asyncio

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, Record, Request, Stub
from tests.checker.server.stub_options import Options


@fault("P-2.3/1")
class EchoesNothing(Stub):
    def echo(self, record: Record, request: Request, probe: str) -> str:
        return self.ok([], request)


@fault("P-2.3/2")
class EchoesTheWholeIndex(Stub):
    def echo(self, record: Record, request: Request, probe: str) -> str:
        return self.ok(self.records, request)


@fault("B-15/1")
class EndsLinesInLf(Stub):
    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return super().write_ok(headers, records).replace("\r\n", "\n")


@fault("P-2.8/1")
class SuccessWithoutVersion(Stub):
    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return super().write_ok(headers, records).removeprefix("P2P-CI/1.0 ")


@fault("P-2.8/2")
class ErrorsOfAnotherVersion(Stub):
    def error(self, status: str, me: Connection) -> str:
        return super().error(status, me).replace("1.0", "1.1")


@fault("B-21/1")
class FlatPhrase(Stub):
    def status_line(self, status: str) -> str:
        return super().status_line(status.replace("OK", "Ok"))


@fault("B-21/2")
class LoudPhrase(Stub):
    def error(self, status: str, me: Connection) -> str:
        return super().error(status.upper() if status.startswith("400") else status, me)


@fault("P-2.2/1")
class ColonBehindRfc(Stub):
    def record_line(self, record: Record, options: Options, count: int) -> str:
        return super().record_line(record, options, count).replace("RFC ", "RFC:", 1)


@fault("B-16/1")
class TellsTheCount(Stub):
    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return super().write_ok(headers, [*records, f"({len(records)} in all)"])


@fault("B-16/2")
class AddsADate(Stub):
    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return super().write_ok(["Date: today", *headers], records)


@fault("P-2.1/1")
class LeavesOutTheLastBlankLine(Stub):
    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return super().write_ok(headers, records).removesuffix("\r\n")


@fault("P-2.1/2")
class RefusesTwice(Stub):
    def error(self, status: str, me: Connection) -> str:
        return super().error(status, me) * 2


@fault("Q-2/1")
class RecordsUnderTheStatusLine(Stub):
    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return super().write_ok(headers, records).replace("OK\r\n\r\n", "OK\r\n", 1)


@fault("Q-3/1", "A-18/1")
class ShortErrors(Stub):
    def error(self, status: str, me: Connection) -> str:
        return super().error(status, me).removesuffix("\r\n")


@fault("A-17/1")
class SendsLineByLine(Stub):
    async def send(self, me: Connection, answer: str) -> None:
        for line in answer.splitlines(keepends=True):
            await super().send(me, line)
            await asyncio.sleep(0.02)
