"""What a service manager and its log get: readiness, counted lines, JSON, and units that it understands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.process import DEADLINE_SECONDS, LOOPBACK, P2PCI, ROOT, SERVER_PY, Stage, fill, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

UNITS = sorted((ROOT / "packaging" / "systemd").glob("*/*.service"))


@contextmanager
def _manager(name: str) -> Iterator[socket.socket]:
    """Listen as a service manager does; @ begins a name that is not a file's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(DEADLINE_SECONDS)
        manager.bind("\0" + name[1:] if name.startswith("@") else name)
        yield manager


@pytest.mark.parametrize("is_abstract", [False, True])
def test_server_tells_when_it_is_ready_and_when_it_stops(stage: Stage, *, is_abstract: bool) -> None:
    name = f"@p2pci-{os.getpid()}" if is_abstract else str(stage.folder / "notify")
    with _manager(name) as manager:
        command = (*P2PCI, "server", "--port", "0")
        server = stage.start(*command, env={"NOTIFY_SOCKET": name})
        said = manager.recv(1000).decode()
        port = server.wait_for(r"Listening on port (\d+)")[1]
        assert said == f"READY=1\nSTATUS=Listening on port {port}"
        socket.create_connection((LOOPBACK, int(port))).close()
        server.signal(signal.SIGTERM)
        assert manager.recv(1000) == b"STOPPING=1\nSTATUS=Stopping"
        assert server.finish() == 0


def test_peer_is_ready_when_its_shelf_is_registered(stage: Stage) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven", 8: "Eight"})
    name = str(stage.folder / "notify")
    with _manager(name) as manager:
        peer = stage.start(*P2PCI, "peer", f"localhost:{port}", "--no-menu", env={"NOTIFY_SOCKET": name})
        assert re.fullmatch(r"READY=1\nSTATUS=Serving 2 documents on port \d+", manager.recv(1000).decode())
        peer.signal(signal.SIGTERM)
        assert manager.recv(1000).startswith(b"STOPPING=1\n")


@pytest.mark.parametrize("name", ["/no/such/socket", "@nobody", "vsock:2:1", ""])
def test_server_runs_when_nobody_hears_it(stage: Stage, name: str) -> None:
    server = stage.start(*SERVER_PY, "0", env={"NOTIFY_SOCKET": name})
    server.wait_for("^On ")
    server.signal(signal.SIGTERM)
    assert server.finish() == 0


def _join_and_leave(port: int, *, times: int) -> None:
    request = b"ADD RFC 7 P2P-CI/1.0\r\nHost: \x1b[31mh\r\nPort: 5\r\nTitle: Seven\r\n\r\n"
    connections = []
    for _ in range(times):
        connection = socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS)
        connection.sendall(request.replace(b"\x1b[31m", b""))
        assert connection.recv(1000).startswith(b"P2P-CI/1.0 200")
        connections.append(connection)
    for connection in connections:
        connection.close()


def test_same_line_again_is_counted(stage: Stage) -> None:
    server, port = stage.start_server(program=(*P2PCI, "server", "--port", "0"))
    _join_and_leave(port, times=5)
    server.wait_for(r"^\[SERVER\] Peer h:5 left")
    server.signal(signal.SIGTERM)
    assert server.finish() == 0
    assert server.output.splitlines()[2:] == [
        *["[Server] Added h:5"] * 3,
        *["[SERVER] Peer h:5 left. Removed 1 peer(s), 1 RFC(s)."] * 3,
        "[SERVER] Stopping...",
        "… 2 more times: [Server] Added h:5",
        "… 2 more times: [SERVER] Peer h:5 left. Removed 1 peer(s), 1 RFC(s).",
    ]


def test_lines_that_alternate_are_counted(stage: Stage) -> None:
    command = (*P2PCI, "server", "--port", "0", "--log-format", "json")
    server = stage.start(*command)
    port = int(server.wait_for(r'"event": "listening", "port": (\d+)')[1])
    for _ in range(300):
        _join_and_leave(port, times=1)
    server.signal(signal.SIGTERM)
    assert server.finish() == 0
    lines = [json.loads(line) for line in server.output.splitlines()]
    told = {line["line"]["event"]: line["times"] for line in lines if line["event"] == "repeated"}
    assert told == {"joined": 297, "left": 297}
    assert len(lines) < 20


def test_every_message_is_shown_however_often(stage: Stage) -> None:
    server, port = stage.start_server(program=(*P2PCI, "server", "--port", "0", "--trace"))
    _join_and_leave(port, times=3)
    server.wait_for(r"^\[SERVER\] Peer h:5 left")
    assert server.output.count("ADD RFC 7 P2P-CI/1.0") == 3
    assert "the same" not in server.output


def test_log_is_json_a_line(stage: Stage) -> None:
    server = stage.start(*P2PCI, "server", "--port", "0", "--log-format", "json", "--trace")
    port = int(server.wait_for(r'"event": "listening", "port": (\d+)')[1])
    with socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS) as peer:
        peer.sendall(b"LIST ALL P2P-CI/1.0\r\nHost: \xc2\x9b\xe2\x80\xae\r\n\x1b[31m\r\n\r\n")
        assert peer.recv(1000).startswith(b"P2P-CI/1.0 400")
    server.signal(signal.SIGTERM)
    assert server.finish() == 0
    lines = [json.loads(line) for line in server.output.splitlines()]
    assert [line["event"] for line in lines][:2] == ["listening", "invitation"]
    assert [line["event"] for line in lines][-1] == "stopping"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"]) for line in lines)
    connected = next(line for line in lines if line["event"] == "connected")
    assert re.fullmatch(rf"{re.escape(LOOPBACK)}:\d+", connected["address"])
    assert all(letter.isprintable() or letter == "\n" for letter in server.output)


def test_peer_logs_json_without_a_menu_alone(stage: Stage) -> None:
    done = run((*P2PCI, "peer", "localhost", "--log-format", "json"), cwd=stage.folder)
    assert done.returncode == 2
    assert "Add --no-menu" in done.stderr
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", "--no-menu", "--log-format", "json")
    peer.wait_for('"event": "serving"')
    lines = [json.loads(line) for line in peer.output.splitlines()]
    registering = next(line for line in lines if line["event"] == "registering")
    assert (registering["number"], registering["title"]) == (7, "Seven")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: f"{unit.parent.name}/{unit.name}")
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("/usr/bin/p2pci ", "/bin/true ")
    (tmp_path / unit.name).write_text(text, encoding="utf-8")
    mode = ["--user"] if unit.parent.name == "user" else []
    done = subprocess.run(
        ["systemd-analyze", *mode, "verify", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
