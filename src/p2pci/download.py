"""Downloads: a GET to a holder, its answer checked and saved (P2P, clauses P-3.7 to P-3.12, P-4.17).

The bytes come through one fixed buffer, so that a fast holder cannot outrun a slow disk; they are written in
worker threads to a hidden name, which becomes the document's when all are there. Imports `dialing`,
`library`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from p2pci.dialing import dial, show_address
from p2pci.errors import (
    ConnectionLostError,
    DeadlineError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    RefusedError,
)
from p2pci.events import Downloaded, Downloading, Progress, Received, Role, Sent, SourceFailed
from p2pci.protocol.documents import DocumentHead, DocumentHeadReader
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Get, encode_request
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.events import Address, Watcher
    from p2pci.library import Incoming, Shelf

BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """How long a holder is waited for, and how much is taken from it.

    Attributes:
        connect_seconds: until the connection stands.
        stall_seconds: without a byte; a holder lets a GET wait 30 s for a slot (clause P-4.16).
        max_bytes: of one document.
    """

    connect_seconds: float = 10.0
    stall_seconds: float = 35.0
    max_bytes: int = 64 * 1024 * 1024


async def fetch(
    number: int,
    source: Address,
    *,
    shelf: Shelf,
    watch: Watcher | None = None,
    trace: Watcher | None = None,
    limits: DownloadLimits | None = None,
) -> Downloaded:
    """Download a document from one holder into a shelf's folder.

    The document has its final name only when every byte that was announced is there.

    Args:
        number: the RFC.
        source: host and upload port of the holder.
        shelf: where it is saved; what it has under that number is replaced.
        watch: told of Downloading, Progress and Downloaded.
        trace: told of Sent and Received, heads alone.
        limits: see DownloadLimits.

    Raises:
        CannotConnectError, ConnectionLostError, DeadlineError: the holder cannot be reached, or stopped.
        NotFoundError, RefusedError: it answered with an error.
        ProtocolError: its answer is no answer, has no Content-Length, or is too large.
        LibraryError: the document cannot be saved.
    """
    limits = limits or DownloadLimits()
    tell = watch or _ignore
    tell(Downloading(number, *source))
    inflow = await dial(lambda: _Inflow(source), source, seconds=limits.connect_seconds)
    try:
        inflow.send(encode_request(Get(number, source[0], _OS)), trace=trace)
        size, body = await _read_head(number, inflow, limits=limits, trace=trace)
        downloaded = await _save(number, inflow, size=size, body=body, shelf=shelf, tell=tell, limits=limits)
    finally:
        inflow.transport.abort()
    tell(downloaded)
    return downloaded


async def fetch_from_any(
    number: int,
    sources: Sequence[Address],
    *,
    shelf: Shelf,
    watch: Watcher | None = None,
    trace: Watcher | None = None,
    limits: DownloadLimits | None = None,
) -> Downloaded:
    """Download a document from the first holder that delivers it, in the order given (clause P-4.17).

    Raises:
        NotFoundError: there is no holder, or every one answered 404.
        NetworkError: none delivered it.
        LibraryError: the document cannot be saved; no other holder would help.
    """
    failures: list[Exception] = []
    for source in sources:
        try:
            return await fetch(number, source, shelf=shelf, watch=watch, trace=trace, limits=limits)
        except (NetworkError, NotFoundError, ProtocolError, RefusedError) as error:
            failures.append(error)
            (watch or _ignore)(SourceFailed(number, *source, str(error)))
    if all(isinstance(failure, NotFoundError) for failure in failures):
        raise NotFoundError(
            number, where="there is nobody to fetch it from" if not failures else "its holders answered 404"
        )
    raise NetworkError(
        f"None of {len(failures)} holder(s) delivered RFC {number}; the last: {failures[-1]}"
    ) from failures[-1]


async def _read_head(
    number: int, inflow: _Inflow, *, limits: DownloadLimits, trace: Watcher | None
) -> tuple[int, bytes]:
    """Read up to the body, and give its length and what of it came along."""
    reader = DocumentHeadReader()
    is_begun = False
    while isinstance(head := reader.next_event(), Wait):
        data = await inflow.take(limits.stall_seconds)
        if data:
            reader.receive_data(data)
            is_begun = True
            continue
        # The holder may close behind an error without the blank line, but not in the head of a document.
        if not is_begun or (head := reader.parse()).code == Status.OK:
            where = show_address(inflow.address)
            raise ConnectionLostError(f"{where} closed before its answer was complete.")
        break
    if trace:
        trace(Received(Role.DOWNLOAD, inflow.address, reader.head))
    return _check_head(number, head, max_bytes=limits.max_bytes), reader.body


def _check_head(number: int, head: DocumentHead, *, max_bytes: int) -> int:
    if head.code == Status.NOT_FOUND:
        raise NotFoundError(number, where="the holder answered 404")
    if head.code != Status.OK:
        raise RefusedError(head.code, request=f"GET RFC {number} P2P-CI/1.0")
    if head.size is None:
        raise ProtocolError(
            "The holder sent no Content-Length, so the end cannot be known. Try another holder."
        )
    if head.size > max_bytes:
        raise ProtocolError(f"The holder announced {head.size} bytes. At most {max_bytes} are taken.")
    return head.size


async def _save(
    number: int,
    inflow: _Inflow,
    *,
    size: int,
    body: bytes,
    shelf: Shelf,
    tell: Watcher,
    limits: DownloadLimits,
) -> Downloaded:
    run = asyncio.get_running_loop().run_in_executor
    receiving = run(None, shelf.receive, number)
    try:
        incoming = await asyncio.shield(receiving)
        done = 0
        while True:
            piece = body[: size - done]  # bytes behind the end are ignored
            await run(None, incoming.write, piece)
            done += len(piece)
            tell(Progress(number, done, size))
            if done == size:
                return Downloaded(number, await run(None, incoming.commit), size)
            body = await inflow.take(limits.stall_seconds)
            if not body:
                raise ConnectionLostError(
                    f"{show_address(inflow.address)} closed after {done} of {size} bytes."
                )
    finally:
        await asyncio.shield(_discard(receiving))


async def _discard(receiving: asyncio.Future[Incoming]) -> None:
    """Remove what is not committed; the file is made also when the download is cancelled meanwhile."""
    await asyncio.wait([receiving])
    if not receiving.exception():
        await asyncio.get_running_loop().run_in_executor(None, receiving.result().discard)


class _Inflow(asyncio.BufferedProtocol):
    """Bytes from a holder in one fixed buffer; when it is full, nothing more is read until some are taken."""

    transport: asyncio.Transport

    def __init__(self, address: Address) -> None:
        self.address = address
        self._buffer = bytearray(BUFFER_BYTES)
        self._filled = 0
        self._ended = False
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, _size_hint: int) -> memoryview:
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, size: int) -> None:
        self._filled += size
        if self._filled == BUFFER_BYTES:
            self.transport.pause_reading()
        self._changed.set()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, error: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        self._ended = True
        self._changed.set()

    def send(self, data: bytes, *, trace: Watcher | None) -> None:
        self.transport.write(data)
        if trace:
            trace(Sent(Role.DOWNLOAD, self.address, data))

    async def take(self, seconds: float) -> bytes:
        """Take the bytes that have come, waiting for the first; b"" when the holder has closed.

        Raises:
            DeadlineError: none came within `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self._filled and not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            if not self._filled and not self._ended:  # both may come in the same turn as the end of the time
                where = show_address(self.address)
                raise DeadlineError(f"{where} sent nothing for {seconds:g} s.") from error
        was_full = self._filled == BUFFER_BYTES
        data = bytes(memoryview(self._buffer)[: self._filled])
        self._filled = 0
        if was_full and not self._ended:
            self.transport.resume_reading()
        return data


def _ignore(_event: object) -> None:
    pass


_OS = f"{platform.system()} {platform.release()}".strip()
