"""The shelf follows its folder while the peer runs, and the index with it."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from p2pci import FollowLimits, IndexServer
from p2pci.events import (
    Downloaded,
    FolderBack,
    FolderTrouble,
    IndexLost,
    LeftOut,
    Registered,
    Registering,
    Rejoining,
    Unregistered,
    Unregistering,
    WatchingFailed,
)
from p2pci.peer.following import Presence
from tests.peer.conftest import LIMITS, Start, Watched
from tests.peer.known import Known
from tests.peer.test_sharing import SHELF, TITLES, document
from tests.upload.caller import body_of, exchange, get
from tests.upload.loops import eventually

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

POLLING = replace(LIMITS, follow=FollowLimits(polls=True, poll_seconds=0.05, quiet_seconds=0.05))
UNWATCHED = replace(LIMITS, follow=FollowLimits(unwatched_seconds=0.05, quiet_seconds=0.05))


@pytest.fixture
def known(server: IndexServer) -> Known:
    return Known(server)


@pytest.fixture(params=["watched", "polled", "not installed"])
async def watched(
    request: pytest.FixtureRequest, server: IndexServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> Watched:
    """A peer with two documents that follows its folder in one of three ways."""
    limits = {"watched": LIMITS, "polled": POLLING, "not installed": UNWATCHED}[request.param]
    if request.param == "not installed":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    return await start(server.port, SHELF, limits=limits)


def numbers(events: list[Registering] | list[Unregistering]) -> list[int]:
    return [event.number for event in events]


async def test_new_document_is_registered(watched: Watched, known: Known) -> None:
    text = document(7, "Seven")
    (watched.folder / "rfc7.txt").write_bytes(text)
    await known.becomes({**SHELF, 7: text})
    assert (await known.titles())[7] == "Seven"
    assert watched.told(Registering)[2:] == [Registering(7, "Seven", 1, 1)]
    assert watched.told(Registered) == [Registered(2), Registered(3)]
    assert body_of(await exchange(watched.peer.upload_port, get(7))) == text


async def test_changed_document_is_told_anew(watched: Watched, known: Known) -> None:
    await known.becomes(SHELF)
    text = SHELF[3457] + b"One more line.\n"
    (watched.folder / "rfc3457.txt").write_bytes(text)
    await known.becomes({**SHELF, 3457: text})
    retitled = document(3457, "Another Title")
    (watched.folder / "rfc3457.txt").write_bytes(retitled)
    await known.becomes({**SHELF, 3457: retitled})
    assert await known.titles() == {**TITLES, 3457: "Another Title"}
    assert watched.told(Unregistering) == []


async def test_deleted_document_is_gone_from_the_index(
    watched: Watched, server: IndexServer, known: Known
) -> None:
    (watched.folder / "rfc2345.txt").unlink()
    await known.becomes({3457: SHELF[3457]})
    await watched.tells(Unregistered)
    assert watched.told(Unregistering) == [Unregistering(2345, 1, 1)]
    assert watched.told(Rejoining) == []
    assert watched.peer.document_count == 1
    (watched.folder / "rfc3457.txt").unlink()
    await known.becomes({})
    assert server.index.member_count == 1  # it stays, with nothing


async def test_document_moved_into_place_is_registered(watched: Watched, known: Known) -> None:
    text = document(7, "Seven")
    beside = watched.folder.parent / "whole"
    beside.write_bytes(text)
    os.utime(beside, (1e9, 1e9))
    beside.rename(watched.folder / "rfc7.txt")
    await known.becomes({**SHELF, 7: text})


async def test_document_that_is_written_waits_until_it_is_quiet_and_holds_up_no_other(
    server: IndexServer, start: Start, known: Known
) -> None:
    watched = await start(server.port, SHELF)
    whole = document(7, "Seven", size=200_000)
    done = asyncio.Event()

    async def write() -> int:
        """Write slowly, and say after how many pieces it was allowed to end."""
        with (watched.folder / "rfc7.txt").open("wb") as file:
            for count in range(200):
                file.write(whole[count * 1000 : (count + 1) * 1000])
                file.flush()
                if not done.is_set():
                    await asyncio.wait([asyncio.ensure_future(done.wait())], timeout=0.05)
        return server.index.record_count

    writing = asyncio.create_task(write())
    await eventually((watched.folder / "rfc7.txt").exists, what="it is begun")
    other = document(8, "Eight")
    (watched.folder / "rfc8.txt").write_bytes(other)
    await eventually(lambda: server.index.record_count == 3, what="the other one is registered")
    done.set()
    assert await writing == 3
    await known.becomes({**SHELF, 7: whole, 8: other})
    assert numbers(watched.told(Registering)).count(7) == 1
    assert watched.told(Registering)[-1].title == "Seven"


async def test_many_documents_come_and_go_many_at_a_time(watched: Watched, known: Known) -> None:
    many = {number: document(number, f"Title {number}", size=400) for number in range(1, 401)}
    for number, text in many.items():
        (watched.folder / f"rfc{number}.txt").write_bytes(text)
    await known.becomes({**SHELF, **many})
    assert sorted(numbers(watched.told(Registering))) == sorted({**SHELF, **many})
    for number in many:
        (watched.folder / f"rfc{number}.txt").unlink()
    await known.becomes(SHELF)
    assert sorted(numbers(watched.told(Unregistering))) == sorted(many)
    assert len(watched.told(Registered)) + len(watched.told(Unregistered)) < 100


async def test_folder_that_is_moved_away_takes_its_records_along_and_brings_them_back(
    watched: Watched, server: IndexServer, known: Known
) -> None:
    await watched.peer.add(4711, "Added by hand")
    away = watched.folder.with_name("away")
    watched.folder.rename(away)
    await watched.tells(FolderTrouble)
    await eventually(lambda: server.index.record_count == 1, what="only what has no file is left")
    assert await known.titles() == {4711: "Added by hand"}
    assert "no longer there" in str(watched.told(FolderTrouble)[0].error)
    away.rename(watched.folder)
    await watched.tells(FolderBack)
    await eventually(lambda: server.index.record_count == 3, what="all is registered again")
    assert await known.titles() == {**TITLES, 4711: "Added by hand"}
    assert len(watched.told(FolderTrouble)) == len(watched.told(FolderBack)) == 1
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await eventually(lambda: server.index.record_count == 4, what="it is followed again")


async def test_folder_that_is_exchanged_is_the_shelf_from_then_on(watched: Watched, known: Known) -> None:
    new = watched.folder.with_name("new")
    new.mkdir()
    (new / "rfc7.txt").write_bytes(document(7, "Seven"))
    watched.folder.rename(watched.folder.with_name("old"))
    new.rename(watched.folder)
    await known.becomes({7: document(7, "Seven")})
    (watched.folder / "rfc8.txt").write_bytes(document(8, "Eight"))
    await known.becomes({7: document(7, "Seven"), 8: document(8, "Eight")})
    assert body_of(await exchange(watched.peer.upload_port, get(8))) == document(8, "Eight")
    assert watched.told(FolderTrouble) == []


async def test_folder_that_is_missed_for_a_moment_is_not_let_go(
    server: IndexServer, start: Start, known: Known
) -> None:
    watched = await start(server.port, SHELF, limits=replace(LIMITS, follow=FollowLimits(quiet_seconds=1.0)))
    follower = watched.peer._follower
    away = watched.folder.with_name("away")
    watched.folder.rename(away)
    await eventually(lambda: follower._folder is Presence.MISSED, what="it is missed")
    looked_at = follower._look_at
    follower._stirred.set()
    await eventually(lambda: follower._look_at != looked_at, what="it is missed again")
    away.rename(watched.folder)
    await eventually(lambda: follower._folder is Presence.THERE, what="it is there")
    await known.becomes(SHELF)
    assert watched.told(FolderTrouble) == []
    assert watched.told(Unregistering) == []


async def test_missing_folder_is_looked_for_at_a_calm_pace(server: IndexServer, start: Start) -> None:
    follow = FollowLimits(rescan_seconds=0.05, quiet_seconds=0.05)
    watched = await start(server.port, SHELF, limits=replace(LIMITS, follow=follow))
    watched.folder.rename(watched.folder.with_name("away"))
    await watched.tells(FolderTrouble)
    follower, loop = watched.peer._follower, asyncio.get_running_loop()
    await eventually(lambda: loop.time() > follower._scanned_at + 0.2, what="a rescan would be due")
    await eventually(
        lambda: min(follower._look_at, follower._scan_at) > loop.time(), what="it waits for its next look"
    )


async def test_deleted_folder_is_shared_again_when_it_is_made_anew(watched: Watched, known: Known) -> None:
    shutil.rmtree(watched.folder)
    await known.becomes({})
    watched.folder.mkdir()
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await known.becomes({7: document(7, "Seven")})


async def test_document_added_by_hand_stays_without_a_file_until_its_file_has_come_and_gone(
    watched: Watched, server: IndexServer, known: Known
) -> None:
    await watched.peer.add(4711, "Added by hand")
    (watched.folder / "rfc2345.txt").unlink()
    await watched.tells(Unregistered)
    assert await known.titles() == {3457: TITLES[3457], 4711: "Added by hand"}
    text = document(4711, "In the document")
    (watched.folder / "rfc4711.txt").write_bytes(text)
    await known.becomes({3457: SHELF[3457], 4711: text})
    assert (await known.titles())[4711] == "Added by hand"
    (watched.folder / "rfc4711.txt").unlink()
    await known.becomes({3457: SHELF[3457]})


async def test_title_given_by_hand_stays_when_the_document_changes(watched: Watched, known: Known) -> None:
    await watched.peer.add(3457, "A corrected title")
    await known.becomes(SHELF)
    text = document(3457, "What the document says")
    (watched.folder / "rfc3457.txt").write_bytes(text)
    await known.becomes({**SHELF, 3457: text})
    assert (await known.titles())[3457] == "A corrected title"


async def test_download_is_registered_once_and_its_copy_is_known(
    watched: Watched, server: IndexServer, start: Start
) -> None:
    asker = await start(server.port, limits=watched.peer.limits)
    await asker.peer.get(3457)
    await asker.tells(Downloaded)
    (asker.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await asker.tells(Registering)  # so it has looked at what it downloaded, too
    await asker.peer.list_all()
    assert numbers(asker.told(Registering)) == [7]
    assert asker.told(Unregistering) == []
    await watched.peer.stop()
    await Known(server).becomes({3457: SHELF[3457], 7: document(7, "Seven")})


# Found by simulation: no look had seen the file, so that none missed it, and its record stayed.
async def test_download_that_is_deleted_before_the_next_look_is_gone_from_the_index(
    server: IndexServer, start: Start, known: Known
) -> None:
    await start(server.port, SHELF)
    rarely = replace(LIMITS, follow=FollowLimits(polls=True, poll_seconds=1.0, rescan_seconds=0.0))
    asker = await start(server.port, limits=rarely)
    downloaded = await asker.peer.get(min(SHELF))
    downloaded.path.unlink()
    await asker.tells(Unregistered)
    await known.becomes(SHELF)


async def test_what_changes_while_the_index_is_away_is_registered_when_it_is_back(
    watched: Watched, server: IndexServer
) -> None:
    port = server.port
    await server.stop()
    await watched.tells(IndexLost)
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    (watched.folder / "rfc2345.txt").unlink()
    await eventually(lambda: watched.peer.document_count == 2, what="the shelf is known")
    await eventually(lambda: 7 in watched.peer.shelf.documents, what="the new document is known")
    async with IndexServer(host="127.0.0.1", port=port) as again:
        await Known(again).becomes({3457: SHELF[3457], 7: document(7, "Seven")})
        assert watched.told(Unregistering) == []
        await watched.peer.stop()


async def test_index_file_put_into_the_folder_gives_new_titles(watched: Watched, known: Known) -> None:
    (watched.folder / "rfc-index.txt").write_text(
        "3457 A Listed Title. A. Writer. June 2002. (Format: TXT)\n"
    )
    await watched.tells(Registering, times=3)
    await watched.tells(Registered, times=2)
    assert await known.titles() == {**TITLES, 3457: "A Listed Title"}


async def test_file_that_cannot_be_read_is_told_of_once(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF, limits=POLLING)
    (watched.folder / "rfc-index.txt").mkdir()
    for number in (7, 8):
        (watched.folder / f"rfc{number}.txt").write_bytes(document(number, "Title"))
        await watched.tells(Registered, times=number - 5)
    assert [event.error.path.name for event in watched.told(LeftOut)] == ["rfc-index.txt"]


async def test_rescan_finds_what_the_system_does_not_tell_of(
    server: IndexServer, start: Start, monkeypatch: pytest.MonkeyPatch, known: Known
) -> None:
    """A network mount: the watching begins, and no word comes of what other machines do."""

    async def awatch(*paths: object, **options: object) -> AsyncIterator[set[tuple[int, str]]]:
        yield set()
        await asyncio.get_running_loop().create_future()

    _put_in_place_of_watchfiles(awatch, monkeypatch)
    limits = replace(LIMITS, follow=FollowLimits(rescan_seconds=0.2, quiet_seconds=0.05))
    watched = await start(server.port, SHELF, limits=limits)
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await known.becomes({**SHELF, 7: document(7, "Seven")})
    assert watched.told(WatchingFailed) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "OS file watch limit reached"),
        RuntimeError("Error creating recommended watcher: Too many open files (os error 24)"),
    ],
    ids=["at its limit", "out of descriptors"],
)
@pytest.mark.parametrize("yields", [0, 1], ids=["at once", "later"])
async def test_watching_that_ends_is_told_once_and_the_folder_is_followed_all_the_same(
    server: IndexServer,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    known: Known,
    error: Exception,
    yields: int,
) -> None:
    async def awatch(*paths: object, **options: object) -> AsyncIterator[set[tuple[int, str]]]:
        for _ in range(yields):
            yield set()
        raise error

    _put_in_place_of_watchfiles(awatch, monkeypatch)
    watched = await start(server.port, SHELF, limits=UNWATCHED)
    failed = await watched.tells(WatchingFailed)
    assert failed == WatchingFailed(str(error), 0.05)
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await known.becomes({**SHELF, 7: document(7, "Seven")})
    assert len(watched.told(WatchingFailed)) == 1


async def test_folder_that_watching_does_not_find_is_tried_at_a_calm_pace(
    server: IndexServer, start: Start, monkeypatch: pytest.MonkeyPatch, known: Known
) -> None:
    tries: list[object] = []

    async def awatch(*paths: object, **options: object) -> AsyncIterator[set[tuple[int, str]]]:
        tries.append(paths)
        raise FileNotFoundError("No path was found.")
        yield set()

    _put_in_place_of_watchfiles(awatch, monkeypatch)
    watched = await start(server.port, SHELF, limits=UNWATCHED)
    (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
    await known.becomes({**SHELF, 7: document(7, "Seven")})
    assert 1 <= len(tries) < 10
    assert watched.told(WatchingFailed) == []


async def test_nothing_is_looked_for_without_rescan_where_watching_fails(
    server: IndexServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def awatch(*paths: object, **options: object) -> AsyncIterator[set[tuple[int, str]]]:
        raise OSError(errno.ENOSPC, "OS file watch limit reached")
        yield set()

    _put_in_place_of_watchfiles(awatch, monkeypatch)
    limits = replace(LIMITS, follow=FollowLimits(rescan_seconds=0.0))
    watched = await start(server.port, SHELF, limits=limits)
    assert (await watched.tells(WatchingFailed)).rescan_seconds == 0


def _put_in_place_of_watchfiles(awatch: object, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("watchfiles")
    fake.awatch = awatch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "watchfiles", fake)


async def test_stop_while_much_is_taken_in_is_prompt(server: IndexServer, start: Start) -> None:
    watched = await start(server.port)
    for number in range(1, 401):
        (watched.folder / f"rfc{number}.txt").write_bytes(document(number, "Title", size=400))
    await watched.tells(Registering)
    async with asyncio.timeout(5.0):
        await watched.peer.stop()


async def test_folder_that_cannot_be_written_is_remembered_in_the_spare_one(
    server: IndexServer, start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "rfcs"
    (folder / ".p2pci.json").mkdir(parents=True)  # so that not even root writes it
    for number, text in SHELF.items():
        (folder / f"rfc{number}.txt").write_bytes(text)
        os.utime(folder / f"rfc{number}.txt", (1e9, 1e9))
    await start(server.port, folder=folder, spare=tmp_path / "cache" / "p2pci")
    (kept,) = (tmp_path / "cache" / "p2pci").iterdir()
    assert TITLES[3457] in kept.read_text()
