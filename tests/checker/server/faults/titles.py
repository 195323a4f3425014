"""Faults with titles and numbers."""

from __future__ import annotations

from tests.checker.server.registry import fault
from tests.checker.server.stub import RefusedError, Stub


@fault("P-2.2/3")
class CutsTitlesAtBlanks(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return super().read_title(headers).partition(" ")[0]


@fault("P-2.2/4")
class CutsDigitsOff(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return super().read_title(headers).rstrip("0123456789 ")


@fault("P-2.2/5")
class CutsTitlesAtColons(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return super().read_title(headers).partition(":")[0]


@fault("P-2.2/6")
class CutsTitlesAtWords(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return super().read_title(headers).partition(" Host")[0]


@fault("P-1.39/1")
class KnowsAsciiAlone(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return super().read_title(headers).encode("ascii", "replace").decode()


@fault("P-1.39/2")
class SqueezesBlanks(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return " ".join(super().read_title(headers).split())


@fault("P-1.20/1")
class WantsATitle(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        return super().read_title(headers) or "Untitled"


@fault("P-1.20/2")
class RefusesNoTitle(Stub):
    def read_title(self, headers: dict[str, str]) -> str:
        if "title" not in headers:
            raise RefusedError
        return super().read_title(headers)


@fault("P-1.16/1")
class RefusesLeadingZeros(Stub):
    def read_digits(self, digits: str, *, highest: int) -> int:
        if digits.startswith("0"):
            raise RefusedError
        return super().read_digits(digits, highest=highest)


@fault("P-1.38/1")
class CountsTo31Bits(Stub):
    def read_number(self, word: str) -> int:
        return self.read_digits(word, highest=2**31 - 1)
