"""A peer that knows several index servers which answer as one: any of them will do."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from p2pci import CannotConnectError, IndexClient, IndexServer, Peer
from p2pci.events import IndexConnected, IndexLost
from p2pci.serving import ServingLimits
from tests.peer.conftest import LIMITS, Start
from tests.peer.known import Known
from tests.peer.test_sharing import SHELF

HOST = "127.0.0.1"


async def test_first_that_answers_is_taken(server: IndexServer, dead_port: Any) -> None:
    spares = [(HOST, server.port)]
    async with IndexClient(HOST, dead_port(), spares=spares) as index:
        assert index.address == (HOST, server.port)
        await index.add(7, "Seven")
        assert len((await index.list_all()).records) == 1


async def test_server_that_says_nothing_holds_up_nobody(server: IndexServer) -> None:
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        async with (
            asyncio.timeout(5),
            IndexClient(*full.getsockname(), spares=[(HOST, server.port)]) as index,
        ):
            assert index.address == (HOST, server.port)
        for filler in fillers:
            filler.close()


async def test_where_none_answers_all_are_told_and_in_any_order_the_same(dead_port: Any) -> None:
    dead = sorted((HOST, dead_port()) for _ in range(2))
    for first, second in (dead, dead[::-1]):
        told = ", ".join(f"{host}:{port}" for host, port in dead)
        with pytest.raises(CannotConnectError, match=f"^Cannot connect to any of {told}: connection refused"):
            await IndexClient(*first, spares=[second]).connect()


async def test_each_that_is_not_reached_is_told_why(dead_port: Any) -> None:
    index = IndexClient("no-such-host.invalid", spares=[(HOST, dead_port())])
    told = "; no-such-host.invalid:7734: there is no host of that name"
    with pytest.raises(CannotConnectError, match=f"{HOST}:[0-9]+: connection refused.*{told}"):
        await index.connect()


async def test_that_all_are_away_is_said_once(dead_port: Any, server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF, spare_servers=[(HOST, dead_port()), (HOST, dead_port())])
    await server.stop()
    await watched.tells(IndexLost, times=5)
    assert len({event.reason for event in watched.told(IndexLost)[1:]}) == 1


async def test_every_address_of_a_name_is_tried(server: IndexServer, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    found = loop.getaddrinfo

    async def getaddrinfo(host: Any, port: Any, **options: Any) -> Any:
        if host != "index.example":
            return await found(host, port, **options)
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in ("127.0.0.77", HOST)]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo, raising=False)
    async with IndexClient("index.example", server.port) as index:
        assert index.address == ("index.example", server.port)


async def test_peer_goes_to_another_one_and_registers_all_there(server: IndexServer, start: Start) -> None:
    async with IndexServer(host=HOST, port=0) as other:
        watched = await start(server.port, SHELF, spare_servers=[(HOST, other.port)])
        await server.stop()
        lost = await watched.tells(IndexLost)
        assert lost.retry_seconds <= LIMITS.first_retry_seconds
        await watched.tells(IndexConnected, times=2)
        assert watched.told(IndexConnected)[-1] == IndexConnected(HOST, other.port)
        await Known(other).becomes(SHELF)
        assert isinstance(watched.peer, Peer)


async def test_peer_that_starts_where_there_is_no_room_goes_to_the_next(
    server: IndexServer, start: Start
) -> None:
    limits = ServingLimits(max_connections=1)
    async with IndexServer(host=HOST, port=0, limits=limits) as full, IndexClient(HOST, full.port):
        watched = await start(full.port, SHELF, spare_servers=[(HOST, server.port)])
        assert "it is full" in watched.told(IndexLost)[0].reason
        assert watched.peer.servers[0] == (HOST, server.port)
        await Known(server).becomes(SHELF)
