"""Real index servers and real peers, in one process and one loop, on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio

from p2pci import ClientLimits, DownloadLimits, IndexServer, Peer, PeerLimits
from p2pci.events import Event, Role, Sent
from p2pci.library import ALL, Sharing
from tests.upload.loops import eventually, quiet_loop

__all__ = ["quiet_loop"]

LIMITS = PeerLimits(
    client=ClientLimits(answer_seconds=5.0, silence_seconds=0.1),
    download=DownloadLimits(stall_seconds=5.0),
    first_retry_seconds=0.02,
    last_retry_seconds=0.1,
)
_Kind = TypeVar("_Kind")


class Watched:
    """A running peer, what it told, and the messages that it traced."""

    def __init__(self, peer: Peer, events: list[Event], trace: list[Event]) -> None:
        self.peer = peer
        self.events = events
        self.trace = trace

    @property
    def folder(self) -> Path:
        return self.peer.shelf.path

    def sent(self, role: Role) -> bytes:
        """What it sent in one of its conversations."""
        return b"".join(event.data for event in self.trace if isinstance(event, Sent) and event.role is role)

    def told(self, kind: type[_Kind]) -> list[_Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    async def tells(self, kind: type[_Kind], *, times: int = 1) -> _Kind:
        """Wait for the so-manieth event of a kind."""
        await eventually(
            lambda: len(self.told(kind)) >= times, what=f"{kind.__name__} was told {times} times"
        )
        return self.told(kind)[times - 1]


Start = Callable[..., Awaitable[Watched]]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[IndexServer]:
    async with IndexServer(host="127.0.0.1", port=0) as server:
        yield server


@pytest.fixture
def make_peer(tmp_path: Path) -> Callable[..., Watched]:
    """Make a peer with a folder of its own and with documents: bytes by number."""

    def make(
        port: int,
        documents: dict[int, bytes] | None = None,
        *,
        folder: Path | None = None,
        advertise: tuple[str, int] | None = None,
        spare: Path | None = None,
        sharing: Sharing = ALL,
        is_searchable: bool = False,
        limits: PeerLimits = LIMITS,
        spare_servers: Sequence[tuple[str, int]] = (),
    ) -> Watched:
        if folder is None:
            folder = tmp_path / f"peer{len(list(tmp_path.iterdir()))}" / "rfcs"
            folder.mkdir(parents=True)
        for number, text in (documents or {}).items():
            (folder / f"rfc{number}.txt").write_bytes(text)
        events: list[Event] = []
        trace: list[Event] = []
        peer = Peer(
            ("127.0.0.1", port),
            folder,
            spare=spare,
            bind="127.0.0.1",
            advertise=advertise,
            sharing=sharing,
            is_searchable=is_searchable,
            watch=events.append,
            trace=trace.append,
            limits=limits,
            spare_servers=spare_servers,
        )
        return Watched(peer, events, trace)

    return make


@pytest_asyncio.fixture
async def start(make_peer: Callable[..., Watched]) -> AsyncIterator[Start]:
    """Make peers as `make_peer` does and start them; they are stopped at the end."""
    async with AsyncExitStack() as running:

        async def start(*args: object, **options: object) -> Watched:
            watched = make_peer(*args, **options)
            await running.enter_async_context(watched.peer)
            return watched

        yield start
