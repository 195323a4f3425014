"""A network of machines in one process: who listens where, what is cut, and which connection meets what fate.

A machine is an address; code runs on the one that `HERE` says, and so does whatever it starts. What befalls
a connection comes from a chance of its own, so that it does not depend on the others.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.connection import End, Wire, connect_ends

if TYPE_CHECKING:
    from tests.simulation.loop import SimulatedLoop

HERE: ContextVar[str] = ContextVar("HERE", default="10.0.0.254")
CONNECT_SECONDS = 127.0  # of an unanswered SYN, by Linux


@contextmanager
def on(host: str) -> Iterator[None]:
    """Run what is inside on a machine."""
    token = HERE.set(host)
    try:
        yield
    finally:
        with suppress(ValueError):
            HERE.reset(token)


class Network:
    """All machines and what is between them.

    Attributes:
        ends: of connections, that have not ended on their side.
        rough: whether new connections may meet an evil fate.
    """

    def __init__(self, seed: int) -> None:
        self.loop: SimulatedLoop
        self.ends: dict[End, None] = {}
        self.rough = True
        self.counts = dict.fromkeys(
            ("connections", "segments", "resets", "black holes", "cuts", "partitions", "kills"), 0
        )
        self._seed = seed
        self._bound: dict[tuple[str, int], BoundSocket] = {}
        self._listening: dict[tuple[str, int], Listening] = {}
        self._dead: set[str] = set()
        self._cuts: Counter[str] = Counter()
        self._sides: list[frozenset[str]] = []
        self._ports = 40_000

    @contextmanager
    def cut(self, *machines: str) -> Iterator[None]:
        """Let nothing pass to or from these for a while."""
        self.counts["cuts"] += 1
        self._cuts.update(machines)
        try:
            yield
        finally:
            self._cuts.subtract(machines)

    @contextmanager
    def split(self, *machines: str) -> Iterator[None]:
        """Let these reach each other, and nobody else, for a while."""
        self.counts["partitions"] += 1
        side = frozenset(machines)
        self._sides.append(side)
        try:
            yield
        finally:
            self._sides.remove(side)

    def is_cut(self, here: str, there: str) -> bool:
        is_split = any((here in side) != (there in side) for side in self._sides)
        return is_split or self._cuts[here] > 0 or self._cuts[there] > 0

    def reaches(self, there: str) -> bool:
        """Whether anything passes from the machine that runs to another one."""
        return HERE.get() not in self._dead and not self.is_cut(HERE.get(), there)

    def kill(self, machine: str, *, silently: bool) -> None:
        """End a process, whose system closes its connections; or the machine, which says nothing more."""
        self.counts["kills"] += 1
        self._dead.add(machine)
        self._bound = {key: each for key, each in self._bound.items() if key[0] != machine}
        self._listening = {key: each for key, each in self._listening.items() if key[0] != machine}
        for end in [end for end in self.ends if end.here == machine]:
            if silently:
                end.wire.is_cut = True
            end.abort()

    def revive(self, machine: str) -> None:
        self._dead.discard(machine)

    def free_port(self) -> int:
        self._ports += 1
        return self._ports

    def bind(self, host: str, port: int) -> BoundSocket:
        """Give a port of the machine that runs; no machine has IPv6."""
        here = HERE.get()
        if ":" in host:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        port = port or self.free_port()
        if (here, port) in self._bound:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        bound = self._bound[here, port] = BoundSocket(self, (here, port))
        return bound

    def release(self, address: tuple[str, int]) -> None:
        self._bound.pop(address, None)

    def listen(self, make_protocol: Callable[[], Any], bound: BoundSocket) -> Listening:
        listening = Listening(self, make_protocol, bound)
        self._listening[bound.address] = listening
        return listening

    def stop_listening(self, address: tuple[str, int]) -> None:
        self._listening.pop(address, None)

    async def connect(self, make_protocol: Callable[[], Any], host: str, port: int) -> tuple[End, Any]:
        here = HERE.get()
        self.counts["connections"] += 1
        chance = Random(f"{self._seed} {self.counts['connections']}")
        if here in self._dead:
            raise OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN))
        wire = Wire(self, chance)
        await asyncio.sleep(wire.seconds())
        gives_up_at = self.loop.time() + CONNECT_SECONDS
        while self.is_cut(here, host) or host in self._dead:
            await asyncio.sleep(1.0)
            if self.loop.time() > gives_up_at:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        listening = self._listening.get((host, port))
        if listening is None or not listening.is_serving:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        protocol = make_protocol()
        ours, theirs = connect_ends(
            wire, (here, self.free_port()), listening.address, contexts=(copy_context(), listening.context)
        )
        theirs.keep_alive(listening.dead_seconds)
        theirs.start(listening.context.run(listening.make_protocol))
        ours.start(protocol)
        await asyncio.sleep(0)
        return ours, protocol


class BoundSocket:
    """A socket with a port, as far as p2pci uses one."""

    def __init__(self, network: Network, address: tuple[str, int]) -> None:
        self.address = address
        self.dead_seconds = 0.0
        self._network = network

    def getsockname(self) -> tuple[str, int]:
        return self.address

    def setsockopt(self, level: int, option: int, value: int) -> None:
        if (level, option) == (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT):
            self.dead_seconds = value / 1000

    def listen(self, _backlog: int) -> None:
        pass

    def dup(self) -> BoundSocket:
        return self

    def close(self) -> None:
        self._network.release(self.address)


class Listening:
    """asyncio's server on a listening socket."""

    def __init__(self, network: Network, make_protocol: Callable[[], Any], bound: BoundSocket) -> None:
        self.make_protocol = make_protocol
        self.address = bound.address
        self.dead_seconds = bound.dead_seconds
        self.context = copy_context()
        self.is_serving = False
        self._network = network

    async def start_serving(self) -> None:
        self.is_serving = True

    def close(self) -> None:
        self.is_serving = False
        self._network.stop_listening(self.address)

    def release(self) -> None:
        """Give the port back, where nobody else holds the socket."""
        self._network.release(self.address)
