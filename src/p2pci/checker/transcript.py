"""What went over the wire while a case ran: every piece, both ways, in order; bounded. Plain values.

Imports nothing of the project.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MAX_KEPT_BYTES = 256 * 1024  # of a whole transcript; what comes behind is counted


class Direction(Enum):
    """Who did it, seen from us."""

    SENT = ">"
    RECEIVED = "<"
    EVENT = "*"  # a connection was made or ended; the data says it in words


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they were sent in one call, or came in one; or an event.

    Attributes:
        seconds: since the case began.
        connection: the name that the case gave it, such as `peer 1`.
    """

    seconds: float
    connection: str
    direction: Direction
    data: bytes


@dataclass(slots=True)
class Transcript:
    """The pieces of one case, and the local addresses of its connections (by which the target knows them)."""

    pieces: list[Piece] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    left_out_bytes: int = 0
    _kept_bytes: int = 0

    def add(self, piece: Piece) -> None:
        room = max(0, MAX_KEPT_BYTES - self._kept_bytes)
        if len(piece.data) > room:
            self.left_out_bytes += len(piece.data) - room
            piece = Piece(piece.seconds, piece.connection, piece.direction, piece.data[:room])
        if piece.data:
            self.pieces.append(piece)
            self._kept_bytes += len(piece.data) + 64

    @property
    def has_received(self) -> bool:
        return any(piece.direction is Direction.RECEIVED for piece in self.pieces)
