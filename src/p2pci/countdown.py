"""Many deadlines of the same length, for the price of a dict entry each and one timer of the loop for all.

Imports nothing of the project.
"""

from __future__ import annotations

import asyncio
from itertools import takewhile
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")


class Countdown(Generic[_T]):
    """What has begun and has to be over in time.

    Args:
        seconds: from the start of each to its end.
        is_late: called with what was not stopped by then.
    """

    def __init__(self, seconds: float, is_late: Callable[[_T], None]) -> None:
        self._seconds = seconds
        self._is_late = is_late
        self._loop = asyncio.get_running_loop()
        self._ends: dict[_T, float] = {}  # the soonest first, since all are equally long
        self._timer: asyncio.TimerHandle | None = None

    def __contains__(self, what: _T) -> bool:
        return what in self._ends

    def __iter__(self) -> Iterator[_T]:
        return iter(self._ends)

    def __len__(self) -> int:
        return len(self._ends)

    def start(self, what: _T) -> None:
        """Start it, or start it again."""
        self._ends.pop(what, None)
        self._ends[what] = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._check)

    def stop(self, what: _T) -> None:
        """Stop it if it runs."""
        self._ends.pop(what, None)

    def close(self) -> None:
        """Stop all, and the timer."""
        self._ends.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        now = self._loop.time()
        late = [what for what, _ in takewhile(lambda end: end[1] <= now, self._ends.items())]
        for what in late:
            del self._ends[what]
        soonest = next(iter(self._ends.values()), None)
        self._timer = None if soonest is None else self._loop.call_at(soonest, self._check)
        for what in late:
            self._is_late(what)
