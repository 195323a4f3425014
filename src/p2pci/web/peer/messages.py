"""The last messages that a peer sent and received, in the form of the protocol, within bounds.

Imports `events` and `dialing`.
"""

from __future__ import annotations

from collections import deque
from itertools import dropwhile
from typing import TYPE_CHECKING, NamedTuple

from p2pci.dialing import show_address
from p2pci.events import Received, Sent

if TYPE_CHECKING:
    from p2pci.events import Event

MAX_MESSAGES = 1000
MAX_MESSAGE_CHARS = 4000  # a LIST is told of in pieces of any length
MAX_ALL_CHARS = 1_000_000


class Message(NamedTuple):
    """One message, or a part of one.

    Attributes:
        position: counts all messages from 1.
        time: seconds since 1970.
        is_sent: whether it is ours.
        role: which conversation, by the name of its Role in lower case.
        address: of the other end, as people write it.
        text: what of it is kept; hostile until it is escaped.
        left_out: how many characters are not.
    """

    position: int
    time: float
    is_sent: bool
    role: str
    address: str
    text: str
    left_out: int


class Messages:
    """A ring of messages: what is too much pushes out the oldest.

    Attributes:
        position: of the last one; 0 before there is any.
    """

    def __init__(self) -> None:
        self.position = 0
        self._kept: deque[Message] = deque()
        self._chars = 0

    def take(self, event: Event, *, time: float) -> None:
        """Keep a message; other events are none."""
        if not isinstance(event, Received | Sent):
            return
        self.position += 1
        beginning = event.data[: 4 * MAX_MESSAGE_CHARS].decode("utf-8", "backslashreplace")
        text = beginning.replace("\r\n", "\n")[:MAX_MESSAGE_CHARS]
        left_out = max(0, len(event.data) - len(text.encode())) if len(beginning) > MAX_MESSAGE_CHARS else 0
        address = show_address(event.address)
        role = event.role.name.lower()
        message = Message(self.position, time, isinstance(event, Sent), role, address, text, left_out)
        self._kept.append(message)
        self._chars += len(text)
        while len(self._kept) > MAX_MESSAGES or self._chars > MAX_ALL_CHARS:
            self._chars -= len(self._kept.popleft().text)

    def after(self, position: int, *, limit: int) -> list[Message]:
        """The messages behind a position, the newest `limit` of them, oldest first."""
        return list(dropwhile(lambda message: message.position <= position, self._kept))[-limit:]
