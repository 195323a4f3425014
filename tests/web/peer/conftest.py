"""A real index, a holder, and a peer with its page, in one process and one loop, on loopback."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest_asyncio

from p2pci import ClientLimits, DownloadLimits, IndexServer, Peer, PeerLimits
from p2pci.events import Address
from p2pci.upload import UploadLimits
from p2pci.web.guarding import CHANGE_HEADER, Rules
from p2pci.web.peer.app import serving_peer
from p2pci.web.peer.chronicle import Chronicle
from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]

HOST = "127.0.0.1"
TOKEN = "secret"
LIMITS = PeerLimits(
    client=ClientLimits(answer_seconds=5.0, silence_seconds=0.1),
    download=DownloadLimits(stall_seconds=5.0, pauses_seconds=()),
    first_retry_seconds=0.02,
    last_retry_seconds=0.1,
)


def document(number: int, title: str, words: str = "It says nothing.") -> str:
    """A short document in the layout of an RFC."""
    return (
        f"\nNetwork Working Group\nRequest for Comments: {number}                    May 1999\n"
        f"Category: Informational\n\n\n{title:^72}\n\n1.  Introduction\n\n   {words}\n"
        "\n2.  The End\n\n   See RFC 7102.\n"
    )


HERE = {7001: document(7001, "A Way to Talk", "Pigeons are mentioned.")}
ELSEWHERE = {
    7001: HERE[7001],
    7101: document(7101, "Congestion of Carrier Pigeons"),
    7102: document(7102, "Talking by Pigeon"),
}


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Page:
    """The page of a running peer, and how it is asked."""

    port: int
    peer: Peer
    chronicle: Chronicle
    index: IndexServer

    async def ask(self, path: str, *, method: str = "GET", body: object = None, **headers: str) -> Answer:
        """Ask over a connection of its own; `_` in the name of a header stands for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, str | None) else json.dumps(body)

        def ask() -> Answer:
            connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
            connection.request(method, path, body=data, headers=sent)
            with connection.getresponse() as answer:
                text = answer.read().decode()
            connection.close()
            return Answer(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})

        return await asyncio.to_thread(ask)

    async def get(self, path: str) -> Any:
        answer = await self.ask(path)
        assert answer.status == 200, answer.text
        return answer.json

    async def post(self, path: str, body: object = None) -> Answer:
        return await self.ask(path, method="POST", body=body, **{CHANGE_HEADER: TOKEN})

    async def until(self, path: str, **wanted: object) -> Any:
        """Ask again and again until a value is there."""
        async with asyncio.timeout(10):
            while not wanted.items() <= (value := await self.get(path)).items():
                pass
        return value


def fill(folder: Path, documents: dict[int, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in documents.items():
        (folder / f"rfc{number}.txt").write_text(text, encoding="utf-8")
    return folder


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    here: dict[int, str],
    elsewhere: dict[int, str],
    rules: Rules | None = None,
    rate: int = 0,
    lost: Sequence[Address] = (),
) -> AsyncIterator[Page]:
    """Run an index, a holder of `elsewhere`, and a peer with `here` and its page.

    The peer was given the addresses in `lost` before that of the index.
    """
    async with AsyncExitStack() as running:
        index = await running.enter_async_context(IndexServer(host=HOST, port=0))
        limits = replace(LIMITS, upload=UploadLimits(rate=rate))
        holder = Peer((HOST, index.port), fill(folder / "elsewhere", elsewhere), bind=HOST, limits=limits)
        await running.enter_async_context(holder)
        chronicle = Chronicle()
        first, *spares = [*lost, (HOST, index.port)]
        peer = Peer(
            first,
            fill(folder / "here", here),
            bind=HOST,
            is_searchable=True,
            watch=chronicle.watch,
            trace=chronicle.trace,
            limits=LIMITS,
            spare_servers=spares,
        )
        await running.enter_async_context(peer)
        assert peer.search
        await asyncio.to_thread(peer.search.wait, 10)
        rules = rules or Rules(hosts={HOST, "localhost"}, change_token=TOKEN)
        served = serving_peer(peer, chronicle, address=(HOST, 0), rules=rules)
        server = await running.enter_async_context(served)
        yield Page(server.port, peer, chronicle, index)


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with serving(tmp_path, here=HERE, elsewhere=ELSEWHERE) as page:
        yield page
