"""The pace of all uploads together: bytes a second, given out piece by piece in the order of asking.

No clock and no I/O of its own: whoever books waits until the time that it is given.
"""

from __future__ import annotations

PIECES_A_SECOND = 10  # so that no reader takes a slow upload for a dead one
MIN_PIECE_BYTES = 512
MAX_PIECE_BYTES = 256 * 1024


class Pace:
    """A bucket of bytes that fills steadily and holds one piece.

    Args:
        rate: bytes a second, at least 1.
    """

    def __init__(self, rate: int) -> None:
        self.piece_bytes = min(max(rate // PIECES_A_SECOND, MIN_PIECE_BYTES), MAX_PIECE_BYTES)
        self._rate = rate
        self._free_at = 0.0

    def book(self, size: int, *, now: float) -> float:
        """Take so many bytes, and give the time, on the clock of `now`, from which they may be sent."""
        due = max(now, self._free_at)
        self._free_at = due + size / self._rate
        return due
