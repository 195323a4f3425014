"""An index without room: whoever asks is told so in a sentence, however soon the 400 comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from p2pci import IndexClient, IndexServer, Peer, RefusedError, ServingLimits, TurnedAwayError

BAD_REQUEST = b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"
FULL = ServingLimits(max_connections=0)


@asynccontextmanager
async def refusing(*, asks_first: bool, closes: bool = True) -> AsyncIterator[int]:
    """Run an index that answers every connection with a 400, at once or when it is asked."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asks_first:
            await reader.readuntil(b"\r\n\r\n")
        writer.write(BAD_REQUEST)
        if closes:
            writer.close()
        else:
            await reader.read()
            writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("asks_first", [False, True], ids=["before it is asked", "when it is asked"])
async def test_index_without_room_is_told_apart(*, asks_first: bool) -> None:
    async with refusing(asks_first=asks_first) as port, IndexClient("127.0.0.1", port) as index:
        with pytest.raises(
            TurnedAwayError, match=rf"127\.0\.0\.1:{port} answered 400 and closed: it is full"
        ):
            await index.lookup(7)


async def test_refusal_that_leaves_the_connection_open_is_none_of_these() -> None:
    async with refusing(asks_first=True, closes=False) as port, IndexClient("127.0.0.1", port) as index:
        with pytest.raises(RefusedError):
            await index.lookup(7)


async def test_our_own_index_without_room(tmp_path: Path) -> None:
    async with IndexServer(host="127.0.0.1", port=0, limits=FULL) as server:
        address = ("127.0.0.1", server.port)
        async with IndexClient(*address) as index:
            with pytest.raises(TurnedAwayError):
                await index.list_all()
        (tmp_path / "rfc7.txt").write_text("Seven")
        with pytest.raises(TurnedAwayError):
            await Peer(address, tmp_path, bind="127.0.0.1").start()
