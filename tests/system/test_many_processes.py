"""An index and five peers, each a process of its own: they share, are killed, lose the index and find it."""

from __future__ import annotations

import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.process import LOOPBACK, P2PCI, PEER_PY, SERVER_PY, Process, Stage, ask_raw, fill, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

INDEX = (*P2PCI, "server", "--trace", "--port")
PEERS = range(1, 6)
BACK_SECONDS = 60.0  # the back-off goes up to 10 s: five times that, and some


class Swarm:
    """An index with five peers; peer n alone has RFC n, of 1 MB, and all of them have RFC 50."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.index, self.port = stage.start_server(program=(*INDEX, "0"))
        self.peers = {number: self._start_peer(number) for number in PEERS}  # all of them start at once
        self.ports = {number: _port_of(peer) for number, peer in self.peers.items()}
        self.wait_for_all()

    def _start_peer(self, number: int) -> Process:
        library = self.stage.folder / f"peer{number}"
        fill(library, {number: f"Title {number}", 50: "Fifty"})
        with (library / f"rfc{number}.txt").open("a") as document:
            document.write(f"Line of {number}.\n" * 75_000)
        command = ("peer", f"{LOOPBACK}:{self.port}", "--no-menu", "--library", str(library))
        return self.stage.start(*P2PCI, *command)

    def wait_for_all(self) -> None:
        """Wait until the index has answered all that the peers register: two documents each."""
        for _ in range(2 * len(PEERS)):
            self.index.wait_for(r"^\[Server\] Added RFC \d+ from .+$", seconds=BACK_SECONDS)
            self.index.wait_for(r"^P2P-CI/1\.0 200 OK$")

    def ask(self, *words: str) -> str:
        done = run((*P2PCI, *words, "--server", f"{LOOPBACK}:{self.port}"), cwd=self.stage.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def holders(self) -> dict[int, set[int]]:
        """Tell by number on which ports there is each document; each record counts once."""
        lines = [line.split("\t") for line in self.ask("list").splitlines()]
        holders: dict[int, set[int]] = {}
        for number, _, host, port in lines:
            assert host == LOOPBACK
            assert int(port) not in holders.setdefault(int(number), set())
            holders[int(number)].add(int(port))
        return holders

    def expected(self, *peers: int) -> dict[int, set[int]]:
        """Say what `holders` has to be when these peers are there."""
        return {peer: {self.ports[peer]} for peer in peers} | {50: {self.ports[peer] for peer in peers}}


def _port_of(peer: Process) -> int:
    return int(peer.wait_for(r"^\[UPLOAD\] Upload server listening on port (\d+)$")[1])


def test_every_peer_fetches_from_every_other(stage: Stage) -> None:
    swarm = Swarm(stage)
    assert swarm.holders() == swarm.expected(*PEERS)

    def fetch_all(asker: int) -> None:
        swarm.ask("get", "1-5", "-o", f"asker{asker}")

    with ThreadPoolExecutor(len(PEERS)) as pool:
        list(pool.map(fetch_all, PEERS))
    for number in PEERS:
        original = (stage.folder / f"peer{number}/rfc{number}.txt").read_bytes()
        for asker in PEERS:
            assert (stage.folder / f"asker{asker}/rfc{number}.txt").read_bytes() == original
        sent = rf"^\[UPLOAD\] Sent RFC {number} to \('127\.0\.0\.1', \d+\) \({len(original)} bytes\)$"
        for _ in PEERS:
            swarm.peers[number].wait_for(sent)


def test_killed_peer_takes_its_records_along_and_nobody_elses(stage: Stage) -> None:
    swarm = Swarm(stage)
    swarm.peers[3].signal(signal.SIGKILL)
    gone = re.escape(f"[SERVER] Peer {LOOPBACK}:{swarm.ports[3]} left. Removed 1 peer(s), 2 RFC(s).")
    swarm.index.wait_for(f"^{gone}$")
    assert swarm.holders() == swarm.expected(1, 2, 4, 5)


def test_all_peers_find_an_index_that_was_killed_and_started_again(stage: Stage) -> None:
    swarm = Swarm(stage)
    swarm.index.signal(signal.SIGKILL)
    swarm.index.finish()
    for peer in swarm.peers.values():
        peer.wait_for(
            r"^\[Peer\] The index server is away: .+ The shelf is still served; next try in \d+\.\d s\.$"
        )
    for number, port in swarm.ports.items():
        answer = ask_raw(port, b"GET RFC %d P2P-CI/1.0\r\nHost: localhost\r\n\r\n" % number)
        original = (stage.folder / f"peer{number}/rfc{number}.txt").read_bytes()
        assert answer.partition(b"\r\n\r\n")[2] == original
    swarm.index, _ = stage.start_server(program=(*INDEX, str(swarm.port)))
    swarm.wait_for_all()
    assert swarm.holders() == swarm.expected(*PEERS)


def test_index_that_is_stopped_in_order_is_found_again_too(stage: Stage) -> None:
    swarm = Swarm(stage)
    swarm.index.signal(signal.SIGTERM)
    assert swarm.index.finish() == 0
    swarm.index, _ = stage.start_server(program=(*INDEX, str(swarm.port)))
    swarm.wait_for_all()
    assert swarm.holders() == swarm.expected(*PEERS)


def test_menu_says_that_the_index_is_away_and_adds_again_when_it_is_back(stage: Stage) -> None:
    index, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    peer = stage.start(*PEER_PY, f"{LOOPBACK}:{port}")
    peer.answer("Choose 1-5: ", "1")
    peer.answer("RFC number: ", "77")
    peer.answer("Title: ", "Added By Hand")
    peer.wait_for("RFC 77 is not in rfcs yet")
    index.signal(signal.SIGKILL)
    index.finish()
    peer.wait_for("The index server is away")
    for choice, answers in (("3", ()), ("2", ("7", "")), ("4", ("8",)), ("1", ("78", "x"))):
        for line in (choice, *answers):
            peer.type(f"{line}\n")
        peer.wait_for(
            r"^\[Peer\] The (index server is away\. It is being tried again; ask once it is back|.+ lost)"
        )
    index, _ = stage.start_server(program=(*SERVER_PY, str(port)))
    index.wait_for("^RFC 77 Added By Hand ", seconds=BACK_SECONDS)
    peer.end_input()
    assert peer.finish() == 0
    index.wait_for(r"Removed 1 peer\(s\), 2 RFC\(s\)\.$")


def test_documents_are_shared_on_by_those_who_fetched_them(stage: Stage) -> None:
    index, port = stage.start_server()
    holder, _ = stage.start_holder(port, {7: "Seven"})
    index.wait_for("Added RFC 7")
    for name in ("second", "third"):
        (stage.folder / name).mkdir()
    second = stage.start(*PEER_PY, f"{LOOPBACK}:{port}", cwd=stage.folder / "second")
    second.answer("Choose 1-5: ", "4")
    second.answer("RFC number: ", "7")
    index.wait_for("Added RFC 7")
    holder.signal(signal.SIGTERM)
    assert holder.finish() == 0
    index.wait_for("left")
    third = run((*PEER_PY, f"{LOOPBACK}:{port}"), cwd=stage.folder / "third", typed="4\n7\n5\n")
    assert "[DOWNLOAD] Saved to rfcs/rfc7.txt" in third.stdout
    second.wait_for("Sent RFC 7")
