"""Which files of a folder are at rest: they look the same as a while before, or are as long gone.

A file that grows, and one that is replaced by deleting and writing it, are left alone until they are done.
What was taken in is left alone as well until its time would show a change (`SETTLED_SECONDS`), and then
looked at once more. Pure: the states of the files and the time come from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from p2pci.library import SETTLED_SECONDS, FileState

Files = Mapping[str, FileState]


class _Seen(NamedTuple):
    state: FileState | None  # None: it is gone
    since: float


class Rest:
    """The states of the files of one folder, as they were taken in and as they change.

    Args:
        quiet_seconds: how long a file must look the same.
        files: what is taken in from the beginning.
    """

    def __init__(self, quiet_seconds: float, files: Files) -> None:
        self._quiet_seconds = quiet_seconds
        self._taken = dict(files)
        self._stirring: dict[str, _Seen] = {}  # what is not as it was taken in
        self._unsettled: dict[str, float] = {}  # when what is no older than SETTLED_SECONDS was taken in

    @property
    def is_stirring(self) -> bool:
        """Whether something has changed and is not taken in: it must be seen again soon."""
        return bool(self._stirring)

    @property
    def is_unsettled(self) -> bool:
        """Whether something must be taken in once more, SETTLED_SECONDS after it was."""
        return bool(self._unsettled)

    def adopt(self, files: Iterable[tuple[str, FileState]]) -> None:
        """Count files as taken in that came to be known otherwise, by a download: their going is a change."""
        for name, state in files:
            self._taken.setdefault(name, state)

    def see(self, files: Files, now: float) -> bool:
        """Note how the files look, and say whether there is something to take in.

        Args:
            files: all of them.
            now: seconds of a clock that never goes back.
        """
        changed = {name for name, _ in files.items() ^ self._taken.items()} if files != self._taken else set()
        before = self._stirring
        self._stirring = {}
        for name in changed:
            state, seen = files.get(name), before.get(name)
            self._stirring[name] = seen if seen and seen.state == state else _Seen(state, now)
        return any(self._rests(seen, now) for seen in self._stirring.values())

    def take(self, now: float) -> set[str]:
        """Take in what has come to rest, and give the names of what is to be left alone."""
        rested = {name: seen.state for name, seen in self._stirring.items() if self._rests(seen, now)}
        for name, state in rested.items():
            del self._stirring[name]
            self._unsettled.pop(name, None)
            if state is None:
                del self._taken[name]
            else:
                self._taken[name] = state
        self._unsettled = {name: at for name, at in self._unsettled.items() if now - at < SETTLED_SECONDS}
        left_alone = {*self._stirring, *self._unsettled}
        self._unsettled.update((name, now) for name, state in rested.items() if state)
        return left_alone

    def _rests(self, seen: _Seen, now: float) -> bool:
        return now - seen.since >= self._quiet_seconds
