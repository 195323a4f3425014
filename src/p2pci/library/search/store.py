"""The file of the index: one hidden SQLite database beside the shelf, or in a spare folder.

It is opened for each piece of work and closed again, so that whoever has the folder can have it next, and a
damaged file is never kept in use. What SQLite refuses leaves here as a LibraryError, what it does not
understand as a DamagedError, upon which the file is replaced. Several programs share it: SQLite's locks
order the work, and a lock of the folder keeps a file in its place while anybody works on it.
Imports errors, its package's `holding` and the floor's `folder` and `readings`.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from p2pci.errors import LibraryError
from p2pci.library.folder import library_error
from p2pci.library.readings import spare_path
from p2pci.library.search.holding import held

INDEX_NAME = ".p2pci-search.db"

_BATCH_CACHE_KIB = 65536  # so that a batch is written when it ends, and readers wait for that alone
_WAIT_SECONDS = 5.0  # for others to write what they have, or to let go of the file
_PAUSE_SECONDS = 0.02
_STEPS = 1000  # of SQLite's machine between two looks at the clock
_DOCUMENTS = (
    "CREATE TABLE documents (id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL UNIQUE, "
    "digest BLOB NOT NULL, year INTEGER NOT NULL, status TEXT NOT NULL)"
)
_TEXTS = "CREATE VIRTUAL TABLE texts USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')"
_SCHEMA = [_DOCUMENTS, _TEXTS]
_REFUSALS = {
    sqlite3.SQLITE_FULL: "the disk is full. Make room on it and try again.",
    sqlite3.SQLITE_BUSY: "another program is writing it. Try again in a moment.",
    sqlite3.SQLITE_LOCKED: "another program is writing it. Try again in a moment.",
    sqlite3.SQLITE_READONLY: "it may not be written. Change its permissions or remove it.",
    sqlite3.SQLITE_PERM: "permission is denied. Change the permissions or remove it.",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Change the permissions or remove it.",
    sqlite3.SQLITE_IOERR: "the disk failed. Check it, then try again.",
    sqlite3.SQLITE_NOMEM: "there is too little memory. Try again when there is more.",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted. Try again.",
}


class DamagedError(Exception):
    """The file is no index, or no longer one; it never leaves `library.search`.

    Attributes:
        inode: of the file.
    """

    def __init__(self, inode: int) -> None:
        super().__init__()
        self.inode = inode


class InterruptedSearchError(Exception):
    """A search took too long; it never leaves `library.search`."""


class Store:
    """The file of one shelf's index; may be used by several threads and programs.

    Args:
        folder: of the shelf.
        spare: the folder for it where that one cannot be written; None for nowhere.
    """

    def __init__(self, folder: Path, spare: Path | None) -> None:
        self._folder = folder
        self._spare = spare

    @property
    def path(self) -> Path:
        """Where the file is or will be.

        Raises:
            LibraryError: nowhere.
        """
        path = self._folder / INDEX_NAME
        if _is_writable(path):
            return path
        if self._spare is None:
            reason = "cannot hold the search index: it may not be written. Change its permissions."
            raise LibraryError(self._folder, reason=reason)
        return spare_path(self._folder, self._spare, suffix=".db")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Open it to look something up; None when there is nothing in it yet.

        Raises:
            DamagedError: it has to be replaced.
            LibraryError: it cannot be read.
        """
        with self._opened(makes=False) as connection:
            yield connection

    @contextmanager
    def writing(self, is_cancelled: Callable[[], bool]) -> Iterator[sqlite3.Connection | None]:
        """Open it to change it, all at once and alone; None when that was cancelled while others wrote.

        Raises:
            DamagedError: it has to be replaced.
            LibraryError: it cannot be written.
        """
        with self._opened(makes=True) as connection:
            if connection is None or not _begin(connection, is_cancelled):
                yield None
                return
            try:
                _make_schema(connection)
                yield connection
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def replace(self, damaged: DamagedError) -> None:
        """Remove a damaged file, unless somebody else did; the next to write makes a new one.

        Raises:
            LibraryError: it cannot be removed, or others hold it.
        """
        path = self.path
        with held(path.parent, alone=True, seconds=_WAIT_SECONDS):
            try:
                if path.lstat().st_ino == damaged.inode:
                    # Its journal first: what is in it must never be put into a new file.
                    path.with_name(path.name + "-journal").unlink(missing_ok=True)
                    path.unlink()
            except FileNotFoundError:
                pass
            except OSError as error:
                raise library_error(path, error, wish="be replaced") from error

    @contextmanager
    def _opened(self, *, makes: bool) -> Iterator[sqlite3.Connection | None]:
        path = self.path
        if makes:
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
        with held(path.parent, alone=False, seconds=_WAIT_SECONDS):
            inode = _identify(path)
            if not inode and not makes:
                yield None
                return
            try:
                with closing(_connect(path)) as connection:
                    yield connection if makes or _has_schema(connection) else None
            except sqlite3.Error as error:
                raise _translate(error, path, inode or _identify(path)) from error


@contextmanager
def within(connection: sqlite3.Connection | None, seconds: float) -> Iterator[None]:
    """End what a connection does when its time is over.

    Raises:
        InterruptedSearchError: it was over.
    """
    if connection is None:
        yield
        return
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() >= deadline, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if _code(error) != sqlite3.SQLITE_INTERRUPT:
            raise
        raise InterruptedSearchError from error


def _is_writable(path: Path) -> bool:
    """Whether the file can be written or made, as far as permissions tell; a link there is replaced."""
    if not os.access(path.parent, os.W_OK) or (path.is_dir() and not path.is_symlink()):
        return False
    return path.is_symlink() or not path.exists() or os.access(path, os.W_OK)


def _identify(path: Path) -> int:
    """The inode of the file; 0 when there is none.

    Raises:
        DamagedError: it is a link, or no file at all.
    """
    try:
        state = path.lstat()
    except OSError:
        return 0
    if not stat.S_ISREG(state.st_mode):
        raise DamagedError(state.st_ino)
    return state.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    for setting in (
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "secure_delete = OFF",
        "synchronous = NORMAL",
    ):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(f"PRAGMA cache_size = -{_BATCH_CACHE_KIB}")
    return connection


def _begin(connection: sqlite3.Connection, is_cancelled: Callable[[], bool]) -> bool:
    """Begin to write, once nobody else does."""
    connection.execute("PRAGMA busy_timeout = 0")
    while not is_cancelled():
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            connection.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000:.0f}")
            return True
    return False


def _has_schema(connection: sqlite3.Connection) -> bool:
    """Whether it is an index; False for an empty file.

    Raises:
        sqlite3.DatabaseError: it is something else.
    """
    found = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE sql NOT NULL AND name IN ('documents', 'texts') OR type IN "
        "('view', 'trigger') ORDER BY name"
    ).fetchall()
    if found and [sql for (sql,) in found] != _SCHEMA:
        raise sqlite3.DatabaseError("another schema")
    return bool(found)


def _make_schema(connection: sqlite3.Connection) -> None:
    if not _has_schema(connection):
        for statement in _SCHEMA:
            connection.execute(statement)


def _translate(error: sqlite3.Error, path: Path, inode: int) -> Exception:
    """Say in our words what SQLite said."""
    if "no such module" in str(error):
        reason = "cannot be made: the SQLite of this Python has no FTS5. Use a Python whose SQLite has it."
        return LibraryError(path, reason=f"The search index {reason}")
    refusal = _REFUSALS.get(_code(error))
    return LibraryError(path, reason=refusal) if refusal else DamagedError(inode)


def _code(error: sqlite3.Error) -> int:
    """The primary code of an error; SQLITE_ERROR for one that Python itself raised."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
