"""An event loop without a machine below it: no socket, no thread, and a clock that jumps.

Everything else is asyncio's own. When nothing is ready the time is that of the next timer at once; worker
threads are those of `workers`. A machine can stand still while the others go on. Where nothing would ever
happen again, the run ends with `StuckError` instead of hanging.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any

from tests.simulation.network import HERE
from tests.simulation.workers import Workers

if TYPE_CHECKING:
    from tests.simulation.network import Network


MOST_SECONDS = 100_000.0


class StuckError(AssertionError):
    """Somebody waits, and nothing is left that could end it."""


class _Ready(deque[asyncio.Handle]):
    """What is to be run next, but for that of machines that stand still."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, list[asyncio.Handle]] = {}

    def append(self, handle: asyncio.Handle) -> None:
        context: Context = handle._context  # type: ignore[attr-defined] # asyncio's own, and not told
        if self.held and (held := self.held.get(context.get(HERE, ""))) is not None:
            held.append(handle)
        else:
            super().append(handle)


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module.

    Args:
        network: where connections go.
        work_seconds: gives how long the next step of a worker thread takes.
        at_rest: called when nothing is ready and time is about to pass.
    """

    def __init__(
        self, network: Network, *, work_seconds: Callable[[], float], at_rest: Callable[[], None]
    ) -> None:
        super().__init__()
        self.now = 0.0
        self.workers = Workers(self, work_seconds=work_seconds)
        self._network = network
        self._at_rest = at_rest
        self._selector = self  # BaseEventLoop waits in its selector, which is where time passes
        self._ready = _Ready()
        self._clock_resolution = 1e-6
        network.loop = self

    def time(self) -> float:
        return self.now

    def select(self, seconds: float | None) -> list[object]:
        """Let time pass, where BaseEventLoop waits for the system."""
        if seconds is None or self.now > MOST_SECONDS:
            raise StuckError(f"after {self.now:.3f} s nothing can happen any more")
        if seconds > 0:
            self._at_rest()
            self.now += seconds
        return []

    @contextmanager
    def without(self, host: str) -> Iterator[None]:
        """Run nothing on a machine for a while, and then all that should have been run there."""
        self._ready.held[host] = []
        try:
            yield
        finally:
            self._ready.extend(self._ready.held.pop(host))

    def _process_events(self, events: list[object]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(  # type: ignore[override] # asyncio's gives the same to whoever awaits it
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        return self.workers.submit(executor, func, args)

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port or 0))]

    def bind(self, host: str, port: int) -> Any:
        """Make a socket where p2pci makes one of the system's."""
        return self._network.bind(host, port)

    async def create_server(self, protocol_factory: Any, *_: Any, sock: Any = None, **__: Any) -> Any:
        return self._network.listen(protocol_factory, sock)

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        return await self._network.connect(protocol_factory, host, port)

    async def create_datagram_endpoint(self, *_: Any, **__: Any) -> Any:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
