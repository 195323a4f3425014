"""A peer of an index server that is not ours."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from p2pci import NotFoundError
from p2pci.events import Downloading, NotRegistered, Registered, Registering
from tests.peer.conftest import Start
from tests.peer.test_sharing import SHELF


class ForeignIndex(asyncio.Protocol):
    """An index server that publishes everybody as h, port 5, and does not take RFC 2345."""

    refusal = b"P2P-CI/1.0 400 Bad Request\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        number = data.split()[2]
        if number == b"2345":
            self._transport.write(self.refusal)
        else:
            self._transport.write(b"P2P-CI/1.0 200 OK\r\n\r\nRFC %b T h 5\r\n\r\n" % number)


class GarblingIndex(ForeignIndex):
    refusal = b"garbage\r\n"


@pytest.mark.parametrize("index", [ForeignIndex, GarblingIndex])
async def test_one_refused_add_keeps_nobody_from_registering_the_others(
    start: Start, index: type[asyncio.Protocol]
) -> None:
    async with await asyncio.get_running_loop().create_server(index, "127.0.0.1", 0) as server:
        shelf = {**SHELF, 7: b"Seven\n", 9999: b"Nine\n"}
        watched = await start(server.sockets[0].getsockname()[1], shelf)
        assert [event.number for event in watched.told(Registering)] == [7, 2345, 3457, 9999]
        assert [event.number for event in watched.told(NotRegistered)] == [2345]
        assert watched.told(NotRegistered)[0].reason
        assert watched.told(Registered) == [Registered(3)]
        await watched.peer.stop()


# P-4.10: by the echo of its ADD, whatever it claimed
async def test_peer_knows_itself_by_the_echo_of_its_add(start: Start) -> None:
    async with await asyncio.get_running_loop().create_server(ForeignIndex, "127.0.0.1", 0) as server:
        watched = await start(server.sockets[0].getsockname()[1], {7: b"Seven\n"})
        assert len((await watched.peer.lookup(7)).records) == 1
        with pytest.raises(NotFoundError):
            await watched.peer.get(7)
        assert watched.told(Downloading) == []
        await watched.peer.stop()
