"""One fault for each case: the correct stub with a single change, which that case must notice."""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate

from tests.checker.peer.faults_in_requests import FAULTS_IN_REQUESTS
from tests.checker.peer.faults_of_connections import FAULTS_OF_CONNECTIONS
from tests.checker.peer.stub import DOCUMENT, RefusedError, Request, Stub


class HasNothing(Stub):
    def find(self, digits: bytes) -> int:
        return 0


class LeavesVersionOut(Stub):
    def status_line(self, code: int) -> bytes:
        return super().status_line(code).removeprefix(b"P2P-CI/1.0 ")


class BeginsWithBlankLine(Stub):
    def status_line(self, code: int) -> bytes:
        return b"\r\n" + super().status_line(code)


class SaysNoDate(Stub):
    left_out = "Date"

    def headers(self, data: bytes) -> dict[str, str]:
        headers = super().headers(data)
        del headers[self.left_out]
        return headers


class SaysNoOs(SaysNoDate):
    left_out = "OS"


class SaysNoLastModified(SaysNoDate):
    left_out = "Last-Modified"


class SaysNoLength(SaysNoDate):
    left_out = "Content-Length"


class SaysNoType(SaysNoDate):
    left_out = "Content-Type"


class MisspellsHeaders(Stub):
    def write_headers(self, headers: dict[str, str]) -> bytes:
        return super().write_headers(headers).replace(b"Last-Modified", b"Last Modified")


class SortsHeaders(Stub):
    def write_headers(self, headers: dict[str, str]) -> bytes:
        return super().write_headers(dict(sorted(headers.items())))


class SaysMore(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Server": "Stub"}


class ForgetsBlankLine(Stub):
    def head(self, code: int, data: bytes, more: bytes) -> bytes:
        return super().head(code, data, more).removesuffix(b"\r\n")


class EndsLinesInLf(Stub):
    def head(self, code: int, data: bytes, more: bytes) -> bytes:
        return super().head(code, data, more).replace(b"\r\n", b"\n")


class SaysOldDate(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Date": formatdate(1_000_000_000, usegmt=True)}


class ModifiesInTheFuture(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Last-Modified": formatdate(4_000_000_000, usegmt=True)}


class ModifiesNow(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Last-Modified": formatdate(usegmt=True)}


class HasNoSystem(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"OS": ""}


class SaysLengthInWords(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Content-Length": f"{len(data)} bytes"}


class CountsCharacters(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Content-Length": str(len(data.decode()))}


class SaysPdf(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Content-Type": "application/pdf"}


class SaysTextText(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Content-Type": "text/text"}


class WritesDatesAsIso(Stub):
    def headers(self, data: bytes) -> dict[str, str]:
        return super().headers(data) | {"Last-Modified": "2023-11-14 22:13:20.123456"}


class ChangesData(Stub):
    def body(self, data: bytes) -> bytes:
        return data[:-10] + b"%010d" % self.count


class ReadsTextMode(Stub):
    def document(self, request: Request, more: bytes) -> bytes:
        data = DOCUMENT.replace(b"\r\n", b"\n")
        return self.head(200, data, more) + data


class FindsAnything(Stub):
    def find(self, digits: bytes) -> int:
        super().find(digits)
        return self.number


class ExplainsErrors(Stub):
    def error(self, code: int, more: bytes) -> bytes:
        return super().error(code, more) + b"<html>I have no such thing</html>"


class SaysHttpInErrors(Stub):
    def error(self, code: int, more: bytes) -> bytes:
        return super().error(code, more).replace(b"P2P-CI/1.0", b"HTTP/1.1")


class SendsHeadersWithErrors(Stub):
    def error(self, code: int, more: bytes) -> bytes:
        return super().error(code, more + b"Content-Length: 0\r\n")


class IgnoresRange(Stub):
    def find_range(self, value: bytes) -> tuple[int, int] | None:
        return None


class TakesRangeForLength(Stub):
    def find_range(self, value: bytes) -> tuple[int, int] | None:
        found = super().find_range(value)
        return (found[0], found[1] - 1) if found and found[0] == 0 else found


class SendsNothingBehindTheEnd(Stub):
    def document(self, request: Request, more: bytes) -> bytes:
        answer = super().document(request, more)
        return self.head(206, b"", more) if b" 416 " in answer[:20] else answer


class UnderstandsMoreRanges(Stub):
    def find_range(self, value: bytes) -> tuple[int, int] | None:
        found = re.fullmatch(rb"bytes=-([0-9]+)", value)
        return (len(DOCUMENT) - int(found[1]), len(DOCUMENT) - 1) if found else super().find_range(value)


class KnowsNoDigest(Stub):
    def more_headers(self, request: Request) -> bytes:
        request.headers.pop(b"want-repr-digest", None)
        return super().more_headers(request)


class DigestsWholeDocumentsOnly(Stub):
    def more_headers(self, request: Request) -> bytes:
        if request.get(b"range"):
            del request.headers[b"want-repr-digest"]
        return super().more_headers(request)


class KeepsNothingAlive(Stub):
    def keeps_alive(self, request: Request) -> bool:
        return False


class KeepsAliveOnceAgreed(Stub):
    has_agreed = False

    def keeps_alive(self, request: Request) -> bool:
        self.has_agreed |= super().keeps_alive(request)
        return self.has_agreed


class DropsWhatIsBehind(Stub):
    async def read_head(self, reader: asyncio.StreamReader) -> list[bytes]:
        lines = await super().read_head(reader)
        reader._buffer.clear()  # type: ignore[attr-defined]
        return lines


class ClosesAfterErrors(Stub):
    def keeps_alive(self, request: Request) -> bool:
        return super().keeps_alive(request) and request.lines[0].split()[2] == b"%d" % self.number


class IsImpatient(Stub):
    async def read_head(self, reader: asyncio.StreamReader) -> list[bytes]:
        try:
            async with asyncio.timeout(0.3):
                return await super().read_head(reader)
        except TimeoutError:
            return []


class FindsNothingOfOtherVersions(Stub):
    def check_version(self, version: bytes) -> None:
        """Ask whether it is there before asking for the version."""

    def answer(self, request: Request) -> bytes:
        answer = super().answer(request)
        if b" 404 " not in answer[:20]:
            Stub.check_version(self, request.lines[0].split()[-1])
        return answer


class ServesOtherVersions(Stub):
    def check_version(self, version: bytes) -> None:
        if not version.startswith(b"P2P-CI/"):
            raise RefusedError(400)


FAULTS: dict[str, type[Stub]] = {
    "B-13/1": HasNothing,
    "B-13/2": LeavesVersionOut,
    "B-13/3": BeginsWithBlankLine,
    "B-13/4": SaysNoDate,
    "B-13/5": SaysNoOs,
    "B-13/6": SaysNoLastModified,
    "B-13/7": SaysNoLength,
    "B-13/8": SaysNoType,
    "P-3.1/1": MisspellsHeaders,
    "P-3.1/2": SortsHeaders,
    "P-3.1/3": SaysMore,
    "P-3.1/4": ForgetsBlankLine,
    "B-15/50": EndsLinesInLf,
    "P-3.2/1": SaysOldDate,
    "P-3.2/2": ModifiesInTheFuture,
    "P-3.2/3": ModifiesNow,
    "P-3.2/4": HasNoSystem,
    "P-3.2/5": SaysLengthInWords,
    "P-3.2/6": CountsCharacters,
    "P-3.2/7": SaysPdf,
    "Q-1/50": SaysTextText,
    "Q-10/50": WritesDatesAsIso,
    "P-3.3/1": WritesDatesAsIso,
    "B-13/9": ChangesData,
    "B-13/10": ReadsTextMode,
    "P-3.4/1": FindsAnything,
    "B-20/50": ExplainsErrors,
    "P-2.8/50": SaysHttpInErrors,
    "P-3.5/1": SendsHeadersWithErrors,
    "P-1.32/50": ServesOtherVersions,
    "Q-8/50": FindsNothingOfOtherVersions,
    "P-5.20/1": IgnoresRange,
    "P-5.20/2": TakesRangeForLength,
    "P-5.21/1": SendsNothingBehindTheEnd,
    "P-5.22/1": UnderstandsMoreRanges,
    "P-5.24/1": KnowsNoDigest,
    "P-5.24/2": DigestsWholeDocumentsOnly,
    "P-5.25/1": KeepsNothingAlive,
    "P-5.25/2": KeepsAliveOnceAgreed,
    "P-5.26/1": DropsWhatIsBehind,
    "P-5.27/1": ClosesAfterErrors,
    "P-5.28/1": IsImpatient,
    **FAULTS_IN_REQUESTS,
    **FAULTS_OF_CONNECTIONS,
}
