"""The command get: documents from whoever has them, into a folder, without sharing any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from p2pci.cli.display import escape, show_json
from p2pci.cli.exits import ExitStatus, exit_status_of
from p2pci.cli.log import Log
from p2pci.cli.places import cache_folder
from p2pci.cli.printing import PeerPrinter
from p2pci.cli.questions import tracer
from p2pci.cli.terminal import Terminal
from p2pci.client import IndexClient
from p2pci.download import HOLDERS_WANTED, DownloadLimits, Downloads
from p2pci.errors import (
    DisagreementError,
    LibraryError,
    NetworkError,
    NotFoundError,
    P2PCIError,
    ProtocolError,
    RefusedError,
)
from p2pci.library import Shelf
from p2pci.origin import Origin, OriginLimits
from p2pci.protocol.extensions import Feature

if TYPE_CHECKING:
    from pathlib import Path

    from p2pci.events import Downloaded, Servers, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOptions:
    """How documents are fetched.

    Attributes:
        folder: where to.
        is_forced: also what is there already.
        accepts: the SHA-256 that is right when holders disagree.
        max_bytes: of a document.
        origin: the address on the web that is asked for what no holder delivers.
        is_json: print JSON.
        is_traced: show every message.
    """

    folder: Path
    is_forced: bool
    accepts: bytes | None
    max_bytes: int
    origin: str | None
    is_json: bool
    is_traced: bool


class _Outcome(NamedTuple):
    """What became of one document."""

    state: str
    details: dict[str, object]
    status: ExitStatus = ExitStatus.DONE


async def get_documents(
    servers: Servers, numbers: list[int], options: GetOptions, *, terminal: Terminal | None = None
) -> ExitStatus:
    """Download documents into a folder, each from the first holder that delivers it, else from the origin.

    Every number is tried; the exit code is that of the first that failed. What the folder has stays
    untouched unless forced. It is told on standard output, unless on another terminal.
    """
    trace = tracer(is_json=options.is_json or terminal is not None) if options.is_traced else None
    terminal = terminal or Terminal()
    outcomes: dict[int, _Outcome] = {}
    with Shelf(options.folder, spare=cache_folder()) as shelf:
        getting = _Getting(servers, shelf, options=options, terminal=terminal, trace=trace)
        try:
            await getting.connect()
            for number in numbers:
                outcomes[number] = await getting.get(number)
        finally:
            await getting.close()
    if options.is_json:
        terminal.print(
            show_json(
                [
                    {"number": number, "state": outcome.state, **outcome.details}
                    for number, outcome in outcomes.items()
                ]
            )
        )
    return next((outcome.status for outcome in outcomes.values() if outcome.status), ExitStatus.DONE)


class _Getting:
    """One run of the command: an index that is asked, and downloads into a shelf."""

    def __init__(
        self,
        servers: Servers,
        shelf: Shelf,
        *,
        options: GetOptions,
        terminal: Terminal,
        trace: Watcher | None,
    ) -> None:
        self._index = IndexClient(*servers[0], spares=servers[1:], trace=trace)
        self._shelf = shelf
        self._options = options
        self._terminal = terminal
        self._trace = trace
        self._watch = None if options.is_json else PeerPrinter(Log(terminal), shows_all=True).watch
        self._downloads: Downloads | None = None
        limits = OriginLimits(max_bytes=options.max_bytes)
        self._origin = Origin(options.origin, limits=limits) if options.origin else None

    async def connect(self) -> None:
        await self._index.connect()

    async def close(self) -> None:
        await self._index.close()
        if self._origin:
            await self._origin.close()

    async def get(self, number: int) -> _Outcome:
        if number in self._shelf and not self._options.is_forced:
            self._terminal.complain(
                f"RFC {number} is already in {self._options.folder}; --force downloads it again."
            )
            return _Outcome("present", {})
        try:
            done = await self._get(number)
        except (
            DisagreementError,
            LibraryError,
            NetworkError,
            NotFoundError,
            ProtocolError,
            RefusedError,
        ) as error:
            return self._failure(error)
        details = {"path": str(done.path), "size": done.size, "sha256": done.digest.hex()}
        return _Outcome("downloaded", {**details, "verified": done.is_verified})

    def _failure(self, error: P2PCIError) -> _Outcome:
        self._terminal.complain(escape(str(error)))
        return _Outcome("failed", {"reason": str(error)}, exit_status_of(error))

    async def _get(self, number: int) -> Downloaded:
        try:
            return await self._download(number)
        except (NetworkError, NotFoundError):
            if self._origin is None:
                raise
        return await self._origin.fetch(number, shelf=self._shelf, watch=self._watch)

    async def _download(self, number: int) -> Downloaded:
        answer = await self._index.lookup_or_reconnect(number, HOLDERS_WANTED)
        if self._downloads is None:
            self._downloads = Downloads(
                self._shelf,
                is_foreign=not self._index.is_on_this_machine,
                watch=self._watch,
                trace=self._trace,
                limits=DownloadLimits(max_bytes=self._options.max_bytes),
            )
        knows_features = Feature.DIGEST in self._index.agreed
        return await self._downloads.get(
            number, answer.records, knows_features=knows_features, accepts=self._options.accepts
        )
