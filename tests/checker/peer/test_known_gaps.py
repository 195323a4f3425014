"""What the course text leaves open, or our page adds to it, fails nobody who does it in another way."""

import asyncio

import pytest

from p2pci.checker.cases import Level, Verdict, conforms
from p2pci.checker.judging import judge
from p2pci.checker.peer import CASES, Habits, Holder
from p2pci.checker.wire import Patience
from tests.checker.peer.stub import DOCUMENT, RefusedError, Request, Stub

QUICK = Patience(answer_seconds=0.5, quiet_seconds=0.1)


class SaysTextText(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Content-Type": "text/text"}


class WritesPhrasesInCapitals(Stub):
    def status_line(self, code: int) -> bytes:
        return super().status_line(code).upper()


class WritesDatesOfItsOwn(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Last-Modified": "Tue 14.11.2023 22h13"}


class RepeatsHeaders(Stub):
    def write_headers(self, headers: dict[str, str]) -> bytes:
        return super().write_headers(headers) + b"Content-Type: text/plain\r\n"


class EndsErrorsInMoreLines(Stub):
    def error(self, code: int, more: bytes) -> bytes:
        return super().error(code, more) + b"\r\n"


class EndsErrorsInOneLine(Stub):
    def error(self, code: int, more: bytes) -> bytes:
        return super().error(code, more).removesuffix(b"\r\n")


class DescribesErrors(Stub):
    def error(self, code: int, more: bytes) -> bytes:
        return super().error(code, more + b"Date: now\r\nContent-Length: 0\r\n")


class StaysOpenAfterErrors(Stub):
    has_failed = False

    def error(self, code: int, more: bytes) -> bytes:
        self.has_failed = True
        return super().error(code, more)

    async def part(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.has_failed:
            self.has_failed = False
            await reader.read()
        await super().part(reader, writer)


class LooksForVersionFirst(Stub):
    def check_version(self, version: bytes) -> None:
        if version != b"P2P-CI/1.0":
            raise RefusedError(505)


class LooksForDocumentFirst(Stub):
    def parse(self, lines: list[bytes]) -> Request:
        words = lines[0].split()
        if len(words) == 4 and words[:2] == [b"GET", b"RFC"] and not words[2].isdigit():
            raise RefusedError(404)
        return super().parse(lines)


class SendsHeadAndDataApart(Stub):
    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        head, blank_line, body = data.partition(b"\r\n\r\n")
        await super().send(writer, head + blank_line)
        await asyncio.sleep(0.02)
        await super().send(writer, body)


class KnowsNothingOfOurs(Stub):
    """No extension, no tolerance: what is not exactly as in the protocol is refused."""

    def parse(self, lines: list[bytes]) -> Request:
        usual = [b"Host: 127.0.0.1", b"OS: Linux 6.1.0"]
        if lines[1:] != usual or b"  " in lines[0]:
            raise RefusedError(400)
        return super().parse(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        SaysTextText,
        WritesPhrasesInCapitals,
        WritesDatesOfItsOwn,
        RepeatsHeaders,
        EndsErrorsInMoreLines,
        EndsErrorsInOneLine,
        DescribesErrors,
        StaysOpenAfterErrors,
        LooksForVersionFirst,
        LooksForDocumentFirst,
        SendsHeadAndDataApart,
        KnowsNothingOfOurs,
    ],
)
async def test_gap_fails_nobody(kind: type[Stub]) -> None:
    habits = Habits()
    async with kind() as stub:
        results = await judge(
            [case for case in CASES if case.level is not Level.INFO],
            lambda wires: Holder(
                "127.0.0.1", stub.port, wires, number=stub.number, document=DOCUMENT, habits=habits
            ),
            patience=QUICK,
        )
    bad = [result for result in results if result.verdict in (Verdict.FAIL, Verdict.ERROR)]
    assert [(result.case.id, result.note) for result in bad] == []
    assert conforms(results)
