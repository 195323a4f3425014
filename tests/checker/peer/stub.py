"""A small correct holder whose every step can be got wrong: faults override one method each."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Self

DOCUMENT = (
    b"\n\n\nNetwork Working Group\r\n\n\tna\xc3\xafve\n" + b"Request for Comments: 4711\n" * 2000 + b"\n"
)
PHRASES = {
    200: "OK",
    206: "Partial Content",
    400: "Bad Request",
    404: "Not Found",
    416: "Range Not Satisfiable",
    505: "P2P-CI Version Not Supported",
}
MODIFIED = 1_700_000_000  # seconds since 1970
MAX_HEAD_BYTES = 16 * 1024
MAX_LINE_BYTES = 8 * 1024
MAX_HEADERS = 64


class RefusedError(Exception):
    """A request gets no document; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Request:
    """A head, line by line, and its headers by lower-case name."""

    lines: list[bytes]
    headers: dict[bytes, bytes] = field(default_factory=dict)

    def get(self, name: bytes) -> bytes:
        return self.headers.get(name, b"")


@dataclass
class Stub:
    """Serves one document on a free port of 127.0.0.1 while it is entered."""

    number: int = 4711
    port: int = 0
    count: int = 0  # of connections so far

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self.connected, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        task = asyncio.ensure_future(self.run(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.serve(reader, writer)
        except OSError:
            self.note_loss()
        except asyncio.CancelledError:
            writer.transport.abort()  # what nobody reads would keep it open
            raise
        finally:
            writer.close()

    def note_loss(self) -> None:
        """Somebody went in the middle: nothing is to be done."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keeps_alive = True
        while keeps_alive:
            try:
                lines = await self.read_head(reader)
                if not lines:
                    break
                request = self.parse(lines)
                keeps_alive = self.keeps_alive(request)
                await self.send(writer, self.answer(request))
            except RefusedError as refused:
                keeps_alive = False
                await self.send(writer, self.error(refused.code, b""))
        await self.part(reader, writer)

    async def read_head(self, reader: asyncio.StreamReader) -> list[bytes]:
        """Read up to the blank line; the end of the stream is one, too."""
        lines: list[bytes] = []
        size = 0
        while True:
            line = await self.read_line(reader)
            size += len(line)
            if size > MAX_HEAD_BYTES or len(line) > MAX_LINE_BYTES or len(lines) > MAX_HEADERS:
                raise RefusedError(400)
            text = line.removesuffix(b"\n").removesuffix(b"\r")
            if text:
                lines.append(text)
            elif lines or not line:
                return lines

    async def read_line(self, reader: asyncio.StreamReader) -> bytes:
        """Read to LF or the end; the reader's own bound only after the limit of a line."""
        line = b""
        while not line.endswith(b"\n") and len(line) <= MAX_LINE_BYTES:
            byte = await reader.read(1)
            if not byte:
                break
            line += byte
        return line

    def parse(self, lines: list[bytes]) -> Request:
        self.check_bytes(b"".join(lines))
        words = lines[0].split()
        self.check_version(words[-1])
        self.check_words(words)
        request = Request(lines)
        for line in lines[1:]:
            self.parse_header(request, line)
        self.check_host(request)
        return request

    def check_bytes(self, head: bytes) -> None:
        if re.search(rb"[\x00-\x08\x0b-\x1f]", head):
            raise RefusedError(400)

    def check_version(self, version: bytes) -> None:
        if not version.startswith(b"P2P-CI/"):
            raise RefusedError(400)
        if version != b"P2P-CI/1.0":
            raise RefusedError(505)

    def check_words(self, words: list[bytes]) -> None:
        if len(words) != 4 or words[:2] != [b"GET", b"RFC"]:
            raise RefusedError(400)

    def parse_header(self, request: Request, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        key = name.strip().lower()
        if not colon or not key or line[:1] in b" \t" or (key == b"host" and key in request.headers):
            raise RefusedError(400)
        request.headers[key] = value.strip()

    def check_host(self, request: Request) -> None:
        if b"host" not in request.headers:
            raise RefusedError(400)

    def keeps_alive(self, request: Request) -> bool:
        return request.get(b"connection") == b"keep-alive"

    def answer(self, request: Request) -> bytes:
        more = self.more_headers(request)
        if self.find(request.lines[0].split()[2]) != self.number:
            return self.error(404, more)
        return self.document(request, more)

    def more_headers(self, request: Request) -> bytes:
        more = b""
        if request.get(b"want-repr-digest") == b"sha-256=1":
            digest = base64.b64encode(hashlib.sha256(DOCUMENT).digest())
            more += b"Repr-Digest: sha-256=:" + digest + b":\r\n"
        if self.keeps_alive(request):
            more += b"Connection: keep-alive\r\n"
        return more

    def find(self, digits: bytes) -> int:
        if not re.fullmatch(rb"[0-9]{1,10}", digits) or not 0 < int(digits) < 2**32:
            raise RefusedError(400)
        return int(digits)

    def document(self, request: Request, more: bytes) -> bytes:
        found = self.find_range(request.get(b"range"))
        if found is None:
            return self.head(200, DOCUMENT, more) + self.body(DOCUMENT)
        first, last = found
        if first >= len(DOCUMENT):
            return self.error(416, b"Content-Range: bytes */%d\r\n" % len(DOCUMENT) + more)
        part = DOCUMENT[first : last + 1]
        content = b"bytes %d-%d/%d" % (first, first + len(part) - 1, len(DOCUMENT))
        return self.head(206, part, b"Content-Range: " + content + b"\r\n" + more) + self.body(part)

    def find_range(self, value: bytes) -> tuple[int, int] | None:
        found = re.fullmatch(rb"bytes=([0-9]+)-([0-9]*)", value)
        if not found:
            return None
        first, last = int(found[1]), int(found[2] or 10**18)
        return (first, last) if first <= last else None

    def head(self, code: int, data: bytes, more: bytes) -> bytes:
        return self.status_line(code) + self.write_headers(self.headers(data)) + more + b"\r\n"

    def status_line(self, code: int) -> bytes:
        return f"P2P-CI/1.0 {code} {PHRASES[code]}\r\n".encode()

    def headers(self, data: bytes) -> dict[str, str]:
        return {
            "Date": formatdate(usegmt=True),
            "OS": "Stub 1.0",
            "Last-Modified": formatdate(MODIFIED, usegmt=True),
            "Content-Length": str(len(data)),
            "Content-Type": "text/plain",
        }

    def write_headers(self, headers: dict[str, str]) -> bytes:
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()

    def body(self, data: bytes) -> bytes:
        return data

    def error(self, code: int, more: bytes) -> bytes:
        return self.status_line(code) + more + b"\r\n"

    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    async def part(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close so that nothing of what was sent is lost: what still comes is read first."""
        if writer.can_write_eof():
            writer.write_eof()
        try:
            async with asyncio.timeout(2):
                while await reader.read(1 << 16):
                    pass
        except TimeoutError:
            return
