"""One document from one holder: a GET, its answer checked and saved (clauses P-3.7 to P-3.12, P-5.20 on).

The bytes are written in worker threads to a hidden name, which becomes the document's when all are there and
are those that were announced. What a broken download left is gone on with, where the holder can do that and
has the same version; else it is begun anew. Imports `dialing`, `library`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import platform
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from p2pci.dialing import dial, show_address
from p2pci.download.inflow import Inflow
from p2pci.download.limits import DownloadLimits
from p2pci.errors import (
    ConnectionLostError,
    DeadlineError,
    NotFoundError,
    ProtocolError,
    RefusedError,
    WrongDocumentError,
)
from p2pci.events import Downloaded, Downloading, Progress
from p2pci.library import Version
from p2pci.protocol.documents import DocumentHead
from p2pci.protocol.extensions import GetOptions, Span
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Get, encode_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from p2pci.events import Address, Watcher
    from p2pci.library import Incoming, Shelf

_T = TypeVar("_T")


class Manner(NamedTuple):
    """How a holder is asked, and what has to come.

    Attributes:
        digest: the SHA-256 that the document must have.
        asks_digest: ask the holder for it, if it is not known; for holders that know section 5.
        resumes: go on with what a broken download has left; for any holder, but one that chokes on it.
        is_foreign: the address was told by another machine, so that this one's own loopback is not meant.
    """

    digest: bytes | None = None
    asks_digest: bool = False
    resumes: bool = True
    is_foreign: bool = False


PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class _Order:
    """A document that is to come from one holder; see `fetch`."""

    number: int
    source: Address
    shelf: Shelf
    manner: Manner
    tell: Watcher
    trace: Watcher | None
    limits: DownloadLimits

    @property
    def asks_digest(self) -> bool:
        return self.manner.asks_digest and not self.manner.digest


class _StartOver(Exception):  # noqa: N818 - no error: it is asked for once more
    """What was there already, or what was asked for beyond 1.0, was of no use with this holder."""

    def __init__(self, *, asks_digest: bool) -> None:
        self.asks_digest = asks_digest


async def fetch(
    number: int,
    source: Address,
    *,
    shelf: Shelf,
    manner: Manner = PLAIN,
    watch: Watcher | None = None,
    trace: Watcher | None = None,
    limits: DownloadLimits | None = None,
) -> Downloaded:
    """Download a document from one holder into a shelf's folder.

    Args:
        number: the RFC.
        source: host and upload port of the holder.
        shelf: where it is saved; what it has under that number is replaced.
        manner: see Manner.
        watch: told of Downloading, Progress and Downloaded.
        trace: told of Sent and Received, heads alone.
        limits: see DownloadLimits.

    Raises:
        CannotConnectError, ConnectionLostError, DeadlineError: the holder cannot be reached, or stopped.
        NotFoundError, RefusedError: it answered with an error.
        WrongDocumentError: these are not the bytes that were announced; nothing of them is kept.
        ProtocolError: its answer is no answer, has no Content-Length, or is too large.
        LibraryError: the document cannot be saved.
    """
    tell = watch or _ignore
    order = _Order(number, source, shelf, manner, tell, trace, limits or DownloadLimits())
    tell(Downloading(number, *source))
    while True:
        try:
            downloaded = await _fetch(order)
        except _StartOver as again:  # at most twice: without a part, then without asking for the digest
            manner = manner._replace(resumes=False, asks_digest=again.asks_digest)
            order = replace(order, manner=manner)
        else:
            tell(downloaded)
            return downloaded


async def _fetch(order: _Order) -> Downloaded:
    async with (
        _held(partial(_find_part, order)) as part,
        _connected(order) as inflow,
    ):
        span = Span(part.size) if part else None
        options = GetOptions(span=span, wants_digest=order.asks_digest)
        inflow.send(encode_request(Get(order.number, order.source[0], _OS, options)))
        head, body = await inflow.read_head(order.limits.head_seconds)
        if part:
            if _goes_on(order, part, head):
                return await _save(order, part, inflow=inflow, head=head, body=body)
            await _run(part.discard)
        if head.code == Status.BAD_REQUEST and (span or order.asks_digest):
            raise _StartOver(asks_digest=False)  # a program of 1.0 that takes no header it does not know
        if span and head.code in (Status.PARTIAL_CONTENT, Status.RANGE_NOT_SATISFIABLE):
            raise _StartOver(asks_digest=order.asks_digest)
        version = _check_head(order, head)
        async with _held(partial(order.shelf.receive, order.number, version=version)) as incoming:
            return await _save(order, incoming, inflow=inflow, head=head, body=body)


def _find_part(order: _Order) -> Incoming | None:
    return order.shelf.resume(order.number) if order.manner.resumes else None


def _goes_on(order: _Order, part: Incoming, head: DocumentHead) -> bool:
    """Whether an answer is the rest of what is there, or says that nothing is missing (clause P-5.23)."""
    if not head.content or not part.is_part_of(_version(order, head, size=head.content.size)):
        return False
    size, span = head.content.size, head.content.span
    if head.code == Status.RANGE_NOT_SATISFIABLE:
        return part.size == size
    return (
        head.code == Status.PARTIAL_CONTENT
        and span == Span(part.size, size - 1)
        and head.size == size - part.size
        and size <= order.limits.max_bytes
    )


def _version(order: _Order, head: DocumentHead, *, size: int) -> Version:
    return Version(size, order.manner.digest or head.digest, head.modified)


def _check_head(order: _Order, head: DocumentHead) -> Version:
    """See that a document comes, and give the version that it is."""
    if head.code == Status.NOT_FOUND:
        raise NotFoundError(order.number, where="the holder answered 404")
    if head.code != Status.OK:
        reason = _FULL if head.code == Status.BAD_REQUEST else ""
        raise RefusedError(head.code, request=f"GET RFC {order.number} P2P-CI/1.0", reason=reason)
    if head.size is None:
        raise ProtocolError(
            "The holder sent no Content-Length, so the end cannot be known. Try another holder."
        )
    if head.size > order.limits.max_bytes:
        raise ProtocolError(
            f"The holder announced {head.size} bytes. At most {order.limits.max_bytes} are taken."
        )
    return _version(order, head, size=head.size)


async def _save(
    order: _Order, incoming: Incoming, *, inflow: Inflow, head: DocumentHead, body: bytes
) -> Downloaded:
    """Write the body, check the whole, and give it its name."""
    begun = incoming.size
    digest = order.manner.digest or head.digest
    if head.digest and digest != head.digest:
        raise WrongDocumentError(show_address(order.source), announced=digest, found=head.digest)
    await _write_body(order, incoming, inflow=inflow, size=begun + _body_size(head), body=body)
    if digest and incoming.digest != digest:
        await _run(incoming.discard)
        if begun:  # which holder the wrong bytes came from cannot be told
            raise _StartOver(asks_digest=order.asks_digest)
        raise WrongDocumentError(show_address(order.source), announced=digest, found=incoming.digest)
    path = await _run(incoming.commit)
    return Downloaded(order.number, path, incoming.size, incoming.digest, is_verified=digest is not None)


def _body_size(head: DocumentHead) -> int:
    return 0 if head.code == Status.RANGE_NOT_SATISFIABLE else head.size or 0


async def _write_body(order: _Order, incoming: Incoming, *, inflow: Inflow, size: int, body: bytes) -> None:
    pace = _Pace(order, done=incoming.size, size=size)
    while True:
        await _run(incoming.write, body[: size - incoming.size])  # bytes behind the end are ignored
        order.tell(Progress(order.number, incoming.size, size))
        if incoming.size == size:
            return
        pace.check(incoming.size)
        body = await inflow.take(order.limits.stall_seconds)
        if not body:
            where = show_address(order.source)
            raise ConnectionLostError(f"{where} closed after {incoming.size} of {size} bytes.")


class _Pace:
    """Watches that a holder does not drip: so much must come in each stretch of the time of a stall."""

    def __init__(self, order: _Order, *, done: int, size: int) -> None:
        self._order = order
        self._size = size
        self._stretch = (asyncio.get_running_loop().time(), done)

    def check(self, done: int) -> None:
        limits = self._order.limits
        now = asyncio.get_running_loop().time()
        begun, before = self._stretch
        if now - begun < limits.stall_seconds:
            return
        if done - before < (now - begun) * limits.min_bytes_per_second:
            where = show_address(self._order.source)
            raise DeadlineError(f"{where} sends too slowly: {done} of {self._size} bytes so far.")
        self._stretch = (now, done)


@asynccontextmanager
async def _connected(order: _Order) -> AsyncIterator[Inflow]:
    inflow = await dial(
        lambda: Inflow(order.source, trace=order.trace),
        order.source,
        seconds=order.limits.connect_seconds,
        is_foreign=order.manner.is_foreign,
    )
    try:
        yield inflow
    finally:
        inflow.transport.abort()


_Opened = TypeVar("_Opened", bound="Incoming | None")


@asynccontextmanager
async def _held(opening: Callable[[], _Opened]) -> AsyncIterator[_Opened]:
    """Open a file in a thread and close it in the end, also when the download is cancelled meanwhile."""
    opened = asyncio.get_running_loop().run_in_executor(None, opening)
    try:
        yield await asyncio.shield(opened)
    finally:
        await asyncio.shield(_close(opened))


async def _close(opened: asyncio.Future[_Opened]) -> None:
    await asyncio.wait([opened])
    incoming: Incoming | None = None if opened.exception() else opened.result()
    if incoming:
        await _run(incoming.close)


async def _run(call: Callable[..., _T], *arguments: object) -> _T:
    return await asyncio.get_running_loop().run_in_executor(None, call, *arguments)


def _ignore(_event: object) -> None:
    pass


_FULL = "The holder takes no more connections, or does not know what was asked. Another one is asked."
_OS = f"{platform.system()} {platform.release()}".strip()
