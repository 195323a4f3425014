"""What recorded holders answer (annex A, 21 to 26), and what becomes of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
from pathlib import Path

import pytest

from p2pci import (
    ConnectionLostError,
    DeadlineError,
    Downloaded,
    NotFoundError,
    P2PCIError,
    ProtocolError,
    RefusedError,
    Shelf,
    UploadServer,
    fetch,
)
from p2pci.events import Downloading, Event, Progress, Received, Role, Sent
from tests.download.fake_holder import SHORT, End, FakeHolder, document_answer, serving

TEXT = b"Some text.\r\n\r\nP2P-CI/1.0 404 Not Found\r\n\r\n\x00\xff" * 40
OK = b"P2P-CI/1.0 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(TEXT)


# B-12, P-1.3, P-1.5, P-1.7
async def test_get_is_byte_exact(shelf: Shelf) -> None:
    async with serving(FakeHolder(document_answer(TEXT))) as holder:
        await fetch(3457, holder.address, shelf=shelf, limits=SHORT)
    system = f"{platform.system()} {platform.release()}"
    assert holder.requests == [f"GET RFC 3457 P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: {system}\r\n\r\n".encode()]


async def test_download_has_its_name_its_bytes_and_its_events(folder: Path, shelf: Shelf) -> None:
    events: list[Event] = []
    answer = document_answer(TEXT)
    async with serving(FakeHolder(answer)) as holder:
        downloaded = await fetch(
            3457, holder.address, shelf=shelf, watch=events.append, trace=events.append, limits=SHORT
        )
    digest = hashlib.sha256(TEXT).digest()
    assert downloaded == Downloaded(3457, folder / "rfc3457.txt", len(TEXT), digest, is_verified=False)
    assert downloaded.path.read_bytes() == TEXT
    assert events[0] == Downloading(3457, *holder.address)
    assert events[1:3] == [
        Sent(Role.DOWNLOAD, holder.address, holder.requests[0]),
        Received(Role.DOWNLOAD, holder.address, answer.removesuffix(TEXT)),
    ]
    assert events[-2:] == [Progress(3457, len(TEXT), len(TEXT)), downloaded]


READ_AS_MEANT = {
    "A-21 extra bytes behind the body": [document_answer(TEXT) + b"extra\r\n\r\n"],
    "A-21 extra bytes in a segment of their own": [document_answer(TEXT), b"\r\n"],
    "A-22 upper-case headers and text/text": [
        OK + LENGTH.upper() + b"CONTENT-TYPE: text/text\r\n\r\n" + TEXT
    ],
    "A-22 odd headers": [OK + b"Foo\r\n: x\r\n\tBar\r\n" + LENGTH.replace(b": ", b" :\t") + b"\r\n" + TEXT],
    "A-22 no blank behind the colon": [OK + LENGTH.replace(b" ", b"") + b"\r\n" + TEXT],
    "A-26 head and body in segments of their own": [OK + LENGTH + b"\r\n", TEXT],
    "P-3.10 LF only": [OK.replace(b"\r", b"") + LENGTH.replace(b"\r", b"") + b"\n" + TEXT],
    "P-3.12 one byte per segment": [bytes([byte]) for byte in document_answer(TEXT)],
    "P-2.14 status line without version": [b"200 OK\r\n" + LENGTH + b"\r\n" + TEXT],
}


# P-3.7, P-3.10 to P-3.12; A-24: also when the connection is left open behind the answer
@pytest.mark.parametrize("end", list(End))
@pytest.mark.parametrize("segments", READ_AS_MEANT.values(), ids=READ_AS_MEANT.keys())
async def test_answer_is_read_as_meant(shelf: Shelf, segments: list[bytes], end: End) -> None:
    if end is End.RESET and b"".join(segments) != document_answer(TEXT):
        end = End.CLOSE  # the reset may destroy what is on its way
    async with serving(FakeHolder(*segments, end=end)) as holder:
        downloaded = await fetch(7, holder.address, shelf=shelf, limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT


async def test_empty_document_is_a_document(folder: Path, shelf: Shelf) -> None:
    async with serving(FakeHolder(document_answer(b""), end=End.STAY_OPEN)) as holder:
        assert (await fetch(7, holder.address, shelf=shelf, limits=SHORT)).size == 0
    assert (folder / "rfc7.txt").read_bytes() == b""


OPEN, CLOSE, RESET = End.STAY_OPEN, End.CLOSE, End.RESET
LOST, BROKEN = ConnectionLostError, ProtocolError
SHORT_BODY = document_answer(TEXT, length=10_000)
NO_DOCUMENT: dict[str, tuple[list[bytes], End, type[P2PCIError], str]] = {
    "404": ([b"P2P-CI/1.0 404 Not Found\r\n\r\n"], CLOSE, NotFoundError, "the holder answered 404"),
    "404, left open": ([b"P2P-CI/1.0 404 NOT FOUND\r\n\r\n"], OPEN, NotFoundError, "404"),
    "404 without its blank line": ([b"P2P-CI/1.0 404 Not Found\r\n"], CLOSE, NotFoundError, "404"),
    "404 without a line end": ([b"P2P-CI/1.0 404 Not Found"], CLOSE, NotFoundError, "404"),
    "A-25": ([b"P2P-CI/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n"], OPEN, NotFoundError, "404"),
    "400": ([b"P2P-CI/1.0 400 Bad Request\r\n\r\n"], CLOSE, RefusedError, "answered with 400"),
    "505": ([b"P2P-CI/1.0 505 No\r\n\r\n"], CLOSE, RefusedError, "505"),
    "A-23 no headers": ([OK + b"\r\n" + TEXT], CLOSE, BROKEN, "no Content-Length"),
    "no Content-Length": ([OK + b"Date: now\r\n\r\n" + TEXT], OPEN, BROKEN, "no Content-Length"),
    "negative length": ([OK + b"Content-Length: -1\r\n\r\n"], CLOSE, BROKEN, "no Content-Length"),
    "length in words": ([OK + b"Content-Length: ten\r\n\r\n"], CLOSE, BROKEN, "no Content-Length"),
    "too large": ([document_answer(b"", length=64 * 1024 * 1024 + 1)], OPEN, BROKEN, "67108865 bytes"),
    "far too large": ([document_answer(b"", length=10**30)], OPEN, BROKEN, "Content-Length"),
    "short": ([SHORT_BODY], CLOSE, LOST, f"{len(TEXT)} of 10000 bytes"),
    "no body": ([document_answer(b"", length=5)], CLOSE, LOST, "0 of 5 bytes"),
    "reset in the body": ([SHORT_BODY], RESET, LOST, "of 10000 bytes"),
    "head cut off": ([OK + b"Content-Length: 0\r\n"], CLOSE, LOST, "closed before"),
    "P-4.16 closed without an answer": ([], CLOSE, LOST, "closed before"),
    "reset without an answer": ([], RESET, LOST, "closed before"),
    "silent": ([], OPEN, DeadlineError, r"did not answer within 0\.2 s"),
    "silent in the head": ([OK], OPEN, DeadlineError, "did not answer within"),
    "silent in the body": ([SHORT_BODY], OPEN, DeadlineError, "sent nothing"),
    "garbage": ([b"\x16\x03\x01\n\x00\xff\n\n"], CLOSE, BROKEN, "status line"),
    "another protocol": ([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], CLOSE, BROKEN, "status line"),
    "endless head": ([OK, *[b"X: y\r\n" * 100] * 100], OPEN, BROKEN, "16384 bytes"),
    "endless line": ([b"x" * 1000] * 100, OPEN, BROKEN, "16384 bytes"),
    "endless head of tiny lines": ([b"a\n" * 1_000_000], OPEN, BROKEN, "16384 bytes"),
}  # fmt: skip


@pytest.mark.parametrize(
    "segments,end,error,text", NO_DOCUMENT.values(), ids=[name.replace("/", " ") for name in NO_DOCUMENT]
)
async def test_what_is_no_document_is_an_error_in_words_and_leaves_at_most_a_part(
    folder: Path, shelf: Shelf, segments: list[bytes], end: End, error: type[P2PCIError], text: str
) -> None:
    async with serving(FakeHolder(*segments, end=end)) as holder:
        with pytest.raises(error, match=text):
            await fetch(7, holder.address, shelf=shelf, limits=SHORT)
    left = [path.read_bytes() for path in folder.iterdir() if path.suffix == ".part"]
    assert left == ([TEXT] if segments == [SHORT_BODY] else [])
    assert len(list(folder.iterdir())) == len(left)


@pytest.mark.parametrize(
    "segments", [[], [document_answer(TEXT, length=10_000)], [OK + b"Content-Length: 0\r\n"]]
)
async def test_failed_download_leaves_the_older_copy(
    folder: Path, shelf: Shelf, segments: list[bytes]
) -> None:
    (folder / "rfc7.txt").write_bytes(b"older\n")
    async with serving(FakeHolder(*segments)) as holder:
        with pytest.raises(ConnectionLostError):
            await fetch(7, holder.address, shelf=shelf, limits=SHORT)
    assert (folder / "rfc7.txt").read_bytes() == b"older\n"
    assert [path.name for path in folder.iterdir() if path.suffix != ".part"] == ["rfc7.txt"]


async def test_slow_but_steady_holder_is_no_stall(shelf: Shelf) -> None:
    """The clock is that of a silence, not of the whole."""
    answer = document_answer(TEXT)
    segments = [answer[at : at + 200] for at in range(0, len(answer), 200)]
    holder = FakeHolder(*segments, pause_seconds=SHORT.stall_seconds / 5)
    begun = asyncio.get_running_loop().time()
    async with serving(holder):
        assert (await fetch(7, holder.address, shelf=shelf, limits=SHORT)).size == len(TEXT)
    assert asyncio.get_running_loop().time() - begun > SHORT.stall_seconds


async def test_20_mb_pass_through_a_small_buffer(folder: Path, shelf: Shelf, tmp_path: Path) -> None:
    text = os.urandom(20 * 1024 * 1024)
    with Shelf(tmp_path / "other") as other:
        (other.path / "rfc7.txt").write_bytes(text)
        events: list[Event] = []
        async with UploadServer(other, host="127.0.0.1") as server:
            await fetch(7, ("127.0.0.1", server.port), shelf=shelf, watch=events.append)
    assert (folder / "rfc7.txt").read_bytes() == text
    steps = [event.done for event in events if isinstance(event, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == len(text)
    assert len(steps) >= len(text) // (256 * 1024)
