"""Clocks, slots, and readers that are slow or stop; limits are shortened, with five times the room."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from p2pci import ServingLimits, Shelf, UploadLimits, UploadServer
from p2pci.events import Event, Uploaded
from tests.upload.caller import BIG_BYTES, Caller, body_of, connections, exchange, get
from tests.upload.conftest import Serve
from tests.upload.loops import eventually

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

BAD_REQUEST = b"P2P-CI/1.0 400 Bad Request\r\n\r\n"
SHORT_SECONDS = 0.2
SHORT_HEAD = UploadLimits(serving=ServingLimits(head_seconds=SHORT_SECONDS))


@pytest.fixture
def documents(folder: Path) -> None:
    with (folder / "rfc7.txt").open("wb") as file:
        file.truncate(BIG_BYTES)
    (folder / "rfc8.txt").write_bytes(b"eight\n")


# P-1.29
@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n\n"])
async def test_no_request_line_is_closed_without_an_answer(serve: Serve, sent: bytes) -> None:
    seconds, answer = await _answer_to(await serve(SHORT_HEAD), sent)
    assert answer == b""
    assert _is_short(seconds)


# P-1.27, P-1.29
@pytest.mark.parametrize(
    "sent", [b"G", b"GET RFC 7 P2P-CI/1.0\r\n", b"\r\n\r\nGET RFC 7 P2P-CI/1.0\r\nHost: h\r\n"]
)
async def test_unfinished_head_is_400(serve: Serve, sent: bytes) -> None:
    seconds, answer = await _answer_to(await serve(SHORT_HEAD), sent)
    assert answer == BAD_REQUEST
    assert _is_short(seconds)


# P-1.29: the clock runs from the accept, and no byte sets it back
async def test_trickle_of_bytes_does_not_set_the_clock_back(serve: Serve) -> None:
    server = await serve(SHORT_HEAD)
    loop = asyncio.get_running_loop()
    caller = await Caller.connect(server.port)
    with closing(caller):
        begun = loop.time()
        reading = asyncio.create_task(caller.read_all())
        while not reading.done():
            await caller.send(b"G")
            await asyncio.wait([reading], timeout=SHORT_SECONDS / 10)
        assert await reading == BAD_REQUEST
        assert _is_short(loop.time() - begun)


@pytest.mark.usefixtures("documents")
async def test_clock_of_the_head_does_not_cut_the_body(serve: Serve) -> None:
    server = await serve(SHORT_HEAD)
    caller = await Caller.connect(server.port)
    with closing(caller):
        await caller.send(get(7))
        answer = await caller.read(1000)
        await _answer_to(server, b"")  # the clock of a connection that was opened later has run out
        answer += await caller.read_all()
    assert len(body_of(answer)) == BIG_BYTES


# P-4.16
@pytest.mark.usefixtures("documents")
async def test_get_without_a_free_slot_waits_then_is_closed_without_an_answer(serve: Serve) -> None:
    server = await serve(UploadLimits(slots=1, slot_seconds=SHORT_SECONDS))
    caller = await Caller.connect(server.port)
    with closing(caller):
        await caller.send(get(7))
        await caller.read(1000)
        seconds, answer = await _answer_to(server, get(8))
        assert answer == b""
        assert _is_short(seconds)


# P-4.16
@pytest.mark.usefixtures("documents")
async def test_document_from_memory_takes_a_slot_and_is_told_when_it_is_out(
    folder: Path, shelf: Shelf
) -> None:
    (folder / "rfc9.txt").write_bytes(b"x" * 250_000)
    os.utime(folder / "rfc9.txt", (1e9, 1e9))
    limits = UploadLimits(slots=1, slot_seconds=SHORT_SECONDS)
    events: list[Event] = []
    async with UploadServer(shelf, host="127.0.0.1", limits=limits, watch=events.append) as server:
        await exchange(server.port, get(9))  # now it is kept
        events.clear()
        caller = await Caller.connect(server.port, receive_buffer_bytes=4096)
        with closing(caller):
            await caller.send(get(9))
            answer = await caller.read(1000)
            _, refused = await _answer_to(server, get(8))
            assert refused == b""
            assert events == []
            answer += await caller.read_all()
        assert len(body_of(answer)) == 250_000
        assert [event.size for event in events if isinstance(event, Uploaded)] == [250_000]
        assert body_of(await exchange(server.port, get(8))) == b"eight\n"


# P-4.16
@pytest.mark.usefixtures("documents")
async def test_freed_slot_serves_who_waited_longest(serve: Serve) -> None:
    server = await serve(UploadLimits(slots=1, slot_seconds=30.0))
    holding, *waiting = [await Caller.connect(server.port) for _ in range(4)]
    await holding.send(get(7))
    await holding.read(1000)
    for place, caller in enumerate(waiting):
        await caller.send(get(8))
        await eventually(partial(_has_uploads, server, place + 2), what="it waits")
    assert await waiting[0].is_silent_for(0.05)
    await holding.read_all()
    for caller in waiting:
        assert body_of(await caller.read_all()) == b"eight\n"
    for caller in (holding, *waiting):
        caller.close()


async def _hold_slots(server: UploadServer, count: int) -> AsyncExitStack:
    """Take slots, all from one address, and read nothing more."""
    held = AsyncExitStack()
    for _ in range(count):
        caller = await Caller.connect(server.port, receive_buffer_bytes=4096, source="127.0.0.2")
        held.callback(caller.reset)
        await caller.send(get(7))
        await caller.read(1)
    return held


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 without being told")
@pytest.mark.usefixtures("documents")
async def test_address_with_nearly_all_slots_gives_one_to_who_waits_long(serve: Serve) -> None:
    server = await serve(UploadLimits(slots=9, slot_seconds=2.0))
    async with await _hold_slots(server, 9):
        assert body_of(await exchange(server.port, get(8))) == b"eight\n"
        assert len(server.sending) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 without being told")
@pytest.mark.usefixtures("documents")
async def test_address_with_a_few_slots_keeps_them(serve: Serve) -> None:
    server = await serve(UploadLimits(slots=8, slot_seconds=SHORT_SECONDS))
    async with await _hold_slots(server, 8):
        assert (await _answer_to(server, get(8)))[1] == b""
        assert len(server.sending) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 without being told")
@pytest.mark.usefixtures("documents")
async def test_nobody_gives_a_slot_to_others_of_its_own_address(serve: Serve) -> None:
    server = await serve(UploadLimits(slots=9, slot_seconds=SHORT_SECONDS))
    async with await _hold_slots(server, 9):
        waiting = await Caller.connect(server.port, source="127.0.0.2")
        with closing(waiting):
            await waiting.send(get(8))
            assert await waiting.read_all() == b""
        assert len(server.sending) == 9


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.usefixtures("documents")
async def test_who_left_while_waiting_holds_up_nobody(shelf: Shelf, end: str) -> None:
    events: list[Event] = []
    limits = UploadLimits(slots=1, slot_seconds=30.0)
    async with UploadServer(shelf, host="127.0.0.1", watch=events.append, limits=limits) as server:
        holding, leaving = await Caller.connect(server.port), await Caller.connect(server.port)
        await holding.send(get(7))
        await holding.read(1000)
        await leaving.send(get(8))
        await eventually(lambda: len(server.uploads) == 2, what="it waits")
        leaving.close() if end == "close" else leaving.reset()
        if end == "reset":
            await eventually(lambda: len(server.uploads) == 1, what="its wait is over")
        await holding.read_all()
        holding.close()
        assert body_of(await exchange(server.port, get(8))) == b"eight\n"
        await eventually(lambda: not server.uploads, what="all uploads ended")
    sizes = [event.size for event in events if isinstance(event, Uploaded)]
    assert sizes == [BIG_BYTES, 6] or (end == "close" and sizes == [BIG_BYTES, 6, 6])  # a close may be a half


@pytest.mark.usefixtures("documents")
async def test_slow_reader_holds_up_nobody(serve: Serve) -> None:
    server = await serve(UploadLimits())
    slow = [await Caller.connect(server.port) for _ in range(20)]
    for caller in slow:
        await caller.send(get(7))
        await caller.read(1000)
    async with asyncio.timeout(5.0):
        for _ in range(20):
            assert body_of(await exchange(server.port, get(8))) == b"eight\n"
    for caller in slow:
        caller.reset()


@pytest.mark.parametrize("behind", ["nothing", "half-close"])
@pytest.mark.usefixtures("documents")
async def test_reader_that_stops_is_ended_and_its_slot_freed(serve: Serve, behind: str) -> None:
    limits = UploadLimits(slots=1, serving=ServingLimits(stall_seconds=SHORT_SECONDS, linger_seconds=0.1))
    server = await serve(limits)
    caller = await Caller.connect(server.port)
    with closing(caller):
        await caller.send(get(7))
        if behind == "half-close":
            caller.half_close()
        await caller.read(1000)
        assert body_of(await exchange(server.port, get(8))) == b"eight\n"
        await eventually(lambda: not connections(server), what="the stuck connection is closed")


@pytest.mark.parametrize("behind", ["nothing", "half-close"])
@pytest.mark.usefixtures("documents")
async def test_reader_that_stops_just_before_the_end_is_ended(serve: Serve, behind: str) -> None:
    """The last bytes lie in the transport when it stops, the upload itself is over."""
    limits = UploadLimits(serving=ServingLimits(stall_seconds=SHORT_SECONDS, linger_seconds=0.1))
    server = await serve(limits)
    caller = await Caller.connect(server.port, receive_buffer_bytes=4096)
    with closing(caller):
        await caller.send(get(7))
        if behind == "half-close":
            caller.half_close()
        await caller.read(1)
        while server.uploads:
            await caller.read(1024)
        await eventually(lambda: not connections(server), what="the stuck connection is closed")


# P-1.45: what is dropped is not kept
@pytest.mark.usefixtures("documents")
async def test_bytes_behind_the_head_take_no_memory(serve: Serve) -> None:
    server = await serve(UploadLimits())
    caller = await Caller.connect(server.port)
    with closing(caller):
        await caller.send(get(7))
        answer = await caller.read(1000)
        for _ in range(100):
            await caller.send(b"x" * 100_000)
        assert server._listener is not None
        assert [len(served.reader._buffer) < 1000 for served in server._listener.connections] == [True]
        assert len(body_of(answer + await caller.read_all())) == BIG_BYTES


# P-4.15
@pytest.mark.usefixtures("documents")
async def test_newcomer_over_the_cap_is_refused(serve: Serve) -> None:
    server = await serve(UploadLimits(serving=ServingLimits(max_connections=2)))
    here = [await Caller.connect(server.port) for _ in range(2)]
    await eventually(lambda: connections(server) == 2, what="both are in")
    assert await exchange(server.port, get(8)) == BAD_REQUEST
    await here[0].send(get(8))
    assert body_of(await here[0].read_all()) == b"eight\n"
    for caller in here:
        caller.close()
    await eventually(lambda: not connections(server), what="they left")
    assert body_of(await exchange(server.port, get(8))) == b"eight\n"


async def test_fifty_at_once_get_their_own(folder: Path, serve: Serve) -> None:
    server = await serve(UploadLimits(slots=8))
    texts = {number: os.urandom(number * 1000) for number in range(1, 51)}
    for number, text in texts.items():
        (folder / f"rfc{number}.txt").write_bytes(text)
    answers = await asyncio.gather(*(exchange(server.port, get(number)) for number in texts))
    assert [body_of(answer) for answer in answers] == list(texts.values())


def _has_uploads(server: UploadServer, count: int) -> bool:
    return len(server.uploads) == count


def _is_short(seconds: float) -> bool:
    return 0.99 * SHORT_SECONDS <= seconds <= 5 * SHORT_SECONDS  # uvloop's clock goes in milliseconds


async def _answer_to(server: UploadServer, sent: bytes) -> tuple[float, bytes]:
    """Send bytes on a new connection, and give the time to the close and what came before it."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answer = await exchange(server.port, sent)
    return loop.time() - begun, answer
