"""One fault for each case: the correct stub with a single change, which that case must notice."""

from __future__ import annotations

from tests.checker.server.stub import Stub


class EchoesNothing(Stub):
    def answer_add(self, number: int, headers: dict[str, str], owner: object) -> str:
        super().answer_add(number, headers, owner)
        return self.ok([])


class EndsLinesInLf(Stub):
    def ok(self, records: list[tuple[int, str, str, str, object]]) -> str:
        return super().ok(records).replace("\r\n", "\n")


class RecordsUnderTheStatusLine(Stub):
    def ok(self, records: list[tuple[int, str, str, str, object]]) -> str:
        return super().ok(records).replace("OK\r\n\r\n", "OK\r\n", 1)


FAULTS: dict[str, type[Stub]] = {
    "P-2.3/1": EchoesNothing,
    "B-15/1": EndsLinesInLf,
    "Q-2/1": RecordsUnderTheStatusLine,
}
