"""How uploads end: whole where the other side reads, and without a trace where it does not."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from p2pci import ServingLimits, Shelf, UploadLimits, UploadServer
from p2pci.errors import CannotListenError
from p2pci.events import Event, Uploaded
from tests.upload.caller import BIG_BYTES, Caller, body_of, connections, exchange, get
from tests.upload.conftest import Serve
from tests.upload.loops import eventually

TWO_MB = os.urandom(2_000_000)


# P-1.46, A-15: without the lingering close the stray byte makes the kernel destroy what is on its way
@pytest.mark.parametrize("moment", ["with the head", "while the body is written", "when all is written"])
async def test_body_is_whole_with_a_stray_byte_in_flight(folder: Path, serve: Serve, moment: str) -> None:
    (folder / "rfc7.txt").write_bytes(TWO_MB)
    server = await serve(UploadLimits())
    for _ in range(20):
        caller = await Caller.connect(server.port)
        with closing(caller):
            await caller.send(get(7) + b"\n" * (moment == "with the head"))
            answer = await caller.read(1000)
            if moment == "when all is written":
                # As much as the system takes in is read, so that the rest of the body lies in its buffers.
                while server.uploads:
                    answer += await caller.read()
            await caller.send(b"\n")
            answer += await caller.read_all()
            assert body_of(answer) == TWO_MB


# P-1.46: an error too small to be cut by chance is cut by the RST all the same
async def test_error_arrives_in_front_of_a_body_that_nobody_reads(port: int) -> None:
    for _ in range(20):
        answer = await exchange(port, b"POST / HTTP/1.1\r\nHost: h\r\n\r\n" + b"x" * 100_000)
        assert answer == b"P2P-CI/1.0 400 Bad Request\r\n\r\n"


async def test_lingering_ends_after_its_seconds_and_after_its_bytes(serve: Serve) -> None:
    slow = await serve(UploadLimits(serving=ServingLimits(linger_seconds=0.2)))
    patient = await serve(UploadLimits(serving=ServingLimits(linger_seconds=60.0, linger_bytes=1000)))
    for server, sent in ((slow, b""), (patient, b"x" * 2000)):
        caller = await Caller.connect(server.port)
        with closing(caller):
            await caller.send(get(9))
            await caller.read_all()
            await caller.send(sent)
            await eventually(partial(_is_idle, server), what="the connection is closed")


# P-1.44: the close comes though the other side keeps its end open
async def test_answer_is_followed_by_the_close(folder: Path, port: int) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    for number in (7, 8):
        assert await exchange(port, get(number))


async def test_half_close_while_the_body_is_on_its_way_cuts_nothing(folder: Path, port: int) -> None:
    _make_big(folder / "rfc7.txt")
    caller = await Caller.connect(port)
    with closing(caller):
        await caller.send(get(7))
        answer = await caller.read(1000)
        caller.half_close()
        assert len(body_of(answer + await caller.read_all())) == BIG_BYTES


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted as Linux shows them")
async def test_aborted_downloads_leave_no_descriptors_and_no_tasks(folder: Path, serve: Serve) -> None:
    _make_big(folder / "rfc7.txt")
    (folder / "rfc8.txt").write_bytes(b"eight\n")
    server = await serve(UploadLimits())
    await exchange(server.port, get(8))  # whatever is opened once is open now
    await eventually(lambda: not connections(server), what="that connection is closed")
    before = _descriptors()
    for attempt in range(40):
        caller = await Caller.connect(server.port)
        await caller.send(get(8 if attempt % 3 == 0 else 7))
        if attempt % 3 == 1:
            await caller.read(1 << 20)
        caller.reset() if attempt % 2 else caller.close()
    await eventually(lambda: not server.uploads and not connections(server), what="all uploads ended")
    assert _descriptors() == before


async def test_reset_right_behind_the_request_leaves_no_traceback(folder: Path, serve: Serve) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    server = await serve(UploadLimits())
    for attempt in range(200):
        caller = await Caller.connect(server.port)
        await caller.send(get(7 + attempt % 2))
        caller.reset()
    await eventually(lambda: not server.uploads and not connections(server), what="all uploads ended")


async def test_stop_lets_a_body_under_way_go_out(folder: Path, shelf: Shelf) -> None:
    _make_big(folder / "rfc7.txt")
    server = UploadServer(shelf, host="127.0.0.1")
    await server.start()
    port = server.port
    caller, idle = await Caller.connect(port), await Caller.connect(port)
    with closing(caller), closing(idle):
        await caller.send(get(7))
        answer = await caller.read(1000)
        stopping = asyncio.create_task(server.stop(grace_seconds=30.0))
        assert await idle.read_all() == b""
        idle.close()
        answer += await caller.read_all()
        caller.close()
        await stopping
    assert len(body_of(answer)) == BIG_BYTES
    with pytest.raises(ConnectionRefusedError):
        await Caller.connect(port)


async def test_stop_does_not_answer_a_head_that_is_under_way(shelf: Shelf) -> None:
    server = UploadServer(shelf, host="127.0.0.1")
    await server.start()
    caller = await Caller.connect(server.port)
    with closing(caller):
        await caller.send(b"GET RFC 7 P2P-CI/1.0\r\nOS: 7\r\n")
        await eventually(lambda: _has_begun(server), what="the head has begun")
        stopping = asyncio.create_task(server.stop())
        assert await caller.read_all() == b""
        caller.close()
        await stopping


def _has_begun(server: UploadServer) -> bool:
    listener = server._listener
    return listener is not None and any(each.reader.head_started for each in listener.connections)


async def test_stop_ends_what_does_not_move_after_its_grace(folder: Path, shelf: Shelf) -> None:
    _make_big(folder / "rfc7.txt")
    events: list[Event] = []
    limits = UploadLimits(slots=1, slot_seconds=60.0)
    server = UploadServer(shelf, host="127.0.0.1", watch=events.append, limits=limits)
    await server.start()
    stuck, waiting = await Caller.connect(server.port), await Caller.connect(server.port)
    with closing(stuck), closing(waiting):
        await stuck.send(get(7))
        await stuck.read(1000)
        await waiting.send(get(7))
        await eventually(lambda: len(server.uploads) == 2, what="both are asked for")
        async with asyncio.timeout(5.0):
            await server.stop(grace_seconds=0.1)
    assert not server.uploads
    assert not any(isinstance(event, Uploaded) for event in events)


async def test_stop_without_start_and_twice_is_harmless(shelf: Shelf) -> None:
    server = UploadServer(shelf, host="127.0.0.1")
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()


async def test_taken_port_is_said_in_a_sentence(shelf: Shelf, port: int) -> None:
    with pytest.raises(
        CannotListenError, match=rf"^Cannot listen on 127\.0\.0\.1:{port}: .+\. Stop what uses"
    ):
        await UploadServer(shelf, host="127.0.0.1", port=port).start()


def _make_big(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(BIG_BYTES)


def _is_idle(server: UploadServer) -> bool:
    return not connections(server)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
