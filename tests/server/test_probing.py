"""Can others reach me? The index server tries, and only where it may (P-5.16)."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

import pytest

from p2pci.server import connection
from tests.server.conftest import Serve
from tests.server.running import RunningServer
from tests.server.wire_client import ROOM_SECONDS, lookup

FEATURES = b"Features: probe\r\n"


def add_and_probe(number: int, *, port: int, features: bytes = b"") -> bytes:
    return b"ADD RFC %d P2P-CI/1.0\r\nHost: h\r\nPort: %d\r\nTitle: T\r\nProbe: 1\r\n%b\r\n" % (
        number,
        port,
        features,
    )


def probed(number: int, word: bytes, *, port: int, features: bytes = b"") -> bytes:
    head = b"P2P-CI/1.0 200 OK\r\n%bProbe: %b\r\n\r\n" % (features, word)
    return head + b"RFC %d T h %d\r\n\r\n" % (number, port)


def test_peer_that_listens_is_reachable(server: RunningServer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(ROOM_SECONDS)
        port = listening.getsockname()[1]
        peer = server.peer()
        peer.asks(
            add_and_probe(7, port=port, features=FEATURES),
            probed(7, b"reachable", port=port, features=FEATURES),
        )
        connected, _ = listening.accept()
        with connected:
            assert connected.recv(1) == b""  # it says nothing and leaves


def test_peer_that_does_not_listen_is_unreachable(server: RunningServer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    server.peer().asks(
        add_and_probe(7, port=port, features=FEATURES),
        probed(7, b"unreachable", port=port, features=FEATURES),
    )


def test_what_is_asked_meanwhile_is_answered_behind_it(server: RunningServer) -> None:
    """P-5.6: in order, with all that came in the same segment."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        peer = server.peer()
        peer.says(add_and_probe(7, port=port, features=FEATURES) + add_and_probe(8, port=port) + lookup(8))
        peer.hears(probed(7, b"reachable", port=port, features=FEATURES))
        peer.hears(probed(8, b"reachable", port=port))
        peer.hears(b"P2P-CI/1.0 200 OK\r\n\r\nRFC 8 T h %d\r\n\r\n" % port)


def test_who_gets_no_turn_is_answered_all_the_same(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may keep all turns busy, with ports that never answer."""
    monkeypatch.setattr(connection, "PROBE_TURN_SECONDS", 0.1)
    server.server.probing = asyncio.Semaphore(0)
    server.peer().asks(
        add_and_probe(7, port=5, features=FEATURES),
        b"P2P-CI/1.0 200 OK\r\n" + FEATURES + b"\r\nRFC 7 T h 5\r\n\r\n",
    )


def test_only_the_sender_itself_is_tried(serve: Serve) -> None:
    """The claimed host is published here, and nobody is sent there."""
    server = serve(trusts_claims=True)
    with (
        closing(socket.create_server(("127.0.0.3", 0))) as third_party,
        closing(socket.create_server(("127.0.0.2", third_party.getsockname()[1]))) as own,
    ):
        port = own.getsockname()[1]
        peer = server.peer(source="127.0.0.2")
        claim = b"ADD RFC 7 P2P-CI/1.0\r\nHost: 127.0.0.3\r\nPort: %d\r\nTitle: T\r\nProbe: 1\r\n%b\r\n"
        peer.says(claim % (port, FEATURES))
        peer.hears(b"P2P-CI/1.0 200 OK\r\n" + FEATURES + b"Probe: reachable\r\n\r\n")
        own.settimeout(ROOM_SECONDS)
        own.accept()[0].close()
        third_party.settimeout(0)
        try:
            third_party.accept()
        except BlockingIOError:
            return
        raise AssertionError("somebody else was tried")


def test_who_has_not_agreed_is_not_probed(server: RunningServer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        server.peer().asks(
            add_and_probe(7, port=port), b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 T h %d\r\n\r\n" % port
        )
        listening.settimeout(0)
        try:
            listening.accept()
        except BlockingIOError:
            return
        raise AssertionError("it was tried")


def test_who_leaves_while_it_is_tried_leaves_nothing_behind(server: RunningServer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        for _ in range(20):
            peer = server.peer()
            peer.says(add_and_probe(7, port=port, features=FEATURES))
            peer.close()
        asker = server.peer()
        asker.asks(
            add_and_probe(8, port=port, features=FEATURES),
            probed(8, b"reachable", port=port, features=FEATURES),
        )
