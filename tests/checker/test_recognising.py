"""What is of another kind is not judged, and said so; what is only bad is judged, however bad."""

from __future__ import annotations

import asyncio
import http.server
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from p2pci.checker import client, peer, server
from p2pci.checker.cases import Verdict
from p2pci.checker.client import ByScript, Launch
from p2pci.checker.judging import judge
from p2pci.checker.recognising import FirstLook, look_at_client
from p2pci.checker.wire import Patience
from p2pci.library import Shelf
from p2pci.server import IndexServer
from p2pci.upload import UploadServer
from tests.checker.hostile import ALL, Behaviour, hostile
from tests.checker.peer.faults import FAULTS as HOLDER_FAULTS
from tests.checker.server.faults import FAULTS as INDEX_FAULTS

HASTY = Patience(connect_seconds=1.0, answer_seconds=0.3, quiet_seconds=0.05)
HERE = "127.0.0.1"
NO_INDEX = "this seems to be the upload server of a peer, not an index server"
NO_HOLDER = "this seems to be an index server, not the upload server of a peer"
NO_WEB = "this seems to be a web server, not "
GREETS = "this speaks first, and another protocol: it is not "


async def look(port: int) -> tuple[str, str]:
    """Give what it is taken for instead of an index server, and instead of a holder of RFC 4711."""
    first = FirstLook(HERE, port, HASTY)
    return await first.for_index(), await first.for_holder(4711)


@asynccontextmanager
async def web_server() -> AsyncIterator[int]:
    with http.server.ThreadingHTTPServer((HERE, 0), QuietPages) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving.server_port
        serving.shutdown()
        thread.join()


class QuietPages(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    while await reader.readline():
        writer.write(b"500 Unknown command\r\n")


async def test_index_server_is_no_holder() -> None:
    async with IndexServer(host=HERE, port=0) as index:
        assert await look(index.port) == ("", NO_HOLDER)


async def test_holder_is_no_index_server(tmp_path: Path) -> None:
    (tmp_path / "rfc4711.txt").write_text("A document\n")
    with Shelf(tmp_path) as shelf:
        shelf.scan()
        async with UploadServer(shelf, host=HERE, port=0) as holder:
            assert await look(holder.port) == (NO_INDEX, "")


async def test_web_server_is_neither() -> None:
    async with web_server() as port:
        assert await look(port) == (f"{NO_WEB}an index server", f"{NO_WEB}the upload server of a peer")


async def test_program_that_greets_in_another_protocol_is_neither() -> None:
    async with hostile(greet) as port:
        assert await look(port) == (f"{GREETS}an index server", f"{GREETS}the upload server of a peer")


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(INDEX_FAULTS))
async def test_index_server_with_a_fault_is_one(fault: str) -> None:
    async with INDEX_FAULTS[fault]() as stub:
        assert not await FirstLook(HERE, stub.port, HASTY).for_index()


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(HOLDER_FAULTS))
async def test_holder_with_a_fault_is_one(fault: str) -> None:
    async with HOLDER_FAULTS[fault]() as stub:
        assert not await FirstLook(HERE, stub.port, HASTY).for_holder(stub.number)


async def refuse_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"P2P-CI/1.0 400 Bad Request\r\n\r\n")


async def say_only_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readline():
        writer.write(b"OK\r\n")


async def write_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")


@pytest.mark.parametrize(
    "behave",
    [refuse_all, say_only_ok, write_http, *(pytest.param(one, marks=pytest.mark.slow) for one in ALL)],
    ids=lambda one: one.__name__,
)
async def test_what_may_be_a_bad_one_is_judged(behave: Behaviour) -> None:
    async with hostile(behave) as port, asyncio.timeout(60):
        assert await look(port) == ("", "")


async def test_other_kind_is_told_in_the_first_result_and_nothing_else_is_tried() -> None:
    async with IndexServer(host=HERE, port=0) as index:
        first = FirstLook(HERE, index.port, HASTY)
        results = await judge(
            peer.CASES,
            lambda wires: peer.Holder(HERE, index.port, wires, 4711),
            patience=HASTY,
            look=lambda *_: first.for_holder(4711),
        )
    assert (results[0].verdict, {result.verdict for result in results[1:]}) == (
        Verdict.ERROR,
        {Verdict.SKIPPED},
    )
    assert {result.note for result in results} == {NO_HOLDER}


async def test_right_kind_is_not_looked_at() -> None:
    async with IndexServer(host=HERE, port=0) as index:

        async def look(*_: object) -> str:
            raise AssertionError

        results = await judge(
            server.CASES[:3], lambda wires: server.Server(HERE, index.port, wires), patience=HASTY, look=look
        )
    assert [result.verdict for result in results] == [Verdict.PASS] * 3


@pytest.mark.parametrize(
    "sent, is_told",
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", True),
        (b"LIST ALL HTTP/1.1\r\nHost: localhost\r\nPort: 5\r\n\r\n", False),
    ],
    ids=["web", "slip"],
)
async def test_client_of_web_servers_is_told_from_one_that_writes_badly(sent: bytes, is_told: bool) -> None:  # noqa: FBT001
    program = (
        "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); "
        f"s.sendall({sent!r}); s.recv(1000); s.close()"
    )
    launch = Launch(command=(sys.executable, "-S", "-c", program, "{port}"), host=HERE, port=0)
    results = await judge(
        client.CASES[:2],
        lambda wires: client.Client(wires, launch, ByScript()),
        patience=HASTY,
        look=look_at_client,
    )
    told = "this seems to be a client of web servers, not of an index server"
    assert (results[0].note == told, results[0].verdict is Verdict.ERROR) == (is_told, is_told)
