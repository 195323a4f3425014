"""Faults with the ways in which requests come."""

from __future__ import annotations

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, RefusedError, Stub


@fault("B-15/2", "B-15/4")
class OneRecvIsOneMessage(Stub):
    async def read_head(self, me: Connection) -> list[str]:
        data = await me.reader.read(1024)
        return [self.decode(line) for line in data.split(b"\r\n") if line]


@fault("B-15/3")
class DropsALineFeedInFront(Stub):
    async def receive(self, me: Connection) -> None:
        had = len(me.buffer)
        await super().receive(me)
        me.buffer = me.buffer[:had] + me.buffer[had:].removeprefix(b"\n")


@fault("B-15/5")
class AnswersBehindTheTitle(Stub):
    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    async def read_line(self, me: Connection, *, room: int) -> str | None:
        if self.last.startswith("Title"):
            self.last = ""
            return ""
        line = await super().read_line(me, room=room)
        self.last = line or ""
        return line


@fault("P-1.23/1", "P-1.23/2", "P-1.23/3", "P-5.6/1")
class LosesWhatIsBehind(Stub):
    async def read_head(self, me: Connection) -> list[str]:
        lines = await super().read_head(me)
        me.buffer = b""
        return lines


@fault("P-1.11/1")
class NamesInOneCase(Stub):
    def read_header(self, line: str) -> tuple[str, str]:
        name = line.partition(":")[0]
        return super().read_header(line if name == name.title() else f"X-{line}")


@fault("P-1.12/1")
class WantsABlankBehindTheColon(Stub):
    def read_header(self, line: str) -> tuple[str, str]:
        if ": " not in line:
            raise RefusedError
        return super().read_header(line)


@fault("P-1.13/1")
class WantsHostFirst(Stub):
    def read_headers(self, lines: list[str]) -> dict[str, str]:
        if lines and lines[0].startswith("Title"):
            raise RefusedError
        return super().read_headers(lines)


@fault("P-1.14/1")
class RefusesUnknownHeaders(Stub):
    def read_header(self, line: str) -> tuple[str, str]:
        if line.startswith("Date"):
            raise RefusedError
        return super().read_header(line)


@fault("P-1.15/1")
class SplitsAtEveryBlank(Stub):
    def read_words(self, line: str) -> list[str]:
        return line.split(" ")


@fault("P-1.17/1")
class WantsCrLf(Stub):
    async def receive(self, me: Connection) -> None:
        await super().receive(me)
        if b"\n" in me.buffer and b"\r\n" not in me.buffer:
            raise RefusedError


@fault("P-1.18/1")
class RefusesBlankLines(Stub):
    async def read_head(self, me: Connection) -> list[str]:
        if not me.buffer:
            await self.receive(me)
        if me.buffer.startswith(b"\r\n"):
            raise RefusedError(closes=True)
        return await super().read_head(me)


class RefusesSome(Stub):
    """Refuses heads of some kind."""

    async def answer(self, lines: list[str], me: Connection) -> str:
        if self.is_refused(lines[0].split()[0], " ".join(lines)):
            raise RefusedError
        return await super().answer(lines, me)

    def is_refused(self, method: str, text: str) -> bool:
        raise NotImplementedError


@fault("P-1.19/1")
class LookupWantsATitle(RefusesSome):
    def is_refused(self, method: str, text: str) -> bool:
        return method == "LOOKUP" and "Title: " not in text


@fault("P-1.19/2")
class ListWantsNoTitle(RefusesSome):
    def is_refused(self, method: str, text: str) -> bool:
        return method == "LIST" and "Title: " in text


@fault("P-1.9/1")
class WantsNumericHosts(RefusesSome):
    def is_refused(self, method: str, text: str) -> bool:
        return "example" in text


@fault("P-1.24/1")
class DropsHeadsWithoutABlankLine(Stub):
    async def read_head(self, me: Connection) -> list[str]:
        lines = await super().read_head(me)
        return [] if me.is_over else lines


@fault("P-1.25/1")
class DropsLinesWithoutAnEnd(Stub):
    async def receive(self, me: Connection) -> None:
        await super().receive(me)
        if me.is_over:
            me.buffer = b""
