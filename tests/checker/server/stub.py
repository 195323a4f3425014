"""A small correct index server whose every step can be got wrong: faults override one method each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Stub:
    """Serves on a free port of 127.0.0.1 while it is entered."""

    records: list[tuple[int, str, str, str, object]] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await self.read_head(reader):
                self.send(writer, self.answer(head, owner=writer))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.leave(writer)
            writer.close()

    async def read_head(self, reader: asyncio.StreamReader) -> list[str]:
        lines: list[str] = []
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            lines.append(line)
        return lines

    def send(self, writer: asyncio.StreamWriter, data: str) -> None:
        writer.write(data.encode())

    def answer(self, head: list[str], *, owner: object) -> str:
        words = head[0].split()
        headers = dict(line.split(": ", 1) for line in head[1:])
        if words[0] == "ADD":
            return self.answer_add(int(words[2]), headers, owner)
        numbers = [int(words[2])] if words[0] == "LOOKUP" else None
        found = [record for record in self.records if numbers is None or record[0] in numbers]
        return self.ok(found) if found or numbers is None else self.error("404 Not Found")

    def answer_add(self, number: int, headers: dict[str, str], owner: object) -> str:
        record = (number, headers["Title"], headers["Host"], headers["Port"], owner)
        self.records.insert(0, record)
        return self.ok([record])

    def ok(self, records: list[tuple[int, str, str, str, object]]) -> str:
        lines = "".join(f"RFC {number} {title} {host} {port}\r\n" for number, title, host, port, _ in records)
        return f"P2P-CI/1.0 200 OK\r\n\r\n{lines}\r\n"

    def error(self, code_and_phrase: str) -> str:
        return f"P2P-CI/1.0 {code_and_phrase}\r\n\r\n\r\n"

    def leave(self, owner: object) -> None:
        self.records = [record for record in self.records if record[4] is not owner]
