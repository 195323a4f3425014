"""`p2pci server` and `p2pci peer --no-menu`: quiet, ended by signals, and not disturbed by who reads them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import (
    DEADLINE_SECONDS,
    LOOPBACK,
    P2PCI,
    PEER_PY,
    SERVER_PY,
    Process,
    Stage,
    ask_raw,
    closed_port,
    environment,
    fill,
    member,
    run,
    wait_until_open,
)

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

ADD = b"ADD RFC 1 P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\nTitle: One\r\n\r\n"
LIST = b"LIST ALL P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\n\r\n"

# Without these capabilities even root obeys permissions.
AS_A_USER = """
import ctypes, os, sys
if os.geteuid() == 0:
    for capability in (1, 2):
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def _start_server(stage: Stage, *words: str) -> tuple[Process, int]:
    return stage.start_server(*words, program=(*P2PCI, "server", "--port", "0"))


def test_server_prints_a_line_per_event_and_no_message(stage: Stage) -> None:
    server, port = _start_server(stage)
    with member(port, ADD, ADD):
        pass
    server.wait_for("left")
    server.signal(signal.SIGTERM)
    assert server.finish() == 0
    assert server.output == (
        f"[SERVER] Listening on port {port}...\n"
        f"On this machine type: p2pci peer {LOOPBACK}:{port}\n"
        "[Server] Added Mac.lan:63235\n"
        "[SERVER] Peer Mac.lan:63235 left. Removed 1 peer(s), 1 RFC(s).\n"
        "[SERVER] Stopping...\n"
    )


def test_server_shows_messages_with_trace(stage: Stage) -> None:
    server, port = _start_server(stage, "--trace")
    with member(port, ADD):
        server.wait_for("TCP connection from")
        server.wait_for("^ADD RFC 1 P2P-CI/1.0\nHost: Mac.lan\n")
        server.wait_for(r"^\[Server\] Added Mac.lan:63235\n\[Server\] Added RFC 1 from Mac.lan\n")
        server.wait_for("^P2P-CI/1.0 200 OK\n\nRFC 1 One Mac.lan 63235\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_server_and_peer_with_0(stage: Stage, number: signal.Signals) -> None:
    server, port = _start_server(stage)
    holder, _ = stage.start_holder(port, {7: "Seven"})
    server.wait_for("Added")
    holder.signal(number)
    assert holder.finish() == 0
    server.wait_for(r"left\. Removed 1 peer\(s\), 1 RFC\(s\)")
    server.signal(number)
    assert server.finish() == 0
    assert server.output.endswith("[SERVER] Stopping...\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_second_signal_forces(stage: Stage, number: signal.Signals) -> None:
    server, port = _start_server(stage)
    adds = (ADD.replace(b"RFC 1", b"RFC %d" % each).replace(b"One", b"x" * 512) for each in range(1, 401))
    with socket.create_connection((LOOPBACK, port)) as stuck:
        # It asks for much, reads nothing and never closes: the server would wait for some seconds.
        stuck.sendall(b"".join(adds) + LIST * 100)
        server.wait_for("Added")
        server.signal(number)
        server.wait_for("Stopping")
        server.signal(number)
        assert server.finish() == -number


def test_signal_lets_an_upload_go_out(stage: Stage) -> None:
    _, port = _start_server(stage)
    holder, upload_port = stage.start_holder(port, {7: "Seven"})
    size = 8_000_000
    (stage.folder / "shelf1/rfc7.txt").write_bytes(b"x" * size)
    with socket.create_connection((LOOPBACK, upload_port)) as reader:
        reader.sendall(b"GET RFC 7 P2P-CI/1.0\r\nHost: localhost\r\n\r\n")
        answer = reader.recv(1000)
        holder.signal(signal.SIGTERM)
        while data := reader.recv(1_000_000):
            answer += data
    assert len(answer.partition(b"\r\n\r\n")[2]) == size
    assert holder.finish() == 0


def test_peer_without_menu_shows_messages_only_with_trace(stage: Stage) -> None:
    _, port = _start_server(stage)
    quiet, upload_port = stage.start_holder(port, {7: "Seven"})
    ask_raw(upload_port, b"GET RFC 7 P2P-CI/1.0\r\nHost: localhost\r\n\r\n")
    quiet.wait_for("Sent RFC 7")
    assert "P2P-CI/1.0" not in quiet.output
    words = ("peer", f"localhost:{port}", "--no-menu", "--trace", "--library", "shelf1")
    traced = stage.start(*P2PCI, *words)
    traced.wait_for(r"^\[Peer\] Registering RFC 7: Seven\nADD RFC 7 P2P-CI/1\.0$")


def test_all_documents_are_shown_with_trace(stage: Stage) -> None:
    _, port = _start_server(stage)
    fill(stage.folder / "rfcs", {number: f"Title {number}" for number in range(1, 13)})
    done = run((*P2PCI, "peer", f"localhost:{port}", "--trace"), cwd=stage.folder)
    shown = re.findall(
        r"^\[Peer\] Registering RFC (\d+): .*\nADD RFC \1 (?:.+\n)+\nP2P-CI/1.0 200 OK$",
        done.stdout,
        re.MULTILINE,
    )
    assert shown == [str(number) for number in range(1, 13)]
    assert len(re.findall(r"^Repr-Digest: ", done.stdout, re.MULTILINE)) >= 12  # what a menu does not show
    assert " more\n" not in done.stdout


def test_peer_is_published_as_it_advertises(stage: Stage) -> None:
    server, port = _start_server(stage)
    upload_port = str(closed_port())
    words = ("--port", upload_port, "--advertise", "Mac.lan:4242", "--library", "lib", "--no-menu")
    fill(stage.folder / "lib", {7: "Seven"})
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", *words)
    peer.wait_for(rf"listening on port {upload_port}\n\[Peer\] Hostname: Mac\.lan$")
    server.wait_for(r"^\[Server\] Added Mac\.lan:4242$")


@pytest.mark.parametrize(
    "command", [(*SERVER_PY, "0"), (*P2PCI, "server", "--trace", "--port", "0")], ids=["server.py", "p2pci"]
)
def test_server_goes_on_when_nobody_reads_its_lines(command: tuple[str, ...], tmp_path: Path) -> None:
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=errors) as server,
    ):
        try:
            assert server.stdout
            port = int(server.stdout.readline().split()[-1].rstrip(b"."))
            server.stdout.close()
            for _ in range(2):
                with member(port, ADD) as peer:
                    peer.sendall(LIST)
                    assert b"RFC 1 One Mac.lan 63235" in peer.recv(1000)
            server.terminate()
            assert server.wait(DEADLINE_SECONDS) == 0
        finally:
            server.kill()
    assert (tmp_path / "errors").read_text() == ""


def test_full_disk_under_the_log_ends_nothing(stage: Stage) -> None:
    if not Path("/dev/full").exists():
        return
    port = closed_port()
    server = stage.start("sh", "-c", 'exec "$@" > /dev/full', "sh", *SERVER_PY, str(port))
    wait_until_open(port)
    with member(port, ADD) as peer:
        peer.sendall(LIST)
        assert b"RFC 1 One Mac.lan 63235" in peer.recv(1000)
    server.signal(signal.SIGTERM)
    assert server.finish() == 0
    assert server.output == ""


@pytest.mark.parametrize("kind", ["file", "unreadable", "below a file"])
@pytest.mark.parametrize("program", ["peer.py", "p2pci"])
def test_folder_that_cannot_be_shared_is_one_sentence_and_exit_1(
    tmp_path: Path, kind: str, program: str
) -> None:
    library = tmp_path / "library"
    if kind == "unreadable":
        library.mkdir(mode=0)
    else:
        library.touch()
    path = library / "rfcs" if kind == "below a file" else library
    arguments = PEER_PY if program == "peer.py" else (*P2PCI, "peer")
    done = run(
        (sys.executable, "-c", AS_A_USER, *arguments, f"localhost:{closed_port()}"),
        cwd=tmp_path,
        env={"P2PCI_LIBRARY": str(path)},
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert re.match(rf"{re.escape(str(path))}: cannot .+: .+\. C.+ folder\.$", done.stderr)


def test_upload_answers_404_for_what_is_no_document(stage: Stage) -> None:
    _, port = _start_server(stage)
    holder, upload_port = stage.start_holder(port, {7: "Seven", 8: "Eight"})
    shelf = stage.folder / "shelf1"
    (shelf / "rfc7.txt").unlink()
    (shelf / "rfc8.txt").rename(shelf / "eight")
    (shelf / "rfc8.txt").symlink_to("eight")
    (shelf / "rfc9.txt").mkdir()
    for number in (7, 8, 9):
        answer = ask_raw(upload_port, b"GET RFC %d P2P-CI/1.0\r\nHost: localhost\r\n\r\n" % number)
        assert answer == b"P2P-CI/1.0 404 Not Found\r\n\r\n"
    holder.signal(signal.SIGTERM)
    assert holder.finish() == 0
