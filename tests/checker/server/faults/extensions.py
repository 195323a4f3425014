"""Faults with the extensions."""

from __future__ import annotations

from tests.checker.server.registry import fault
from tests.checker.server.stub import BAD_REQUEST, Connection, Record, RefusedError, Request, Stub
from tests.checker.server.stub_options import Options


@fault("P-5.4/1")
class KnowsNoFeatures(Stub):
    knows = frozenset()


@fault("P-5.2/1", "P-5.18/2")
class AgreesUnasked(Stub):
    async def answer(self, lines: list[str], me: Connection) -> str:
        me.agreed |= self.knows
        return await super().answer(lines, me)


@fault("P-5.8/1")
class TellsNoCopies(Stub):
    def record_line(self, record: Record, options: Options, count: int) -> str:
        return super().record_line(record, Options(holders=options.holders), count)


@fault("P-5.8/2")
class TellsUnknownCopiesShortly(Stub):
    def record_line(self, record: Record, options: Options, count: int) -> str:
        return super().record_line(record, options, count).replace("- -", "-")


@fault("P-5.9/1")
class RemovesNothing(Stub):
    def remove(self, request: Request) -> str:
        before = list(self.records)
        answer = super().remove(request)
        self.records = before
        return answer


@fault("P-5.10/1")
class RefusesToRemoveNothing(Stub):
    def remove(self, request: Request) -> str:
        mine = any(record.owner is request.owner for record in self.records)
        return super().remove(request) if mine else self.error(BAD_REQUEST, request.owner)


@fault("P-5.9/2")
class RemovesUnasked(Stub):
    def check_words(self, words: list[str], me: Connection) -> None:
        me.agreed.add("remove")
        super().check_words(words, me)


@fault("P-5.12/1")
class CountsWhatItTells(Stub):
    def choose(self, records: list[Record], at_most: int) -> dict[Record, int]:
        return dict.fromkeys(super().choose(records, at_most), at_most)


@fault("P-5.13/1")
class BeginsBehindFrom(Stub):
    def list_all(self, request: Request) -> str:
        numbers = sorted({item.number for item in self.records if item.number > request.options.first})
        wanted = numbers[: request.options.limit or None]
        return self.ok([item for item in self.records if item.number in wanted], request)


@fault("P-5.16/1")
class ReachesEverybody(Stub):
    async def probe(self, request: Request) -> str:
        return "reachable"


@fault("P-5.16/2")
class ReachesNobody(Stub):
    async def probe(self, request: Request) -> str:
        return "unreachable"


@fault("P-5.17/1")
class GivesNoReason(Stub):
    def error(self, status: str, me: Connection) -> str:
        return f"{self.status_line(status)}\r\n\r\n\r\n"


@fault("P-5.18/1")
class IgnoresMalformedOptions(Stub):
    def read_options(self, headers: dict[str, str], me: Connection) -> Options:
        try:
            return super().read_options(headers, me)
        except RefusedError:
            return Options()
