"""The shelf kept as its folder is, while the peer runs.

The system tells of changes (`watching`), and a look now and then finds what it does not tell of. What
changes is taken in when it is at rest (`rest`), many files at a time, one scan after the other, in a worker
thread. Imports `library`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from p2pci.errors import LibraryError
from p2pci.events import FolderBack, FolderTrouble, LeftOut, WatchingFailed
from p2pci.library import SETTLED_SECONDS, Document, Shelf
from p2pci.peer.rest import Rest
from p2pci.peer.watching import CannotWatchError, changes_in

if TYPE_CHECKING:
    from p2pci.events import Watcher

_Result = TypeVar("_Result")
TROUBLE_SECONDS = 1.0  # between two looks for a folder that is gone
GRAIN_SECONDS = 0.1  # a timer may end a little early


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowLimits:
    """How the folder is followed, in seconds.

    Attributes:
        quiet_seconds: how long a file must look the same before it is taken in.
        rescan_seconds: between two looks at everything, whatever the system tells; 0 for never.
        unwatched_seconds: the same where the system tells nothing, if that is sooner.
        poll_seconds: the same with `polls`.
        polls: look every `poll_seconds` instead of relying on the system, for network disks.
    """

    quiet_seconds: float = 0.3
    rescan_seconds: float = 60.0
    unwatched_seconds: float = 5.0
    poll_seconds: float = 1.0
    polls: bool = False


class Follower:
    """Follows the folder of a shelf.

    Args:
        shelf: which is scanned.
        changed: called in the loop when the shelf's documents have changed.
        tell: told of LeftOut, FolderTrouble, FolderBack and WatchingFailed.
        limits: see FollowLimits.
    """

    def __init__(
        self, shelf: Shelf, *, changed: Callable[[], None], tell: Watcher, limits: FollowLimits
    ) -> None:
        self._shelf = shelf
        self._changed = changed
        self._tell = tell
        self._limits = limits
        self._rest = Rest(limits.quiet_seconds, {})
        self._documents: dict[int, Document] = {}  # as last scanned
        self._left_out: set[str] = set()  # what was told of
        self._folder = Presence.THERE
        self._stirred = asyncio.Event()
        self._is_watched = False
        self._has_looked = False  # for what has changed between `begin` and the watching
        self._scanned_at = self._look_at = self._scan_at = self._missed_at = 0.0

    async def begin(self) -> None:
        """Take in everything as it is.

        Raises:
            LibraryError: the folder cannot be read.
        """
        files = await _in_thread(self._shelf.look)
        self._rest = Rest(self._limits.quiet_seconds, files)
        await self._scan()

    async def follow(self) -> None:
        """Take in what changes, until this is cancelled."""
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                self._plan()
                await self._wait()
                try:
                    await self._look()
                except LibraryError as error:
                    await self._note_trouble(error)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        """Stir at every word of the system's."""
        if self._limits.polls:
            return
        try:
            async with aclosing(changes_in(self._shelf.path)) as changes:
                async for _ in changes:
                    self._is_watched = True
                    self._stirred.set()
        except ImportError:
            pass
        except CannotWatchError as error:
            self._is_watched = False
            self._stirred.set()
            seconds = self._look_seconds
            self._tell(WatchingFailed(str(error), seconds if seconds < math.inf else 0.0))

    @property
    def _look_seconds(self) -> float:
        """How often to look whether anything has changed, unless told."""
        limits = self._limits
        if limits.polls:
            return limits.poll_seconds
        if self._is_watched or not limits.rescan_seconds:
            return math.inf
        return min(limits.unwatched_seconds, limits.rescan_seconds)

    def _plan(self) -> None:
        """Decide when to look again, and when to take everything in anew."""
        now = _now()
        if self._folder is Presence.GONE:
            self._look_at = now + TROUBLE_SECONDS
        elif self._rest.is_stirring or self._folder is Presence.MISSED or not self._has_looked:
            self._look_at = now + self._limits.quiet_seconds
        else:
            self._look_at = now + self._look_seconds
        unsettled = SETTLED_SECONDS + GRAIN_SECONDS if self._rest.is_unsettled else math.inf
        is_there = self._folder is Presence.THERE  # else the next look that finds it is a scan
        scan_seconds = min(self._limits.rescan_seconds or math.inf, unsettled) if is_there else math.inf
        self._scan_at = self._scanned_at + scan_seconds

    async def _wait(self) -> None:
        until = min(self._look_at, self._scan_at)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until if until < math.inf else None):
                await self._stirred.wait()
        self._stirred.clear()

    async def _look(self) -> None:
        self._has_looked = True
        self._rest.adopt((known.name, known.state) for known in self._shelf.documents.values())
        files = await _in_thread(self._shelf.look)
        has_news = self._rest.see(files, _now())
        has_news |= self._shelf.documents != self._documents  # downloaded, and perhaps without titles
        if has_news or self._folder is not Presence.THERE or _now() >= self._scan_at:
            await self._scan()
        if self._folder is Presence.GONE:
            self._tell(FolderBack())
        self._folder = Presence.THERE

    async def _scan(self) -> None:
        left_alone = self._rest.take(_now())
        self._scanned_at = _now()
        known = self._shelf.documents  # with what was downloaded since the last scan, and offered
        documents = await _in_thread(partial(self._shelf.scan, left_alone=left_alone))
        left_out = {str(error): error for error in self._shelf.unreadable}
        for text, error in left_out.items():
            if text not in self._left_out:
                self._tell(LeftOut(error))
        self._left_out = set(left_out)
        if documents != known or documents != self._documents:
            self._documents = documents
            self._changed()

    async def _note_trouble(self, error: LibraryError) -> None:
        """Let go of a folder that is gone, but not for the moment that an exchange of folders takes."""
        if self._folder is Presence.THERE:
            self._folder = Presence.MISSED
            self._missed_at = _now()
        elif self._folder is Presence.MISSED and _now() - self._missed_at >= self._limits.quiet_seconds:
            self._folder = Presence.GONE
            with suppress(LibraryError):
                await _in_thread(self._shelf.scan)
            self._documents = {}
            self._tell(FolderTrouble(error))
            self._changed()


class Presence(Enum):
    """Whether the folder is at its path."""

    THERE = auto()
    MISSED = auto()  # for a moment
    GONE = auto()


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _now() -> float:
    return asyncio.get_running_loop().time()
