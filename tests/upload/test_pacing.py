"""All uploads together keep to a rate where one is given, and what is not shared is not there."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path

from p2pci import Shelf, UploadLimits, UploadServer
from p2pci.library import Sharing
from p2pci.upload.opening import WHOLE_BYTES
from p2pci.upload.pacing import MAX_PIECE_BYTES, MIN_PIECE_BYTES, Pace
from tests.upload.caller import Caller, body_of, exchange, get
from tests.upload.conftest import Serve
from tests.upload.loops import eventually

NOT_FOUND = b"P2P-CI/1.0 404 Not Found\r\n\r\n"


def test_pieces_wait_until_those_before_have_had_their_time() -> None:
    pace = Pace(1000)
    assert [pace.book(500, now=7.0) for _ in range(3)] == [7.0, 7.5, 8.0]
    assert pace.book(500, now=20.0) == 20.0  # what was not used is not saved up


def test_pieces_are_neither_tiny_nor_long_waited_for() -> None:
    sizes = [Pace(rate).piece_bytes for rate in (1, 50_000, 10**10)]
    assert sizes == [MIN_PIECE_BYTES, 5000, MAX_PIECE_BYTES]


async def test_several_documents_share_the_rate(folder: Path, serve: Serve) -> None:
    texts = {number: os.urandom(20_000) for number in (1, 2, 3)}
    for number, text in texts.items():
        (folder / f"rfc{number}.txt").write_bytes(text)
    server = await serve(UploadLimits(rate=100_000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    answers = await asyncio.gather(*(exchange(server.port, get(number)) for number in texts))
    assert loop.time() - began >= 0.45  # the last piece of 10 kB is sent at the beginning of its time
    assert [body_of(answer) for answer in answers] == list(texts.values())


async def test_large_document_arrives_whole_at_a_rate(folder: Path, serve: Serve) -> None:
    text = os.urandom(WHOLE_BYTES + 12_345)
    (folder / "rfc7.txt").write_bytes(text)
    server = await serve(UploadLimits(rate=8_000_000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert body_of(await exchange(server.port, get(7))) == text
    assert loop.time() - began >= (len(text) - MAX_PIECE_BYTES) / 8_000_000 * 0.9


async def test_who_leaves_in_its_wait_gives_its_slot_back(folder: Path, serve: Serve) -> None:
    (folder / "rfc7.txt").write_bytes(os.urandom(100_000))
    server = await serve(UploadLimits(rate=10_000))
    caller = await Caller.connect(server.port)
    with closing(caller):
        await caller.send(get(7))
        assert await caller.read(1000)
    await eventually(lambda: not server.uploads, what="the upload is over")


async def test_what_is_not_shared_is_answered_404(folder: Path, shelf: Shelf) -> None:
    for number in (7, 8, 9):
        (folder / f"rfc{number}.txt").write_bytes(b"text\n")
    sharing = Sharing(only=(range(1, 9),), hidden=(range(8, 9),))
    async with UploadServer(shelf, host="127.0.0.1", sharing=sharing) as server:
        assert body_of(await exchange(server.port, get(7))) == b"text\n"
        for number in (8, 9):
            assert await exchange(server.port, get(number)) == NOT_FOUND
