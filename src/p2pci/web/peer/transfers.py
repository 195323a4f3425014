"""Documents on their way: what comes in, with its source and progress, and what went out lately.

Kept from the peer's events, within bounds. Imports `events` and `dialing`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from p2pci import events
from p2pci.dialing import show_address
from p2pci.events import Event

MAX_KEPT = 200


class Source(Protocol):
    """A holder that documents came from, as a mirror counts it."""

    documents: int
    size: int


class Stage(Enum):
    """How far a document is on its way to us."""

    ASKED = "asked"
    COMING = "coming"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Incoming:
    """A document that comes, or came, or did not.

    Attributes:
        number: of the RFC.
        began: seconds since 1970.
        stage: see Stage.
        source: the holder that it comes from, as people write addresses; "" before there is one.
        done: bytes that have come, of `size`.
        is_verified: its SHA-256 is what was announced.
        troubles: what went wrong with one holder after the other.
        error: why it failed.
    """

    number: int
    began: float
    stage: Stage = Stage.ASKED
    source: str = ""
    done: int = 0
    size: int = 0
    is_verified: bool = False
    troubles: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A document that went out; with `documents` over 1 so many more, within a second."""

    time: float
    address: str
    number: int
    size: int
    documents: int = 1


class Transfers:
    """What comes and goes.

    Attributes:
        incoming: by number, the one that began last behind all others.
        outgoing: the last ones, oldest first.
        sent_documents: all that went out since the start; likewise `sent_bytes`.
        received_documents: all that came; likewise `received_bytes`.
    """

    def __init__(self) -> None:
        self.incoming: dict[int, Incoming] = {}
        self.outgoing: deque[Outgoing] = deque(maxlen=MAX_KEPT)
        self.sent_documents = self.sent_bytes = 0
        self.received_documents = self.received_bytes = 0

    @property
    def under_way(self) -> int:
        """How many come in right now."""
        return sum(each.stage in (Stage.ASKED, Stage.COMING) for each in self.incoming.values())

    def ask(self, number: int, *, time: float) -> Incoming:
        """Note that a document was asked for, anew if it was before."""
        self.incoming.pop(number, None)
        incoming = self.incoming[number] = Incoming(number, time)
        ended = [one for one, each in self.incoming.items() if each.stage in (Stage.DONE, Stage.FAILED)]
        for one in ended[: max(0, len(self.incoming) - MAX_KEPT)]:
            del self.incoming[one]
        return incoming

    def fail(self, number: int, error: str) -> None:
        """Note why a document did not come."""
        if incoming := self.incoming.get(number):
            incoming.stage, incoming.error = Stage.FAILED, error

    def count_received(self, sources: Iterable[Source]) -> None:
        """Count what came with a mirror, of which no event told."""
        for source in sources:
            self.received_documents += source.documents
            self.received_bytes += source.size

    def take(self, event: Event, *, time: float) -> bool:
        """Note what an event says, and say whether it was about a transfer."""
        match event:
            case events.Uploaded(address, number, size):
                self._note_sent(Outgoing(time, show_address(address), number, size))
            case events.MoreUploaded(documents, size):
                self._note_sent(Outgoing(time, "", 0, size, documents))
            case events.Downloading(number, host, port):
                incoming = self._coming(number, time)
                incoming.stage, incoming.source = Stage.COMING, show_address((host, port))
            case events.Progress(number, done, size):
                incoming = self._coming(number, time)
                incoming.done, incoming.size = done, size
            case events.Downloaded():
                self._note_downloaded(event, time)
            case events.NotDownloaded(number, reason):
                self.fail(number, reason)
            case events.SourceFailed(number, host, port, reason):
                incoming = self._coming(number, time)
                incoming.troubles += (f"{show_address((host, port))}: {reason}",)
            case _:
                return False
        return True

    def _coming(self, number: int, time: float) -> Incoming:
        """The document that is on its way, whoever asked for it."""
        incoming = self.incoming.get(number)
        if incoming is None or incoming.stage in (Stage.DONE, Stage.FAILED):
            incoming = self.ask(number, time=time)
        return incoming

    def _note_downloaded(self, event: events.Downloaded, time: float) -> None:
        incoming = self._coming(event.number, time)
        incoming.stage, incoming.is_verified = Stage.DONE, event.is_verified
        incoming.done = incoming.size = event.size
        self.received_documents += 1
        self.received_bytes += event.size

    def _note_sent(self, outgoing: Outgoing) -> None:
        self.outgoing.append(outgoing)
        self.sent_documents += outgoing.documents
        self.sent_bytes += outgoing.size
