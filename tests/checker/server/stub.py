"""A small correct index server whose every step can be got wrong: a fault overrides one of them."""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from tests.checker.server.stub_options import Options, read_options

BAD_REQUEST, NOT_FOUND = "400 Bad Request", "404 Not Found"
OTHER_VERSION = "505 P2P-CI Version Not Supported"


class RefusedError(Exception):
    def __init__(self, status: str = BAD_REQUEST, *, closes: bool = False) -> None:
        self.status = status
        self.closes = closes


@dataclass(eq=False)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    buffer: bytes = b""
    is_over: bool = False  # the other side sends nothing more
    is_cut_off: bool = False
    identity: tuple[str, int] | None = None
    agreed: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Record:
    number: int
    title: str
    host: str
    port: int
    owner: Connection
    copy: str = "- -"


@dataclass(eq=False)
class Request:
    method: str
    number: int
    host: str
    port: int
    title: str
    options: Options
    owner: Connection


class Stub:
    """Serves on a free port of 127.0.0.1 while it is entered."""

    knows = frozenset({"pipeline", "digest", "remove", "holders", "probe", "reason"})
    max_line, max_head, max_headers = 8192, 16384, 64

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.port = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0, backlog=500)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await asyncio.sleep(0)  # who was just accepted is known then
        for task in self.tasks:
            task.cancel()
        for writer in self.writers:
            writer.transport.abort()
        if self.tasks:
            await asyncio.wait(self.tasks)
        await asyncio.sleep(0)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        task = asyncio.get_running_loop().create_task(self.serve(Connection(reader, writer)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, me: Connection) -> None:
        try:
            with suppress(ConnectionError):
                while not me.is_cut_off and (answer := await self.exchange(me)):
                    await self.send(me, answer)
                await self.linger(me)
        finally:
            self.leave(me)
            self.close(me)

    async def exchange(self, me: Connection) -> str:
        """Read a request and give its answer; "" when there are no more."""
        try:
            lines = await self.read_head(me)
            return await self.answer(lines, me) if lines else ""
        except RefusedError as refused:
            me.is_cut_off = refused.closes
            return self.error(refused.status, me)

    async def send(self, me: Connection, answer: str) -> None:
        me.writer.write(answer.encode("utf-8", "surrogateescape"))
        await me.writer.drain()

    async def linger(self, me: Connection) -> None:
        """End our side first, and read what still comes: else a reset would destroy the answer."""
        if me.is_cut_off:
            me.writer.write_eof()
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while await me.reader.read(65536):
                        pass

    def leave(self, me: Connection) -> None:
        self.records = [record for record in self.records if record.owner is not me]

    def close(self, me: Connection) -> None:
        me.writer.close()

    # Reading a head

    async def read_head(self, me: Connection) -> list[str]:
        lines: list[str] = []
        size = 0
        while True:
            line = await self.read_line(me, room=self.max_head - size if lines else self.max_line)
            if line is None:
                return lines
            size += len(line) + 2
            if line:
                lines.append(line)
            elif lines:
                return lines
            if size > self.max_head or len(lines) > self.max_headers + 1:
                raise RefusedError(closes=True)

    async def read_line(self, me: Connection, *, room: int) -> str | None:
        """Read a line without its end; None behind the last."""
        while b"\n" not in me.buffer and not me.is_over:
            if len(me.buffer) > room:
                raise RefusedError(closes=True)
            await self.receive(me)
        raw, end, me.buffer = me.buffer.partition(b"\n")
        return self.decode(raw.removesuffix(b"\r")) if raw or end else None

    async def receive(self, me: Connection) -> None:
        data = await me.reader.read(65536)
        me.buffer += data
        me.is_over = not data

    def decode(self, line: bytes) -> str:
        if re.search(rb"[\x00-\x08\x0a-\x1f]", line):
            raise RefusedError(closes=True)
        return line.decode("utf-8", "surrogateescape")

    # Checking it

    async def answer(self, lines: list[str], me: Connection) -> str:
        words = self.read_words(lines[0])
        self.check_version(words[-1])
        self.check_words(words, me)
        headers = self.read_headers(lines[1:])
        host, port = self.read_host(headers), self.read_port(headers)
        number = self.read_number(words[2]) if words[0] != "LIST" else 0
        title = self.read_title(headers)
        options = self.read_options(headers, me)
        return await self.carry_out(Request(words[0], number, host, port, title, options, me))

    def read_words(self, line: str) -> list[str]:
        return re.split(r"[ \t]+", line.strip(" \t"))

    def check_version(self, version: str) -> None:
        if not version.startswith("P2P-CI/"):
            raise RefusedError(closes=True)
        if version != "P2P-CI/1.0":
            raise RefusedError(OTHER_VERSION)

    def check_words(self, words: list[str], me: Connection) -> None:
        known = {"ADD", "LOOKUP", "LIST"} | ({"REMOVE"} if "remove" in me.agreed else set())
        form = ["LIST", "ALL"] if words[0] == "LIST" else [words[0], "RFC", *words[2:3]]
        if words[0] not in known or words[:-1] != form or len(words) < len(form) + 1:
            raise RefusedError

    def read_headers(self, lines: list[str]) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in lines:
            name, value = self.read_header(line)
            if name in headers and name in ("host", "port", "title"):
                self.take_second(name, value, headers)
            headers[name] = value
        return headers

    def read_header(self, line: str) -> tuple[str, str]:
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or name[0] in " \t":
            raise RefusedError
        return name.strip(" \t").lower(), value.strip(" \t")

    def take_second(self, name: str, value: str, headers: dict[str, str]) -> None:
        raise RefusedError

    def read_host(self, headers: dict[str, str]) -> str:
        host = headers.get("host", "")
        if not re.fullmatch(r"[!-~]{1,255}", host):
            raise RefusedError
        return host

    def read_port(self, headers: dict[str, str]) -> int:
        return self.read_digits(headers.get("port", ""), highest=65535)

    def read_number(self, word: str) -> int:
        return self.read_digits(word, highest=2**32 - 1)

    def read_digits(self, digits: str, *, highest: int) -> int:
        if re.fullmatch(r"[0-9]{1,10}", digits) and 1 <= int(digits) <= highest:
            return int(digits)
        raise RefusedError

    def read_title(self, headers: dict[str, str]) -> str:
        title = headers.get("title", "")
        if len(title) > 512 or re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", title):
            raise RefusedError
        return title

    def read_options(self, headers: dict[str, str], me: Connection) -> Options:
        if (options := read_options(headers, me.agreed, self.knows)) is None:
            raise RefusedError
        me.agreed |= options.features
        return options

    # Carrying it out

    async def carry_out(self, request: Request) -> str:
        match request.method:
            case "ADD":
                return await self.add(request)
            case "REMOVE":
                return self.remove(request)
            case "LOOKUP":
                return self.lookup(request)
            case _:
                return self.list_all(request)

    async def add(self, request: Request) -> str:
        self.check_identity(request)
        record = self.register(request)
        probe = await self.probe(request) if request.options.probe else ""
        return self.echo(record, request, probe)

    def check_identity(self, request: Request) -> None:
        me = request.owner
        me.identity = me.identity or (request.host, request.port)
        if me.identity != (request.host, request.port):
            raise RefusedError

    def register(self, request: Request) -> Record:
        for record in self.records:
            if record.owner is request.owner and record.number == request.number:
                return self.replace(record, request)
        record = self.make_record(request)
        self.records.insert(0, record)
        return record

    def make_record(self, request: Request) -> Record:
        copy = request.options.copy or "- -"
        host, me = self.published(request), request.owner
        return Record(request.number, request.title, host, request.port, me, copy)

    def replace(self, record: Record, request: Request) -> Record:
        record.title = request.title
        record.copy = request.options.copy or record.copy
        return record

    def published(self, request: Request) -> str:
        return request.host

    def echo(self, record: Record, request: Request, probe: str) -> str:
        return self.ok([record], request, *([f"Probe: {probe}"] if probe else []))

    async def probe(self, request: Request) -> str:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", request.port)
        except OSError:
            return "unreachable"
        writer.close()
        return "reachable"

    def remove(self, request: Request) -> str:
        mine = [
            item for item in self.records if item.owner is request.owner and item.number == request.number
        ]
        if not mine:
            return self.error(NOT_FOUND, request.owner)
        self.records.remove(mine[0])
        return self.ok(mine, request)

    def lookup(self, request: Request) -> str:
        found = self.shown([record for record in self.records if self.fits(record, request)])
        return self.ok(found, request) if found else self.error(NOT_FOUND, request.owner)

    def fits(self, record: Record, request: Request) -> bool:
        return record.number == request.number

    def list_all(self, request: Request) -> str:
        options = request.options
        numbers = sorted({record.number for record in self.records if record.number >= options.first})
        wanted = set(numbers[: options.limit or None])
        found = [record for record in self.shown(self.records) if record.number in wanted]
        return self.ok(self.ordered(found), request)

    def ordered(self, records: list[Record]) -> list[Record]:
        return sorted(records, key=lambda record: record.number)

    def shown(self, records: list[Record]) -> list[Record]:
        """Give every number, host and port once."""
        return list({(item.number, item.host, item.port): item for item in records}.values())

    # Writing answers

    def ok(self, records: list[Record], request: Request, *headers: str) -> str:
        chosen = self.choose(records, request.options.holders)
        lines = [self.record_line(record, request.options, chosen[record]) for record in chosen]
        return self.write_ok([*request.options.echo(), *headers], lines)

    def write_ok(self, headers: list[str], records: list[str]) -> str:
        return "".join(f"{line}\r\n" for line in (self.status_line("200 OK"), *headers, "", *records, ""))

    def choose(self, records: list[Record], at_most: int) -> dict[Record, int]:
        """Give the records that are told, each with how many hold its document."""
        held: dict[int, list[Record]] = {}
        for record in records:
            held.setdefault(record.number, []).append(record)
        return {
            record: len(group)
            for group in held.values()
            for record in (random.sample(group, min(at_most, len(group))) if at_most else group)
        }

    def record_line(self, record: Record, options: Options, count: int) -> str:
        line = f"RFC {record.number} {record.title} {record.host} {record.port}"
        if options.wants_copies:
            line += f" {record.copy}"
        return f"{line} {count}" if options.holders else line

    def error(self, status: str, me: Connection) -> str:
        reason = "Reason: it is so\r\n" if "reason" in me.agreed else ""
        return f"{self.status_line(status)}\r\n{reason}\r\n\r\n"

    def status_line(self, status: str) -> str:
        return f"P2P-CI/1.0 {status}"
