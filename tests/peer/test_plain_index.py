"""A peer of an index server that knows 1.0 alone: every byte that it is sent."""

from __future__ import annotations

import pytest

from p2pci.events import (
    Reachable,
    Registered,
    Registering,
    Rejoining,
    Unreachable,
    Unregistered,
    Unregistering,
)
from tests.peer.conftest import Start, Watched
from tests.peer.plain_index import PlainIndex
from tests.peer.test_sharing import SHELF, TITLES, document
from tests.upload.loops import eventually

FEATURES = b"Features: pipeline, digest, remove, holders, probe, reason\r\n"
MANY = {number: document(number, f"Title {number}", size=300) for number in range(1, 31)}


def add(watched: Watched, number: int, title: str, more: bytes = b"") -> bytes:
    port = watched.peer.upload_port
    return b"ADD RFC %d P2P-CI/1.0\r\nHost: 127.0.0.1\r\nPort: %d\r\nTitle: %b\r\n%b\r\n" % (
        number,
        port,
        title.encode(),
        more,
    )


# P-5.3: the proposal, which an index of 1.0 ignores, and not a byte more
async def test_shelf_is_registered_with_nothing_but_plain_adds(start: Start) -> None:
    async with PlainIndex().running() as index:
        watched = await start(index.port, SHELF)
        await watched.peer.add(4711, "By hand")
        assert index.connections[0].received == [
            add(watched, 2345, TITLES[2345], FEATURES),
            add(watched, 3457, TITLES[3457]),
            add(watched, 4711, "By hand"),
        ]
        assert not watched.told(Reachable)
        assert not watched.told(Unreachable)
        await watched.peer.stop()


@pytest.mark.parametrize("refuses_unknown", [False, True])
async def test_large_shelf_is_registered_one_by_one(start: Start, *, refuses_unknown: bool) -> None:
    async with PlainIndex(refuses_unknown=refuses_unknown).running() as index:
        watched = await start(index.port, MANY)
        sent = [add(watched, number, f"Title {number}") for number in MANY]
        proposing = add(watched, 1, "Title 1", FEATURES)
        if refuses_unknown:
            assert [end.received for end in index.connections] == [[proposing], sent]
        else:
            assert [end.received for end in index.connections] == [[proposing, *sent[1:]]]
        assert [event.number for event in watched.told(Registering)] == list(MANY)
        assert watched.told(Registered) == [Registered(30)]
        await watched.peer.stop()


# P-5.11
@pytest.mark.parametrize("refuses_unknown", [False, True])
async def test_peer_reconnects_when_documents_are_gone(start: Start, *, refuses_unknown: bool) -> None:
    async with PlainIndex(refuses_unknown=refuses_unknown).running() as index:
        watched = await start(index.port, {**SHELF, 7: document(7, "Seven"), 8: document(8, "Eight")})
        before = list(index.connections)
        for number in (7, 2345):
            (watched.folder / f"rfc{number}.txt").unlink()
        await watched.tells(Unregistered)
        assert watched.told(Unregistered) == [Unregistered(2)]
        assert sorted(event.number for event in watched.told(Unregistering)) == [7, 2345]
        assert len(watched.told(Rejoining)) == 1
        await eventually(lambda: len(index.open_ones) == 1, what="it is there once")
        assert not before[-1].is_open
        assert index.held == [b"8", b"3457"]
        again = index.connections[len(before) :]
        assert b"".join(data for end in again for data in end.received).count(b"REMOVE") == 0
        assert again[-1].received[-1] == add(watched, 3457, TITLES[3457])
        assert watched.told(Registered)[-1] == Registered(2)
        await watched.peer.stop()


async def test_document_that_was_refused_may_go_without_a_reconnect(start: Start) -> None:
    async with PlainIndex(refuses=[b"3457"]).running() as index:
        watched = await start(index.port, SHELF)
        assert watched.told(Registered) == [Registered(1)]
        (watched.folder / "rfc3457.txt").unlink()
        await watched.tells(Unregistered)
        assert len(index.connections) == 1
        assert watched.told(Rejoining) == []
        await watched.peer.stop()


async def test_changed_document_with_the_same_title_costs_no_message(start: Start) -> None:
    async with PlainIndex().running() as index:
        watched = await start(index.port, SHELF)
        (watched.folder / "rfc3457.txt").write_bytes(SHELF[3457] + b"More.\n")
        await eventually(
            lambda: watched.peer.shelf.documents[3457].copy.size == len(SHELF[3457]) + 6, what="it is seen"
        )
        (watched.folder / "rfc7.txt").write_bytes(document(7, "Seven"))
        await watched.tells(Registered, times=2)
        assert index.connections[0].received[2:] == [add(watched, 7, "Seven")]
        await watched.peer.stop()


async def test_question_while_the_peer_reconnects_is_answered(start: Start) -> None:
    async with PlainIndex().running() as index:
        watched = await start(index.port, MANY)
        (watched.folder / "rfc7.txt").unlink()
        await watched.tells(Rejoining)
        await watched.peer.add(4711, "By hand")
        assert index.held == [b"%d" % number for number in (*MANY, 4711) if number != 7]
        await watched.peer.stop()
