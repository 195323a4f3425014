"""The index file from a web server: taken when it is newer and an index, and else left as it is."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from p2pci import LibraryError, P2PCIError, ProtocolError, RefusedError, Shelf
from p2pci.origin import Origin
from tests.library.indexes import text_index
from tests.origin.web_server import PLAIN, SHORT, Reply, serving

PATH = "/rfc/rfc-index.txt"
INDEX = text_index({7: "Seven"}).encode()
FRIDAY = "Fri, 17 Apr 2026 16:08:18 GMT"
FRIDAY_SECONDS = 1_776_442_098
DATED = Reply(INDEX, headers=PLAIN | {"Last-Modified": FRIDAY})
UNCHANGED = Reply(code=304, headers={"Content-Length": ""})


def title(shelf: Shelf) -> str:
    shelf.scan()
    entry = shelf.entry(7)
    return entry.title if entry else ""


async def test_index_is_put_into_the_folder_with_its_date(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    with serving({PATH: DATED}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            assert await origin.update_index(shelf)

    assert "If-Modified-Since" not in web.asked[0].headers
    assert (folder / "rfc-index.txt").read_bytes() == INDEX
    assert (folder / "rfc-index.txt").stat().st_mtime == FRIDAY_SECONDS
    assert title(shelf) == "Seven"


async def test_known_index_is_asked_for_only_if_there_is_a_newer_one(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    with serving({PATH: DATED}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            await origin.update_index(shelf)
            before = (folder / "rfc-index.txt").stat()
            web.replies[PATH] = UNCHANGED
            assert not await origin.update_index(shelf)

    assert web.asked[1].headers["If-Modified-Since"] == FRIDAY
    assert web.connections == 1
    after = (folder / "rfc-index.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_index_that_somebody_put_there_counts_by_its_age(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    (folder / "rfc-index.txt").write_bytes(INDEX)
    os.utime(folder / "rfc-index.txt", (FRIDAY_SECONDS + 0.75, FRIDAY_SECONDS + 0.75))
    with serving({PATH: Reply(INDEX.replace(b"Seven", b"Newer"))}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            assert await origin.update_index(shelf)

    assert web.asked[0].headers["If-Modified-Since"] == FRIDAY
    assert title(shelf) == "Newer"


async def test_index_that_is_broken_is_replaced_whatever_its_age(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext
) -> None:
    (folder / "rfc-index.txt").write_text("broken")
    shelf.scan()
    with serving({PATH: DATED}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            assert await origin.update_index(shelf)

    assert "If-Modified-Since" not in web.asked[0].headers
    assert title(shelf) == "Seven"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Fri, 99 Apr 2026 16:08:18 GMT", "Fri, 17 Apr 99999 0:0 GMT"]
)
async def test_date_that_is_none_is_that_of_the_download(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext, date: str
) -> None:
    with serving({PATH: Reply(INDEX, headers=PLAIN | {"Last-Modified": date})}, tls=tls) as web:
        async with Origin(web.url()) as origin:
            assert await origin.update_index(shelf)

    assert (folder / "rfc-index.txt").stat().st_mtime != FRIDAY_SECONDS
    assert title(shelf) == "Seven"


NO_INDEX: dict[str, tuple[Reply, type[P2PCIError], str]] = {
    "empty": (Reply(b""), LibraryError, "cannot be replaced by what came: it has not one entry"),
    "another text": (Reply(b"Sorry, the index is away.\n"), LibraryError, "it has not one entry"),
    "page": (Reply(INDEX, headers={"Content-Type": "text/html"}), ProtocolError, "is a web page"),
    "404": (Reply(code=404), RefusedError, "was answered with 404. Check the origin's address"),
    "too large": (Reply(INDEX * 10_000), ProtocolError, "larger than 100000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("reply,error,text", NO_INDEX.values(), ids=NO_INDEX)
async def test_what_is_no_index_leaves_the_older_one(
    folder: Path, shelf: Shelf, tls: ssl.SSLContext, reply: Reply, error: type[P2PCIError], text: str
) -> None:
    (folder / "rfc-index.txt").write_bytes(INDEX)
    with serving({PATH: reply}, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            with pytest.raises(error, match=text):
                await origin.update_index(shelf)

    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("rfc-index.txt", INDEX)]


async def test_304_that_nobody_asked_for_is_no_update(shelf: Shelf, tls: ssl.SSLContext) -> None:
    with serving({PATH: UNCHANGED}, tls=tls) as web:
        async with Origin(web.url(), limits=SHORT) as origin:
            with pytest.raises(RefusedError, match="answered with 304"):
                await origin.update_index(shelf)
