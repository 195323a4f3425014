"""The faults of a client that bear on what other programs send it, one for each case about that."""

from __future__ import annotations

from io import BufferedReader

from tests.checker.client.stub import Stub

# Answers of other programs.


class WantsABlankLine(Stub):
    def show(self, lines: list[str]) -> None:
        if lines[1]:
            raise ValueError("no blank line after the status line")
        super().show(lines)


class CountsTwoBlankLines(Stub):
    def read_answer(self) -> list[str]:
        lines: list[str] = []
        while lines.count("") < 2:
            lines.append(self.read_line([]) or "")
        return lines


class WaitsForARecord(Stub):
    def read_answer(self) -> list[str]:
        lines: list[str] = []
        while True:
            line = self.read_line([]) or ""
            if lines or line:
                lines.append(line)
            if lines and not line and (self.code(lines[0]) != "200" or any(map(self.is_record, lines))):
                return lines


class WaitsForTheClosingLine(Stub):
    def read_line(self, lines: list[str]) -> str | None:
        return super().read_line([])


class KnowsOneFormOfRecord(Stub):
    def show(self, lines: list[str]) -> None:
        super().show([line for line in lines if line.startswith(("P2P-CI", "RFC "))])


class SplitsAtOneSpace(Stub):
    def show(self, lines: list[str]) -> None:
        for line in filter(self.is_record, lines):
            _, number, *title, host, port = line.split(" ")
            print("RFC", int(number), *title, host, port)


class ComparesTheEcho(Stub):
    def add(self, number: int, title: str) -> list[str]:
        answer = super().add(number, title)
        assert title in answer[2], answer
        return answer


class ComparesPhrases(Stub):
    def check_status(self, line: str) -> None:
        assert line.partition(" ")[2] in ("200 OK", "404 Not Found", "400 Bad Request"), line


class SplitsTheStatusAtOneSpace(Stub):
    def check_status(self, line: str) -> None:
        assert line.split(" ")[1].isdigit(), line


class TakesLeftoversForAnswers(Stub):
    def drop_unread(self) -> None:
        pass


class WantsCrLf(Stub):
    def read_line(self, lines: list[str]) -> str | None:
        while b"\r\n" not in self.unread:
            self.unread += self.receive() or b"\r\n"
        return super().read_line(lines)


class InsistsOnItsOwnHeader(Stub):
    def add_headers(self, title: str) -> dict[str, str]:
        return super().add_headers(title) | {"Flavour": "vanilla"}


class WantsNoHeaders(Stub):
    def show(self, lines: list[str]) -> None:
        if lines[1] and not self.is_record(lines[1]):
            raise ValueError("no blank line after the status line")
        super().show(lines)


class WantsTheStatusLineFirst(Stub):
    def read_line(self, lines: list[str]) -> str | None:
        line = super().read_line(lines)
        if not lines and not line:
            raise ValueError("an empty status line")
        return line


class EndsOnStrangeLines(Stub):
    def show(self, lines: list[str]) -> None:
        super().show(lines)
        assert all(not line or self.is_record(line) for line in lines[1:]), lines


class EndsOnStrangeAnswers(Stub):
    def check_status(self, line: str) -> None:
        assert line.startswith("P2P-CI/1.0 "), line


# Holders of other programs.


class ReadsToTheEnd(Stub):
    def read_body(self, file: BufferedReader, size: int) -> bytes:
        return file.read()


class KnowsOneSpelling(Stub):
    def key(self, name: str) -> str:
        return name


class TakesTheLengthForGranted(Stub):
    def size_in(self, headers: dict[str, str]) -> int:
        return int(headers["content-length"])


class LooksAtNoStatus(Stub):
    def check_holder(self, status: bytes) -> None:
        pass


class WantsCrLfFromHolders(Stub):
    def check_holder(self, status: bytes) -> None:
        super().check_holder(status)
        if not status.endswith(b"\r\n"):
            raise OSError("no CR LF")


class TakesWhatThereIs(Stub):
    def read_body(self, file: BufferedReader, size: int) -> bytes:
        return file.read(size)


class AsksTheFirstHolder(Stub):
    def lookup(self, number: int, title: str) -> list[str]:
        return super().lookup(number, title)[:3]


class EndsOnErrors(Stub):
    def show(self, lines: list[str]) -> None:
        super().show(lines)
        if self.code(lines[0]) != "200":
            raise SystemExit(1)


FOREIGN: dict[str, type[Stub]] = {
    "Q-2/11": WantsABlankLine,
    "Q-3/11": CountsTwoBlankLines,
    "Q-5/11": WaitsForARecord,
    "Q-9/11": EndsOnErrors,
    "A-1/1": WaitsForTheClosingLine,
    "A-3/1": WaitsForTheClosingLine,
    "A-4/1": KnowsOneFormOfRecord,
    "A-4/2": SplitsAtOneSpace,
    "A-4/3": ComparesTheEcho,
    "A-5/1": ComparesPhrases,
    "A-5/2": SplitsTheStatusAtOneSpace,
    "A-6/1": TakesLeftoversForAnswers,
    "A-9/1": WantsCrLf,
    "A-11/1": InsistsOnItsOwnHeader,
    "P-2.18/1": WantsNoHeaders,
    "P-2.13/1": WantsTheStatusLineFirst,
    "P-2.19/1": EndsOnStrangeLines,
    "P-2.14/1": EndsOnStrangeAnswers,
    "A-21/1": ReadsToTheEnd,
    "A-22/1": KnowsOneSpelling,
    "A-23/1": TakesTheLengthForGranted,
    "A-24/1": ReadsToTheEnd,
    "A-25/1": LooksAtNoStatus,
    "P-3.10/1": WantsCrLfFromHolders,
    "P-3.8/1": TakesWhatThereIs,
    "P-3.9/1": TakesTheLengthForGranted,
    "P-4.17/1": AsksTheFirstHolder,
}
