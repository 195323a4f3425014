"""A folder on the disk, worked on through its descriptor.

Names are opened, renamed and removed relative to the descriptor, so what stands at the folder's
path may change without any name being looked up elsewhere, until `follow` is called. Links are
never followed and nothing blocks, not even a fifo. Where a system has no such calls (Windows), paths are
used instead.
The methods raise OSError; `library_error` turns one into words, at the seam of the floor: `shelf`,
`incoming`, `listing`. Imports errors alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from p2pci.errors import LibraryError

try:
    import fcntl
except ImportError:  # Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True

# FAT, some network disks, and files of others where the kernel guards them.
_NO_SECOND_NAMES = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_BY_DESCRIPTOR = {os.open, os.rename, os.unlink} <= os.supports_dir_fd
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
# O_NONBLOCK: opening a fifo would wait for its other end. O_BINARY: Windows would change line ends.
_SAFE = _NO_LINKS | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_PERMISSION = ("permission is denied", "Change the permissions or choose another folder.")
_NO_SPACE = ("the disk is full", "Make room on it and try again.")
_NO_FOLDER = ("it, or what is above it, is not a folder", "Choose another folder.")
_OPEN_FILES = ("too many files are open", "Raise the limit (ulimit -n) or serve fewer connections.")
_WORDS = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: ("the disk quota is used up", "Delete what is not needed and try again."),
    errno.EFBIG: ("files may not be that large", "Raise the limit (ulimit -f) or choose another disk."),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.ENOENT: ("it is no longer there", "Make it again or choose another folder."),
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.EISDIR: ("a folder has that name", "Move the folder away and try again."),
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
}


@cache
def _syncfs() -> Callable[[int], int] | None:
    """The system's call of that name, which Python has not; None where there is none."""
    if not _BY_DESCRIPTOR:
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def library_error(path: Path, error: OSError, *, wish: str) -> LibraryError:
    """The error to raise for what the system refused.

    Args:
        path: the folder or file.
        error: what the system said.
        wish: what should have been done, to follow "cannot", such as "be read".
    """
    unknown = (error.strerror or str(error), "Check the disk and the folder, then try again.")
    why, advice = _WORDS.get(error.errno or 0, unknown)
    return LibraryError(path, reason=f"cannot {wish}: {why}. {advice}")


def lock(descriptor: int) -> bool:
    """Lock a file against other programs until it is closed everywhere, and say whether that could be.

    It cannot where another program has it, and where this system or disk has no locks.
    """
    if not HAS_LOCKS:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Folder:
    """A folder that is held open until `close`; may be used by several threads.

    Attributes:
        path: where it was when it was opened.
        is_new: there was none, and it was made.
    """

    def __init__(self, path: Path) -> None:
        """Open the folder, and make it first when there is none.

        Raises:
            OSError: it cannot be made or read, or is not a folder.
        """
        self.path = path.absolute()
        self.is_new = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
        self._descriptor = (
            os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if _BY_DESCRIPTOR else None
        )
        self._closed = False
        # Held while the descriptor changes: its number, once closed, soon is another file's.
        self._switching = threading.Lock()

    def close(self) -> None:
        """Give the descriptor back; harmless when that is done."""
        with self._switching:
            self._closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def follow(self) -> None:
        """Go on with the folder that stands at the path now; harmless when it is the same.

        Raises:
            OSError: there is none, or it cannot be read.
        """
        if self._at(".")[1] is None:
            return
        found = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with self._switching:
                _, descriptor = self._at(".")
                if descriptor is not None and not os.path.samestat(os.fstat(found), os.fstat(descriptor)):
                    os.dup2(found, descriptor, inheritable=False)  # in one step: other threads use it
        finally:
            os.close(found)

    def open(self, name: str, flags: int) -> int:
        """A new descriptor of the file, made with the permissions of the umask when `flags` create it."""
        place, descriptor = self._at(name)
        if not _NO_LINKS and os.path.islink(place):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        return os.open(place, flags | _SAFE, 0o666, dir_fd=descriptor)

    def open_regular(self, name: str) -> tuple[int, os.stat_result]:
        """A descriptor to read the file from, and its state.

        Raises:
            OSError: there is none, it may not be read, or (EINVAL) it is a fifo, folder or device.
        """
        descriptor = self.open(name, os.O_RDONLY)
        state = os.fstat(descriptor)
        if stat.S_ISREG(state.st_mode):
            return descriptor, state
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", name)

    def state(self, name: str) -> os.stat_result:
        """The state of what has this name, of a link itself if it is one."""
        if self._descriptor is not None:  # asked for every upload: without the detour below
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        place, descriptor = self._at(name)
        return os.stat(place, dir_fd=descriptor, follow_symlinks=False)

    def regular_files(self, wanted: Callable[[str], object]) -> list[tuple[str, os.stat_result]]:
        """The files whose names are wanted, with their states, in no order; links are not files here.

        Raises:
            OSError: the folder cannot be read, or is no longer at its path.
        """
        files = []
        with self._entries() as entries:
            for entry in entries:
                if not wanted(entry.name):
                    continue
                with suppress(FileNotFoundError):
                    state = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(state.st_mode):
                        files.append((entry.name, state))
        return files

    def exists(self, name: str) -> bool:
        """Whether anything has this name."""
        try:
            self.state(name)
        except FileNotFoundError:
            return False
        return True

    def replace(self, name: str, *, by: str) -> None:
        """Rename the file `by` to `name`, in one step and over a file that has the name."""
        source, descriptor = self._at(by)
        target, _ = self._at(name)
        os.replace(source, target, src_dir_fd=descriptor, dst_dir_fd=descriptor)

    def keep(self, name: str, *, also_as: str) -> None:
        """Give a file a second name; where the disk knows no such thing, a new one in place of its own.

        Raises:
            FileExistsError: something has that name.
        """
        source, descriptor = self._at(name)
        target, _ = self._at(also_as)
        by_path = descriptor is None
        try:
            os.link(source, target, src_dir_fd=descriptor, dst_dir_fd=descriptor, follow_symlinks=by_path)
        except OSError as error:
            if error.errno not in _NO_SECOND_NAMES:
                raise
            with suppress(FileNotFoundError):
                self.state(also_as)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), also_as) from error
            os.rename(source, target, src_dir_fd=descriptor, dst_dir_fd=descriptor)

    def remove(self, name: str) -> None:
        """Delete a file."""
        place, descriptor = self._at(name)
        os.unlink(place, dir_fd=descriptor)

    @property
    def syncs_at_once(self) -> bool:
        """Whether `sync_files` does something here; where not, each file must be synced by itself."""
        return self._descriptor is not None and _syncfs() is not None

    def sync_files(self) -> None:
        """Write all that was written to the folder's disk, as one wait for it (Linux).

        Raises:
            OSError: the disk refused some of it.
        """
        syncfs = _syncfs()
        if self._descriptor is not None and syncfs and syncfs(self._descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(self.path))

    def sync(self) -> None:
        """Write the folder's names to the disk, as far as its system can: some network disks refuse."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.fsync(self._descriptor)

    @contextmanager
    def _entries(self) -> Iterator[Iterator[os.DirEntry[str]]]:
        here, descriptor = self._at(".")
        if descriptor is None:
            with os.scandir(here) as entries:
                yield entries
            return
        # Opened anew for each listing: two threads reading one descriptor would share its position.
        listed = os.open(here, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=descriptor)
        try:
            # A deleted folder that is still open lists as an empty one.
            if not os.path.samestat(os.stat(self.path), os.fstat(listed)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
            with os.scandir(listed) as entries:
                yield entries
        finally:
            os.close(listed)

    def _at(self, name: str) -> tuple[str, int | None]:
        """The name as the system's calls take it: relative to a descriptor, or as a path without one."""
        if self._closed:
            raise OSError(errno.EBADF, "the shelf is closed", str(self.path))
        return (name, self._descriptor) if self._descriptor is not None else (str(self.path / name), None)
