"""The short cuts give what the full parser gives: the same bytes come back, and the same records are there.

What comes at once may take a short cut; what comes a byte at a time never does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from p2pci.protocol.extensions import Options
from p2pci.server import IndexServer
from p2pci.server.connection import IndexConnection
from p2pci.serving import Listener, ServingLimits
from tests.protocol.strategies import border_requests, segments_of
from tests.server.wire_client import add, answer, lookup


class Wire(asyncio.Transport):
    """The other end of a connection, on loopback, that takes everything at once."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000)})
        self.heard = b""
        self.closing = False
        self.after_write: Callable[[], None] = lambda: None

    def write(self, data: Any) -> None:
        self.heard += data
        self.after_write()

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def write_eof(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True


async def converse(segments: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Say this to a server that knows RFC 1 and 70; give what it says, and all its records then."""
    server = IndexServer()
    listener = Listener(lambda: holder, limits=ServingLimits())
    holder, peer = (IndexConnection(server, listener) for _ in range(2))
    wire = Wire()
    holder.connection_made(Wire())
    for number, title in ((1, "One"), (70, "Seventy"), (70, "Septante")):
        holder.data_received(add(number, title, port=4))
    peer.connection_made(wire)
    for segment in segments:
        if not wire.is_closing():
            peer.data_received(segment)
            while peer._is_scheduled:
                await asyncio.sleep(0)
    records = b"".join(server.index.list_all(Options(wants_copies=True)))
    for connection in (peer, holder):
        connection.connection_lost(None)
    assert server.index.record_count == 0
    return wire.heard, records


def one_by_one(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


COPY = b"Size: 9\r\nRepr-Digest: sha-256=:%b=:\r\n" % (b"A" * 43)
PROPOSAL = b"LIST ALL P2P-CI/1.0\r\nHost: a\r\nPort: 1\r\nFeatures: digest\r\n\r\n"
TOLD = add(8, "Eight")[:-2] + COPY + b"\r\n"

# Mostly requests that are alike, some that are nearly so.
requests = st.builds(
    b"%b RFC %b P2P-CI/1.0%bHost: %b\r\nPort: 5\r\n%b\r\n".__mod__,
    st.tuples(
        st.sampled_from([b"LOOKUP", b"ADD"]),
        st.sampled_from([b"1", b"70", b"8"] * 4 + [b"070", b"0", b"4294967296", b"1x", b"1 ", b"", b"7\x00"]),
        st.sampled_from([b"\r\n"] * 9 + [b"\n", b"\r\nX: y\r\n"]),
        st.sampled_from([b"h"] * 12 + [b"g", b""]),
        st.sampled_from(
            [b"Title: \r\n"] * 6
            + [b"Title: Seventy\r\n"] * 6
            + [b"", b"Title: T \r\n", b"Title:  T\r\n", b"Title: \r\n\r\n", "Title: Zwölf\r\n".encode()]
            + [
                b"Title: Seventy\r\n" + COPY,
                b"Title: T\r\n" + COPY,
                b"Title: T\r\n" + COPY.replace(b"9", b"x"),
            ]
            * 2
            + [
                b"Title: \x00\r\n",
                b"Title: \x01\r\n",
                b"Title: 8\x00T\r\n",
                b"Title: a\tb\r\n",
                b"Title: %b\r\n" % (b"t" * 513),
            ]
        ),
    ),
)
runs = st.lists(st.tuples(requests, st.integers(1, 4)), max_size=6).map(
    lambda parts: b"".join(request * times for request, times in parts)
)

ADDS = add(1, "One") + add(8, "Eight") + add(70, "Seventy") + add(8, "Acht") + add(9, "Nine")


@pytest.mark.slow
@given((runs | st.lists(border_requests(), max_size=4).map(b"".join)).flatmap(segments_of))
@settings(deadline=None, max_examples=200)
@example([ADDS, ADDS])
@example([lookup(1), lookup(1) + lookup(70) + lookup(8) + lookup(1)])
@example([add(1, "One"), b"ADD RFC 8\0Eight\r\n\r\n" + add(9, "Nine")])
@example([add(1, "One"), add(8, "Eight") + b"ADD RFC 9\0Nine\r\n\r\n"])
@example([add(1, "One"), add(1, "One", port=6), add(8, "Eight", port=6) * 2])
@example([add(1, "One"), add(1, "One", port=6), lookup(1), add(8, "Eight", port=6) * 2])
@example([add(1, "One"), TOLD * 2, PROPOSAL, TOLD, TOLD + add(8, "Eight") + TOLD])
@example([PROPOSAL, TOLD, TOLD * 2 + b"ADD RFC 8\1Eight\r\n\r\n"])
@example([lookup(1), lookup(1) + b"\r\n" + lookup(1), lookup(1)[:-2], b"\r\n" + lookup(1)])
def test_whole_segments_are_answered_like_single_bytes(segments: list[bytes]) -> None:
    for before in ([], [PROPOSAL]):
        at_once = asyncio.run(converse([*before, *segments]))
        assert at_once == asyncio.run(converse(one_by_one(b"".join([*before, *segments]))))


def test_nothing_is_answered_while_the_other_side_does_not_read() -> None:
    """Before the last LOOKUP of a kind and behind it; each is answered once it reads again."""
    asyncio.run(read_now_and_then())


async def read_now_and_then() -> None:
    server = IndexServer()
    listener = Listener(lambda: peer, limits=ServingLimits())
    peer, wire = IndexConnection(server, listener), Wire()
    peer.connection_made(wire)
    peer.data_received(add(7, "Seven"))
    wire.after_write = peer.pause_writing
    for _ in range(3):
        wire.heard = b""
        peer.data_received(lookup(7))
        assert wire.heard == answer("7 Seven h 5")
        peer.data_received(lookup(7))
        assert wire.heard == answer("7 Seven h 5")
        peer.resume_writing()
        await asyncio.sleep(0)
        assert wire.heard == answer("7 Seven h 5") * 2
        peer.resume_writing()
        await asyncio.sleep(0)
    peer.connection_lost(None)
