"""Targets that are no holders, or no good ones, end in verdicts, and in bounded time."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from p2pci.checker.cases import Result, Verdict, conforms
from p2pci.checker.judging import judge
from p2pci.checker.peer import CASES, Habits, Holder
from p2pci.checker.wire import Patience

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# A tenth of the real ones, so that the whole of it takes a tenth of the time.
QUICK = Patience(
    connect_seconds=1.0, answer_seconds=0.3, quiet_seconds=0.05, case_seconds=2.0, total_seconds=15.0
)
MAX_SECONDS = QUICK.total_seconds + QUICK.case_seconds + 3.0
HEAD = b"P2P-CI/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Leave it to the end."""


async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def reset_after_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(HEAD)
    await asyncio.sleep(0)
    await reset_at_once(reader, writer)


async def send_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 40)
    await writer.drain()


async def send_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nServer: else\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def send_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(b"and on, " * 8000)
        await writer.drain()


async def send_lines_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD.removesuffix(b"\r\n"))
    while True:
        writer.write(b"a: b\r\n" * 8000)
        await writer.drain()


async def send_data_without_length(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"P2P-CI/1.0 200 OK\r\n\r\n")
    while True:
        writer.write(b"and on, " * 8000)
        await writer.drain()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"P2P-CI/1.0 200 OK\r\n")
    while True:
        writer.write(b"X")
        await asyncio.sleep(0.03)
        await writer.drain()


@contextlib.asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """Serve every connection in this way, and give the port."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                await serve(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()  # what nobody reads would keep it open
            raise

    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(run(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def judge_port(port: int) -> list[Result]:
    habits = Habits()
    async with asyncio.timeout(MAX_SECONDS):
        return await judge(
            CASES,
            lambda wires: Holder("127.0.0.1", port, wires, number=7, document=b"x", habits=habits),
            patience=QUICK,
        )


@pytest.mark.parametrize(
    "serve",
    [
        close_at_once,
        reset_at_once,
        send_garbage,
        send_http,
        *(
            pytest.param(slow, marks=pytest.mark.slow)
            for slow in (
                reset_after_head,
                say_nothing,
                send_without_end,
                send_lines_without_end,
                send_data_without_length,
                drip,
            )
        ),
    ],
)
async def test_hostile_target_ends_in_verdicts(serve: Serve) -> None:
    async with listening(serve) as port:
        results = await judge_port(port)
    assert len(results) == len(CASES)
    assert not conforms(results)
    broken = [result.note for result in results if result.note.startswith("the case itself failed")]
    assert broken == []
    counts = {verdict.value: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    print(serve.__name__, counts, {result.symptom for result in results})


async def test_dead_target_is_given_up_after_three_cases(dead_port: Callable[[], int]) -> None:
    results = await judge_port(dead_port())
    assert [result.verdict for result in results[:4]] == [Verdict.ERROR] * 3 + [Verdict.SKIPPED]
    assert not conforms(results)
