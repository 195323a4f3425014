"""`p2pci server --announce` and `p2pci peer --auto`, as processes on loopback."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Process, Stage, environment, run
from tests.cli.test_hostile_text import RAW
from tests.lan.test_finding import advertised

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

INDEX = (*P2PCI, "server", "--announce", "--port")
PEER = (*P2PCI, "peer", "--auto", "--no-menu")


def start_index(stage: Stage, port: int = 0) -> tuple[Process, int, str]:
    """Start an index server that is announced; it, its port and its name."""
    index, port = stage.start_server(program=(*INDEX, str(port)))
    name = index.wait_for(rf"^\[SERVER\] Announced on this network as (.+), at {LOOPBACK}:{port}\.$")[1]
    return index, port, name


def test_peer_finds_the_index_and_joins_it_again_when_it_comes_back(stage: Stage) -> None:
    index, port, name = start_index(stage)
    peer = stage.start(*PEER, env={"P2PCI_SERVER": f"{LOOPBACK}:1"})
    peer.wait_for(rf"^\[Peer\] Found {re.escape(name)} at {LOOPBACK}:{port}\.$")
    peer.wait_for(rf"^\[Peer\] Connected to server at port {port}$")
    peer.wait_for(r"^\[Peer\] Serving until")
    index.signal(signal.SIGKILL)
    index.finish()
    peer.wait_for("next try in")
    stage.start_server(program=(*P2PCI, "server", "--port", str(port)))
    peer.wait_for(rf"^\[Peer\] Connected to server at port {port}$")
    peer.signal(signal.SIGTERM)
    assert peer.finish() == 0


async def test_of_several_the_first_by_name_that_answers_is_joined_and_the_others_are_told(
    stage: Stage,
) -> None:
    _, port, name = start_index(stage)
    _, second_port, second = start_index(stage)
    assert second == f"{name}-2"
    async with advertised("!\u202e evil", addresses=[LOOPBACK], port=1):
        done = await asyncio.to_thread(run, PEER[:-1], cwd=stage.folder)
    assert f"[Peer] Found {name} at {LOOPBACK}:{port}.\n" in done.stdout
    for other, place in ((r"!\u202e evil", 1), (second, second_port)):
        assert f"[Peer] There is also {other}; to join it, type {LOOPBACK}:{place}.\n" in done.stdout
    assert f"[Peer] Connected to server at port {port}\n" in done.stdout
    assert not RAW.search(done.stdout)


async def test_none_that_answers_exits_4(stage: Stage) -> None:
    async with advertised("lab", addresses=[LOOPBACK], port=1):
        done = await asyncio.to_thread(run, PEER, cwd=stage.folder)
    assert done.returncode == 4
    assert done.stderr.startswith(f"Index servers are announced at {LOOPBACK}:1, but nobody answers there. ")


def test_index_that_is_not_announced_or_no_longer_is_not_found_and_that_exits_4(stage: Stage) -> None:
    stage.start_server(program=(*P2PCI, "server", "--port", "0"))
    index, _, _ = start_index(stage)
    index.signal(signal.SIGTERM)
    assert index.finish() == 0
    done = run(PEER, cwd=stage.folder)
    assert done.returncode == 4
    assert done.stderr.startswith("No index server was found on this network within 3 s. Start one with ")
    assert done.stderr.endswith("type its address: p2pci peer ADDRESS\n")


def test_server_and_auto_are_a_usage_error(stage: Stage) -> None:
    done = run((*PEER, "localhost"), cwd=stage.folder)
    assert done.returncode == 2
    assert "SERVER and --auto are two ways to say the same. Give one of them." in done.stderr


@pytest.mark.parametrize("words", [("server", "--announce", "--port", "0"), ("peer", "--auto")], ids=str)
def test_missing_package_is_one_sentence_and_exits_1(stage: Stage, words: tuple[str, ...]) -> None:
    code = f"""
import sys
sys.modules["zeroconf"] = None
from p2pci.cli.main import run
run({list(words)!r})
"""
    done = subprocess.run(
        (sys.executable, "-c", code),
        cwd=stage.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Finding each other on the network needs zeroconf, which is not installed: pip install 'p2pci[lan]'\n"
    )


def test_without_the_flags_the_package_is_not_imported(stage: Stage) -> None:
    code = """
import sys
sys.modules["zeroconf"] = None
from p2pci.cli.main import run
run(["peer", "127.0.0.1:1"])
"""
    done = run((sys.executable, "-c", code), cwd=stage.folder)
    assert done.returncode == 4
    assert "connection refused" in done.stderr
