"""Connecting to what is not there, what ends at once, and to our own index server."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from p2pci import (
    Answer,
    CannotConnectError,
    ClientLimits,
    ConnectionLostError,
    IndexClient,
    IndexServer,
    Record,
    RefusedError,
    Status,
)
from p2pci.dialing import outward_address, show_address
from tests.client.fake_index import SHORT
from tests.upload.loops import eventually


async def test_nobody_there_is_said_in_a_sentence(dead_port: Callable[[], int]) -> None:
    port = dead_port()
    with pytest.raises(
        CannotConnectError,
        match=rf"^Cannot connect to 127\.0\.0\.1:{port}: connection refused, nothing listens there\. Check ",
    ):
        await IndexClient("127.0.0.1", port).connect()


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".lan", ".", "a\x00b"])
async def test_host_that_is_no_name_is_said_in_a_sentence(host: str) -> None:
    with pytest.raises(CannotConnectError, match=r": there is no host of that name\. Check how the name is"):
        await IndexClient(host, 7734).connect()


@pytest.mark.parametrize("port", [70_000, -1, 2**40])
async def test_port_that_is_none_is_said_in_a_sentence(port: int) -> None:
    with pytest.raises(CannotConnectError):
        await IndexClient("127.0.0.1", port).connect()


async def test_machine_that_does_not_answer_is_given_up() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        filling = [socket.socket() for _ in range(8)]
        for connecting in filling:
            connecting.settimeout(0)
            connecting.connect_ex(address)
        with pytest.raises(CannotConnectError, match=r"no answer within 0\.2 s"):
            await IndexClient(*address, limits=ClientLimits(connect_seconds=0.2)).connect()
        for connecting in filling:
            connecting.close()


@contextmanager
def resetting() -> Iterator[int]:
    """A server, beside the loop, that answers each connection with a RST."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def until_told() -> None:
            while True:
                accepted, _ = listening.accept()
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                accepted.close()
                if over.is_set():
                    return

        over = threading.Event()
        thread = threading.Thread(target=until_told)
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield port
        finally:
            over.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


async def test_server_that_resets_at_once_is_an_error_in_words() -> None:
    with resetting() as port:
        for _ in range(300):
            with pytest.raises((CannotConnectError, ConnectionLostError)):
                async with IndexClient("127.0.0.1", port, limits=SHORT) as client:
                    await client.list_all()


def test_addresses_are_shown_as_people_write_them() -> None:
    assert show_address(("127.0.0.1", 7734)) == "127.0.0.1:7734"
    assert show_address(("::1", 7734)) == "[::1]:7734"


async def test_outward_address_is_an_address() -> None:
    assert socket.inet_aton(await outward_address())


# P-1.9: the local port of its own connection, also of the next one
async def test_client_without_identity_names_each_connection_anew() -> None:
    async with IndexServer(host="127.0.0.1", port=0) as server:
        client = IndexClient("127.0.0.1", server.port)
        for _ in range(2):
            await client.connect()
            record = (await client.add(7, "Seven")).records[0]
            assert (record.host, record.port) == client.local_address
            await client.close()


async def test_conversation_with_our_own_server() -> None:
    async with (
        IndexServer(host="127.0.0.1", port=0) as server,
        IndexClient("127.0.0.1", server.port, identity=("Mac.lan", 63235)) as mac,
        IndexClient("127.0.0.1", server.port, identity=("Mac.lan", 63237)) as other,
    ):
        empty = Answer(Status.OK, [], complete=True)
        assert await mac.list_all() == empty
        mine = Record(3457, "Requirements for IPsec Remote Access Scenarios", "Mac.lan", 63235)
        assert await mac.add(3457, mine.title) == Answer(Status.OK, [mine], complete=True)
        assert await mac.add(7, "") == Answer(Status.OK, [Record(7, "", "Mac.lan", 63235)], complete=True)
        assert await mac.lookup(3457) == Answer(Status.OK, [mine], complete=True)
        theirs = mine._replace(port=63237)
        await other.add(3457, theirs.title)
        assert (await mac.lookup(3457, "another title")).records == [theirs, mine]
        assert await mac.lookup(4342) == Answer(Status.NOT_FOUND, [], complete=True)
        mac.identity = ("Mac.lan", 1)
        with pytest.raises(RefusedError, match=r"^'ADD RFC 9 P2P-CI/1\.0' was answered with 400\."):
            await mac.add(9, "a second identity")
        await other.close()
        await eventually(lambda: server.index.member_count == 1, what="the other peer left")
        assert len((await mac.list_all()).records) == 2


# Found by simulation: after a cut a peer that only waited never heard that the index had forgotten it.
@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such option")
async def test_index_that_no_longer_answers_is_looked_for_by_the_kernel() -> None:
    limits = ClientLimits(dead_seconds=40)
    async with (
        IndexServer(host="127.0.0.1", port=0) as server,
        IndexClient("127.0.0.1", server.port, limits=limits) as client,
    ):
        connected = client._open_link().transport.get_extra_info("socket")
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        asked = [
            connected.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT)
        ]
        assert asked == [20, 5, 40_000]


async def test_server_that_stops_ends_the_conversation_with_its_sentence() -> None:
    async with (
        IndexServer(host="127.0.0.1", port=0) as server,
        IndexClient("127.0.0.1", server.port) as client,
    ):
        await client.list_all()
        await server.stop()
        assert await client.wait_lost() == "it closed the connection"
        with pytest.raises(ConnectionLostError, match="is lost: it closed the connection"):
            await client.list_all()


async def test_many_questions_at_once_from_many_clients() -> None:
    async with IndexServer(host="127.0.0.1", port=0) as server:

        async def use(place: int) -> None:
            async with IndexClient("127.0.0.1", server.port) as client:
                await asyncio.gather(*(client.add(number, f"Title {number}") for number in range(1, 51)))
                answers = await asyncio.gather(*(client.lookup(number) for number in range(1, 51)))
                assert all(
                    any(record.port == client.local_address[1] for record in a.records) for a in answers
                )

        await asyncio.gather(*(use(place) for place in range(20)))
