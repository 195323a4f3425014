"""A conversation between two foreign programs, read from the bytes of both directions as they pass by.

Which of the two conversations it is shows in the first request: GET goes to a holder, all else to an index
server. Nothing here reads or writes; `spy` brings the bytes, and word of silence. May import `cases`,
`messages`, `reading`, `rules` and the grammar.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import NamedTuple

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import HolderHead, IndexAnswer, SeenRequest
from p2pci.checker.reading import read_holder_head, read_index_answer, read_request
from p2pci.checker.rules import Lapse, lint_answer, lint_head, lint_request
from p2pci.checker.rules.heads import length_of

MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # what is longer is passed on, and not read
EXTENSIONS = frozenset((b"features", b"want", b"holders", b"from", b"limit", b"probe"))  # asked and echoed


class Side(Enum):
    """Who said something."""

    CLIENT = ">"
    SERVER = "<"


class Overheard(NamedTuple):
    """A message, or bytes that are none.

    Attributes:
        lapses: what in it is not as written.
        trouble: why it could not be read; "" for a message.
        body_bytes: how much data follows the head of a holder's answer, as it says; None elsewhere.
    """

    side: Side
    data: bytes
    lapses: tuple[Lapse, ...] = ()
    trouble: str = ""
    body_bytes: int | None = None


class Conversation:
    """Both directions of one connection."""

    def __init__(self) -> None:
        self._unread = {Side.CLIENT: b"", Side.SERVER: b""}
        self._waiting: deque[tuple[bytes, frozenset[bytes]]] = (
            deque()
        )  # requests: method, and extensions asked for
        self._asked: frozenset[bytes] = frozenset()  # by the request that was answered last
        self._features: frozenset[bytes] = frozenset()  # what Features ask for on the rest of the connection
        self._body_left = 0  # of the answer under way, which is not kept

    def hear(self, side: Side, data: bytes) -> list[Overheard]:
        """Take bytes that passed; give the messages that are whole now."""
        if side is Side.SERVER and self._body_left:
            passed = min(self._body_left, len(data))
            self._body_left -= passed
            data = data[passed:]
        self._unread[side] += data
        return self._take(side, is_over=False)

    def hear_silence(self, side: Side) -> list[Overheard]:
        """Nothing more came for a while, or the side ended: what is there is taken as it is."""
        return self._take(side, is_over=True)

    def _take(self, side: Side, *, is_over: bool) -> list[Overheard]:
        messages = []
        while self._unread[side] and (message := self._take_one(side, is_over=is_over)):
            messages.append(message)
        return messages

    def _take_one(self, side: Side, *, is_over: bool) -> Overheard | None:
        data = self._unread[side]
        try:
            found = self._read(side, data, is_over=is_over)
        except Deviation as deviation:
            return self._give_up(side, deviation.what)
        if found is None:
            return self._give_up(side, "too long to be read") if len(data) > MAX_MESSAGE_BYTES else None
        message, size = found
        self._unread[side] = data[size:]
        match message:
            case SeenRequest():
                self._note_request(message)
                return Overheard(side, message.raw, tuple(lint_request(message)))
            case IndexAnswer():
                return Overheard(side, message.raw, tuple(lint_answer(message, asked=self._asked)))
            case HolderHead():
                return self._begin_body(message)

    def _read(
        self, side: Side, data: bytes, *, is_over: bool
    ) -> tuple[SeenRequest | IndexAnswer | HolderHead, int] | None:
        if side is Side.CLIENT:
            return read_request(data, is_over=is_over)
        is_get = bool(self._waiting) and self._waiting[0][0] == b"GET"
        found = (read_holder_head if is_get else read_index_answer)(data, is_over=is_over)
        if found and self._waiting:
            _, self._asked = self._waiting.popleft()
        return found

    def _note_request(self, request: SeenRequest) -> None:
        asked = EXTENSIONS.intersection(header.name.lower() for header in request.headers)
        if b"features" in asked:
            self._features = frozenset((b"reason",))
        self._waiting.append((request.method, asked | self._features))

    def _begin_body(self, head: HolderHead) -> Overheard:
        """Pass over the data behind a head, of which some may have come."""
        count = length_of(head) or 0
        came = self._unread[Side.SERVER]
        self._unread[Side.SERVER] = came[count:]
        self._body_left = max(0, count - len(came))
        return Overheard(Side.SERVER, head.raw, tuple(lint_head(head)), body_bytes=count)

    def _give_up(self, side: Side, trouble: str) -> Overheard:
        """Show what cannot be read, and begin anew behind it."""
        data, self._unread[side] = self._unread[side], b""
        return Overheard(side, data[:MAX_MESSAGE_BYTES], trouble=trouble)
