"""The upload server itself: its limits, its port, and what its connections share.

Imports its floor's `connection`, `kept` and `pacing`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from p2pci.accepting import descriptor_limit
from p2pci.admission import place_of
from p2pci.countdown import Countdown
from p2pci.events import MoreUploaded, Uploaded
from p2pci.library import ALL
from p2pci.serving import Listener, ServingLimits
from p2pci.upload.connection import Sending, UploadConnection
from p2pci.upload.kept import KeptDocuments
from p2pci.upload.pacing import Pace

if TYPE_CHECKING:
    from p2pci.events import Watcher
    from p2pci.library import Sharing, Shelf

STOP_SECONDS = 5.0
PER_ADDRESS = 256  # connections; a whole room may fetch from behind one address, some at a time each
DESCRIPTORS_EACH = 2  # of a document under way, besides its connection: its file, and the socket once more
SLOT_SHARE = 8  # of the descriptors may be slots
FEW_SLOTS = 8  # of one address, that are left to it; and so many times what who waits has
TOLD_UPLOADS = 10  # one by one, in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What an upload server gives away.

    Attributes:
        slots: documents sent at the same time; an eighth of the descriptors if that is less.
        slot_seconds: a GET waits that long for a slot, then is closed without an answer (clause P-4.16).
        idle_seconds: of silence end a connection that was kept for more GETs (clause P-5.28).
        rate: bytes a second of all documents together; 0 for as many as the network takes.
        kept_bytes: of small documents kept in memory.
        serving: see ServingLimits.
    """

    slots: int = 4000
    slot_seconds: float = 30.0
    idle_seconds: float = 15.0
    rate: int = 0
    kept_bytes: int = 32 * 1024 * 1024
    serving: ServingLimits = field(default_factory=lambda: ServingLimits(max_per_address=PER_ADDRESS))


class UploadServer:
    """A running upload server for one shelf.

    Args:
        shelf: whose documents are served.
        host: the address to listen on; None for all interfaces, IPv4 and IPv6.
        port: 0 for any free one; `port` then tells which.
        sharing: of its numbers; others are answered 404.
        watch: told of Uploaded for the first documents of a second, and of MoreUploaded for the others, of
            AcceptingPaused and AcceptingResumed, and of TurnedAway.
        trace: told of Received and Sent, heads alone.
        limits: see UploadLimits.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        host: str | None = None,
        port: int = 0,
        sharing: Sharing = ALL,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: UploadLimits | None = None,
    ) -> None:
        self.shelf = shelf
        self.sharing = sharing
        self.watch = watch
        self.trace = trace
        self.limits = limits or UploadLimits()
        # No more than there are descriptors for, so that a document that is there is never out of reach.
        self._slot_count = min(self.limits.slots, max(1, descriptor_limit() // SLOT_SHARE))
        self.slots = asyncio.Semaphore(self._slot_count)
        self.kept = KeptDocuments(shelf.state, max_bytes=self.limits.kept_bytes)
        self.pace = Pace(self.limits.rate) if self.limits.rate else None
        self.uploads: dict[asyncio.Task[None], UploadConnection] = {}
        self.idle: Countdown[UploadConnection]
        self._sent = 0  # documents, in the second that began with the first of them
        self._untold_bytes = 0
        self._second: asyncio.TimerHandle | None = None
        self._host = host
        self._wanted_port = port
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._listener.port if self._listener else self._wanted_port

    @property
    def sending(self) -> list[Sending]:
        """The documents that wait for their readers, in the order in which they were asked for."""
        return [sending for connection in self.uploads.values() if (sending := connection.sending)]

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
        """
        self.idle = Countdown(self.limits.idle_seconds, UploadConnection.finish)
        listener = Listener(
            lambda: UploadConnection(self, listener),
            limits=self.limits.serving,
            watch=self.watch,
            answers_once=True,
            spare_descriptors=DESCRIPTORS_EACH * self._slot_count,
        )
        await listener.open(self._host, self._wanted_port)
        self._listener = listener

    async def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """Stop accepting, let documents under way go out for so long, then close every connection."""
        if self._listener:
            await self._listener.close(grace_seconds=grace_seconds)
            self._listener = None
            self.idle.close()
        await asyncio.gather(*self.uploads, return_exceptions=True)
        if self._second:
            self._second.cancel()
            self._end_second()

    def ask_slot_back(self, waiting: UploadConnection) -> None:
        """End the longest upload of the address with the most, where that has far more than who waits has.

        So slow readers keep others out only from many addresses, and nobody is cut who has a few slots.
        """
        holding: defaultdict[str, list[UploadConnection]] = defaultdict(list)
        for connection in self.uploads.values():
            if connection.has_slot and not connection.transport.is_closing():
                holding[place_of(connection.source)].append(connection)
        most = max(holding.values(), key=len, default=[])
        if len(most) > FEW_SLOTS * (1 + len(holding[place_of(waiting.source)])):
            most[0].abort()

    def note_upload(self, connection: UploadConnection, number: int, size: int) -> None:
        """Tell whoever watches of a document that a connection has sent."""
        self._sent += 1
        if self._sent > TOLD_UPLOADS:
            self._untold_bytes += size
            return
        if self._sent == 1:
            self._second = asyncio.get_running_loop().call_later(1.0, self._end_second)
        if self.watch:
            self.watch(Uploaded(connection.address, number, size))

    def _end_second(self) -> None:
        if self.watch and self._sent > TOLD_UPLOADS:
            self.watch(MoreUploaded(self._sent - TOLD_UPLOADS, self._untold_bytes))
        self._sent = self._untold_bytes = 0
        self._second = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
