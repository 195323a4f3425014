"""A peer whose index goes away: it keeps serving, says so, and registers again when it is back."""

from __future__ import annotations

import asyncio

import pytest

from p2pci import ConnectionLostError, IndexServer, NotFoundError, ServingLimits
from p2pci.events import (
    IndexConnected,
    IndexLost,
    Registered,
)
from tests.peer.conftest import LIMITS, Start
from tests.peer.test_sharing import SHELF, TITLES
from tests.upload.caller import body_of, exchange, get
from tests.upload.loops import eventually

AWAY = "The index server is away. It is being tried again; ask once it is back."


async def test_peer_registers_again_when_the_index_is_back(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF)
    await watched.peer.add(4711, "Added by hand")
    port = server.port
    await server.stop()
    lost = await watched.tells(IndexLost)
    assert lost.reason == "it closed the connection"
    assert 0 < lost.retry_seconds <= LIMITS.first_retry_seconds
    for question in (watched.peer.list_all, lambda: watched.peer.lookup(7), lambda: watched.peer.get(3457)):
        with pytest.raises(ConnectionLostError) as caught:
            await question()
        assert str(caught.value) == AWAY
    with pytest.raises(ConnectionLostError):
        await watched.peer.add(4712, "Not acknowledged")
    assert body_of(await exchange(watched.peer.upload_port, get(3457))) == SHELF[3457]
    await watched.tells(IndexLost, times=3)
    async with IndexServer(host="127.0.0.1", port=port) as again:
        await watched.tells(Registered, times=2)
        assert again.index.member_count == 1
        records = {record.number: record.title for record in (await watched.peer.list_all()).records}
    assert records == {**TITLES, 4711: "Added by hand"}
    assert watched.told(IndexConnected) == [IndexConnected("127.0.0.1", port)] * 2
    assert watched.told(Registered) == [Registered(2), Registered(3)]


async def test_pauses_grow_to_the_longest_and_vary(server: IndexServer, start: Start) -> None:
    watched = await start(server.port)
    await server.stop()
    await watched.tells(IndexLost, times=7)
    pauses = [event.retry_seconds for event in watched.told(IndexLost)]
    longest = LIMITS.first_retry_seconds
    for pause in pauses:
        assert longest / 2 <= pause <= longest
        longest = min(2 * longest, LIMITS.last_retry_seconds)
    assert len(set(pauses)) == len(pauses)


async def test_pauses_grow_where_an_index_is_full(server: IndexServer, start: Start) -> None:
    """Also for who has nothing to register, and so asks nothing that could be refused."""
    watched = await start(server.port)
    port = server.port
    await server.stop()
    async with IndexServer(host="127.0.0.1", port=port, limits=ServingLimits(max_connections=0)):
        await watched.tells(IndexConnected, times=6)
        lost = await watched.tells(IndexLost, times=len(watched.told(IndexLost)) + 1)
    assert f"127.0.0.1:{port} answered 400 and closed: it is full" in lost.reason
    assert lost.retry_seconds >= LIMITS.last_retry_seconds / 2


async def test_stop_while_the_index_is_away_is_prompt(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF)
    await server.stop()
    await watched.tells(IndexLost)
    async with asyncio.timeout(5.0):
        await watched.peer.stop()


async def test_peers_find_one_another_after_the_index_was_away(server: IndexServer, start: Start) -> None:
    holder, asker = await start(server.port, SHELF), await start(server.port)
    port = server.port
    await server.stop()
    await asker.tells(IndexLost)
    await holder.tells(IndexLost)
    async with IndexServer(host="127.0.0.1", port=port):
        await holder.tells(Registered, times=2)
        await asker.tells(Registered, times=2)
        assert (await asker.peer.get(3457)).path.read_bytes() == SHELF[3457]
        with pytest.raises(NotFoundError):  # itself and only itself is left out
            await asker.peer.get(4711)


async def test_index_that_closes_every_connection_is_tried_again(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF)
    port = server.port
    await server.stop()
    closed: list[asyncio.BaseTransport] = []

    class Closing(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            closed.append(transport)
            transport.close()

    async with await asyncio.get_running_loop().create_server(Closing, "127.0.0.1", port):
        await eventually(lambda: len(closed) >= 3, what="three tries")
        with pytest.raises(ConnectionLostError):
            await watched.peer.list_all()
    async with IndexServer(host="127.0.0.1", port=port):
        await watched.tells(Registered, times=2)
        assert len((await watched.peer.list_all()).records) == 2
