"""What is let through that our own server refuses."""

from __future__ import annotations

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, RefusedError, Request, Stub


@fault("P-1.27/1")
class LongLines(Stub):
    max_line = 10**6


@fault("P-1.27/2")
class LongHeads(Stub):
    max_head = 10**6


@fault("P-1.27/3")
class ManyHeaders(Stub):
    max_headers = 10**6


@fault("P-1.31/1")
class TakesNul(Stub):
    def decode(self, line: bytes) -> str:
        return super().decode(line.replace(b"\0", b""))


@fault("P-1.31/2")
class TakesCr(Stub):
    def decode(self, line: bytes) -> str:
        return super().decode(line.replace(b"\r", b""))


@fault("P-1.35/1")
class PassesOverOtherLines(Stub):
    def read_header(self, line: str) -> tuple[str, str]:
        return super().read_header(line if ":" in line else f"{line}:")


@fault("P-1.35/2")
class TakesFoldedLines(Stub):
    def read_header(self, line: str) -> tuple[str, str]:
        return super().read_header(line.strip())


@fault("P-1.35/3")
class TakesTheLastOfTwo(Stub):
    def take_second(self, name: str, value: str, headers: dict[str, str]) -> None:
        headers[name] = value


@fault("P-1.36/1")
class TakesAnyHost(Stub):
    def read_host(self, headers: dict[str, str]) -> str:
        return headers.get("host", "")


@fault("P-1.37/1")
class TakesPortsAsPythonDoes(Stub):
    def read_port(self, headers: dict[str, str]) -> int:
        return int(headers["port"])


@fault("P-1.38/2")
class TakesNumbersAsPythonDoes(Stub):
    def read_number(self, word: str) -> int:
        try:
            return int(word)
        except ValueError as error:
            raise RefusedError from error


@fault("P-1.38/3")
class TakesNumbersOfAnySize(Stub):
    def read_number(self, word: str) -> int:
        if not word.isdigit():
            raise RefusedError
        return int(word)


@fault("P-1.39/3", "P-1.39/4")
class TakesAnyTitle(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return headers.get("title", "")


@fault("P-1.40/1")
class ChecksTitlesOfAddAlone(Stub):
    async def answer(self, lines: list[str], me: Connection) -> str:
        is_add = lines[0].startswith("ADD")
        return await super().answer([line for line in lines if is_add or "Title" not in line], me)


@fault("P-4.9/1")
class TakesASecondIdentity(Stub):
    def check_identity(self, request: Request) -> None:
        pass
