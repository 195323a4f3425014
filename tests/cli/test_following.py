"""A running peer whose folder changes, as its user sees it; and where its memory is kept."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from p2pci.cli.places import cache_folder
from tests.cli.process import LOOPBACK, P2PCI, PEER_PY, Process, Stage, closed_port, fill, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

PEERS = [(*P2PCI, "peer"), PEER_PY]
SOON = {"P2PCI_RESCAN": "0.2"}  # where the system tells nothing: the starters run without watchfiles


@pytest.fixture(params=PEERS, ids=["p2pci peer", "peer.py"])
def peer(request: pytest.FixtureRequest, stage: Stage) -> Process:
    """A peer with a menu and one document."""
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    process = stage.start(*request.param, f"localhost:{port}", env=SOON)
    process.wait_for("Choose 1-5: $")
    return process


def test_changes_in_the_folder_are_shown_with_their_messages(peer: Process, stage: Stage) -> None:
    fill(stage.folder / "rfcs", {8: "Eight"})
    peer.wait_for(r"^\[Peer\] Registering RFC 8: Eight\nADD RFC 8 P2P-CI/1\.0$")
    peer.wait_for(r"^P2P-CI/1\.0 200 OK\n\nRFC 8 Eight ")
    (stage.folder / "rfcs" / "rfc8.txt").unlink()
    peer.wait_for(r"^\[Peer\] RFC 8 has left the shelf: unregistering it\nREMOVE RFC 8 P2P-CI/1\.0$")
    peer.wait_for(r"^P2P-CI/1\.0 200 OK\n\nRFC 8 Eight ")
    assert "Repr-Digest" not in peer.output
    assert "Probe" not in peer.output


def test_folder_that_is_gone_is_told_of_once_and_that_it_is_back(peer: Process, stage: Stage) -> None:
    shutil.move(stage.folder / "rfcs", stage.folder / "away")
    peer.wait_for(
        r"^\[Peer\] The shelf cannot be shared: .+/rfcs: cannot be read: it is no longer there\. .+ again"
    )
    peer.wait_for(r"^\[Peer\] RFC 7 has left the shelf")
    shutil.move(stage.folder / "away", stage.folder / "rfcs")
    peer.wait_for(r"^\[Peer\] The shelf can be read again$")
    peer.wait_for(r"^\[Peer\] Registering RFC 7: Seven$")
    assert peer.output.count("cannot be shared") == 1


def test_many_changes_are_told_in_few_lines(stage: Stage) -> None:
    _, port = stage.start_server()
    many = {number: f"Title {number}" for number in range(1, 41)}
    fill(stage.folder / "beside", many)
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", "--no-menu")
    peer.wait_for("Serving until")
    (stage.folder / "rfcs").rmdir()
    (stage.folder / "beside").rename(stage.folder / "rfcs")
    peer.wait_for(r"^\[Peer\] Registering RFC 10: Title 10\n… and 30 more$")
    shutil.rmtree(stage.folder / "rfcs")
    peer.wait_for(r"^\[Peer\] RFC 10 has left the shelf: unregistering it\n… and 30 more$")


def test_fetched_document_is_added_once(stage: Stage) -> None:
    _, port = stage.start_server()
    stage.start_holder(port, {9: "Nine"})
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}")
    peer.answer("Choose 1-5: ", "4")
    peer.answer("RFC number: ", "9")
    peer.wait_for(r"^ADD RFC 9 P2P-CI/1\.0$")
    fill(stage.folder / "rfcs", {10: "Ten"})
    peer.wait_for(r"^\[Peer\] Registering RFC 10: Ten$")
    peer.answer("", "5")
    assert peer.finish() == 0
    assert peer.output.count("ADD RFC 9 ") == 1
    assert "Registering RFC 9" not in peer.output


def test_peer_that_nobody_can_reach_is_told_what_mends_it(stage: Stage) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    dead = closed_port()
    peer = stage.start(*P2PCI, "peer", f"{LOOPBACK}:{port}", "--no-menu", "--advertise", f"{LOOPBACK}:{dead}")
    line = peer.wait_for(r"^\[Peer\] Others cannot fetch from here: .+$")[0]
    for word in (f"TCP port {dead}", "firewall", "--port", "--advertise HOST:PORT", f"{LOOPBACK}:{dead}"):
        assert word in line


def test_poll_needs_nothing_of_the_system(stage: Stage) -> None:
    _, port = stage.start_server()
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", "--no-menu", "--poll", "--rescan", "0")
    peer.wait_for("Serving until")
    fill(stage.folder / "rfcs", {7: "Seven"})
    peer.wait_for(r"^\[Peer\] Registering RFC 7: Seven$")


@pytest.mark.parametrize("value", ["-1", "soon", "nan"])
def test_wrong_number_of_seconds_is_a_usage_error(stage: Stage, value: str) -> None:
    for program, env in (
        ((*P2PCI, "peer", "--rescan", value), {}),
        ((*P2PCI, "peer"), {"P2PCI_RESCAN": value}),
        (PEER_PY, {"P2PCI_RESCAN": value}),
    ):
        done = run(program, cwd=stage.folder, env=env)
        assert done.returncode == 2
        assert value in done.stderr


def test_wrong_switch_is_a_usage_error(stage: Stage) -> None:
    for program in ((*P2PCI, "peer"), PEER_PY):
        done = run(program, cwd=stage.folder, env={"P2PCI_POLL": "perhaps"})
        assert done.returncode == 2
        assert "perhaps" in done.stderr


@pytest.mark.parametrize("program", PEERS, ids=["p2pci peer", "peer.py"])
def test_folder_that_cannot_be_written_is_remembered_in_the_cache_folder(
    stage: Stage, program: tuple[str, ...]
) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    os.utime(stage.folder / "rfcs" / "rfc7.txt", (1e9, 1e9))
    (stage.folder / "rfcs" / ".p2pci.json").mkdir()  # so that not even root writes it
    cache = stage.folder / "cache"
    peer = stage.start(*program, f"localhost:{port}", env={"XDG_CACHE_HOME": str(cache)})
    peer.wait_for("Choose 1-5: $")
    peer.signal(signal.SIGTERM)
    assert peer.finish() == 0
    (kept,) = (cache / "p2pci").iterdir()
    assert "Seven" in kept.read_text()


def test_cache_folder_is_where_the_system_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for chosen in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", chosen)
        assert cache_folder() in (tmp_path / ".cache/p2pci", tmp_path / "Library/Caches/p2pci")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / "chosen/p2pci"
