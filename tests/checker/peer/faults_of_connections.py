"""Faults of connections: of segments, of the close, of several at once, and of those who leave."""

from __future__ import annotations

import asyncio
import socket
import struct

from tests.checker.peer.stub import DOCUMENT, RefusedError, Request, Stub

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


def reset(writer: Writer) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class StaysOpen(Stub):
    async def part(self, reader: Reader, writer: Writer) -> None:
        await reader.read()  # until the other side goes


class ResetsInTheMiddle(Stub):
    async def send(self, writer: Writer, data: bytes) -> None:
        if len(data) > len(DOCUMENT):
            await super().send(writer, data[: len(data) // 2])
            await asyncio.sleep(0.05)  # it goes out first
            reset(writer)
        else:
            await super().send(writer, data)


class TakesHalfCloseForLeaving(Stub):
    async def read_head(self, reader: Reader) -> list[bytes]:
        lines = await super().read_head(reader)
        await asyncio.sleep(0.05)
        if reader.at_eof():
            raise ConnectionError
        return lines


class HasNoPatience(Stub):
    """Resets whoever has not read within a while."""

    async def send(self, writer: Writer, data: bytes) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        writer.transport.set_write_buffer_limits(high=0)
        try:
            async with asyncio.timeout(0.3):
                await super().send(writer, data)
        except TimeoutError:
            reset(writer)


class ReadsUntilTheEnd(Stub):
    async def read_head(self, reader: Reader) -> list[bytes]:
        return [line for line in (await reader.read()).splitlines() if line]


class TakesOneRecv(Stub):
    async def read_head(self, reader: Reader) -> list[bytes]:
        data = await reader.read(4096)
        if data and not data.endswith(b"\r\n\r\n"):
            raise RefusedError(400)
        return [line for line in data.splitlines() if line]


class LooksForCrLfInEachRecv(Stub):
    async def read_head(self, reader: Reader) -> list[bytes]:
        lines = [b""]
        while data := await reader.read(4096):
            first, *others = data.split(b"\r\n")
            lines[-1] += first
            lines += others
            if lines[-2:] == [b"", b""]:
                return lines[:-2]
        return []


class ResetsWhatIsUnread(Stub):
    """Closes with bytes unread, as a program does that reads up to the blank line and no further."""

    async def serve(self, reader: Reader, writer: Writer) -> None:
        request = self.parse(await self.read_head(reader))
        answer = self.answer(request)
        if reader._buffer:  # type: ignore[attr-defined]
            await self.send(writer, answer[:20000])
            await asyncio.sleep(0.05)
            reset(writer)
        else:
            await self.send(writer, answer)
            await self.part(reader, writer)


class AnswersEverything(Stub):
    def keeps_alive(self, request: Request) -> bool:
        return True

    def more_headers(self, request: Request) -> bytes:
        return b""


class ServesOneAtATime(Stub):
    async def serve(self, reader: Reader, writer: Writer) -> None:
        if not hasattr(self, "_turn"):
            self._turn = asyncio.Lock()
        async with self._turn:
            await super().serve(reader, writer)


class RefusesTheThird(Stub):
    open_count = 0

    async def serve(self, reader: Reader, writer: Writer) -> None:
        self.open_count += 1
        try:
            if self.open_count > 2:
                await self.send(writer, self.error(400, b""))
            else:
                await super().serve(reader, writer)
        finally:
            self.open_count -= 1


class Mortal(Stub):
    """An error in one connection ends the program: whoever comes afterwards is turned away."""

    is_dead = False

    def connected(self, reader: Reader, writer: Writer) -> None:
        if self.is_dead:
            reset(writer)
        else:
            super().connected(reader, writer)


class DiesOfLeaving(Mortal):
    def note_loss(self) -> None:
        self.is_dead = True


class DiesOfHalfRequests(Mortal):
    def parse(self, lines: list[bytes]) -> Request:
        if not lines[0].endswith(b"P2P-CI/1.0"):
            self.is_dead = True
        return super().parse(lines)


class DiesOfErrors(Mortal):
    def error(self, code: int, more: bytes) -> bytes:
        self.is_dead = True
        return super().error(code, more)


class DiesOfSilence(Mortal):
    async def read_head(self, reader: Reader) -> list[bytes]:
        lines = await super().read_head(reader)
        if not lines:
            self.is_dead = True
        return lines


class DiesOfBytes(Mortal):
    def check_bytes(self, head: bytes) -> None:
        try:
            super().check_bytes(head)
        except RefusedError:
            self.is_dead = True
            raise


class KeepsOpenAfterErrors(Stub):
    has_failed = False

    def error(self, code: int, more: bytes) -> bytes:
        self.has_failed = True
        return super().error(code, more)

    async def part(self, reader: Reader, writer: Writer) -> None:
        if self.has_failed:
            await reader.read()  # until the other side goes
        await super().part(reader, writer)


FAULTS_OF_CONNECTIONS: dict[str, type[Stub]] = {
    "B-10/1": StaysOpen,
    "B-10/2": ResetsInTheMiddle,
    "B-10/3": TakesHalfCloseForLeaving,
    "B-10/4": HasNoPatience,
    "B-15/51": ReadsUntilTheEnd,
    "B-10/5": DiesOfErrors,
    "Q-9/50": KeepsOpenAfterErrors,
    "B-12/1": TakesOneRecv,
    "B-12/2": TakesOneRecv,
    "B-12/3": LooksForCrLfInEachRecv,
    "P-1.45/1": ResetsWhatIsUnread,
    "P-1.45/2": AnswersEverything,
    "B-10/6": RefusesTheThird,
    "B-10/7": ServesOneAtATime,
    "B-10/8": ServesOneAtATime,
    "B-10/9": DiesOfLeaving,
    "B-10/10": DiesOfHalfRequests,
    "B-10/11": DiesOfSilence,
    "B-10/12": DiesOfBytes,
}
