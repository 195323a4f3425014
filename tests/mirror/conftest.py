"""An index server, holders real and false that are registered there, and a shelf that is filled from them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from p2pci import DownloadLimits, IndexClient, IndexServer, Shelf, UploadServer
from p2pci.events import Event
from p2pci.mirror import Mirror, MirrorOptions, Plan, Selection
from p2pci.protocol.extensions import Copy
from tests.download.fake_holder import FakeHolder, serving
from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]

SHORT = DownloadLimits(connect_seconds=5.0, head_seconds=0.3, stall_seconds=0.3, pauses_seconds=())
ALL = Selection()


def text_of(number: int, size: int = 3000) -> bytes:
    """Make the text of a document, another one for each number."""
    return (b"%d. Some text of RFC %d.\n" % (number, number) * (size // 20 + 1))[:size]


class Swarm:
    """Who is registered at an index server, for as long as a test runs."""

    def __init__(self, index: IndexServer, folder: Path, running: AsyncExitStack) -> None:
        self.index = index
        self.folder = folder
        self._running = running

    async def holder(self, documents: dict[int, bytes], *, host: str = "127.0.0.1") -> UploadServer:
        """Start a real holder, published under `host`."""
        folder = self.folder / f"holder{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        for number, text in documents.items():
            (folder / f"rfc{number}.txt").write_bytes(text)
        shelf = self._running.enter_context(Shelf(folder))
        upload = await self._running.enter_async_context(UploadServer(shelf, host="127.0.0.1"))
        await self.register(documents, (host, upload.port))
        return upload

    async def fake(self, holder: FakeHolder, documents: dict[int, bytes] | list[int]) -> FakeHolder:
        """Start a holder that plays its script; with numbers alone it tells no SHA-256."""
        await self._running.enter_async_context(serving(holder))
        await self.register(documents, ("127.0.0.1", holder.address[1]))
        return holder

    async def register(self, documents: dict[int, bytes] | list[int], identity: tuple[str, int]) -> None:
        client = IndexClient("127.0.0.1", self.index.port, identity=identity)
        await self._running.enter_async_context(client)
        await client.lookup(1)  # agrees on features
        for number in documents:
            text = documents[number] if isinstance(documents, dict) else None
            copy = None if text is None else Copy(len(text), hashlib.sha256(text).digest())
            await client.add(number, f"Title {number}", copy=copy)


@pytest_asyncio.fixture
async def swarm(tmp_path: Path) -> AsyncIterator[Swarm]:
    (tmp_path / "holders").mkdir()
    async with AsyncExitStack() as running:
        index = await running.enter_async_context(IndexServer(host="127.0.0.1", port=0, trusts_claims=True))
        yield Swarm(index, tmp_path / "holders", running)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path / "ours") as shelf:
        yield shelf


class Mirrored:
    """What a mirror planned, what it told, and what it did."""

    def __init__(self, mirror: Mirror, plan: Plan, events: list[Event]) -> None:
        self.mirror = mirror
        self.plan = plan
        self.events = events

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


async def mirror_all(
    port: int,
    shelf: Shelf,
    *,
    selection: Selection = ALL,
    limits: DownloadLimits = SHORT,
    accepts: tuple[bytes, ...] = (),
    replaces: bool = False,
    keeps_going: bool = True,
) -> Mirrored:
    events: list[Event] = []
    options = MirrorOptions(accepts=accepts, replaces=replaces, keeps_going=keeps_going, limits=limits)
    mirror = Mirror(("127.0.0.1", port), shelf, options=options, watch=events.append)
    try:
        plan = await mirror.plan(selection)
        await mirror.run(plan)
    finally:
        await mirror.close()
    return Mirrored(mirror, plan, events)


def on(shelf: Shelf) -> dict[int, bytes]:
    """What is on a shelf, under its final names."""
    return {
        int(path.name.removeprefix("rfc").removesuffix(".txt")): path.read_bytes()
        for path in shelf.path.glob("rfc[0-9]*.txt")
    }


def hidden(shelf: Shelf) -> list[str]:
    return [path.name for path in shelf.path.glob(".rfc*")]
