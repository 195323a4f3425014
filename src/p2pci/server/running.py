"""The index server itself: its index, its port, and what its connections share.

All peers share one event loop. Imports its floor's `connection`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Self

from p2pci.index import Index
from p2pci.protocol.grammar import DEFAULT_PORT
from p2pci.server.connection import IndexConnection
from p2pci.server.counting import Counts
from p2pci.serving import Admission, Listener, ServingLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from p2pci.events import Watcher
    from p2pci.shared_index import SharedIndex

STOP_SECONDS = 5.0
PROBES = 100  # at the same time


class State(Enum):
    """What a server does; READY alone takes newcomers."""

    STARTING = "starting"
    READY = "ready"
    PAUSED = "paused: out of descriptors"
    STOPPING = "stopping"


class IndexServer:
    """A running index server.

    >>> async def main():
    ...     async with IndexServer(host="127.0.0.1", port=0) as server:
    ...         return server.port > 0
    >>> asyncio.run(main())
    True

    Args:
        host: the address to listen on; None for all interfaces, IPv4 and IPv6.
        port: 0 for any free one; `port` then tells which.
        trusts_claims: publish every peer under the host that it claims (the handout's way, clause P-4.7).
        watch: told of Connected, Joined and Left, AcceptingPaused and AcceptingResumed, and of TurnedAway.
        trace: told of Received, Added, Removed and Sent, at every message; costs time.
        limits: see ServingLimits.
        shared: this server's part in an index of several servers; None for one of its own.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        port: int = DEFAULT_PORT,
        trusts_claims: bool = False,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: ServingLimits | None = None,
        shared: SharedIndex | None = None,
    ) -> None:
        self.index = Index()
        self.counts = Counts()
        self.shared = shared
        self.trusts_claims = trusts_claims
        self.watch = watch
        self.trace = trace
        self.probing = asyncio.Semaphore(PROBES)
        self.host = host
        self._wanted_port = port
        self._limits = limits or ServingLimits()
        self._listener: Listener | None = None
        self._has_stopped = False

    @property
    def state(self) -> State:
        """What it does now."""
        if not self._listener:
            return State.STOPPING if self._has_stopped else State.STARTING
        if self._listener.is_closing:
            return State.STOPPING
        return State.PAUSED if self._listener.accepting.is_paused else State.READY

    @property
    def connection_count(self) -> int:
        """How many connections are served."""
        return len(self._listener.connections) if self._listener else 0

    @property
    def admissions(self) -> Mapping[Admission, int]:
        """What became of newcomers, since it was started."""
        return self._listener.admissions if self._listener else Counter()

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._listener.port if self._listener else self._wanted_port

    async def start(self) -> None:
        """Join the shared index, if there is one, and begin to listen.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
            SharedIndexError: the shared index does not take us.
        """
        if self.shared:
            await self.shared.start(self.index)
        try:
            await self._listen()
        except BaseException:
            await self._leave_shared()
            raise

    async def _listen(self) -> None:
        listener = Listener(
            lambda: IndexConnection(self, listener),
            limits=self._limits,
            watch=self.watch,
            spare_descriptors=PROBES,
        )
        await listener.open(self.host, self._wanted_port)
        self._listener = listener

    async def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """Stop accepting, let answers under way go out for so long, then close every connection."""
        if self._listener:
            await self._listener.close(grace_seconds=grace_seconds)
            self._listener = None
            self._has_stopped = True
            await self._leave_shared()

    async def _leave_shared(self) -> None:
        if self.shared:
            await self.shared.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
