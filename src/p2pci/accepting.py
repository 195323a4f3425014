"""The listening sockets of one port, on IPv4 and IPv6, and the descriptors that new connections take.

At the end of its descriptors an event loop cannot accept, and asyncio's then tries again without a pause,
with a log line each time. So accepting stops while some are left, and newcomers wait in the kernel's queue.
Imports `protocol` and `errors`; all time is the loop's.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

from p2pci.errors import CannotListenError
from p2pci.protocol.addresses import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

BACKLOG = 4096  # newcomers that wait in the kernel
ACCEPTS = 8  # of asyncio's loop in one turn; it stops in the next but one
SPARE_DESCRIPTORS = 64
PAUSE_SECONDS = 0.5  # between two looks whether there is room again
CHECKED_SHARE = 4  # descriptors are looked at when a fourth of them may be connections
_PORT_TRIES = 20


class Accepting:
    """Accepts connections on one port as long as there are descriptors for them.

    Args:
        make: makes the protocol of a connection.
        prepare: sets the options of a listening socket, which accepted ones inherit.
        count: tells how many connections there are now.
        note: told when accepting has to pause, with True, and when it goes on, with False.
        spare: descriptors that the answers may take, besides those of the connections.
    """

    def __init__(
        self,
        make: Callable[[], asyncio.BaseProtocol],
        *,
        prepare: Callable[[socket.socket], None],
        count: Callable[[], int],
        note: Callable[[bool], None],
        spare: int = 0,
    ) -> None:
        self.port = 0
        self._spare = SPARE_DESCRIPTORS + spare
        self._make = make
        self._prepare = prepare
        self._count = count
        self._note = note
        self._sockets: list[socket.socket] = []  # the loop accepts on copies, and closes them
        self._servers: list[asyncio.Server] = []
        self._is_accepting = False
        self._takes_one = False  # and pauses then
        self._waiting: asyncio.Task[None] | None = None  # for room
        self._limit = self._highest = 0  # descriptors from here on are spared

    @property
    def is_paused(self) -> bool:
        """Whether newcomers wait until there are descriptors again."""
        return self._waiting is not None

    async def open(self, host: str | None, port: int) -> None:
        """Listen on a host's addresses, on all interfaces when it is None; port 0 takes a free one for all.

        Raises:
            CannotListenError: the port is taken or not permitted, or the host is not this machine's.
        """
        where = f"[{host}]" if host and ":" in host else host
        shown = f"{where}:{port}" if where else f"port {port}"
        self._limit = descriptor_limit()
        self._highest = max(self._limit - self._spare, self._limit // 2)
        try:
            hosts = await _addresses(host) if host else EVERYWHERE
            for tries_left in reversed(range(_PORT_TRIES)):
                try:
                    self._listen(hosts, port)
                    await self._accept(at_once=ACCEPTS)
                    break
                except OSError as error:
                    self.close()
                    if port or error.errno != errno.EADDRINUSE or not tries_left:
                        raise
        except OSError as error:
            raise cannot_listen(shown, error) from error

    def close(self) -> None:
        """Accept no more, and let go of those who wait."""
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None
        self._stop()
        for each in self._sockets:
            each.close()
        self._sockets.clear()

    def _listen(self, hosts: tuple[str, ...], port: int) -> None:
        """Bind one, then the same number on the others: two binds of port 0 give two ports."""
        for host in hosts:
            try:
                listening = _bind(host, port)
            except OSError as error:
                if not self._sockets or error.errno == errno.EADDRINUSE:
                    raise
                continue  # a machine without IPv6
            self._sockets.append(listening)
            port = self.port = listening.getsockname()[1]
            self._prepare(listening)
        for listening in self._sockets:
            listening.listen(BACKLOG)

    async def _accept(self, *, at_once: int) -> None:
        """Have the loop accept, asyncio's up to so many in a turn, until it is stopped."""
        loop = asyncio.get_running_loop()
        self._is_accepting = True
        for listening in self._sockets:
            copy = listening.dup()
            server = await loop.create_server(self._take, sock=copy, backlog=at_once, start_serving=False)
            self._servers.append(server)
            await server.start_serving()
            if not self._is_accepting:
                self._stop()
                return
            listening.listen(BACKLOG)  # the loop has set its own

    def _take(self) -> asyncio.BaseProtocol:
        """Make the protocol of a connection that was just accepted, and pause if it should be the last."""
        may_be_last = CHECKED_SHARE * (self._count() + 1) >= self._highest
        if may_be_last and self._is_accepting and (self._takes_one or not self._has_room(1)):
            self._is_accepting = False
            loop = asyncio.get_running_loop()
            loop.call_soon(self._stop)  # uvloop would trip over it now
            if self._waiting is None:
                self._note(True)  # noqa: FBT003 - whether it is paused
                self._waiting = loop.create_task(self._wait_for_room())
        return self._make()

    def _stop(self) -> None:
        """Leave newcomers in the kernel's queue."""
        self._is_accepting = False
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def _wait_for_room(self) -> None:
        """Accept again: one at each look as soon as there is any room, as before when there is enough."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            with suppress(OSError):  # there was no descriptor for the copy either
                overdrawn = self._count_spared()
                if self._has_room(overdrawn + 2 * ACCEPTS * len(self._sockets)):
                    self._stop()
                    self._takes_one = False
                    await self._accept(at_once=ACCEPTS)
                    if self._is_accepting:
                        break
                elif not self._is_accepting and self._has_room(overdrawn + 1):
                    self._takes_one = True
                    await self._accept(at_once=1)
        self._waiting = None
        self._note(False)  # noqa: FBT003 - whether it is paused

    def _count_spared(self) -> int:
        """How many of the spared descriptors are taken all the same."""
        return sum(map(_is_open, range(self._highest, self._limit)))

    def _has_room(self, count: int) -> bool:
        """Whether so many descriptors are free below those that are spared: the system gives the lowest."""
        taken: list[int] = []
        try:
            while len(taken) < count:
                taken.append(os.dup(self._sockets[0].fileno()))
                if taken[-1] >= self._highest:
                    return False
        except OSError:
            return False
        finally:
            for each in taken:
                os.close(each)
        return True


def descriptor_limit() -> int:
    """How many descriptors this process may have open."""
    if resource is None:
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _bind(host: str, port: int) -> socket.socket:
    """Make a socket with an address of its own; IPv6 alone where it is one of IPv6."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let others take the port away
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listening.family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


async def _addresses(host: str) -> tuple[str, ...]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


def cannot_listen(shown: str, error: OSError) -> CannotListenError:
    """Say why nobody can listen at an address, and what to do."""
    is_ours = not isinstance(error, socket.gaierror) and error.errno != errno.EADDRNOTAVAIL
    return CannotListenError(shown, reason=_reason(error), is_ours=is_ours)


def _reason(error: OSError) -> str:
    """Say why in the system's words; each event loop wraps them in its own."""
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno or errno.EADDRNOTAVAIL)  # the one that asyncio gives no number
