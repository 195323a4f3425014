"""What an index that knows more than 1.0 is told when a peer joins, and in which messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from p2pci import IndexServer
from p2pci.events import (
    IndexLost,
    NotRegistered,
    Reachable,
    Registered,
    Registering,
    Role,
    Unreachable,
)
from tests.peer.conftest import Start
from tests.peer.known import Known, copy_of
from tests.peer.test_foreign_index import GarblingIndex
from tests.peer.test_plain_index import MANY
from tests.peer.test_sharing import SHELF, document


async def test_few_documents_are_registered_as_in_1_0_and_their_copies_told_behind(
    server: IndexServer, start: Start
) -> None:
    watched = await start(server.port, SHELF)
    await Known(server).becomes(SHELF)
    shown, upkeep = watched.sent(Role.CLIENT), watched.sent(Role.UPKEEP)
    assert shown.count(b"ADD RFC ") == 2
    assert b"Repr-Digest" not in shown
    assert upkeep.count(b"Repr-Digest: ") >= 2


async def test_many_documents_are_registered_with_their_copies_at_once(
    server: IndexServer, start: Start
) -> None:
    watched = await start(server.port, MANY)
    await Known(server).becomes(MANY)
    assert watched.told(Registering) == [
        Registering(number, f"Title {number}", number, 30) for number in MANY
    ]
    assert watched.told(Registered) == [Registered(30)]
    sent = watched.sent(Role.CLIENT)
    assert sent.count(b"ADD RFC ") == 31  # the first one twice: now with its copy
    assert sent.count(b"Repr-Digest: ") == 30
    await watched.tells(Reachable)
    assert watched.sent(Role.UPKEEP).count(b"ADD RFC ") == 1  # with which that was asked


async def test_everything_is_told_again_when_the_index_is_back(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, MANY)
    await watched.peer.add(4711, "By hand")
    port = server.port
    await server.stop()
    await watched.tells(IndexLost)
    async with IndexServer(host="127.0.0.1", port=port) as again:
        await watched.tells(Registered, times=2)
        expected = {number: copy_of(text) for number, text in MANY.items()}
        assert await Known(again).copies() == {**expected, 4711: None}
        await watched.peer.stop()
    assert watched.told(Registered) == [Registered(30), Registered(31)]


async def test_copy_is_known_again_after_an_add_by_hand(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF)
    for title in ("Another title", "One more"):
        await watched.peer.add(3457, title)
        await Known(server).becomes(SHELF)
        assert (await Known(server).titles())[3457] == title


async def test_garbled_answer_among_many_costs_its_document_alone(start: Start) -> None:
    shelf = {**MANY, 2345: document(2345, "Refused")}
    async with await asyncio.get_running_loop().create_server(GarblingIndex, "127.0.0.1", 0) as index:
        watched = await start(index.sockets[0].getsockname()[1], shelf)
        assert [event.number for event in watched.told(NotRegistered)] == [2345]
        assert watched.told(Registered) == [Registered(30)]
        await watched.peer.stop()


# P-5.16
async def test_peer_learns_that_it_can_be_reached_once_after_joining(
    server: IndexServer, start: Start
) -> None:
    watched = await start(server.port, SHELF)
    reached = await watched.tells(Reachable)
    assert reached == Reachable("127.0.0.1", watched.peer.upload_port)
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await watched.tells(Registered, times=2)
    await watched.peer.list_all()
    assert watched.sent(Role.UPKEEP).count(b"Probe: 1\r\n") == 1
    assert b"Probe" not in watched.sent(Role.CLIENT)
    assert watched.told(Reachable) == [reached]


async def test_peer_learns_that_it_cannot_be_reached(
    server: IndexServer, start: Start, dead_port: Callable[[], int]
) -> None:
    port = dead_port()
    watched = await start(server.port, SHELF, advertise=("127.0.0.1", port))
    assert await watched.tells(Unreachable) == Unreachable("127.0.0.1", port)
    await Known(server).becomes(SHELF)
    assert watched.told(Reachable) == []


async def test_empty_shelf_asks_when_it_has_something_to_ask_with(server: IndexServer, start: Start) -> None:
    watched = await start(server.port)
    await watched.peer.list_all()
    assert watched.trace
    assert b"Probe" not in watched.sent(Role.UPKEEP)
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await watched.tells(Reachable)


async def test_index_on_this_machine_is_not_asked_about_an_address_that_it_would_not_try(
    server: IndexServer, start: Start
) -> None:
    watched = await start(server.port, SHELF, advertise=("192.0.2.7", 0))
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await watched.tells(Registered, times=2)
    await watched.peer.list_all()
    assert b"Probe" not in watched.sent(Role.UPKEEP)


async def test_index_that_is_lost_over_the_probe_is_not_asked_again(start: Start) -> None:
    async with await asyncio.get_running_loop().create_server(_ProbeShyIndex, "127.0.0.1", 0) as index:
        watched = await start(index.sockets[0].getsockname()[1], SHELF)
        await watched.tells(IndexLost)
        await watched.tells(Registered, times=2)
        await watched.peer.add(4711, "By hand")
        await watched.peer.add(4712, "By hand")
        assert watched.sent(Role.UPKEEP).count(b"Probe: 1") == 1
        assert len(watched.told(IndexLost)) == 1
        await watched.peer.stop()


class _ProbeShyIndex(asyncio.Protocol):
    """An index that agrees to the probe and closes when it is asked for it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if b"Probe: 1" in data:
            self._transport.close()
            return
        agreed = b"Features: probe\r\n" if b"Features" in data else b""
        record = b"RFC %b T h 5\r\n" % data.split()[2]
        self._transport.write(b"P2P-CI/1.0 200 OK\r\n" + agreed + b"\r\n" + record + b"\r\n")
