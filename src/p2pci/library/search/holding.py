"""A folder that is held while something in it is worked on, against whoever would replace it meanwhile.

By an advisory lock of the folder itself, which leaves no file behind. Where a system or disk has none
(Windows, some network disks), or somebody keeps it for long, the work goes on without. Imports nothing of
the project.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True

_PAUSE_SECONDS = 0.01


@contextmanager
def held(folder: Path, *, alone: bool, seconds: float) -> Iterator[None]:
    """Hold a folder, together with others or alone; waits for it, but no longer than that."""
    if not HAS_LOCKS:
        yield
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # who works in it will say why
        yield
        return
    try:
        _lock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return
        else:
            return
