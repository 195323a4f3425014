"""A disk that can be full, write short, and fail, and that is watched: what gets a document's name is told.

It stands below the shelf: in place of its `Folder`, and of the system's calls for a descriptor. Nothing waits
for a real disk. Files carry the simulated time. Threads stop here to let others run.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from p2pci.library import documents, folder as folder_module, incoming, saving, shelf
from tests.simulation.strands import THREADING, stop_here

EPOCH_SECONDS = 1_800_000_000  # the wall clock when the simulation begins
INTERRUPTED_SHARE = 0.3  # of the calls of the disk
_REFUSALS = (errno.ENOSPC, errno.EIO, errno.EDQUOT)


@dataclass(eq=False)
class _Fault:
    folder: Path
    how_often: float
    after: int


class Disk:
    """The disks of all machines.

    Args:
        seed: of what goes wrong.
        now: gives the simulated time.
        named: called with each file that has got a document's name.
    """

    def __init__(self, seed: int, *, now: Callable[[], float], named: Callable[[Path], None]) -> None:
        self.refused = 0
        self.shortened = 0
        self.now = now
        self.named = named
        self._chance = Random(f"disk {seed}")
        self._faults: list[_Fault] = []
        self._folders: dict[int, Path] = {}  # by descriptor

    def work_seconds(self) -> float:
        """How long the next step of a worker thread takes: to begin, to work, to be heard of."""
        seldom = self._chance.random() < 0.02
        return self._chance.random() * (2.0 if seldom else 0.002)

    @contextmanager
    def failing(self, folder: Path, *, how_often: float, after: int = 0) -> Iterator[None]:
        """Refuse some of what is done to a folder, for a while, and after so many times that it is not."""
        fault = _Fault(folder, how_often, after)
        self._faults.append(fault)
        try:
            yield
        finally:
            self._faults.remove(fault)

    def check(self, folder: Path | None) -> None:
        """Let others come in between now and then, and refuse, where that is due.

        Raises:
            OSError: the disk refuses.
        """
        self.interrupt()
        for fault in self._faults:
            if fault.folder != folder:
                continue
            fault.after -= 1
            if fault.after < 0 and self._chance.random() < fault.how_often:
                self.refused += 1
                number = self._chance.choice(_REFUSALS)
                raise OSError(number, os.strerror(number))

    def interrupt(self) -> None:
        """Stop the thread that runs now and then, so that others run."""
        if self._chance.random() < INTERRUPTED_SHARE:
            stop_here()

    def note(self, descriptor: int, folder: Path) -> None:
        self._folders[descriptor] = folder

    # In place of os.write and os.fsync

    def write(self, descriptor: int, data: memoryview) -> int:
        folder = self._folders.get(descriptor)
        self.check(folder)
        size = len(data)
        if folder and size > 1 and self._chance.random() < 0.05:
            self.shortened += 1
            size = self._chance.randint(1, size - 1)
        written = os.write(descriptor, data[:size])
        seconds = EPOCH_SECONDS + self.now()
        os.utime(descriptor, (seconds, seconds))
        return written

    def fsync(self, descriptor: int) -> None:
        self.check(self._folders.get(descriptor))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put this disk under all shelves."""

        class Watched(folder_module.Folder):
            def open(self, name: str, flags: int) -> int:
                if flags & os.O_CREAT:
                    disk.check(self.path)
                else:
                    disk.interrupt()
                descriptor = super().open(name, flags)
                disk.note(descriptor, self.path)
                return descriptor

            def replace(self, name: str, *, by: str) -> None:
                disk.check(self.path)
                super().replace(name, by=by)
                disk.named(self.path / name)

            def keep(self, name: str, *, also_as: str) -> None:
                disk.check(self.path)
                super().keep(name, also_as=also_as)

            def remove(self, name: str) -> None:
                disk.check(self.path)
                super().remove(name)

            def sync_files(self) -> None:
                disk.check(self.path)

            def sync(self) -> None:
                pass

        disk = self
        with ExitStack() as stack:
            stack.enter_context(patch.object(shelf, "Folder", Watched))
            for module in (incoming, saving):
                stack.enter_context(patch.object(module, "os", _System(self)))
            for module in (documents, folder_module, incoming, shelf):
                stack.enter_context(patch.object(module, "threading", THREADING))
            stack.enter_context(patch("time.time", lambda: EPOCH_SECONDS + self.now()))
            stack.enter_context(patch("time.time_ns", lambda: int((EPOCH_SECONDS + self.now()) * 1e9)))
            yield


class _System:
    """The module os, with a disk's calls in place of the real one's."""

    def __init__(self, disk: Disk) -> None:
        self.write = disk.write
        self.fsync = disk.fsync

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)
