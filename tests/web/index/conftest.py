"""A real `p2pci server --web` on this machine, and peers that speak to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.cli.process import P2PCI, Process, Stage
from tests.server.wire_client import WirePeer


class Index(NamedTuple):
    """A running index server with its page."""

    process: Process
    port: int
    web: int
    peer: Callable[..., WirePeer]


@pytest.fixture
def start(stage: Stage) -> Iterator[Callable[..., Index]]:
    """Start index servers; the arguments are more flags."""
    with ExitStack() as peers:

        def start(*flags: str, web: str = "127.0.0.1:0") -> Index:
            process = stage.start(*P2PCI, "server", "--port", "0", "--web", web, *flags)
            page = int(process.wait_for(r"Open http://\S+:(\d+)/\S* in a browser")[1])
            port = int(process.wait_for(r"Listening on port (\d+)")[1])

            def peer(*, source: str = "127.0.0.1") -> WirePeer:
                made = WirePeer(("127.0.0.1", port), source=source, receive_buffer=None)
                peers.callback(made.close)
                return made

            return Index(process, port, page, peer)

        yield start


@pytest.fixture
def index(start: Callable[..., Index]) -> Index:
    return start()
