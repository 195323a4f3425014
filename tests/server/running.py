"""An index server in a thread of its own, so that tests can be plain blocking programs beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from traceback import format_exception
from typing import Any, Self, TypeVar

from p2pci.server import IndexServer
from p2pci.serving import ServedConnection
from tests.server.wire_client import ROOM_SECONDS, WirePeer, until

T = TypeVar("T")
MakeLoop = Callable[[], asyncio.AbstractEventLoop]


class RunningServer:
    """An IndexServer on 127.0.0.1, any free port, and the peers that were opened to it.

    What the event loop had to report by itself is a failure: no client may cause a traceback.
    """

    def __init__(self, server: IndexServer, *, make_loop: MakeLoop) -> None:
        self.server = server
        self.troubles: list[str] = []
        self._make_loop = make_loop
        self._peers: list[WirePeer] = []
        self._loop: asyncio.AbstractEventLoop
        self._started: Future[None] = Future()
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(ROOM_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._peers:
            peer.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(ROOM_SECONDS)
        assert not self._thread.is_alive()
        assert not self.troubles, "\n".join(self.troubles)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._make_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: self._note_trouble(context))
        self._stop = asyncio.Event()
        try:
            await self.server.start()
        except BaseException as error:  # noqa: BLE001 - told where the result is waited for
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._stop.wait()
        await self.server.stop()

    def _note_trouble(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.troubles.append(str(context) + "".join(format_exception(error) if error else ()))

    @property
    def port(self) -> int:
        return self.server.port

    def peer(self, *, source: str = "127.0.0.1", receive_buffer: int | None = None) -> WirePeer:
        """Connect from an address of loopback, with a kernel's receive buffer of some size."""
        peer = WirePeer(("127.0.0.1", self.port), source=source, receive_buffer=receive_buffer)
        self._peers.append(peer)
        return peer

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something in the server's loop and go on."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's loop and wait for it."""
        return self.submit(work).result(ROOM_SECONDS)

    def ask(self, question: Callable[[], T]) -> T:
        """Look at something where nothing changes under our eyes: between two steps of the server's loop."""

        async def answer() -> T:
            return question()

        return self.run(answer())

    @property
    def connections(self) -> list[ServedConnection]:
        """Every connection that is open at the server's end, in no order."""
        listener = self.server._listener
        return self.ask(lambda: [*listener.connections, *listener.parting]) if listener else []

    def connection_of(self, peer: WirePeer) -> ServedConnection:
        """Give the server's end of a peer's connection."""
        until(lambda: self._find(peer))
        (found,) = self._find(peer)
        return found

    def has_taken_all(self, connection: ServedConnection) -> bool:
        """Whether no byte of a request waits at the server's end."""
        reader = connection.reader
        return self.ask(lambda: len(reader._buffer) == reader._position)

    def _find(self, peer: WirePeer) -> list[ServedConnection]:
        return [each for each in self.connections if each.address == peer.address]
