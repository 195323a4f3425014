"""What was read of the files of a shelf, kept from one run to the next: title and SHA-256.

It stands in a hidden file of the folder, or where that cannot be written in a spare folder. It is a memory
and no truth: what is not understood in it is read anew, and what cannot be saved is read again next time.
Imports its floor's `documents` and `folder`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from p2pci.library.documents import FileState
from p2pci.library.folder import Folder

READINGS_NAME = ".p2pci.json"
SETTLED_SECONDS = 2.0
"""A file that was changed this lately may change again without a change of its time, which has a grain."""

_VERSION = 1
_MAX_BYTES = 256 * 1024 * 1024


class Reading(NamedTuple):
    """What was read of a file as it was in `state`: its title, fit to send, and its SHA-256.

    The title is None where nobody has looked for it yet.
    """

    state: FileState
    title: str | None
    digest: bytes


def is_settled(modified_ns: int) -> bool:
    """Whether a file has been at rest for long enough that a change would show in its time."""
    return time.time_ns() - modified_ns > SETTLED_SECONDS * 1e9


def spare_path(folder: Path, spare: Path, *, suffix: str) -> Path:
    """Where in a spare folder something about a shelf is kept."""
    key = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return spare / f"shelf-{key}{suffix}"


class Readings:
    """The readings of one folder, by file name.

    Args:
        folder: whose files they are of.
        spare: a folder for what cannot be saved there; None for nowhere.
    """

    def __init__(self, folder: Folder, spare: Path | None) -> None:
        self._folder = folder
        self._spare = spare_path(folder.path, spare, suffix=".json") if spare else None
        self._readings = self._load()
        self._lasting = set(self._readings)  # names of what may be kept
        self._has_changed = False

    def get(self, name: str, state: FileState | None) -> Reading | None:
        """The reading of a file in this state, if there is one that can be relied on."""
        reading = self._readings.get(name)
        return reading if reading and reading.state == state and name in self._lasting else None

    def put(self, name: str, reading: Reading, *, lasts: bool) -> None:
        """Note a reading; one that does not last is of a file that may change without showing it."""
        self._readings[name] = reading
        (self._lasting.add if lasts else self._lasting.discard)(name)
        self._has_changed = True

    def keep(self, names: Container[str]) -> None:
        """Forget the readings of all other files."""
        gone = [name for name in self._readings if name not in names]
        for name in gone:
            del self._readings[name]
            self._lasting.discard(name)
        self._has_changed |= bool(gone)

    def save(self) -> None:
        """Write them down, where that can be done."""
        if not self._has_changed:
            return
        self._has_changed = False
        files = {
            name: [*reading.state, reading.title, reading.digest.hex()]
            for name, reading in self._readings.items()
            if name in self._lasting
        }
        data = json.dumps({"version": _VERSION, "files": files}, ensure_ascii=False).encode()
        try:
            self._save_in_folder(data)
        except OSError as error:
            is_closed = error.errno == errno.EBADF  # then the folder itself is not to blame
        else:
            return
        if self._spare and not is_closed:
            with suppress(OSError):
                self._spare.parent.mkdir(parents=True, exist_ok=True)
                self._spare.write_bytes(data)

    def _save_in_folder(self, data: bytes) -> None:
        hidden = f"{READINGS_NAME}.{secrets.token_hex(8)}.tmp"
        descriptor = self._folder.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            self._folder.replace(READINGS_NAME, by=hidden)
        except OSError:
            with suppress(OSError):
                self._folder.remove(hidden)
            raise

    def _load(self) -> dict[str, Reading]:
        data = b""
        with suppress(OSError):
            descriptor, _ = self._folder.open_regular(READINGS_NAME)
            with os.fdopen(descriptor, "rb") as file:
                data = file.read(_MAX_BYTES)
        if not data and self._spare:
            with suppress(OSError):
                data = self._spare.read_bytes()
        with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
            stored = json.loads(data)
            if stored["version"] == _VERSION:
                return {str(name): _restore(fields) for name, fields in stored["files"].items()}
        return {}


def _restore(fields: tuple[int, int, int, str | None, str]) -> Reading:
    """Make a reading of what was stored.

    Raises:
        ValueError, TypeError: it is none.
    """
    size, modified_ns, inode, title, digest = fields
    state = FileState(int(size), int(modified_ns), int(inode))
    reading = Reading(state, None if title is None else str(title), bytes.fromhex(digest))
    if len(reading.digest) != hashlib.sha256().digest_size:
        raise ValueError("this is no SHA-256")
    return reading
