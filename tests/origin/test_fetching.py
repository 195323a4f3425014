"""Documents from a web server: what is asked, what is taken, and what becomes of everything else."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import ssl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from p2pci import (
    CannotConnectError,
    ConnectionLostError,
    DeadlineError,
    Downloaded,
    InvalidValueError,
    LibraryError,
    NotFoundError,
    P2PCIError,
    ProtocolError,
    RefusedError,
    Shelf,
)
from p2pci.events import Downloading, Event, Progress
from p2pci.origin import Origin, OriginLimits
from tests.origin.conftest import certified
from tests.origin.web_server import PLAIN, SHORT, FakeOrigin, Reply, serving
from tests.upload.loops import eventually

TEXT = b"Some text.\r\n\x00\xff" * 1000
SEVEN = "/rfc/rfc7.txt"


async def test_document_has_its_name_its_bytes_and_its_events(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    events: list[Event] = []
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            downloaded = await origin.fetch(7, shelf=shelf, watch=events.append)

    digest = hashlib.sha256(TEXT).digest()
    assert downloaded == Downloaded(7, folder / "rfc7.txt", len(TEXT), digest, is_verified=True)
    assert (folder / "rfc7.txt").read_bytes() == TEXT
    assert events[0] == Downloading(7, "127.0.0.1", web.port)
    assert events[-2:] == [Progress(7, len(TEXT), len(TEXT)), downloaded]
    assert {type(event) for event in events[1:-1]} == {Progress}


async def test_request_asks_for_plain_bytes(shelf: Shelf, tls: ssl.SSLContext) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            await origin.fetch(7, shelf=shelf)

    (asked,) = web.asked
    assert asked.path == SEVEN
    assert asked.headers["Accept-Encoding"] == "identity"
    assert "If-Modified-Since" not in asked.headers


async def test_older_copy_is_replaced_under_its_own_name(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    (folder / "RFC007.TXT").write_bytes(b"older\n")
    shelf.scan()
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            await origin.fetch(7, shelf=shelf)

    assert (folder / "RFC007.TXT").read_bytes() == TEXT


async def test_many_documents_come_over_one_connection(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    replies = {f"/rfc/rfc{number}.txt": Reply(TEXT * number) for number in range(1, 6)}
    page = Reply(b"x" * 1000, code=404, headers={"Content-Type": "text/html"})
    with serving(replies | {"/rfc/rfc9.txt": page}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            with pytest.raises(NotFoundError):
                await origin.fetch(9, shelf=shelf)
            await asyncio.gather(*(origin.fetch(number, shelf=shelf) for number in range(1, 6)))

    assert (len(web.asked), web.connections) == (6, 1)
    assert (folder / "rfc5.txt").read_bytes() == TEXT * 5


async def test_connection_that_ended_in_between_is_made_again(shelf: Shelf, tls: ssl.SSLContext) -> None:
    """Its end is not announced: the server hangs up when it is asked for more."""
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            await origin.fetch(7, shelf=shelf)
            with pytest.raises(NotFoundError):
                await origin.fetch(9, shelf=shelf)
            web.replies["/rfc/rfc8.txt"] = Reply(code=0)
            with pytest.raises(ConnectionLostError):
                await origin.fetch(8, shelf=shelf)
            asked = [f"/rfc/rfc{number}.txt" for number in (7, 9, 8, 8)]
            assert [request.path for request in web.asked] == asked
            assert (await origin.fetch(7, shelf=shelf)).size == len(TEXT)

    assert web.connections == 3


async def test_document_in_chunks_is_whole_at_its_last_chunk(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(TEXT), TEXT) for _ in range(3))
    with serving({SEVEN: Reply(raw=head + chunks + b"0\r\n\r\n")}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            await origin.fetch(7, shelf=shelf)
            web.replies[SEVEN] = Reply(raw=head + chunks)
            with pytest.raises(ConnectionLostError):
                await origin.fetch(7, shelf=shelf)

    assert (folder / "rfc7.txt").read_bytes() == TEXT * 3


@pytest.mark.parametrize("slash", ["", "/"])
async def test_prefix_may_lack_its_slash_and_be_plain_http(shelf: Shelf, slash: str) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=None) as web:
        async with Origin(web.url("http").rstrip("/") + slash) as origin:
            assert (await origin.fetch(7, shelf=shelf)).size == len(TEXT)


async def test_empty_document_is_a_document(folder: Path, shelf: Shelf, tls: ssl.SSLContext) -> None:
    with serving({SEVEN: Reply(b"")}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            assert (await origin.fetch(7, shelf=shelf)).size == 0

    assert (folder / "rfc7.txt").read_bytes() == b""


@pytest.mark.parametrize(
    "prefix",
    [
        *("", "x", "host/rfc", "ftp://host/", "file:///etc/", "https://", "https:///rfc/", "https://host:x/"),
        *("https://host:99999/", "https://host:0/", "https://[::1/", "https://a b/", "https://host/?a="),
        *("http:/h", "https://host/#a", "https://user:secret@host/", "https://host\\@other/", "javascript:x"),
    ],
)  # fmt: skip
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidValueError, match=r"is no origin\. Write the address of its folder, as in "):
        Origin(prefix)


async def test_number_that_is_none_is_not_asked_for(shelf: Shelf, tls: ssl.SSLContext) -> None:
    with serving({}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            with pytest.raises(InvalidValueError):
                await origin.fetch(0, shelf=shelf)

    assert web.asked == []


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
LOST, BROKEN = ConnectionLostError, ProtocolError
HTML = {"Content-Type": "text/html; charset=utf-8"}
ELSEWHERE = {"Location": "https://localhost/rfc/rfc7.txt"}
NO_DOCUMENT: dict[str, tuple[Reply, type[P2PCIError], str]] = {
    "404": (Reply(code=404), NotFoundError, r"not found: https://.*/rfc7\.txt is not there either\."),
    "404 with a page": (Reply(b"<html>", code=404, headers=HTML), NotFoundError, "RFC 7"),
    "410": (Reply(code=410), RefusedError, "answered with 410"),
    "403": (Reply(code=403), RefusedError, "answered with 403. Check the origin's address"),
    "500": (Reply(code=500), RefusedError, "answered with 500"),
    "500 that says nothing": (Reply(raw=b"HTTP/1.1 500 Error\r\n\r\n"), RefusedError, "500"),
    "304 unasked": (Reply(code=304, headers={"Content-Length": ""}), RefusedError, "304"),
    "206 unasked": (Reply(TEXT, code=206), RefusedError, "206"),
    "204": (Reply(code=204, headers={"Content-Length": ""}), RefusedError, "204"),
    "page": (Reply(b"<html>", headers=HTML), BROKEN, "is a web page and no document"),
    "xhtml": (Reply(b"<html>", headers={"Content-Type": "Application/XHTML+XML"}), BROKEN, "web page"),
    "compressed": (
        Reply(gzip.compress(TEXT), headers=PLAIN | {"Content-Encoding": "gzip"}), BROKEN, "compressed"
    ),
    "too large": (Reply(raw=OK + b"Content-Length: 100001\r\n\r\n", silence=True), BROKEN, "100000 bytes"),
    "far too large": (Reply(raw=OK + b"Content-Length: %d\r\n\r\n" % 10**15), BROKEN, "100000 bytes"),
    "too large in chunks": (
        Reply(raw=OK + b"Transfer-Encoding: chunked\r\n\r\n30d41\r\n" + bytes(200_001), silence=True),
        BROKEN, "larger than 100000 bytes",
    ),
    "no length": (Reply(raw=OK + b"\r\n" + TEXT), BROKEN, "without its length"),
    "short": (Reply(raw=OK + b"Content-Length: 9999\r\n\r\nshort"), LOST, "closed before its answer was"),
    "cut in a chunk": (Reply(raw=OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nx"), LOST, "closed before"),
    "negative length": (Reply(raw=OK + b"Content-Length: -1\r\n\r\n"), BROKEN, "does not speak HTTP"),
    "two lengths": (Reply(raw=OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), BROKEN, "HTTP"),
    "head cut off": (Reply(raw=OK), LOST, "closed before"),
    "no answer": (Reply(code=0), LOST, "closed before"),
    "garbage": (Reply(raw=b"\x00\x01\x02garbage\r\n\r\n"), BROKEN, "does not speak HTTP"),
    "endless head": (Reply(raw=OK + b"X: y\r\n" * 50_000, silence=True), BROKEN, "does not speak HTTP"),
    "silent": (Reply(silence=True), DeadlineError, r"sent nothing for 0\.3 s"),
    "silent in the head": (Reply(raw=OK, silence=True), DeadlineError, "sent nothing"),
    "silent in the body": (
        Reply(raw=OK + b"Content-Length: 99\r\n\r\nx", silence=True), DeadlineError, "sent nothing"
    ),
    "another host": (Reply(code=302, headers=ELSEWHERE), BROKEN, "another host.* give it as the origin"),
    "out of https": (Reply(code=302, headers={"Location": "http://127.0.0.1/"}), BROKEN, "out of https"),
    "to a file": (Reply(code=302, headers={"Location": "file:///etc/passwd"}), BROKEN, "not followed"),
    "to nowhere": (Reply(code=302, headers={"Location": "https://a:b/"}), BROKEN, "no address"),
    "redirect without target": (Reply(code=302), RefusedError, "302"),
    "loop": (Reply(code=301, headers={"Location": SEVEN}), BROKEN, "leads on and on, 3 times"),
}  # fmt: skip


@pytest.mark.parametrize("reply,error,text", NO_DOCUMENT.values(), ids=NO_DOCUMENT)
async def test_what_is_no_document_is_an_error_in_words_and_leaves_the_older_copy(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext, reply: Reply, error: type[P2PCIError], text: str
) -> None:
    (folder / "rfc7.txt").write_bytes(b"older\n")
    with serving({SEVEN: reply}, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            with pytest.raises(error, match=text) as caught:
                await origin.fetch(7, shelf=shelf)

    assert re.search(r"\.$", str(caught.value))
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("rfc7.txt", b"older\n")]


async def test_drip_ends_with_the_time_for_the_whole(shelf: Shelf, tls: ssl.SSLContext) -> None:
    drip = Reply(raw=OK + b"Content-Length: 99999\r\n\r\n", endless=b"x")
    with serving({SEVEN: drip}, tls=tls) as web:
        async with Origin(web.url(), limits=replace(SHORT, whole_seconds=0.5)) as origin:
            with pytest.raises(DeadlineError, match=r"did not come within 0\.5 s"):
                await origin.fetch(7, shelf=shelf)


async def test_document_may_wait_for_its_turn_for_long(shelf: Shelf, tls: ssl.SSLContext) -> None:
    drip = Reply(raw=OK + b"Content-Length: 99999\r\n\r\n", endless=b"x")
    with serving({SEVEN: drip, "/rfc/rfc8.txt": Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url(), limits=replace(SHORT, whole_seconds=1.0)) as origin:
            slow = asyncio.create_task(origin.fetch(7, shelf=shelf))
            await eventually(lambda: web.asked, what="the slow one is asked for")
            assert (await origin.fetch(8, shelf=shelf)).size == len(TEXT)
            with pytest.raises(DeadlineError):
                await slow


async def test_redirects_on_the_same_host_are_followed(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    replies = {
        SEVEN: Reply(code=301, headers={"Location": "../moved/here"}),
        "/moved/here": Reply(b"moved", code=307, headers={"Location": "/there"}),
        "/there": Reply(TEXT),
    }
    with serving(replies, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            await origin.fetch(7, shelf=shelf)

    assert (folder / "rfc7.txt").read_bytes() == TEXT
    assert web.connections == 1


async def test_redirect_into_https_on_the_same_host_is_followed(shelf: Shelf, tls: ssl.SSLContext) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as safe:
        moved = Reply(code=308, headers={"Location": safe.url() + "rfc7.txt"})
        with serving({SEVEN: moved}, tls=None) as web:
            async with Origin(web.url("http"), limits=SHORT) as origin:
                assert (await origin.fetch(7, shelf=shelf)).size == len(TEXT)


async def test_certificate_of_an_unknown_authority_is_refused(shelf: Shelf) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=certified(trustme.CA(), "127.0.0.1")) as web:
        await _is_refused(web, shelf)


async def test_certificate_of_another_host_is_refused(shelf: Shelf, authority: trustme.CA) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=certified(authority, "www.rfc-editor.org")) as web:
        await _is_refused(web, shelf)


async def _is_refused(web: FakeOrigin, shelf: Shelf) -> None:
    async with Origin(web.url(), limits=SHORT) as origin:
        with pytest.raises(CannotConnectError, match="certificate is not to be trusted"):
            await origin.fetch(7, shelf=shelf)
    assert web.asked == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
async def test_certificates_that_cannot_be_read_are_an_error_in_words(
    shelf: Shelf, trusted: Path, content: bytes | None
) -> None:
    trusted.unlink()
    if content is not None:
        trusted.write_bytes(content)
    async with Origin("https://127.0.0.1:1/", limits=SHORT) as origin:
        with pytest.raises(CannotConnectError, match=r"certificates|connection refused"):
            await origin.fetch(7, shelf=shelf)


async def test_plain_server_behind_an_https_address_is_an_error_in_words(shelf: Shelf) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=None) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            with pytest.raises((CannotConnectError, ConnectionLostError)):
                await origin.fetch(7, shelf=shelf)


async def test_nobody_there_is_an_error_in_words(shelf: Shelf, dead_port: Callable[[], int]) -> None:
    port = dead_port()
    async with Origin(f"https://127.0.0.1:{port}/") as origin:
        with pytest.raises(CannotConnectError, match=rf"127\.0\.0\.1:{port}: connection refused"):
            await origin.fetch(7, shelf=shelf)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "-.-", "host.invalid"])
async def test_host_that_is_none_is_an_error_in_words(shelf: Shelf, host: str) -> None:
    async with Origin(f"https://{host}/", limits=SHORT) as origin:
        with pytest.raises((CannotConnectError, ProtocolError), match=r"\.$"):
            await origin.fetch(7, shelf=shelf)


async def test_folder_that_is_gone_is_an_error_in_words(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    folder.rmdir()
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            with pytest.raises(LibraryError, match="cannot be saved"):
                await origin.fetch(7, shelf=shelf)


async def test_cancelled_fetch_leaves_nothing_and_the_origin_of_use(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    waiting = Reply(raw=OK + b"Content-Length: 99\r\n\r\nx", silence=True)
    with serving({SEVEN: waiting, "/rfc/rfc8.txt": Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url(), limits=OriginLimits()) as origin:
            fetching = asyncio.create_task(origin.fetch(7, shelf=shelf))
            await eventually(lambda: web.asked, what="it was asked")
            fetching.cancel()
            await asyncio.wait([fetching])
            assert fetching.cancelled()
            assert list(folder.iterdir()) == []
            assert (await origin.fetch(8, shelf=shelf)).size == len(TEXT)


async def test_cancelled_at_any_moment_leaves_a_whole_document_or_none(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    with serving({SEVEN: Reply(TEXT)}, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            for turns in range(0, 200, 5):
                fetching = asyncio.create_task(origin.fetch(7, shelf=shelf))
                for _ in range(turns):
                    await asyncio.sleep(0)
                fetching.cancel()
                await asyncio.wait([fetching])
                assert all(path.read_bytes() == TEXT for path in folder.iterdir())
                (folder / "rfc7.txt").unlink(missing_ok=True)


def test_missing_package_is_one_sentence_with_the_command(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
sys.modules["httpx2"] = None
from p2pci import Shelf
from p2pci.errors import NotInstalledError
from p2pci.origin import Origin
async def main():
    with Shelf(Path("rfcs")) as shelf:
        async with Origin("https://127.0.0.1/") as origin:
            for ask in (lambda: origin.fetch(7, shelf=shelf), lambda: origin.update_index(shelf)):
                try:
                    await ask()
                except NotInstalledError as error:
                    print(error)
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    sentence = "Fetching from an origin needs httpx2, which is not installed: pip install 'p2pci[origin]'\n"
    assert (done.stdout, done.stderr) == (sentence * 2, "")
