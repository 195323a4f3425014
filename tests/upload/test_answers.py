"""What an upload server answers, byte for byte."""

from __future__ import annotations

import os
import platform
import time
from contextlib import closing
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import pytest

from p2pci import Shelf, UploadServer
from p2pci.events import Event, MoreUploaded, Received, Role, Sent, Uploaded
from tests.upload.caller import Caller, body_of, exchange, get

NOT_FOUND = b"P2P-CI/1.0 404 Not Found\r\n\r\n"
BAD_REQUEST = b"P2P-CI/1.0 400 Bad Request\r\n\r\n"
OTHER_VERSION = b"P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n"


# P-3.1, P-3.2, P-3.3, B-13
async def test_answer_is_five_headers_in_order_and_the_file(folder: Path, port: int) -> None:
    text = b"Some text,\r\nwith \x00 and \xff in it.\n" * 50
    (folder / "rfc3457.txt").write_bytes(text)
    os.utime(folder / "rfc3457.txt", (1, 1776442098.75))
    before = int(time.time())
    answer = await exchange(port, get(3457))
    date = answer.split(b"\r\n")[1].removeprefix(b"Date: ").decode()
    assert before <= parsedate_to_datetime(date).timestamp() <= time.time()
    assert date == formatdate(parsedate_to_datetime(date).timestamp(), usegmt=True)
    assert answer == (
        b"P2P-CI/1.0 200 OK\r\n"
        b"Date: %b\r\n"
        b"OS: %b\r\n"
        b"Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT\r\n"
        b"Content-Length: %d\r\n"
        b"Content-Type: text/plain\r\n"
        b"\r\n%b"
    ) % (date.encode(), f"{platform.system()} {platform.release()}".encode(), len(text), text)


# P-3.6
async def test_empty_file_is_a_200_of_length_0(folder: Path, port: int) -> None:
    (folder / "rfc7.txt").touch()
    answer = await exchange(port, get(7))
    assert answer.startswith(b"P2P-CI/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\nContent-Length: 0\r\nContent-Type: text/plain\r\n\r\n")


@pytest.mark.parametrize(
    "size", [1, 65_535, 65_536, 262_143, 262_144, 262_145, 2_097_151, 2_097_152, 2_097_153, 40_000_003]
)
async def test_body_is_the_file_at_the_borders_of_pieces(folder: Path, port: int, size: int) -> None:
    """From the file, and when it is a small one from memory the second time."""
    text = os.urandom(size)
    (folder / "rfc7.txt").write_bytes(text)
    os.utime(folder / "rfc7.txt", (1e9, 1e9))
    assert body_of(await exchange(port, get(7))) == text
    assert body_of(await exchange(port, get(7))) == text


async def test_names_with_zeros_and_capitals_are_served(folder: Path, port: int) -> None:
    (folder / "RFC0123.TXT").write_bytes(b"capital\n")
    assert body_of(await exchange(port, get(123))) == b"capital\n"
    assert body_of(await exchange(port, get("00123"))) == b"capital\n"  # P-1.16


# P-3.4, P-3.5
async def test_missing_document_is_404(port: int) -> None:
    assert await exchange(port, get(9999)) == NOT_FOUND


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "fifo", "unreadable"])
async def test_what_is_no_regular_file_is_404(folder: Path, port: int, kind: str) -> None:
    place = folder / "rfc7.txt"
    (folder.parent / "secret").write_bytes(b"secret\n")
    match kind:
        case "folder":
            place.mkdir()
        case "link":
            place.symlink_to(folder.parent / "secret")
        case "dangling link":
            place.symlink_to(folder / "nowhere")
        case "fifo":
            os.mkfifo(place)
        case _:
            place.write_bytes(b"secret\n")
            place.chmod(0)
            if os.access(place, os.R_OK):  # for root every file is readable
                place.unlink()
    assert await exchange(port, get(7)) == NOT_FOUND


# P-1.38: a number never becomes a path
@pytest.mark.parametrize(
    "number",
    [
        "../../secret", "../rfc8", "8/../8", "8.txt", "/etc/passwd", "%2e%2e%2f8", "..", "8\\..\\8",
        "-8", "+8", "8_0", "0", "4294967296", "99999999999", "٨", "8e0", "0x8",
    ],
)  # fmt: skip
async def test_path_in_place_of_a_number_is_400(folder: Path, port: int, number: str) -> None:
    (folder / "rfc8.txt").write_bytes(b"eight\n")
    (folder / "secret").write_bytes(b"secret\n")
    assert await exchange(port, get(number)) == BAD_REQUEST


@pytest.mark.parametrize(
    "request_line,answer",
    [
        ("BLAH RFC 123 P2P-CI/1.0", BAD_REQUEST),
        ("ADD RFC 123 P2P-CI/1.0", BAD_REQUEST),
        ("LIST ALL P2P-CI/1.0", BAD_REQUEST),
        ("get RFC 123 P2P-CI/1.0", BAD_REQUEST),
        ("GET 123 P2P-CI/1.0", BAD_REQUEST),
        ("GET / HTTP/1.1", BAD_REQUEST),
        ("GET RFC 123 P2P-CI/2.0", OTHER_VERSION),
        ("BLAH P2P-CI/1.1", OTHER_VERSION),
    ],
)
async def test_errors_are_status_line_and_blank_line(
    folder: Path, port: int, request_line: str, answer: bytes
) -> None:
    (folder / "rfc123.txt").write_bytes(b"text\n")
    assert await exchange(port, f"{request_line}\r\nHost: localhost\r\nOS: Mac\r\n\r\n".encode()) == answer


@pytest.mark.parametrize(
    "request_bytes,answer",
    [
        (b"GET RFC 123 P2P-CI/1.0\r\n\r\n", BAD_REQUEST),  # P-1.36: no Host
        (b"GET RFC 9 P2P-CI/1.0\r\nHost: h\r\n\r\n", NOT_FOUND),  # P-1.21: no OS
        (b"\r\n\r\nGET RFC 9 P2P-CI/1.0\nhost:h\n\n", NOT_FOUND),  # P-1.18, P-1.17, A-12, A-13
        (
            b"GET RFC 9 P2P-CI/1.0\r\nHost: h\r\nRange: bytes=1-\r\nPort: x\r\n\r\n",
            NOT_FOUND,
        ),  # P-1.14, P-1.41
        (b"GET RFC 9 P2P-CI/1.0\r\nHost: h\r\nHost: h\r\n\r\n", BAD_REQUEST),  # P-1.35
        (b"GET RFC 9 P2P-CI/1.0\r\nHost: \x00\r\n\r\n", BAD_REQUEST),  # P-1.31
        (b"G" * 9000, BAD_REQUEST),  # P-1.27
    ],
)
async def test_rules_of_heads_hold_here_too(port: int, request_bytes: bytes, answer: bytes) -> None:
    assert await exchange(port, request_bytes) == answer


# P-1.22
async def test_request_may_come_one_byte_at_a_time(folder: Path, port: int) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    caller = await Caller.connect(port)
    with closing(caller):
        for byte in get(7):
            await caller.send(bytes([byte]))
        assert body_of(await caller.read_all()) == b"seven\n"


# P-1.24, P-1.25
@pytest.mark.parametrize(
    "request_bytes", [get(7), get(7)[:-2], get(7)[:-4], b"GET RFC 7 P2P-CI/1.0\nHost: h\r", get(7)[:-3]]
)
async def test_half_close_ends_the_head(folder: Path, port: int, request_bytes: bytes) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    caller = await Caller.connect(port)
    with closing(caller):
        await caller.send(request_bytes)
        caller.half_close()
        assert body_of(await caller.read_all()) == b"seven\n"


async def test_half_close_without_a_request_is_closed_without_an_answer(port: int) -> None:
    caller = await Caller.connect(port)
    with closing(caller):
        caller.half_close()
        assert await caller.read_all() == b""


# P-1.2, P-1.45
async def test_second_request_in_the_same_segment_is_dropped(folder: Path, port: int) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    assert (await exchange(port, get(7) + get(7))).count(b"P2P-CI/1.0 200 OK") == 1
    assert await exchange(port, get(9) + get(7)) == NOT_FOUND
    assert await exchange(port, b"POST / HTTP/1.1\r\n\r\n" + get(7)) == BAD_REQUEST


async def test_of_many_uploads_in_a_second_the_sum_is_told(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    events: list[Event] = []
    async with UploadServer(shelf, host="127.0.0.1", watch=events.append) as server:
        for _ in range(100):
            await exchange(server.port, get(7))
    told = [event for event in events if isinstance(event, Uploaded)]
    sums = [event for event in events if isinstance(event, MoreUploaded)]
    assert len(told) >= 10  # of each second; a slow machine takes several
    assert sums
    assert len(told) + sum(event.documents for event in sums) == 100
    assert sum(event.size for event in events if isinstance(event, Uploaded | MoreUploaded)) == 600


async def test_watch_and_trace_tell_of_heads_and_of_what_went_out(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    events: list[Event] = []
    async with UploadServer(shelf, host="127.0.0.1", watch=events.append, trace=events.append) as server:
        answer = await exchange(server.port, get(7) + b"more")
        await exchange(server.port, get(8))
    address = events[0].address if isinstance(events[0], Received) else ("", 0)
    assert events[:3] == [
        Received(Role.UPLOAD, address, get(7)),
        Sent(Role.UPLOAD, address, answer.removesuffix(b"seven\n")),
        Uploaded(address, 7, 6),
    ]
    assert [event.data for event in events[3:] if isinstance(event, Received | Sent)] == [get(8), NOT_FOUND]
    assert len(events) == 5
