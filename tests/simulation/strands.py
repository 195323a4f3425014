"""Threads of which one runs at a time: each stops where it meets the disk, and is told when to go on.

So other threads and the loop come in between two of its calls, as with real ones, but where a seed says. The
locks are real to who waits: another thread stops, and the loop's own lets the one that has it run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class Strand:
    """A call in a thread of its own.

    Attributes:
        is_done: whether it has ended, in `result` or in `error`.
        waits_for: the lock that another one has.
    """

    def __init__(self, call: Callable[[], Any]) -> None:
        self.is_done = False
        self.result: Any = None
        self.error: Exception | None = None
        self.waits_for: Lock | None = None
        self._call = call
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def advance(self) -> None:
        """Run to the next stop, or to the end."""
        if not self.is_done:
            self._go.release()
            self._stopped.acquire()

    def stop(self) -> None:
        """Stop here; called in the thread itself."""
        self._stopped.release()
        self._go.acquire()

    def _run(self) -> None:
        self._go.acquire()
        _here.strand = self
        try:
            self.result = self._call()
        except Exception as error:  # noqa: BLE001 - it is whose call it was
            self.error = error
        self.is_done = True
        self._stopped.release()


def stop_here() -> None:
    """Stop the thread that runs, unless it is the loop's."""
    strand = _running()
    if strand:
        strand.stop()


class Lock:
    """A lock of threading's."""

    def __init__(self, *, is_reentrant: bool = False) -> None:
        self._is_reentrant = is_reentrant
        self._holders: list[Strand | None] = []  # None: the loop's thread

    def __enter__(self) -> None:
        me = _running()
        while self._holders and (self._holders[0] is not me or not self._is_reentrant):
            if self._holders[0] is me:
                raise RuntimeError("it would wait for itself")
            self._wait(me)
        self._holders.append(me)

    def __exit__(self, *_: object) -> None:
        self._holders.pop()

    def _wait(self, me: Strand | None) -> None:
        if me:
            me.waits_for = self
            me.stop()
            me.waits_for = None
            return
        holder = self._holders[0]
        while holder and holder.waits_for and holder.waits_for._holders:
            holder = holder.waits_for._holders[0]
        assert holder
        holder.advance()


def _running() -> Strand | None:
    return getattr(_here, "strand", None)


_here = threading.local()
# In place of the module in those that take locks.
THREADING = SimpleNamespace(Lock=Lock, RLock=lambda: Lock(is_reentrant=True))
