"""Peers that share, find and fetch (B-6 to B-11, P-4.10, P-4.17)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pci import (
    CannotConnectError,
    CannotListenError,
    Downloaded,
    IndexClient,
    IndexServer,
    InvalidValueError,
    LibraryError,
    NetworkError,
    NotFoundError,
    Peer,
    Record,
)
from p2pci.events import (
    Advertised,
    Downloading,
    IndexConnected,
    Registered,
    Registering,
    SourceFailed,
    Uploaded,
    UploadListening,
)
from p2pci.library import Sharing
from p2pci.protocol.extensions import Copy
from tests.peer.conftest import Start, Watched
from tests.upload.caller import Caller, exchange, get
from tests.upload.loops import eventually


def document(number: int, title: str, *, size: int = 3000) -> bytes:
    """Write a document whose title is found where those of RFCs are."""
    head = (
        f"Network Working Group                                        A. Writer\n"
        f"Request for Comments: {number}\n\n\n{title:^72}\n\nAbstract\n\n"
    ).encode()
    return head + random.Random(number).randbytes(max(0, size - len(head))).hex().encode()[: size - len(head)]


TITLES = {
    3457: "Requirements for IPsec Remote Access Scenarios",
    2345: "Domain Names and Company Name Retrieval",
}
SHELF = {number: document(number, title) for number, title in TITLES.items()}


# B-6, B-7
async def test_start_tells_what_it_does_in_order(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, SHELF)
    port = watched.peer.upload_port
    assert watched.events == [
        UploadListening(port),
        Advertised("127.0.0.1", port),
        IndexConnected("127.0.0.1", server.port),
        Registering(2345, TITLES[2345], 1, 2),
        Registering(3457, TITLES[3457], 2, 2),
        Registered(2),
    ]
    answer = await watched.peer.list_all()
    assert answer.records == [Record(number, TITLES[number], "127.0.0.1", port) for number in (2345, 3457)]


async def test_folder_is_made_when_missing(server: IndexServer, start: Start, tmp_path: Path) -> None:
    watched = await start(server.port, folder=tmp_path / "new" / "rfcs")
    assert watched.peer.shelf.path.is_dir()
    assert watched.told(Registered) == [Registered(0)]
    assert server.index.member_count == 0  # P-4.1: nobody enters without an ADD


# B-10, B-11: the bytes, a record with the title of the answer, and a document to serve
async def test_get_is_byte_identical_and_registered_with_the_title_of_the_answer(
    server: IndexServer, start: Start
) -> None:
    holder, asker = await start(server.port, SHELF), await start(server.port)
    await holder.peer.add(3457, "A title of the index")
    downloaded = await asker.peer.get(3457)
    digest = hashlib.sha256(SHELF[3457]).digest()
    path = asker.peer.shelf.path / "rfc3457.txt"
    assert downloaded == Downloaded(3457, path, len(SHELF[3457]), digest, is_verified=True)
    assert downloaded.path.read_bytes() == SHELF[3457]
    records = (await holder.peer.lookup(3457)).records
    assert sorted(records) == sorted(
        Record(3457, "A title of the index", "127.0.0.1", each.peer.upload_port) for each in (holder, asker)
    )
    assert holder.told(Uploaded)[0][1:] == (3457, len(SHELF[3457]))
    third = await start(server.port)
    await holder.peer.stop()
    assert (await third.peer.get(3457)).path.read_bytes() == SHELF[3457]


async def test_get_of_a_document_without_title_takes_that_of_its_text(
    server: IndexServer, start: Start
) -> None:
    holder, asker = await start(server.port, SHELF), await start(server.port)
    await holder.peer.add(3457, "")
    await asker.peer.get(3457)
    titles = {record.port: record.title for record in (await asker.peer.lookup(3457)).records}
    assert titles == {holder.peer.upload_port: "", asker.peer.upload_port: TITLES[3457]}


# P-4.10
@pytest.mark.parametrize("advertise", [None, ("localhost", 0), ("Mac.lan", 4711)])
async def test_peer_does_not_ask_itself(
    server: IndexServer, start: Start, advertise: tuple[str, int] | None
) -> None:
    watched = await start(server.port, SHELF, advertise=advertise)
    host, port = advertise or ("127.0.0.1", 0)
    assert watched.told(Advertised) == [Advertised(host, port or watched.peer.upload_port)]
    with pytest.raises(NotFoundError, match=r"^RFC 3457 was not found: there is nobody to fetch it from\."):
        await watched.peer.get(3457)
    assert watched.told(Downloading) == []


async def test_nobody_has_it(server: IndexServer, start: Start) -> None:
    watched = await start(server.port)
    with pytest.raises(NotFoundError):
        await watched.peer.get(4342)
    assert list(watched.peer.shelf.path.iterdir()) == []


# P-4.17
async def test_get_passes_over_dead_holders(
    server: IndexServer, start: Start, dead_port: Callable[[], int]
) -> None:
    shelf = {number: document(number, f"Title {number}") for number in range(1, 7)}
    await start(server.port, shelf)
    asker = await start(server.port)
    ghosts = [IndexClient("127.0.0.1", server.port, identity=("127.0.0.1", dead_port())) for _ in range(8)]
    for ghost in ghosts:
        await ghost.connect()
        await ghost.lookup(1)  # agrees on features
        for number, text in shelf.items():
            await ghost.add(number, "", copy=Copy(len(text), hashlib.sha256(text).digest()))
    for number, text in shelf.items():
        assert (await asker.peer.get(number)).path.read_bytes() == text
    assert asker.told(SourceFailed)  # by chance no dead one came first: one time in half a million
    for ghost in ghosts:
        await ghost.add(9, "")
    with pytest.raises(
        NetworkError, match=r"^None of 8 holder\(s\) delivered RFC 9; the last: Cannot connect"
    ):
        await asker.peer.get(9)
    for ghost in ghosts:
        await ghost.close()


async def test_document_that_vanished_is_not_found(server: IndexServer, start: Start) -> None:
    holder, asker = await start(server.port, SHELF), await start(server.port)
    (holder.peer.shelf.path / "rfc3457.txt").unlink()
    with pytest.raises(NotFoundError, match="its holders answered 404"):
        await asker.peer.get(3457)


async def test_manual_add_without_a_file_is_registered(server: IndexServer, start: Start) -> None:
    watched = await start(server.port)
    answer = await watched.peer.add(4711, "Not here yet")
    assert answer.records == [Record(4711, "Not here yet", "127.0.0.1", watched.peer.upload_port)]
    assert await exchange(watched.peer.upload_port, get(4711)) == b"P2P-CI/1.0 404 Not Found\r\n\r\n"
    (watched.peer.shelf.path / "rfc4711.txt").write_bytes(b"now\n")
    assert (await exchange(watched.peer.upload_port, get(4711))).endswith(b"\r\n\r\nnow\n")


# B-2, B-5, B-8, P-4.2
async def test_three_peers_at_once_and_one_leaves(server: IndexServer, start: Start) -> None:
    peers = [
        await start(server.port, {number: document(number, f"Title {number}") for number in numbers})
        for numbers in ((2345, 3457), (123, 3457), (4563, 7895))
    ]
    wanted = (123, 2345, 3457, 4563, 7895)
    listed = [record.number for record in (await peers[1].peer.list_all()).records]
    assert listed == [123, 2345, 3457, 3457, 4563, 7895]

    async def get_missing(watched: Watched) -> None:
        missing = [number for number in wanted if number not in watched.peer.shelf]
        await asyncio.gather(*(watched.peer.get(number) for number in missing))

    await asyncio.gather(*map(get_missing, peers))
    assert len((await peers[0].peer.list_all()).records) == 15
    texts = [[(each.peer.shelf.path / f"rfc{n}.txt").read_bytes() for n in wanted] for each in peers]
    assert texts[0] == texts[1] == texts[2]
    await peers[0].peer.stop()
    await eventually(lambda: server.index.member_count == 2, what="the first peer left")
    records = (await peers[1].peer.list_all()).records
    assert len(records) == 10
    assert {record.port for record in records} == {each.peer.upload_port for each in peers[1:]}


async def test_nobody_listening_is_said_and_nothing_is_left_running(
    make_peer: Callable[..., Watched], dead_port: Callable[[], int]
) -> None:
    watched = make_peer(dead_port(), SHELF)
    with pytest.raises(CannotConnectError):
        await watched.peer.start()
    with pytest.raises(ConnectionRefusedError):
        await Caller.connect(watched.told(UploadListening)[0].port)


async def test_index_that_closes_while_the_shelf_is_registered_is_an_error(
    make_peer: Callable[..., Watched],
) -> None:
    closing = await asyncio.get_running_loop().create_server(_Closing, "127.0.0.1", 0)
    async with closing:
        watched = make_peer(closing.sockets[0].getsockname()[1], SHELF)
        with pytest.raises(NetworkError):
            await watched.peer.start()
    with pytest.raises(ConnectionRefusedError):
        await Caller.connect(watched.told(UploadListening)[0].port)


class _Closing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def test_taken_upload_port_is_said(server: IndexServer, start: Start, tmp_path: Path) -> None:
    watched = await start(server.port)
    port = watched.peer.upload_port
    with pytest.raises(CannotListenError, match=str(port)):
        await Peer(("127.0.0.1", server.port), tmp_path / "other", bind="127.0.0.1", port=port).start()


async def test_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="is not a folder"):
        Peer(("127.0.0.1", 1), tmp_path / "file", bind="127.0.0.1")


async def test_every_document_of_a_large_shelf_reaches_another_peer(
    server: IndexServer, start: Start, tmp_path: Path
) -> None:
    """P2PCI_TEST_RFCS names a folder of real documents; without it there are some of such sizes."""
    named = os.environ.get("P2PCI_TEST_RFCS")
    folder = tmp_path / "shelf"
    if named:
        shutil.copytree(named, folder)
    else:
        folder.mkdir()
        for number in range(1, 61):
            size = 1_500_000 if number == 60 else int(1000 * 1.08**number * random.uniform(0.5, 1.5))
            (folder / f"rfc{number}.txt").write_bytes(document(number, f"Title {number}", size=size))
    before = {path.name for path in folder.iterdir()}
    holder, asker = await start(server.port, folder=folder), await start(server.port)
    numbers = sorted(record.number for record in (await asker.peer.list_all()).records)
    assert len(numbers) == sum(name.startswith("rfc") and name[3].isdigit() for name in before)
    several = asyncio.Semaphore(8)

    async def fetch_one(number: int) -> None:
        async with several:
            await asker.peer.get(number)

    await asyncio.gather(*map(fetch_one, numbers))
    for number in numbers:
        name = f"rfc{number}.txt"
        assert (asker.peer.shelf.path / name).read_bytes() == (folder / name).read_bytes()
    records = (await holder.peer.list_all()).records
    titles = {number: {record.title for record in records if record.number == number} for number in numbers}
    assert len(records) == 2 * len(numbers)
    assert all(len(of_one) == 1 for of_one in titles.values())
    assert {path.name for path in folder.iterdir()} - {".p2pci.json"} == before


async def test_what_is_not_shared_is_neither_registered_nor_given(server: IndexServer, start: Start) -> None:
    sharing = Sharing(hidden=(range(8, 9),))
    peer = (await start(server.port, {7: b"Seven", 8: b"Eight"}, sharing=sharing)).peer
    assert [record.number for record in (await peer.list_all()).records] == [7]
    with pytest.raises(InvalidValueError, match="RFC 8 is not shared here"):
        await peer.add(8, "Eight")
    assert (await exchange(peer.upload_port, get(8))).startswith(b"P2P-CI/1.0 404 Not Found")


async def test_what_is_fetched_and_not_shared_stays_here(server: IndexServer, start: Start) -> None:
    await start(server.port, {8: b"Eight"})
    peer = (await start(server.port, sharing=Sharing(only=(range(1, 8),)))).peer
    downloaded = await peer.get(8)
    assert downloaded.path.read_bytes() == b"Eight"
    assert len((await peer.lookup(8)).records) == 1
