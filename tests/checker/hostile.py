"""Programs that are no servers at all: each does one thing to whoever connects."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GARBAGE = bytes(range(256)) * 4 + b"\n"
RECORDS = b"RFC 1 A Title of Some Words 127.0.0.1 5000\r\n" * 1000


async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pass


async def closes_when_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def sends_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        writer.write(GARBAGE)


async def sends_an_endless_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await send_endlessly(writer, b"x" * 65536)


async def sends_endless_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await send_endlessly(writer, GARBAGE * 64)


async def sends_endless_records(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"P2P-CI/1.0 200 OK\r\n\r\n")
    await send_endlessly(writer, RECORDS)


async def sends_endless_blank_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await send_endlessly(writer, b"\r\n" * 32768)


async def sends_endless_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await send_endlessly(writer, b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n" * 1000)


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then: never silent, never done."""
    while not writer.is_closing():
        writer.write(b"P")
        await writer.drain()
        await asyncio.sleep(0.05)


async def send_endlessly(writer: asyncio.StreamWriter, data: bytes) -> None:
    while not writer.is_closing():
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


ALL: list[Behaviour] = [
    is_silent,
    closes,
    closes_when_asked,
    resets,
    sends_garbage,
    sends_an_endless_line,
    sends_endless_garbage,
    sends_endless_records,
    sends_endless_blank_lines,
    sends_endless_answers,
    drips,
]


@asynccontextmanager
async def hostile(behave: Behaviour) -> AsyncIterator[int]:
    """Give the port of a program that behaves like this to everybody."""
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await behave(reader, writer)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.add(asyncio.get_running_loop().create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=500)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)
