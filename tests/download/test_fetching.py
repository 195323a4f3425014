"""Choosing among holders, disks that refuse, and downloads that are given up."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from p2pci import (
    CannotConnectError,
    ConnectionLostError,
    InvalidValueError,
    LibraryError,
    NetworkError,
    NotFoundError,
    Record,
    Shelf,
    fetch,
)
from p2pci.download import Downloads
from p2pci.events import Address, Downloaded, Event, SourceFailed, Watcher
from tests.client.test_connecting import resetting
from tests.download.fake_holder import SHORT, End, FakeHolder, document_answer, serving
from tests.upload.loops import eventually

TEXT = b"Some text.\n" * 1000
ABSENT = b"P2P-CI/1.0 404 Not Found\r\n\r\n"


async def _get(shelf: Shelf, sources: Iterable[Address], *, watch: Watcher | None = None) -> Downloaded:
    records = [Record(7, "", host, port) for host, port in sources]
    downloads = Downloads(shelf, is_foreign=False, watch=watch, limits=SHORT)
    return await downloads.get(7, records, knows_features=False)


# P-4.17
async def test_every_holder_is_tried_until_one_delivers(
    folder: Path, shelf: Shelf, dead_port: Callable[[], int]
) -> None:
    async with AsyncExitStack() as running:
        bad = [
            await running.enter_async_context(serving(holder))
            for holder in (
                FakeHolder(),  # closes without an answer: no slot was free (P-4.16)
                FakeHolder(ABSENT),
                FakeHolder(b"P2P-CI/1.0 400 Bad Request\r\n\r\n"),
                FakeHolder(document_answer(b"shorter", length=8)),
                FakeHolder(end=End.STAY_OPEN),
                FakeHolder(b"garbage\r\n\r\n"),
            )
        ]
        sources = [("127.0.0.1", dead_port()), *(holder.address for holder in bad)]
        for _ in range(3):  # in another order each time
            events: list[Event] = []
            with pytest.raises(NetworkError, match=r"^None of 7 holder\(s\) delivered RFC 7; the last: "):
                await _get(shelf, sources, watch=events.append)
            failed = [event for event in events if isinstance(event, SourceFailed)]
            assert sorted((event.host, event.port) for event in failed) == sorted(sources)
            assert all(event.number == 7 and event.reason for event in failed)
        good = await running.enter_async_context(serving(FakeHolder(document_answer(TEXT))))
        downloaded = await _get(shelf, [*sources, good.address])
    assert downloaded.path.read_bytes() == TEXT
    assert len(good.requests) == 1


async def test_404_of_all_holders_is_not_found(shelf: Shelf) -> None:
    async with serving(FakeHolder(ABSENT)) as holder:
        with pytest.raises(
            NotFoundError, match=r"^RFC 7 was not found: its holders answered 404\."
        ) as caught:
            await _get(shelf, [holder.address])
    assert caught.value.number == 7


async def test_no_holder_is_not_found(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError, match=r"^RFC 7 was not found: there is nobody to fetch it from\."):
        await _get(shelf, [])


async def test_404_of_some_and_failures_of_others_is_a_network_error(
    shelf: Shelf, dead_port: Callable[[], int]
) -> None:
    async with serving(FakeHolder(ABSENT)) as holder:
        dead = ("127.0.0.1", dead_port())
        with pytest.raises(
            NetworkError, match=r"^None of 2 holder\(s\) delivered RFC 7; the last: Cannot connect to "
        ):
            await _get(shelf, [holder.address, dead])


@pytest.mark.parametrize("source", [("a..b", 5), ("x" * 200, 5), ("127.0.0.1", 70_000)])
async def test_holder_that_is_no_address_is_passed_over(shelf: Shelf, source: tuple[str, int]) -> None:
    with pytest.raises(CannotConnectError):
        await fetch(7, source, shelf=shelf)


async def test_number_that_is_none_is_not_asked_for(shelf: Shelf) -> None:
    async with serving(FakeHolder(document_answer(TEXT))) as holder:
        with pytest.raises(InvalidValueError):
            await fetch(0, holder.address, shelf=shelf, limits=SHORT)
    assert holder.requests == []


async def test_folder_that_is_gone_is_an_error_in_words_and_no_other_holder_is_asked(
    folder: Path, shelf: Shelf
) -> None:
    folder.rmdir()
    async with serving(FakeHolder(document_answer(TEXT))) as holder:
        with pytest.raises(LibraryError, match="cannot be"):
            await _get(shelf, [holder.address, ("127.0.0.1", 9)])
    assert len(holder.requests) <= 1


@pytest.fixture
def files_of_at_most_100_kb() -> Iterator[None]:
    """A full disk as far as the program can tell: the system refuses to let a file grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("files_of_at_most_100_kb")
async def test_disk_that_takes_no_more_leaves_a_part_and_no_name(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"older\n")
    async with serving(FakeHolder(document_answer(bytes(5_000_000)))) as holder:
        with pytest.raises(LibraryError, match="cannot be saved"):
            await fetch(7, holder.address, shelf=shelf, limits=SHORT)
    assert sorted(path.suffix for path in folder.iterdir()) == [".part", ".txt"]
    assert (folder / "rfc7.txt").read_bytes() == b"older\n"


async def test_folder_in_the_place_of_the_document_is_an_error_in_words(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").mkdir()
    async with serving(FakeHolder(document_answer(TEXT))) as holder:
        with pytest.raises(LibraryError, match="cannot be saved"):
            await fetch(7, holder.address, shelf=shelf, limits=SHORT)
    assert [path.name for path in folder.iterdir()] == ["rfc7.txt"]


@pytest.mark.parametrize("turns", range(12))
async def test_cancelled_download_leaves_nothing_but_a_part(folder: Path, shelf: Shelf, turns: int) -> None:
    """Given up at many moments: while connecting, in the head, while the file is made, written, renamed."""
    answer = document_answer(os.urandom(600_000))
    segments = [answer[at : at + 50_000] for at in range(0, len(answer), 50_000)]
    async with serving(FakeHolder(*segments)) as holder:
        for more in range(6):
            downloading = asyncio.create_task(fetch(7, holder.address, shelf=shelf, limits=SHORT))
            for _ in range(turns * 6 + more):
                await asyncio.sleep(0)
            downloading.cancel()
            await asyncio.wait([downloading])
            assert downloading.cancelled() or downloading.result().size == 600_000
            (folder / "rfc7.txt").unlink(missing_ok=True)
            assert all(path.suffix == ".part" for path in folder.iterdir())


async def test_cancelled_in_the_moment_its_file_is_made_leaves_at_most_a_part(
    folder: Path, shelf: Shelf
) -> None:
    """The worker thread makes the file though nobody waits for it any more; somebody must take it away."""
    async with serving(FakeHolder(document_answer(TEXT), end=End.STAY_OPEN)) as holder:
        for _ in range(50):
            downloading = asyncio.create_task(fetch(7, holder.address, shelf=shelf, limits=SHORT))
            await eventually(partial(_has_any, folder), what="its file is made")
            downloading.cancel()
            await asyncio.wait([downloading])
            (folder / "rfc7.txt").unlink(missing_ok=True)
            assert all(path.suffix == ".part" for path in folder.iterdir())
            for path in folder.iterdir():
                path.unlink()


async def test_cancelled_twice_leaves_a_part_that_nobody_holds(folder: Path, shelf: Shelf) -> None:
    """The second one comes while the file is being closed."""
    async with serving(FakeHolder(document_answer(TEXT, length=10**6), end=End.STAY_OPEN)) as holder:
        for _ in range(20):
            downloading = asyncio.create_task(fetch(7, holder.address, shelf=shelf, limits=SHORT))
            await eventually(partial(_has_bytes, folder), what="its file is made")
            downloading.cancel()
            await asyncio.sleep(0)
            downloading.cancel()
            await asyncio.wait([downloading])
            assert downloading.cancelled()
            await eventually(lambda: _can_be_gone_on_with(shelf), what="its file is nobody's")


def _can_be_gone_on_with(shelf: Shelf) -> bool:
    part = shelf.resume(7)
    if part:
        part.discard()
    return part is not None


def _has_any(folder: Path) -> bool:
    return any(folder.iterdir())


def _has_bytes(folder: Path) -> bool:
    return any(path.stat().st_size for path in folder.iterdir())


async def test_twenty_downloads_of_one_document_at_once_all_end_whole(folder: Path, shelf: Shelf) -> None:
    async with serving(FakeHolder(document_answer(TEXT))) as holder:
        await asyncio.gather(*(fetch(7, holder.address, shelf=shelf, limits=SHORT) for _ in range(20)))
    assert (folder / "rfc7.txt").read_bytes() == TEXT
    assert len(list(folder.iterdir())) == 1


async def test_holder_that_resets_at_once_is_an_error_in_words(shelf: Shelf) -> None:
    with resetting() as port:
        for _ in range(300):
            with pytest.raises((CannotConnectError, ConnectionLostError)):
                await fetch(7, ("127.0.0.1", port), shelf=shelf, limits=SHORT)
