"""What has come, checked and put on the shelf by worker threads, in two steps.

Writers check and write documents under hidden names, as fast as they come. Meanwhile one thread waits for the
disk to have what was written before, and gives that its names: each wait is for all that came during the last
one, so that nobody else waits for the disk. Imports `library` and `errors`.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

from p2pci.errors import LibraryError
from p2pci.library import Arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from p2pci.library import Hidden, Shelf
    from p2pci.mirror.transfer import Job, Source

BATCH_BYTES = 2 * 1024 * 1024
MAX_WAITING_BYTES = 32 * 1024 * 1024
WRITERS = 2


class _Delivery(NamedTuple):
    """A document as it came, and the SHA-256 that it must have, if that is known."""

    job: Job
    text: bytearray
    source: Source
    digest: bytes | None


class _NoteWrong(Protocol):
    def __call__(self, job: Job, source: Source, *, found: bytes) -> None: ...


class _Written(NamedTuple):
    """What became of a batch: the SHA-256 of each document, and those that were right, hidden."""

    found: list[bytes]
    hidden: list[Hidden]


class Store:
    """Documents on their way from memory to the shelf.

    Attributes:
        documents: on the shelf now.
        size: bytes of them.
        unverified: those of them whose SHA-256 nobody had announced, by number.
        kept: numbers that were on the shelf meanwhile, and stay as they are.
        error: why the disk takes no more.
    """

    def __init__(self, shelf: Shelf, note_wrong: _NoteWrong, *, replaces: bool) -> None:
        self.documents = 0
        self.size = 0
        self.unverified: list[int] = []
        self.kept: list[int] = []
        self.error: LibraryError | None = None
        self._saving = shelf.saving()
        self._note_wrong = note_wrong
        self._replaces = replaces
        self._batch: list[_Delivery] = []
        self._batch_bytes = 0
        self._waiting_bytes = 0
        self._when_empty: Callable[[], None] | None = None
        self._hidden: dict[int, tuple[Hidden, _Delivery]] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._revealing: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(WRITERS + 1, thread_name_prefix="mirror")
        self._writers = asyncio.Semaphore(WRITERS)

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be written that nothing more should come for now."""
        return not self.error and self._waiting_bytes > MAX_WAITING_BYTES

    def when_empty(self, call: Callable[[], None]) -> None:
        """Call that once most of what waits is written."""
        self._when_empty = call

    def take(self, job: Job, text: bytearray, *, source: Source, digest: bytes | None) -> None:
        """Take a whole document."""
        self._batch.append(_Delivery(job, text, source, digest))
        self._batch_bytes += len(text)
        self._waiting_bytes += len(text)
        if self._batch_bytes >= BATCH_BYTES:
            self._begin_batch()

    async def flush(self) -> None:
        """Put all on the shelf.

        Raises:
            LibraryError: the disk refused.
        """
        self._begin_batch()
        while self._working:
            await asyncio.wait(self._working)
        if self.error:
            raise self.error

    async def close(self) -> None:
        """Save what has come, as far as the disk takes it, and end the threads."""
        if not self.error:
            self._begin_batch()
        while self._working:
            await asyncio.wait(self._working)
        await asyncio.get_running_loop().run_in_executor(
            self._threads, self._saving.discard, [hidden for hidden, _ in self._hidden.values()]
        )
        self._threads.shutdown()

    def _begin_batch(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if batch:
            self._start(self._write(batch))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def _write(self, batch: list[_Delivery]) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with self._writers:
                written = await loop.run_in_executor(self._threads, self._write_batch, batch)
        except LibraryError as error:
            self.error = error
            self._let_more_come()  # else who waits to be let would wait for ever
            return
        hidden = {each.number: each for each in written.hidden}
        for delivery, found in zip(batch, written.found, strict=True):
            number = delivery.job.offer.number
            if number in hidden:
                self._hidden[number] = (hidden[number], delivery)
            else:
                self._note_wrong(delivery.job, delivery.source, found=found)
            self._waiting_bytes -= len(delivery.text)
            delivery.text.clear()
        self._let_more_come()
        if self._revealing is None:
            self._revealing = self._start(self._reveal())

    def _let_more_come(self) -> None:
        if self._when_empty and (self.error or self._waiting_bytes < MAX_WAITING_BYTES // 2):
            call, self._when_empty = self._when_empty, None
            call()

    def _write_batch(self, batch: list[_Delivery]) -> _Written:
        found = [hashlib.sha256(delivery.text).digest() for delivery in batch]
        right = [
            Arrived(delivery.job.offer.number, delivery.text, digest)
            for delivery, digest in zip(batch, found, strict=True)
            if delivery.digest in (None, digest)
        ]
        return _Written(found, self._saving.hide(right))

    async def _reveal(self) -> None:
        """Give names to all that is written, and again while more was written meanwhile."""
        loop = asyncio.get_running_loop()
        while self._hidden and not self.error:
            written, self._hidden = self._hidden, {}
            hidden = [each for each, _ in written.values()]
            try:
                taken = await loop.run_in_executor(self._threads, self._reveal_all, hidden)
            except LibraryError as error:
                self.error = error
                break
            for number in taken:
                self._note_taken(*written.pop(number))
            for _, delivery in written.values():
                delivery.job.is_done = True
            self.kept += written
        self._revealing = None

    def _reveal_all(self, hidden: list[Hidden]) -> list[int]:
        return self._saving.reveal(hidden, replaces=self._replaces)

    def _note_taken(self, hidden: Hidden, delivery: _Delivery) -> None:
        delivery.job.is_done = True
        self.documents += 1
        self.size += hidden.state.size
        if delivery.digest is None:
            self.unverified.append(hidden.number)
