"""What the index server and the upload server share: listening sockets, and accepted connections.

A ServedConnection reads requests and knows the rules that are the same on both sides: the clock of a head,
the pressure back when the other side does not read, and the lingering close. Its subclass says in
`serve` what the answers are. May import `accepting`, `admission`, `countdown`, `keepalive`, `protocol`,
`events` and `errors`; all time is the loop's.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from operator import methodcaller
from typing import TYPE_CHECKING, cast

from p2pci.accepting import Accepting
from p2pci.admission import Crowd, Networks, is_admitted
from p2pci.countdown import Countdown
from p2pci.events import AcceptingPaused, AcceptingResumed, TurnedAway
from p2pci.keepalive import keep_alive, untaken_bytes
from p2pci.protocol.grammar import MAX_HEAD_SECONDS
from p2pci.protocol.requests import RequestReader
from p2pci.protocol.rules import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable

    from p2pci.events import Address, Watcher

# What the kernel may hold back for a slow reader. It says at half of that that it takes more, which must be
# more than the one segment, of 64 KiB on loopback, that it keeps back for the close (TCP_CORK).
UNSENT_BYTES = 128 * 1024
MIN_BYTES_PER_SECOND = 100  # that are taken of an answer, on average over the time of a stall


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLimits:
    """How long and how much an accepted connection may take; every time is in seconds.

    Attributes:
        head_seconds: from the first byte of a request line to the end of its head (clause P-1.27).
        stall_seconds: an answer of which next to nothing was taken for so long ends the connection.
        linger_seconds, linger_bytes: what is read and dropped behind the last answer (clause P-1.46).
        dead_seconds: a machine that no longer answers is given up after that long (clause P-4.3).
        max_connections: newcomers over it are answered 400 and closed (clause P-4.15).
        max_per_address: the same for those of one address, in IPv6 of one network of 64 bits; 0: no cap.
        spares_loopback: this machine's own connections are not counted for that.
        allow: only from these networks connections are taken; from all when there are none.
        deny: from these none are, whatever is allowed; they are closed without an answer.
    """

    head_seconds: float = MAX_HEAD_SECONDS
    stall_seconds: float = 15.0
    linger_seconds: float = 2.0
    linger_bytes: int = 256 * 1024
    dead_seconds: int = 120
    max_connections: int = 50_000
    max_per_address: int = 64
    spares_loopback: bool = True
    allow: Networks = ()
    deny: Networks = ()


class Admission(Enum):
    """What becomes of a newcomer."""

    WELCOME = auto()
    FULL = auto()  # there are too many: told so, and closed
    CROWDED = auto()  # the same of those from its address
    DENIED = auto()  # closed


class Listener:
    """The listening sockets of one port, on IPv4 and IPv6, and the connections that came in on them."""

    def __init__(
        self,
        connect: Callable[[], ServedConnection],
        *,
        limits: ServingLimits,
        watch: Watcher | None = None,
        answers_once: bool = False,
        spare_descriptors: int = 0,
    ) -> None:
        """Prepare to listen.

        Args:
            connect: makes what serves a connection.
            limits: of the connections.
            watch: told of AcceptingPaused and AcceptingResumed, and of TurnedAway.
            answers_once: the close follows each answer, and pushes out what the kernel may hold back.
            spare_descriptors: that answers may take, besides their connections.
        """
        self.limits = limits
        self.connections: set[ServedConnection] = set()  # those that are served
        self.admissions: Counter[Admission] = Counter()
        self.is_closing = False
        self.heads = _countdown(limits.head_seconds, "head_is_late")
        self.stalls = _countdown(limits.stall_seconds, "check_stall")
        self.parting = _countdown(limits.linger_seconds, "end_lingering")  # only the close of these is left
        self._all_closed = asyncio.Event()  # meant for `close`: set when the last connection has gone
        self._watch = watch
        self._answers_once = answers_once
        self._counts_places = False
        self._crowd = Crowd(limits.max_per_address, spares_loopback=limits.spares_loopback)
        self.accepting = Accepting(
            connect,
            prepare=self._prepare,
            count=self._count,
            note=self._note_pause,
            spare=spare_descriptors,
        )

    async def open(self, host: str | None, port: int) -> None:
        """Listen; see Accepting.open."""
        await self.accepting.open(host, port)

    @property
    def port(self) -> int:
        """The port that it listens on, once open."""
        return self.accepting.port

    def _prepare(self, listening: socket.socket) -> None:
        _set_options(listening, self.limits.dead_seconds)
        if self._answers_once and hasattr(socket, "TCP_CORK"):
            # The end of an answer and of the connection then go out, and wake the other side, together.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def _note_pause(self, is_paused: bool) -> None:  # noqa: FBT001 - the only argument, and its name is said
        if self._watch:
            self._watch(AcceptingPaused(self._count()) if is_paused else AcceptingResumed(self._count()))

    def _count(self) -> int:
        return len(self.connections) + len(self.parting)

    def admit(self, connection: ServedConnection) -> Admission:
        """Decide about a connection that has just come, and count it."""
        self.connections.add(connection)
        admission = self._judge(connection)
        self.admissions[admission] += 1
        return admission

    def _judge(self, connection: ServedConnection) -> Admission:
        limits = self.limits
        allow, deny = limits.allow, limits.deny
        if (allow or deny) and not is_admitted(connection.source, allow=allow, deny=deny):
            return Admission.DENIED
        if limits.max_per_address and len(self.connections) > limits.max_per_address:
            self._count_places()
        if self._counts_places and not connection.place:
            connection.place = self._crowd.enter(connection.source)
        if self._crowd.is_full(connection.place):
            return Admission.CROWDED
        return Admission.FULL if len(self.connections) > limits.max_connections else Admission.WELCOME

    def note_turned_away(self, place: str) -> None:
        """Tell whoever watches of a newcomer that was too many; "" when all are."""
        if self._watch:
            self._watch(TurnedAway(place))

    def _count_places(self) -> None:
        """Begin to count where connections come from: fewer than the cap of one address need no look."""
        if not self._counts_places:
            self._counts_places = True
            for connection in self.connections:
                connection.place = self._crowd.enter(connection.source)

    async def close(self, *, grace_seconds: float) -> None:
        """Stop accepting, let answers under way go out, then end every connection."""
        self.is_closing = True
        self.accepting.close()
        self._all_closed.clear()
        for connection in list(self.connections):
            connection.drain()
        if self.connections or self.parting:
            try:
                await asyncio.wait_for(self._all_closed.wait(), grace_seconds)
            except TimeoutError:
                for connection in [*self.connections, *self.parting]:
                    connection.abort()
                await self._all_closed.wait()
        for countdown in (self.heads, self.stalls, self.parting):
            countdown.close()

    def part(self, connection: ServedConnection) -> None:
        """Count a connection no longer among those that are served: it keeps nobody out (clause P-4.15)."""
        self._leave(connection)
        self.heads.stop(connection)
        self.parting.start(connection)

    def forget(self, connection: ServedConnection) -> None:
        """Note that a connection has gone."""
        self._leave(connection)
        self.heads.stop(connection)
        self.stalls.stop(connection)
        self.parting.stop(connection)
        if self.is_closing and not self.connections and not self.parting:
            self._all_closed.set()

    def _leave(self, connection: ServedConnection) -> None:
        self.connections.discard(connection)
        self._crowd.leave(connection.place)
        connection.place = ""


def _countdown(seconds: float, is_late: str) -> Countdown[ServedConnection]:
    return Countdown(seconds, methodcaller(is_late))


def _set_options(listening: socket.socket, dead_seconds: int) -> None:
    """Set what accepted sockets inherit.

    The kernel gives up machines that no longer answer. And it takes answers from us in small portions: of a
    megabyte that it has taken we could not see whether the other side reads it.
    """
    keep_alive(listening, dead_seconds)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


class ServedConnection(asyncio.Protocol, ABC):
    """One accepted connection. A subclass says in `serve` how its requests are answered."""

    transport: asyncio.Transport
    place = ""  # where it is counted, kept by the listener
    can_write = True  # the other side reads what we write
    is_finishing = False  # the last answer is written; only the close is left
    _address: Address | None = None
    _reader: RequestReader | None = None
    _other_side_ended = False
    _reads = True
    _untaken = 0  # bytes that the other side had to take when the countdown of a stall began
    _lingered = 0  # bytes read and dropped behind the last answer

    def __init__(self, conversation: Conversation, listener: Listener) -> None:
        self._conversation = conversation
        self._listener = listener
        self._loop = asyncio.get_running_loop()

    @property
    def address(self) -> Address:
        """The other end of the connection; ("", 0) when it was gone before it was here."""
        if self._address is None:
            name = self.transport.get_extra_info("peername")
            self._address = name[:2] if name else ("", 0)
        return self._address

    @property
    def source(self) -> str:
        """The host of the other end, without keeping it; "" when it was gone before it was here."""
        name = self.transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    @property
    def reader(self) -> RequestReader:
        """Reads the requests; made when it is needed first."""
        if self._reader is None:
            self._reader = RequestReader(self._conversation)
        return self._reader

    def begin(self) -> None:
        """Note that it has come."""

    @abstractmethod
    def refuse_newcomer(self) -> None:
        """Tell it that there are too many, and finish (clause P-4.15)."""

    @abstractmethod
    def serve(self) -> None:
        """Answer what `reader` has, as far as `can_write` allows. Called whenever either may have changed."""

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        admission = self._listener.admit(self)
        if self._listener.is_closing or admission is Admission.DENIED:
            self.abort()  # it was accepted while we stop, or its network is denied
            return
        self.begin()
        if admission is not Admission.WELCOME:
            self._listener.note_turned_away(self.place if admission is Admission.CROWDED else "")
            self.refuse_newcomer()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_finishing = True
        self._listener.forget(self)

    def data_received(self, data: bytes) -> None:
        if not self.is_finishing:
            self.reader.receive_data(data)
            self.serve()
            return
        self._lingered += len(data)
        if self._lingered > self._listener.limits.linger_bytes:
            self.transport.close()  # which still finishes the writing

    def eof_received(self) -> bool:
        self._other_side_ended = True
        if self.is_finishing:
            return False  # the loop closes, and still finishes the writing
        self.reader.receive_eof()
        self.serve()
        return True  # what was asked is still answered

    def pause_writing(self) -> None:
        self.can_write = False
        self._watch_for_stall()

    def resume_writing(self) -> None:
        self.can_write = True
        if self.is_finishing:
            return  # the stall is watched for until all is written
        self._listener.stalls.stop(self)
        self._loop.call_soon(self._serve_on)  # asyncio would trip over a close in the midst of its write

    def _serve_on(self) -> None:
        if not self.is_finishing:
            self.serve()

    # Called by the subclass

    def set_reading(self, reads: bool) -> None:  # noqa: FBT001 - the only argument, and its name is said
        """Take no more requests while answers wait to go out, or take them again."""
        if reads != self._reads and not self.transport.is_closing():
            self._reads = reads
            if reads:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def start_head_clock(self) -> None:
        """Start the clock of clause P-1.27 unless it runs."""
        if self not in self._listener.heads:
            self._listener.heads.start(self)

    def stop_head_clock(self) -> None:
        self._listener.heads.stop(self)

    def drain(self) -> None:
        """Answer the requests that have come whole, then close."""
        self.reader.stop()
        if not self.is_finishing:
            self.serve()

    def finish(self) -> None:
        """Close as clause P-1.46 says: without the reading and dropping, a RST could destroy the answer."""
        if self.is_finishing:
            return
        self.is_finishing = True
        self._listener.part(self)
        if self._other_side_ended:
            self.transport.close()
            return
        self.set_reading(True)
        try:
            self.transport.write_eof()
        except OSError:  # it was reset, and the loop has not seen that yet
            self.abort()

    def abort(self) -> None:
        """End the connection at once, whatever is under way."""
        self.transport.abort()

    # Called by the listener's countdowns

    @abstractmethod
    def head_is_late(self) -> None:
        """The clock of clause P-1.27 has run out."""

    def end_lingering(self) -> None:
        if not self.transport.get_write_buffer_size():
            self.transport.close()
            return
        self._listener.parting.start(self)  # the answer is still on its way; a stall ends it
        if self not in self._listener.stalls:
            self._watch_for_stall()

    def check_stall(self) -> None:
        if not self.transport.get_write_buffer_size():
            return
        least = MIN_BYTES_PER_SECOND * self._listener.limits.stall_seconds
        if self._count_untaken() > self._untaken - least:
            self.abort()
        else:
            self._watch_for_stall()

    def _watch_for_stall(self) -> None:
        self._untaken = self._count_untaken()
        self._listener.stalls.start(self)

    def _count_untaken(self) -> int:
        """Count the kernel's too: it takes no more from us before half of what it holds is out."""
        connected = self.transport.get_extra_info("socket")
        return self.transport.get_write_buffer_size() + (untaken_bytes(connected) if connected else 0)
