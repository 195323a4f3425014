"""Many whole documents put on the shelf at once, with one wait for the disk.

Each is written under a hidden name; when the disk has them all, each takes its real name in one step. What a
crash leaves of it has no document's name. Imports its floor's `documents` and `folder`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import NamedTuple

from p2pci.library.documents import FileState
from p2pci.library.folder import Folder

# So that no two programs, nor two threads of one, take the same hidden name.
_RUN = secrets.token_hex(4)
_COUNTER = count()


class Arrived(NamedTuple):
    """A whole document in memory, and its SHA-256."""

    number: int
    text: bytes | bytearray
    digest: bytes


class Hidden(NamedTuple):
    """A whole document in a file whose final name is still to come."""

    number: int
    digest: bytes
    name: str
    hidden: str
    state: FileState


def write_hidden(folder: Folder, arrived: Arrived, *, name: str) -> Hidden:
    """Write a document beside its final name, and leave it to the system when it goes to the disk.

    Raises:
        OSError: the disk refused; nothing of it remains.
    """
    hidden = f".{name}.{_RUN}{next(_COUNTER):08x}.tmp"
    descriptor = folder.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        rest = memoryview(arrived.text)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        state = FileState.of(os.fstat(descriptor))
        if not folder.syncs_at_once:
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            folder.remove(hidden)
        raise
    finally:
        os.close(descriptor)
    return Hidden(arrived.number, arrived.digest, name, hidden, state)


def remove_hidden(folder: Folder, written: Sequence[Hidden]) -> None:
    """Delete those that were not given their names."""
    for document in written:
        with suppress(OSError):
            folder.remove(document.hidden)
