"""Probes and metrics say how a server stands with the others."""

from __future__ import annotations

import urllib.error
import urllib.request

from tests.cli.process import LOOPBACK, P2PCI, Stage
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
