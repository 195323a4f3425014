"""One fault for each case: the correct client with a single change, which that case must notice.

Run as a program, `faults.py PORT [CASE]`, this is the client with that fault, or the correct one.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from io import BufferedReader

from tests.checker.client.foreign_faults import FOREIGN, AsksTheFirstHolder, EndsOnErrors
from tests.checker.client.stub import Stub

# Joining, staying, leaving.


class NeverAdds(Stub):
    def add(self, number: int, title: str) -> list[str]:
        return []


class ReportsADeadPort(Stub):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = 1


class NamesAnotherPortInList(Stub):
    def list_headers(self) -> dict[str, str]:
        return super().list_headers() | {"Port": "7"}


class ConnectsForEachRequest(Stub):
    def ask(self, request: str) -> list[str]:
        self.index.close()
        self.connect()
        return super().ask(request)


class StaysWhenLeaving(Stub):
    def leave(self) -> None:
        threading.Event().wait()


class SaysExit(Stub):
    def leave(self) -> None:
        self.send(self.index, self.write("EXIT P2P-CI/1.0", self.list_headers()))
        super().leave()


class SendsAllAtOnce(Stub):
    def join(self) -> None:
        for number, (_, title) in self.documents.items():
            self.send(self.index, self.write(self.add_line(number), self.add_headers(title)))
        for _ in self.documents:
            self.show(self.read_answer())


# Requests.


class AddsWithoutTheWord(Stub):
    def add_line(self, number: int) -> str:
        return f"ADD {number} P2P-CI/1.0"


class LooksUpTheNext(Stub):
    def lookup_line(self, number: int) -> str:
        return super().lookup_line(number + 1)


class ListsWithoutAll(Stub):
    def list_line(self) -> str:
        return "LIST P2P-CI/1.0"


class GetsWithoutVersion(Stub):
    def get_line(self, number: int) -> str:
        return f"GET RFC {number}"


class AddsWithoutTitle(Stub):
    def add_headers(self, title: str) -> dict[str, str]:
        return self.list_headers()


class LooksUpWithoutPort(Stub):
    def lookup_headers(self, title: str) -> dict[str, str]:
        return {"Host": "127.0.0.1", "Title": title}


class ListsWithoutHost(Stub):
    def list_headers(self) -> dict[str, str]:
        return {"Port": str(self.port)}


class GetsWithoutOs(Stub):
    def get_headers(self, host: str) -> dict[str, str]:
        return {"Host": host}


class NamesItselfInGet(Stub):
    def get_headers(self, host: str) -> dict[str, str]:
        return super().get_headers("my.own.name")


class ListsWithAWordAsPort(Stub):
    def list_headers(self) -> dict[str, str]:
        return super().list_headers() | {"Port": "any"}


class GetsWithOsFirst(Stub):
    def get_headers(self, host: str) -> dict[str, str]:
        return dict(reversed(super().get_headers(host).items()))


class EndsLinesInLf(Stub):
    def write(self, line: str, headers: dict[str, str]) -> str:
        return super().write(line, headers).replace("\r\n", "\n")


class SendsNoBlankLine(Stub):
    def write(self, line: str, headers: dict[str, str]) -> str:
        return super().write(line, headers)[:-2]


class WritesTwoSpaces(Stub):
    def lookup_line(self, number: int) -> str:
        return super().lookup_line(number).replace(" ", "  ")


class SendsLineByLine(Stub):
    def send(self, connection: socket.socket, request: str) -> None:
        for line in request.splitlines(keepends=True):
            super().send(connection, line)
            time.sleep(0.03)


class LooksUpWithoutTitle(Stub):
    def lookup_headers(self, title: str) -> dict[str, str]:
        return super().lookup_headers("")


class AddsThePortToTheHost(Stub):
    def get_headers(self, host: str) -> dict[str, str]:
        return super().get_headers(host + ":5678")


# Answers.


class ShowsOneHolder(Stub):
    def show(self, lines: list[str]) -> None:
        super().show(lines[:3])


class ShowsHowManyAreListed(Stub):
    def list_all(self) -> list[str]:
        self.send(self.index, self.write(self.list_line(), self.list_headers()))
        answer = self.read_answer()
        print(len(answer) - 3, "records")
        return answer


class ShowsThatItAdded(Stub):
    def add(self, number: int, title: str) -> list[str]:
        self.send(self.index, self.write(self.add_line(number), self.add_headers(title)))
        print("added")
        return self.read_answer()


class TakesOneRecvForAnAnswer(Stub):
    def read_answer(self) -> list[str]:
        self.index.settimeout(None)
        return self.index.recv(8192).decode().splitlines()


class CutsLines(Stub):
    def show(self, lines: list[str]) -> None:
        super().show([line[:80] for line in lines])


class ShowsNoErrors(Stub):
    def show(self, lines: list[str]) -> None:
        if self.code(lines[0]) == "200":
            super().show(lines)


# Downloads.


class AsksTheIndexForDocuments(Stub):
    def download(self, number: int, host: str, port: int, title: str) -> None:
        self.ask(self.write(self.get_line(number), self.get_headers(host)))


class TakesTheFirstNumberForThePort(Stub):
    def to_place(self, line: str) -> tuple[str, int, str] | None:
        words = line.split()[2:]
        place = next(place for place, word in enumerate(words) if word.isdigit())
        return words[place - 1], int(words[place]), ""


class KeepsConnectionsToHolders(Stub):
    kept: socket.socket | None = None

    def dial(self, host: str, port: int) -> socket.socket:
        self.kept = self.kept or super().dial(host, port)
        return self.kept.dup()


class TakesOneRecvForADocument(Stub):
    def read_body(self, file: BufferedReader, size: int) -> bytes:
        return file.read1(size)


class StripsDocuments(Stub):
    def read_body(self, file: BufferedReader, size: int) -> bytes:
        return super().read_body(file, size).strip()


class AddsDownloadsWithoutTitle(Stub):
    def add_headers(self, title: str) -> dict[str, str]:
        return super().add_headers(title) if len(self.documents) == 2 else self.list_headers()


class EndsWhenNobodyIsThere(Stub):
    def dial(self, host: str, port: int) -> socket.socket:
        try:
            return super().dial(host, port)
        except OSError as error:
            raise SystemExit(1) from error


class EndsWhenAHolderRefuses(Stub):
    def check_holder(self, status: bytes) -> None:
        assert b" 200 " in status, status


class EndsWhenNobodyHasIt(Stub):
    def get(self, number: int) -> None:
        host, port, title = next(place for line in self.lookup(number, "") if (place := self.to_place(line)))
        self.download(number, host, port, title)


FAULTS: dict[str, type[Stub]] = {
    "B-7/2": NeverAdds,
    "B-6/1": ReportsADeadPort,
    "P-1.5/1": NamesAnotherPortInList,
    "B-8/1": ConnectsForEachRequest,
    "P-1.1/3": StaysWhenLeaving,
    "A-19/2": SaysExit,
    "P-2.28/1": SendsAllAtOnce,
    "P-1.3/1": AddsWithoutTheWord,
    "P-1.3/2": LooksUpTheNext,
    "P-1.3/3": ListsWithoutAll,
    "P-1.3/4": GetsWithoutVersion,
    "B-14/1": AddsWithoutTitle,
    "B-14/2": LooksUpWithoutPort,
    "B-14/3": ListsWithoutHost,
    "B-12/4": GetsWithoutOs,
    "B-12/5": NamesItselfInGet,
    "P-1.5/2": ListsWithAWordAsPort,
    "P-1.4/1": GetsWithOsFirst,
    "P-1.4/2": EndsLinesInLf,
    "P-1.4/3": SendsNoBlankLine,
    "P-1.6/1": WritesTwoSpaces,
    "P-1.7/1": SendsLineByLine,
    "P-1.8/1": LooksUpWithoutTitle,
    "P-1.10/1": AddsThePortToTheHost,
    "B-9/1": ShowsOneHolder,
    "B-9/2": ShowsHowManyAreListed,
    "B-9/3": ShowsThatItAdded,
    "B-9/4": TakesOneRecvForAnAnswer,
    "B-9/5": TakesOneRecvForAnAnswer,
    "B-9/6": TakesOneRecvForAnAnswer,
    "B-9/7": CutsLines,
    "B-9/8": ShowsNoErrors,
    "B-9/9": EndsOnErrors,
    "B-9/10": EndsOnErrors,
    "B-8/2": EndsOnErrors,
    "B-10/13": AsksTheIndexForDocuments,
    "B-10/14": TakesTheFirstNumberForThePort,
    "B-10/15": KeepsConnectionsToHolders,
    "B-10/16": TakesOneRecvForADocument,
    "B-11/3": StripsDocuments,
    "B-11/2": AddsDownloadsWithoutTitle,
    "B-8/3": EndsWhenNobodyIsThere,
    "B-8/4": EndsWhenAHolderRefuses,
    "B-8/5": EndsWhenNobodyIsThere,
    "B-8/6": EndsWhenNobodyHasIt,
    "P-4.10/2": AsksTheFirstHolder,
    **FOREIGN,
}

if __name__ == "__main__":
    FAULTS.get("".join(sys.argv[2:]), Stub)(int(sys.argv[1])).run()
