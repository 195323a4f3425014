"""Probes and metrics say how a server stands with the others."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.error
import urllib.request
from contextlib import closing
from math import inf

from p2pci import IndexServer
from p2pci.shared_index import RedisStore, SharedIndex
from p2pci.web.guarding import Rules
from p2pci.web.index.app import serving_index
from p2pci.web.index.history import History
from tests.cli.process import LOOPBACK, P2PCI, Stage
from tests.server.wire_client import WirePeer, add, until
from tests.shared_index.redis_server import RedisServer


def ask(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_readiness_and_metrics_tell_of_the_others(stage: Stage, redis: RedisServer) -> None:
    flags = ("--port", "0", "--shared", redis.url, "--shared-prefix", "watching", "--web", f"{LOOPBACK}:0")
    server = stage.start(*P2PCI, "server", *flags, "--node", "a")
    page = server.wait_for(r"Open (http://\S+/) in a browser")[1]
    server.wait_for(r"One index with 0 other server")
    assert ask(page + "readyz") == (200, "ready\none with the others\n")
    metrics = ask(page + "metrics")[1]
    assert "\np2pci_shared 1.0\n" in metrics
    assert "\np2pci_shared_others 0.0\n" in metrics
    redis.kill()
    try:
        server.wait_for("Alone, and answering from what is known")
        status, text = ask(page + "readyz")
        assert (status, text.splitlines()[0]) == (200, "ready")
        assert "Redis is away" in text
        assert "\np2pci_shared 0.0\n" in ask(page + "metrics")[1]
    finally:
        redis.start()


def test_page_has_the_peers_of_the_others_since_it_heard_of_them(stage: Stage, redis: RedisServer) -> None:
    flags = ("--port", "0", "--shared", redis.url, "--shared-prefix", "since", "--web", f"{LOOPBACK}:0")
    first, second = (stage.start(*P2PCI, "server", *flags, "--node", name) for name in "ab")
    port = int(first.wait_for(r"Listening on port (\d+)")[1])
    page = second.wait_for(r"Open (http://\S+/) in a browser")[1]
    second.wait_for("One index with")
    with closing(WirePeer((LOOPBACK, port))) as peer:
        peer.says(add(7))
        until(lambda: json.loads(ask(page + "stats.json")[1])["records"])
        facts = json.loads(ask(page + "stats.json")[1])
        assert facts["shared"] == {"state": "one with the others", "others": 1}
        assert "those of all 2 servers" in ask(page + "stats")[1]
        (told,) = facts["peers"]["page"]
        assert told["documents"] == facts["records"] == 1
        assert facts["since"] <= told["since"] <= facts["time"]


async def test_probe_sends_nobody_to_a_server_that_answers_nothing(redis: RedisServer) -> None:
    shared = SharedIndex(RedisStore(redis.url, prefix="probed"), node="a")
    server = IndexServer(host=LOOPBACK, port=0, shared=shared)
    rules = Rules(hosts={LOOPBACK})
    async with serving_index(server, History(server), address=(LOOPBACK, 0), rules=rules) as web, server:
        redis.signal(signal.SIGSTOP)
        told = (0, "")
        for _ in range(5):  # an answer may be on its way, which renews the lease
            shared.trusted_until = -inf
            told = await asyncio.to_thread(ask, f"http://{LOOPBACK}:{web.port}/readyz")
        redis.signal(signal.SIGCONT)
    assert told == (503, "answering nothing\none with the others\n")
