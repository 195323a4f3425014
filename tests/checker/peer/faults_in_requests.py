"""Faults in how requests are read: what is taken that is none, and what is not that should be."""

from __future__ import annotations

import asyncio
import re

from tests.checker.peer.stub import RefusedError, Request, Stub


class TakesAnyMethod(Stub):
    def check_words(self, words: list[bytes]) -> None:
        super().check_words([b"GET", *words[1:]])


class FillsInMissingWords(Stub):
    def parse(self, lines: list[bytes]) -> Request:
        words = lines[0].split()
        if len(words) == 3 and words[-1] == b"P2P-CI/1.0":
            lines = [b"GET RFC %d P2P-CI/1.0" % self.number, *lines[1:]]
        return super().parse(lines)


class SaysNothingToGarbage(Stub):
    def parse(self, lines: list[bytes]) -> Request:
        if not lines[0].isupper() and b"/" not in lines[0]:
            raise ConnectionError
        return super().parse(lines)


class DiesOfWords(Stub):
    def find(self, digits: bytes) -> int:
        if digits.isalpha():
            raise ConnectionError
        return super().find(digits)


class TakesLowerCase(Stub):
    def parse(self, lines: list[bytes]) -> Request:
        return super().parse([lines[0].upper(), *lines[1:]])


class TakesLookups(Stub):
    def check_words(self, words: list[bytes]) -> None:
        super().check_words([b"GET" if words[0] == b"LOOKUP" else words[0], *words[1:]])


class TakesMoreWords(Stub):
    def check_words(self, words: list[bytes]) -> None:
        super().check_words(words[:3] + words[-1:])


class TakesHttp(Stub):
    def parse(self, lines: list[bytes]) -> Request:
        if lines[0].endswith(b"HTTP/1.1"):
            lines = [b"GET RFC %d P2P-CI/1.0" % self.number, *lines[1:]]
        return super().parse(lines)


class TakesLinesWithoutColon(Stub):
    def parse_header(self, request: Request, line: bytes) -> None:
        if b":" in line:
            super().parse_header(request, line)


class TakesSecondHost(Stub):
    def parse_header(self, request: Request, line: bytes) -> None:
        request.headers.pop(b"host", None)
        super().parse_header(request, line)


class NeedsNoHost(Stub):
    def check_host(self, request: Request) -> None:
        """Take what comes."""


class ComparesNames(Stub):
    def parse_header(self, request: Request, line: bytes) -> None:
        if line[:1].islower():
            raise RefusedError(400)
        super().parse_header(request, line)


class SplitsAtColonAndSpace(Stub):
    def parse_header(self, request: Request, line: bytes) -> None:
        if b": " not in line:
            raise ConnectionError  # an IndexError, in a thread that nobody looks after
        super().parse_header(request, line)


class TakesHeadersByPlace(Stub):
    def check_host(self, request: Request) -> None:
        if not request.lines[1].lower().startswith(b"host"):
            raise RefusedError(400)


class KnowsTwoHeaders(Stub):
    def parse_header(self, request: Request, line: bytes) -> None:
        super().parse_header(request, line)
        if line.startswith((b"X-", b"Title", b"Port")):
            raise RefusedError(400)


class SplitsAtEverySpace(Stub):
    def parse(self, lines: list[bytes]) -> Request:
        if b"" in lines[0].split(b" "):
            raise RefusedError(400)
        return super().parse(lines)


class ComparesDigits(Stub):
    def find(self, digits: bytes) -> int:
        return super().find(digits) if digits == b"%d" % self.number else 1


class WantsCrLf(Stub):
    async def read_line(self, reader: asyncio.StreamReader) -> bytes:
        line = await super().read_line(reader)
        while line and not line.endswith(b"\r\n"):
            more = await super().read_line(reader)
            if not more:
                break
            line += more
        return line


class TakesBlankLineForRequest(Stub):
    async def read_head(self, reader: asyncio.StreamReader) -> list[bytes]:
        first = await self.read_line(reader)
        if first and not first.strip():
            raise RefusedError(400)
        return [first.strip(), *await super().read_head(reader)] if first else []


class NeedsOs(Stub):
    def check_host(self, request: Request) -> None:
        if b"os" not in request.headers:
            raise RefusedError(400)
        super().check_host(request)


class DropsUnfinishedHeads(Stub):
    async def read_head(self, reader: asyncio.StreamReader) -> list[bytes]:
        lines: list[bytes] = []
        while line := await self.read_line(reader):
            if not line.strip():
                return lines
            lines.append(line.rstrip(b"\r\n"))
        return []


class DropsUnfinishedLines(Stub):
    async def read_line(self, reader: asyncio.StreamReader) -> bytes:
        line = await super().read_line(reader)
        if line and not line.endswith(b"\n"):
            raise ConnectionError
        return line


class UsesPaths(Stub):
    def find(self, digits: bytes) -> int:
        return super().find(re.sub(rb".*[/\\]", b"", digits))


class ReadsNumbersAsPython(Stub):
    def find(self, digits: bytes) -> int:
        try:
            return int(digits.decode())
        except ValueError:
            raise RefusedError(400) from None


class DiesOfLongNumbers(Stub):
    def find(self, digits: bytes) -> int:
        if len(digits) > 4300:
            raise ConnectionError  # ValueError: int() takes no more
        return super().find(digits)


class TakesControlBytes(Stub):
    def check_bytes(self, head: bytes) -> None:
        """Take what comes."""


class WaitsForEndOfLine(Stub):
    async def read_line(self, reader: asyncio.StreamReader) -> bytes:
        line = b""
        while not line.endswith(b"\n") and (byte := await reader.read(1)):
            line += byte
        return line


class HasNoLimits(Stub):
    async def read_head(self, reader: asyncio.StreamReader) -> list[bytes]:
        lines: list[bytes] = []
        while line := await self.read_line(reader):
            if text := line.rstrip(b"\r\n"):
                lines.append(text)
            elif lines:
                return lines
        return lines


FAULTS_IN_REQUESTS: dict[str, type[Stub]] = {
    "B-21/50": TakesAnyMethod,
    "B-21/51": FillsInMissingWords,
    "B-21/52": SaysNothingToGarbage,
    "B-21/53": DiesOfWords,
    "P-1.34/50": TakesLowerCase,
    "P-1.34/51": TakesLookups,
    "P-1.34/52": TakesMoreWords,
    "P-1.33/50": TakesHttp,
    "P-1.35/50": TakesLinesWithoutColon,
    "P-1.35/51": TakesSecondHost,
    "P-1.36/50": NeedsNoHost,
    "P-1.11/50": ComparesNames,
    "P-1.12/50": SplitsAtColonAndSpace,
    "P-1.13/50": TakesHeadersByPlace,
    "P-1.14/50": KnowsTwoHeaders,
    "P-1.15/50": SplitsAtEverySpace,
    "P-1.16/50": ComparesDigits,
    "P-1.17/50": WantsCrLf,
    "P-1.18/50": TakesBlankLineForRequest,
    "P-1.21/1": NeedsOs,
    "P-1.24/50": DropsUnfinishedHeads,
    "P-1.25/50": DropsUnfinishedLines,
    "B-21/54": UsesPaths,
    "P-1.38/50": ReadsNumbersAsPython,
    "P-1.38/51": DiesOfLongNumbers,
    "P-1.31/50": TakesControlBytes,
    "P-1.27/50": WaitsForEndOfLine,
    "P-1.27/51": HasNoLimits,
}
