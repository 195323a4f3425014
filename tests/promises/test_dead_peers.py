"""Row 13: a peer whose machine is gone without a word goes from the index; a silent healthy one never."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
import time

import pytest

from tests.promises.conftest import Start
from tests.promises.running import Served
from tests.server.wire_client import LIST, WirePeer, add

DEAD_SECONDS = 2
SO_ATTACH_FILTER = 26

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SO_ATTACH_FILTER"),
]


def test_dead_peers_go_and_silent_ones_stay(start: Start, on: tuple[str, ...]) -> None:
    index = start("index", f"dead_seconds={DEAD_SECONDS}", on=on)
    _let_peers_die(index, seconds=DEAD_SECONDS)


@pytest.mark.slow
def test_dead_peers_go_within_the_default_time(index: Served) -> None:
    _let_peers_die(index, seconds=120)


def _let_peers_die(index: Served, *, seconds: float) -> None:
    silent, idle, answered = index.peers(3)
    for port, peer in enumerate((silent, idle, answered), start=1):
        peer.says(add(7, port=port))
        peer.hears_answer()
    begun = time.monotonic()
    drop_everything(idle)
    drop_everything(answered)
    answered.says(LIST)  # goes out; of the answer nothing comes in
    good = index.peer()
    while index.records() != ["7 Seven h 1"]:
        assert time.monotonic() - begun < seconds * 5
        assert good.hears_nothing(seconds=0.05)
    print(f"both were gone after {time.monotonic() - begun:.1f} s")
    while time.monotonic() - begun < seconds + min(seconds, 10):
        assert silent.hears_nothing(seconds=0.1)
    index.is_good_to(silent)
    assert index.records() == ["7 Seven h 1"]


def drop_everything(peer: WirePeer) -> None:
    """Have the kernel drop all that comes in for a connection, also what only it would answer."""
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # one instruction: take 0 bytes
    program = struct.pack("HL", 1, ctypes.addressof(drop))
    peer.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
