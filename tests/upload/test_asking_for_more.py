"""Parts, digests, and several GETs on one connection (P-5.19 to P-5.29)."""

from __future__ import annotations

import asyncio
import os
import re
from base64 import b64encode
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from p2pci import Shelf
from p2pci.upload import UploadLimits
from tests.upload.caller import Caller, body_of, connections, exchange
from tests.upload.conftest import Serve
from tests.upload.loops import WAIT_SECONDS, eventually

TEXT = b"0123456789"
KEEP = "Connection: keep-alive\r\n"
DIGEST = "Want-Repr-Digest: sha-256=1\r\n"
LARGE_BYTES = 5 * 1024 * 1024  # not read whole
SHORT_SECONDS = 0.2


def get(number: int, more: str = "") -> bytes:
    return f"GET RFC {number} P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: Test 1\r\n{more}\r\n".encode()


def part(span: str) -> str:
    return f"Range: bytes={span}\r\n"


def told(data: bytes) -> bytes:
    return b"Repr-Digest: sha-256=:%b:\r\n" % b64encode(sha256(data).digest())


@pytest.fixture(params=["from the file", "from memory"])
def document(request: pytest.FixtureRequest, folder: Path) -> bytes:
    """RFC 7, which is kept in memory once it was sent, or never."""
    (folder / "rfc7.txt").write_bytes(TEXT)
    if request.param == "from memory":
        os.utime(folder / "rfc7.txt", (1e9, 1e9))
    return TEXT


@pytest.fixture(params=["small", "large"])
def sized(request: pytest.FixtureRequest, folder: Path) -> bytes:
    """RFC 7 of a size that is read whole, or sent from its file."""
    text = os.urandom(1000 if request.param == "small" else LARGE_BYTES)
    (folder / "rfc7.txt").write_bytes(text)
    return text


class Conversation:
    """Answers off one connection."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._unread = b""

    async def head(self) -> bytes:
        while b"\r\n\r\n" not in self._unread:
            data = await self.caller.read()
            assert data, self._unread
            self._unread += data
        head, blank, self._unread = self._unread.partition(b"\r\n\r\n")
        return head + blank

    async def answer(self) -> tuple[bytes, bytes]:
        head = await self.head()
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
        size = int(length[1]) if length else 0
        while len(self._unread) < size:
            data = await self.caller.read(1 << 20)
            assert data, "an early end"
            self._unread += data
        body, self._unread = self._unread[:size], self._unread[size:]
        return head, body

    async def ends(self) -> bool:
        return self._unread == b"" and await self.caller.read() == b""


@pytest.mark.parametrize(
    "span,first,last",
    [("0-", 0, 9), ("3-", 3, 9), ("9-", 9, 9), ("2-4", 2, 4), ("0-0", 0, 0), ("5-99", 5, 9)],
)
@pytest.mark.usefixtures("document")
async def test_part_is_sent(port: int, span: str, first: int, last: int) -> None:
    """P-5.20: again from memory, where it is kept."""
    for _ in range(2):
        answer = await exchange(port, get(7, part(span)))
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "P2P-CI/1.0 206 Partial Content"
        assert [line.partition(":")[0] for line in lines[1:]] == [
            *("Date", "OS", "Last-Modified", "Content-Length", "Content-Type", "Content-Range")
        ]
        assert lines[4:] == [
            f"Content-Length: {last - first + 1}",
            "Content-Type: text/plain",
            f"Content-Range: bytes {first}-{last}/10",
        ]
        assert body == TEXT[first : last + 1]


async def test_part_of_a_document_of_any_size_is_its_bytes(sized: bytes, port: int) -> None:
    middle = len(sized) // 2
    for span, expected in ((f"{middle}-", sized[middle:]), (f"1-{middle}", sized[1 : middle + 1])):
        assert body_of(await exchange(port, get(7, part(span)))) == expected


async def test_part_behind_the_end_is_416(sized: bytes, folder: Path, port: int) -> None:
    """P-5.21."""
    (folder / "rfc8.txt").touch()
    for number, size in ((7, len(sized)), (8, 0)):
        assert await exchange(port, get(number, part(f"{size}-"))) == (
            b"P2P-CI/1.0 416 Range Not Satisfiable\r\nContent-Range: bytes */%d\r\n\r\n" % size
        )


@pytest.mark.parametrize("span", ["-5", "1-2,4-5", "5-4", "x-", ""])
@pytest.mark.usefixtures("document")
async def test_other_ranges_are_ignored(port: int, span: str) -> None:
    """P-5.22."""
    answer = await exchange(port, get(7, part(span)))
    assert answer.startswith(b"P2P-CI/1.0 200 OK\r\n")
    assert b"Content-Range" not in answer
    assert body_of(answer) == TEXT


@pytest.mark.parametrize("is_scanned", [False, True])
async def test_digest_is_that_of_the_whole_document(
    sized: bytes,
    shelf: Shelf,
    port: int,
    is_scanned: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """P-5.24: also of a part, and whether the shelf knows it already or not."""
    if is_scanned:
        shelf.scan()
    for more in (DIGEST, part("2-5") + DIGEST):
        answer = await exchange(port, get(7, more))
        assert told(sized) in answer.partition(b"\r\n\r\n")[0] + b"\r\n"


@pytest.mark.usefixtures("document")
async def test_digest_is_told_of_what_was_kept_without_it(port: int) -> None:
    assert b"Repr-Digest" not in await exchange(port, get(7))
    assert told(TEXT) in await exchange(port, get(7, DIGEST))
    assert b"Repr-Digest" not in await exchange(port, get(7))


async def test_several_gets_are_answered_on_one_connection(folder: Path, port: int) -> None:
    """P-5.25 to P-5.27: one by one, then together, errors among them."""
    texts = {number: os.urandom(number * 1000) for number in range(1, 60)}
    for number, text in texts.items():
        (folder / f"rfc{number}.txt").write_bytes(text)
    caller = await Caller.connect(port)
    with closing(caller):
        conversation = Conversation(caller)
        for number in (1, 2):
            await caller.send(get(number, KEEP))
            head, body = await conversation.answer()
            assert head.endswith(b"\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\n\r\n")
            assert body == texts[number]
        asked = [*range(1, 60), 999, *range(1, 30)]
        await caller.send(b"".join(get(number, KEEP) for number in asked))
        for number in asked:
            head, body = await conversation.answer()
            if number == 999:
                assert head == b"P2P-CI/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\n"
            else:
                assert body == texts[number]


async def test_large_documents_and_small_ones_take_turns(sized: bytes, folder: Path, port: int) -> None:
    (folder / "rfc8.txt").write_bytes(TEXT)
    caller = await Caller.connect(port)
    with closing(caller):
        conversation = Conversation(caller)
        await caller.send(get(8, KEEP) + get(7, KEEP) + get(8, KEEP) + get(7, KEEP + part("5-")) + get(8))
        bodies = [(await conversation.answer())[1] for _ in range(5)]
        assert bodies == [TEXT, sized, TEXT, sized[5:], TEXT]
        assert await conversation.ends()


@pytest.mark.usefixtures("document")
async def test_get_without_keep_alive_is_the_last_one(port: int) -> None:
    """P-1.45: what follows it is dropped."""
    caller = await Caller.connect(port)
    with closing(caller):
        conversation = Conversation(caller)
        await caller.send(get(7, KEEP) + get(7) + get(7, KEEP))
        assert (await conversation.answer())[0].endswith(b"keep-alive\r\n\r\n")
        assert b"Connection" not in (await conversation.answer())[0]
        assert await conversation.ends()


@pytest.mark.usefixtures("document")
async def test_error_leaves_a_kept_connection_open_and_the_broken_head_does_not(port: int) -> None:
    """P-5.27, P-1.31."""
    caller = await Caller.connect(port)
    with closing(caller):
        conversation = Conversation(caller)
        await caller.send(
            get(7, KEEP) + b"PUT RFC 7 P2P-CI/1.0\r\nHost: h\r\n\r\n" + get(7, KEEP) + b"GET \0\r\n"
        )
        assert (await conversation.answer())[1] == TEXT
        assert await conversation.head() == b"P2P-CI/1.0 400 Bad Request\r\n\r\n"
        assert (await conversation.answer())[1] == TEXT
        assert await conversation.head() == b"P2P-CI/1.0 400 Bad Request\r\n\r\n"
        assert await conversation.ends()


@pytest.mark.usefixtures("document")
async def test_half_close_ends_a_kept_connection_when_all_is_answered(port: int) -> None:
    caller = await Caller.connect(port)
    with closing(caller):
        conversation = Conversation(caller)
        await caller.send(get(7, KEEP) * 3)
        caller.half_close()
        for _ in range(3):
            assert (await conversation.answer())[1] == TEXT
        assert await conversation.ends()


@pytest.mark.usefixtures("document")
async def test_silence_ends_a_kept_connection(serve: Serve) -> None:
    """P-5.28: and only silence, not the time that all of it takes."""
    server = await serve(UploadLimits(idle_seconds=SHORT_SECONDS))
    loop = asyncio.get_running_loop()
    caller = await Caller.connect(server.port)
    with closing(caller):
        conversation = Conversation(caller)
        begin = loop.time()
        asked = begin
        while asked - begin < 2 * SHORT_SECONDS:
            asked = loop.time()
            await caller.send(get(7, KEEP))
            assert (await conversation.answer())[1] == TEXT
        answered = loop.time()
        assert await conversation.ends()
        assert loop.time() - asked >= 0.9 * SHORT_SECONDS
        assert loop.time() - answered <= 5 * SHORT_SECONDS
    await eventually(lambda: not connections(server), what="it is closed")


@pytest.mark.usefixtures("document")
async def test_idle_connection_holds_no_slot(serve: Serve) -> None:
    server = await serve(UploadLimits(slots=1, slot_seconds=WAIT_SECONDS))
    callers = [await Caller.connect(server.port) for _ in range(3)]
    for caller in callers:
        conversation = Conversation(caller)
        await caller.send(get(7, KEEP))
        assert (await conversation.answer())[1] == TEXT
    for caller in callers:
        caller.close()


async def test_requests_that_wait_behind_a_slow_reader_take_no_memory(folder: Path, serve: Serve) -> None:
    (folder / "rfc7.txt").write_bytes(os.urandom(24 * 1024 * 1024))
    server = await serve(UploadLimits())
    caller = await Caller.connect(server.port, receive_buffer_bytes=8192)
    with closing(caller):
        await caller.send(get(7, KEEP))
        await caller.read(1000)
        sending = asyncio.ensure_future(caller.send(get(7, KEEP) * 1_000_000))
        assert not (await asyncio.wait([sending], timeout=0.5))[0], "all was taken"
        assert server._listener is not None
        (served,) = server._listener.connections
        assert len(served.reader._buffer) < 1_000_000
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        caller.reset()
