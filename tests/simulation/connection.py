"""A connection in memory: two ends that behave as asyncio's transports over TCP do.

Bytes come in order, cut anywhere and late. A close behind which bytes wait unread, and bytes for an end that
is closed, are answered with a reset, which destroys what is on its way. What a cut holds up is sent again
when the cut is over; a reset is not. An end that keeps alive gives up when nothing answers for too long.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import deque
from contextvars import Context
from random import Random
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from p2pci.events import Address
    from tests.simulation.network import Network

WINDOW_BYTES = 64 * 1024  # that the systems of both sides hold
HIGH_BYTES = 64 * 1024
AGAIN_SECONDS = 1.0
PROBES = 8  # in the time after which an end is dead
_FIN = b""
_SYSTEM = Context()  # in which no process runs, so that none holds it up


class Wire:
    """What lies between two ends: how slow, in which pieces, and what befalls it.

    Attributes:
        is_cut: for ever; a NAT has forgotten it.
    """

    def __init__(self, network: Network, chance: Random) -> None:
        self.network = network
        self.chance = chance
        self.is_cut = False
        self._slowest = chance.choice((0.001, 0.01, 0.1, 0.5)) if network.rough else 0.01
        self._largest = chance.choice((8, 64, 536, 1460, 16_384, WINDOW_BYTES))

    def seconds(self) -> float:
        return self._slowest * self.chance.random()

    def piece(self, size: int) -> int:
        """How many of so many bytes the next segment takes: more and more of them, as TCP does it."""
        largest = min(size, self._largest)
        self._largest += self._largest // 8
        return self.chance.randint(1, largest) if self.chance.random() < 0.3 else largest

    def meet_fate(self, end: End) -> None:
        """Now and then a connection is reset from between, or nothing comes through any more."""
        if not self.network.rough or self.chance.random() > 0.2:
            return
        seconds = self.chance.choice((0.05, 1.0, 30.0)) * self.chance.random()
        fall = end.be_reset_on_both_sides if self.chance.random() < 0.6 else self._go_dark
        self.network.loop.call_later(seconds, fall)

    def _go_dark(self) -> None:
        self.network.counts["black holes"] += 1
        self.is_cut = True


class End(asyncio.Transport):
    """One side's transport.

    Attributes:
        other: the other side's.
        ended_at: when the connection ended on this side; None while it stands.
    """

    other: End
    protocol: Any
    ended_at: float | None = None

    def __init__(
        self, wire: Wire, here: Address, there: Address, *, context: Context, was_accepted: bool
    ) -> None:
        # Of an accepted one there is no socket, since it could not be handed to the kernel.
        shown = None if was_accepted else _Socket(self, here, there)
        super().__init__({"sockname": here, "peername": there, "socket": shown})
        self.wire = wire
        self.here, self.there = here[0], there[0]
        self._network = wire.network
        self._loop = wire.network.loop
        self._context = context
        self._unsent = bytearray()
        self._on_way: deque[bytes] = deque()
        self._arrivals: deque[float] = deque()
        self._room = WINDOW_BYTES
        self._inbox: deque[bytes] = deque()
        self._low, self._high = HIGH_BYTES // 4, HIGH_BYTES
        self._reads, self._is_paused, self._closing, self._is_lost = True, False, False, False
        self._eof_asked = self._eof_sent = False
        self._dead_seconds = self._heard_at = 0.0
        self._network.ends[self] = None

    def start(self, protocol: Any) -> None:
        self.protocol = protocol
        self._soon(protocol.connection_made, self)
        self._soon(self._deliver)

    # asyncio.Transport

    def is_closing(self) -> bool:
        return self._closing

    def get_protocol(self) -> Any:
        return self.protocol

    def pause_reading(self) -> None:
        self._reads = False

    def resume_reading(self) -> None:
        if not self._reads and not self._closing:
            self._reads = True
            self._soon(self._deliver)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_BYTES if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def write(self, data: Any) -> None:
        if self._eof_asked:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._is_lost:
            return
        self._unsent += data
        self._push()
        if len(self._unsent) > self._high and not self._is_paused:
            self._is_paused = True
            self.protocol.pause_writing()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        if not self._closing and not self._eof_asked:
            self._eof_asked = True
            self._push()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if not self._unsent:
                self._end(None)

    def abort(self) -> None:
        self._reset_other()
        self._end(None)

    # Sending

    def _push(self) -> None:
        """Hand the system what it takes."""
        while self._unsent and self._room:
            size = self.wire.piece(min(len(self._unsent), self._room))
            self._send(bytes(self._unsent[:size]))
            self._room -= size
            del self._unsent[:size]
        if self._eof_asked and not self._unsent:
            self._send_fin()

    def _send_fin(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            self._send(_FIN)

    def _send(self, segment: bytes) -> None:
        self._network.counts["segments"] += 1
        arrival = self._loop.time() + self.wire.seconds()
        self._on_way.append(segment)
        self._arrivals.append(max(arrival, self._arrivals[-1] if self._arrivals else 0.0))
        if len(self._on_way) == 1:
            self._loop.call_at(self._arrivals[0], self._arrive, context=_SYSTEM)

    @property
    def is_cut(self) -> bool:
        return self.wire.is_cut or self._network.is_cut(self.here, self.there)

    def _arrive(self) -> None:
        if not self._on_way:
            return  # a reset has destroyed it
        if self.is_cut:
            if not (self._is_lost and (self.wire.is_cut or self.other._is_lost)):
                self._loop.call_later(AGAIN_SECONDS, self._arrive, context=_SYSTEM)
            return
        segment = self._on_way.popleft()
        self._arrivals.popleft()
        if self._on_way:
            self._loop.call_at(self._arrivals[0], self._arrive, context=_SYSTEM)
        self._heard_at = self.other._heard_at = self._loop.time()
        self.other._receive(segment)

    def _acknowledge(self, size: int) -> None:
        if self._is_lost:
            return
        self._room += size
        self._push()
        if self._is_paused and len(self._unsent) <= self._low:
            self._is_paused = False
            self.protocol.resume_writing()
        if self._closing and not self._unsent:
            self._end(None)

    # Receiving

    def _receive(self, segment: bytes) -> None:
        if self._is_lost:
            if segment:
                self._reset_other()
            return
        self._inbox.append(segment)
        self._soon(self._deliver)

    def _deliver(self) -> None:
        while self._inbox and self._reads and not self._closing:
            segment = self._inbox.popleft()
            if segment:
                self._feed(segment)
                self.other._soon(self.other._acknowledge, len(segment))
            elif not self.protocol.eof_received():
                self.close()

    def _feed(self, data: bytes) -> None:
        if isinstance(self.protocol, asyncio.BufferedProtocol):
            while data:
                buffer = memoryview(cast("Any", self.protocol.get_buffer(len(data))))
                size = min(len(buffer), len(data))
                if not size:
                    raise RuntimeError("get_buffer() returned an empty buffer")
                buffer[:size] = data[:size]
                data = data[size:]
                self.protocol.buffer_updated(size)
                if data and not (self._reads and not self._closing):
                    self._inbox.appendleft(data)
                    return
        else:
            self.protocol.data_received(data)

    # The end

    def _end(self, error: Exception | None) -> None:
        """End this side; the other hears of it by a FIN behind what is on its way, or by a reset."""
        self._closing = True
        if self._is_lost:
            return
        self._is_lost = True
        self.ended_at = self._loop.time()
        del self._network.ends[self]
        if any(self._inbox):
            self._reset_other()
        self._unsent.clear()
        self._inbox.clear()
        self._send_fin()
        self._soon(self.protocol.connection_lost, error)

    def _reset_other(self) -> None:
        """Send a reset: it overtakes what is on its way, and comes to nothing where the wire is cut."""
        self._on_way.clear()
        self._arrivals.clear()
        self._eof_sent = True
        self._loop.call_later(self.wire.seconds(), self.other._take_reset, context=_SYSTEM)

    def _take_reset(self) -> None:
        if not self.is_cut:
            self.be_reset()

    def be_reset(self) -> None:
        if not self._is_lost:
            self._network.counts["resets"] += 1
            self._inbox.clear()
            self._eof_sent = True
            self._end(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def be_reset_on_both_sides(self) -> None:
        self.be_reset()
        self.other.be_reset()

    @property
    def has_news(self) -> bool:
        """Whether a look at it would show bytes, or its end."""
        return self._is_lost or bool(self._inbox)

    def keep_alive(self, dead_seconds: float) -> None:
        """Ask the other side now and then whether it is there, as TCP keep-alive does."""
        self._heard_at = self._loop.time()
        if dead_seconds and not self._dead_seconds:
            self._loop.call_later(dead_seconds / PROBES, self._probe, context=_SYSTEM)
        self._dead_seconds = dead_seconds

    def _probe(self) -> None:
        if self._is_lost:
            return
        if not self.is_cut and self.other.ended_at is None:
            self._heard_at = self._loop.time()
        elif not self.is_cut and not self.other._on_way:
            self.be_reset()
        elif self._loop.time() - self._heard_at >= self._dead_seconds:
            self._reset_other()
            self._end(TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)))
        self._loop.call_later(self._dead_seconds / PROBES, self._probe, context=_SYSTEM)

    def _soon(self, call: Any, *arguments: Any) -> None:
        self._loop.call_soon(call, *arguments, context=self._context)


class _Socket:
    """The socket that an end is shown as, as far as anybody looks at it."""

    family = socket.AF_INET

    def __init__(self, end: End, here: Address, there: Address) -> None:
        self._end = end
        self.getsockname = lambda: here
        self.getpeername = lambda: there

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Take the one option that matters here."""
        if (level, option) == (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT):
            self._end.keep_alive(value / 1000)

    def fileno(self) -> int:
        """A descriptor to ask whether there is something to read; none where there is."""
        return -1 if self._end.has_news else _QUIET[0].fileno()


_QUIET = socket.socketpair()  # on which nothing ever comes


def connect_ends(
    wire: Wire, ours: Address, theirs: Address, *, contexts: tuple[Context, Context]
) -> tuple[End, End]:
    """Make both ends of a connection."""
    end = End(wire, ours, theirs, context=contexts[0], was_accepted=False)
    end.other = End(wire, theirs, ours, context=contexts[1], was_accepted=True)
    end.other.other = end
    wire.meet_fate(end)
    return end, end.other
