"""Servers of a shared index as processes of their own, and peers of them as bytes."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from itertools import count
from typing import Any

from p2pci import IndexServer
from p2pci.events import Event
from p2pci.shared_index import RedisStore, SharedIndex
from tests.cli.process import LOOPBACK, P2PCI, Process, Stage
from tests.server.wire_client import LIST, NOT_FOUND, WirePeer, add, lookup
from tests.shared_index.redis_server import RedisServer

LEASE_SECONDS = 2.0
JOINED = r"^\[SERVER\] One index with (\d+) other server\(s\)"
_prefixes = count(1)


class Asked:
    """One server of a swarm, as peers and askers see it."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.name = name
        self._asker: WirePeer | None = None

    def member(self) -> WirePeer:
        return WirePeer((LOOPBACK, self.port))

    def holds(self, *numbers: int, port: int, title: str = "T", host: str = "h") -> WirePeer:
        """A peer joins with these documents, all of which are acknowledged."""
        peer = self.member()
        peer.says(*(add(number, title, host=host, port=port) for number in numbers))
        for number in numbers:
            blank = f"P2P-CI/1.0 200 OK\r\n\r\nRFC {number} {title} {host} {port}\r\n\r\n"
            peer.hears(blank.encode())
        return peer

    @property
    def asker(self) -> WirePeer:
        if self._asker is None:
            self._asker = self.member()
        return self._asker

    def finds(self, number: int) -> list[str]:
        """The record lines of a document, without their `RFC`."""
        self.asker.says(lookup(number))
        return _lines(self.asker)

    def lists(self) -> list[str]:
        self.asker.says(LIST)
        return _lines(self.asker)

    def close(self) -> None:
        if self._asker:
            self._asker.close()
            self._asker = None


class Node(Asked):
    """A server that is a process of its own."""

    def __init__(self, process: Process, port: int, name: str) -> None:
        super().__init__(port, name)
        self.process = process

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.close()
        self.process.signal(number)
        self.process.finish()


def _lines(peer: WirePeer) -> list[str]:
    peer.socket.settimeout(20)
    heard = b""
    while True:
        heard += peer.socket.recv(1 << 18)
        if heard == NOT_FOUND:
            return []
        if heard.startswith(b"P2P-CI/1.0 200 OK\r\n\r\n") and heard.endswith(b"\r\n\r\n") and len(heard) > 24:
            lines = heard.decode().split("\r\n")[2:]
            return [line.removeprefix("RFC ") for line in lines if line]
        if heard == b"P2P-CI/1.0 200 OK\r\n\r\n\r\n":
            return []


class Swarm:
    """Servers that share one Redis under one prefix, and the peers that were made for them."""

    def __init__(self, stage: Stage, redis: RedisServer, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.prefix = f"swarm{next(_prefixes)}"
        self.redis = redis
        self.nodes: list[Node] = []
        self._stage = stage
        self._lease_seconds = lease_seconds

    def launch(self, name: str, *words: str, prefix: str = "") -> Process:
        """Begin to start a server."""
        where = ("--shared", self.redis.url, "--shared-prefix", prefix or self.prefix, "--node", name)
        lease = ("--lease", str(self._lease_seconds))
        return self._stage.start(*P2PCI, "server", "--port", "0", *where, *lease, *words)

    def start(self, *names: str, prefix: str = "") -> list[Node]:
        """Start servers, all at once."""
        processes = [self.launch(name, prefix=prefix) for name in names]
        started = []
        for name, process in zip(names, processes, strict=True):
            port = int(process.wait_for(r"^\[SERVER\] Listening on port (\d+)\.\.\.$")[1])
            started.append(Node(process, port, name))
        self.nodes += started
        return started

    def close(self) -> None:
        for node in self.nodes:
            node.close()
            if node.process.is_running:
                node.process.signal(signal.SIGCONT)
                node.process.signal(signal.SIGTERM)
        for node in self.nodes:
            if node.process.is_running:
                node.process.finish()


def left_line(name: str) -> str:
    return rf"Server {re.escape(name)} (is silent|has ended)"


class Hosted(Asked):
    """A server in the loop of its host."""

    def __init__(self, server: IndexServer, shared: SharedIndex, events: list[Event]) -> None:
        super().__init__(server.port, shared.node)
        self.server = server
        self.shared = shared
        self.events = events


class Host:
    """Servers that share one loop, in a thread: what has to do with no process starts in no time."""

    def __init__(self, redis: RedisServer) -> None:
        self.prefix = f"host{next(_prefixes)}"
        self._redis = redis
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._nodes: list[Hosted] = []

    def start(self, *names: str, prefix: str = "", lease_seconds: float = LEASE_SECONDS) -> list[Hosted]:
        nodes: list[Hosted] = []
        for name in names:
            events: list[Event] = []
            store = RedisStore(self._redis.url, prefix=prefix or self.prefix)
            shared = SharedIndex(store, node=name, lease_seconds=lease_seconds, watch=events.append)
            self.run(self._start(shared, nodes, events))
        self._nodes += nodes
        return nodes

    async def _start(self, shared: SharedIndex, nodes: list[Hosted], events: list[Event]) -> None:
        server = IndexServer(host=LOOPBACK, port=0, shared=shared)
        await server.start()
        nodes.append(Hosted(server, shared, events))

    def stop(self, node: Hosted) -> None:
        node.close()
        self._nodes.remove(node)
        self.run(node.server.stop())

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        self.begin(work).result(20)

    def begin(self, work: Coroutine[Any, Any, object]) -> Future[object]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        for node in list(self._nodes):
            self.stop(node)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
