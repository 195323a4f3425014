"""Server-sent events over real HTTP: the newest of each topic, bounds for the slow, and an end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from p2pci.web import streaming
from p2pci.web.serving import WebServer
from p2pci.web.streaming import Streams
from tests.upload.loops import eventually, quiet_loop

__all__ = ["quiet_loop"]
HOST = "127.0.0.1"


class Served:
    """Two topics, and the server that streams them."""

    def __init__(self) -> None:
        self.count = 0
        self.described = 0
        self.text = "t"
        self.streams = Streams({"count": self._describe, "other": lambda: {"text": self.text}})
        self.port = 0

    def _describe(self) -> object:
        self.described += 1
        return self.count

    @property
    def readers(self) -> int:
        return len(self.streams._readers)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(HOST, self.port, limit=1 << 24)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return reader, writer


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    served = Served()

    async def stream(_request: Request) -> Response:
        return served.streams.stream()

    async with WebServer(Starlette(routes=[Route("/", stream)]), host=HOST, port=0) as server:
        served.port = server.port
        try:
            yield served
        finally:
            served.streams.close()


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def test_reader_hears_all_topics_first_and_then_what_changes(served: Served) -> None:
    reader, writer = await served.open()
    first = await reader.readuntil(b'event: other\ndata: {"text": "t"}\n\n')
    assert b"content-type: text/event-stream" in first
    assert b"event: count\ndata: 0\n\n" in first
    served.count = 7
    served.streams.stir("count")
    changed = await reader.readuntil(b"data: 7\n\n")
    assert b"event: other" not in changed
    await close(writer)
    await eventually(lambda: not served.readers, what="a reader that has gone is forgotten")


async def test_many_changes_are_told_as_one(served: Served) -> None:
    reader, writer = await served.open()
    await reader.readuntil(b'event: other\ndata: {"text": "t"}\n\n')
    for served.count in range(1, 10_001):
        served.streams.stir("count")
    await reader.readuntil(b"data: 10000\n\n")
    assert served.described <= 3
    await close(writer)


async def test_what_many_hear_is_described_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PAUSE_SECONDS", 0.5)
    opened = [await served.open() for _ in range(20)]
    for reader, _ in opened:
        await reader.readuntil(b'event: other\ndata: {"text": "t"}\n\n')
    served.count = 7
    served.streams.stir("count")
    for reader, _ in opened:
        await reader.readuntil(b"data: 7\n\n")
    assert served.described <= 4
    for _, writer in opened:
        await close(writer)


async def test_asking_for_the_head_alone_ends(served: Served) -> None:
    reader, writer = await asyncio.open_connection(HOST, served.port)
    writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"content-type: text/event-stream" in answer
    assert not served.readers
    await close(writer)


async def test_reader_that_takes_nothing_is_let_go(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "TAKE_SECONDS", 0.2)
    monkeypatch.setattr(streaming, "PAUSE_SECONDS", 0.001)
    served.text = "x" * 1_000_000
    stuck = socket.create_connection((HOST, served.port))
    stuck.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await eventually(lambda: served.readers == 1, what="it listens")

    def is_gone() -> bool:
        served.streams.stir("other")
        return not served.readers

    await eventually(is_gone, what="it is let go")
    stuck.close()


async def test_streams_end_with_the_server(served: Served) -> None:
    reader, writer = await served.open()
    await reader.readuntil(b'event: other\ndata: {"text": "t"}\n\n')
    served.streams.close()
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"0\r\n\r\n")
    await close(writer)
    reader, writer = await served.open()
    assert b"503 Service Unavailable" in await reader.readuntil(b"\r\n\r\n")
    await close(writer)


async def test_no_more_than_so_many_pages_listen(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_READERS", 1)
    _, first = await served.open()
    await eventually(lambda: served.readers == 1, what="one listens")
    reader, second = await served.open()
    assert b"503 Service Unavailable" in await reader.readuntil(b"\r\n\r\n")
    await close(first)
    await close(second)
