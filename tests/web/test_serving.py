"""A served application and clients that stall, crowd, or break the protocol."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from p2pci.web import connection
from p2pci.web.serving import WebServer
from tests.upload.loops import eventually, quiet_loop

__all__ = ["quiet_loop"]
HOST = "127.0.0.1"
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
MUCH = "x" * 16_000_000  # more than the system takes over from us


async def say_much(_request: Request) -> Response:
    return PlainTextResponse(MUCH)


async def take(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


APP = Starlette(routes=[Route("/", say_much), Route("/take", take, methods=["POST"])])


@pytest.fixture
async def page(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WebServer]:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 0.1, raising=False)
    async with WebServer(APP, host=HOST, port=0) as server:
        yield server


async def until_cut(page: WebServer, sent: bytes) -> bytes:
    """Send something, and read until the other end closes."""
    reader, writer = await asyncio.open_connection(HOST, page.port)
    writer.write(sent)
    answer = b""
    try:
        async with asyncio.timeout(5):
            answer = await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()
    return answer


@pytest.mark.parametrize(
    "sent",
    [b"", HEAD, b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a head", "half a body"],
)
async def test_request_that_never_ends_is_cut(page: WebServer, sent: bytes) -> None:
    assert await until_cut(page, sent) == b""


async def test_request_that_trickles_is_cut(page: WebServer) -> None:
    _, writer = await asyncio.open_connection(HOST, page.port)
    writer.write(HEAD)

    def is_cut() -> bool:
        writer.write(b"a")
        return writer.is_closing()

    await eventually(is_cut, what="it is cut, whatever it goes on to send")


async def test_answer_that_nobody_takes_is_cut(page: WebServer) -> None:
    stuck = socket.create_connection((HOST, page.port))
    stuck.sendall(HEAD + b"\r\n")
    connections = page._server.server_state.connections
    await eventually(lambda: bool(connections), what="it is there")
    await eventually(lambda: not connections, what="it is cut")
    stuck.close()


async def test_answer_that_is_taken_comes_whole(page: WebServer) -> None:
    answer = await until_cut(page, HEAD + b"Connection: close\r\n\r\n")
    assert len(answer.partition(b"\r\n\r\n")[2]) == len(MUCH)


async def test_no_more_than_so_many_are_connected(page: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 60)
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 1, raising=False)
    _, first = await asyncio.open_connection(HOST, page.port)
    assert await until_cut(page, HEAD) == b""
    first.close()
    await eventually(lambda: not page._server.server_state.connections, what="the first has gone")
    assert (await until_cut(page, HEAD + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")


async def test_two_hosts_are_refused(page: WebServer) -> None:
    answer = await until_cut(page, HEAD + b"Host: y\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")


@pytest.mark.parametrize("path", [b"/", b"/take"], ids=["nobody reads it", "somebody reads it"])
async def test_garbage_behind_a_request_is_no_news(
    page: WebServer, caplog: pytest.LogCaptureFixture, path: bytes
) -> None:
    caplog.set_level(logging.INFO)
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await until_cut(page, head + b"garbage\r\n")).startswith(b"HTTP/1.1 400 Bad Request")
    assert not caplog.records


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 beside IPv4")
async def test_every_address_means_those_of_both_kinds() -> None:
    async with WebServer(APP, host="::", port=0) as server:
        for host in (HOST, "::1"):
            reader, writer = await asyncio.open_connection(host, server.port)
            writer.write(HEAD + b"Connection: close\r\n\r\n")
            async with asyncio.timeout(5):
                assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
            writer.close()
            await writer.wait_closed()
