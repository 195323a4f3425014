"""Faults with what should be refused."""

from __future__ import annotations

from tests.checker.server.registry import fault
from tests.checker.server.stub import OTHER_VERSION, Connection, RefusedError, Stub


@fault("P-2.8/3")
class TakesAnyMethod(Stub):
    def check_words(self, words: list[str], me: Connection) -> None:
        if words[0] != "FETCH":
            super().check_words(words, me)


@fault("P-2.8/4")
class FallsOverGarbage(Stub):
    def check_version(self, version: str) -> None:
        if not version.startswith("P2P-CI/"):
            raise ConnectionError
        super().check_version(version)


@fault("P-2.8/5")
class FallsOverOneWord(Stub):
    def read_words(self, line: str) -> list[str]:
        if " " not in line:
            raise ConnectionError
        return super().read_words(line)


@fault("P-2.8/6")
class TakesWordsForZero(Stub):
    def read_number(self, word: str) -> int:
        return super().read_number(word) if word.isdigit() else 0


@fault("P-2.8/7")
class FallsOverAMissingNumber(Stub):
    def check_words(self, words: list[str], me: Connection) -> None:
        if len(words) < 4 and words[0] == "ADD":
            raise ConnectionError
        super().check_words(words, me)


@fault("P-2.8/8")
class NeedsNoHost(Stub):
    def read_host(self, headers: dict[str, str]) -> str:
        return super().read_host({"host": "unknown"} | headers)


@fault("P-2.8/9")
class NeedsNoPort(Stub):
    def read_port(self, headers: dict[str, str]) -> int:
        return super().read_port({"port": "7734"} | headers)


@fault("P-2.8/10")
class TakesAnyPort(Stub):
    def read_port(self, headers: dict[str, str]) -> int:
        return super().read_port(headers) if headers.get("port", "").isdigit() else 0


@fault("P-2.8/11")
class TakesGet(Stub):
    def check_words(self, words: list[str], me: Connection) -> None:
        if words[0] != "GET":
            super().check_words(words, me)


@fault("P-2.8/12")
class NeedsNoHeaders(Stub):
    def read_headers(self, lines: list[str]) -> dict[str, str]:
        return {"host": "unknown", "port": "1"} | super().read_headers(lines)


@fault("P-1.32/1")
class TakesAnyVersion(Stub):
    def check_version(self, version: str) -> None:
        super().check_version("P2P-CI/1.0" if version.startswith("P2P-CI/") else version)


@fault("P-1.32/2")
class AddOfAnyVersion(Stub):
    def read_words(self, line: str) -> list[str]:
        words = super().read_words(line)
        return [*words[:-1], "P2P-CI/1.0"] if words[0] == "ADD" else words


@fault("P-1.32/3")
class TakesMinorVersions(Stub):
    def check_version(self, version: str) -> None:
        super().check_version("P2P-CI/1.0" if version.startswith("P2P-CI/1.") else version)


@fault("P-2.11/3")
class AddsWhatItRefuses(Stub):
    async def answer(self, lines: list[str], me: Connection) -> str:
        if lines[0].startswith("ADD") and lines[0].endswith("2.0"):
            await super().answer([lines[0].replace("2.0", "1.0"), *lines[1:]], me)
            return self.error(OTHER_VERSION, me)
        return await super().answer(lines, me)


@fault("Q-8/1")
class ChecksMethodsFirst(Stub):
    def read_words(self, line: str) -> list[str]:
        words = super().read_words(line)
        if words[0] not in ("ADD", "LOOKUP", "LIST"):
            raise RefusedError
        return words


@fault("P-1.34/1")
class MethodsInAnyCase(Stub):
    def read_words(self, line: str) -> list[str]:
        return super().read_words(line.upper())


@fault("P-1.34/2")
class ChecksMethodsAlone(Stub):
    def check_words(self, words: list[str], me: Connection) -> None:
        super().check_words(words if words[0] == "LIST" else [words[0], "RFC", *words[2:3], words[-1]], me)


@fault("P-1.33/1")
class StaysOpenWithoutVersion(Stub):
    def check_version(self, version: str) -> None:
        if not version.startswith("P2P-CI/"):
            raise RefusedError
        super().check_version(version)
