"""Row 19: a disk that is full or read-only, a limit, a kill: one error, no wrong file, and serving on."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, PEER_PY, Stage, fill, member, run
from tests.promises.conftest import Start
from tests.promises.running import Served
from tests.promises.watching import MIB
from tests.server.wire_client import add
from tests.upload.caller import get

DOCUMENT = bytes(range(256)) * 4096 * 4  # 4 MiB
LIMIT_BYTES = MIB
pytestmark = pytest.mark.slow  # many processes

_LIMIT = f"""\
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT_BYTES}, {LIMIT_BYTES}))
os.execv(sys.argv[1], sys.argv[1:])
"""
LIMITED = (sys.executable, "-c", _LIMIT)
# Give a folder a disk of its own that nobody else sees, run a program, and show what is in the folder then.
_FULL = """
mount -t tmpfs -o size=300k none "$0" || exit 99
"$@"
code=$?
ls -A "$0"
exit $code
"""
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" || exit 99\nexec "$@"'


def _on_disk(script: str, folder: Path) -> tuple[str, ...]:
    """The beginning of a command line; skipped where the system lets nobody mount."""
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run((unshare, "-rm", "true"), capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return (unshare, "-rm", "sh", "-c", script, str(folder))


@pytest.fixture
def index(start: Start) -> Served:
    return start("index")


@pytest.fixture
def swarm(index: Served, start: Start, tmp_path: Path) -> Iterator[Served]:
    """An index that knows a holder of a document of 4 MiB, RFC 7."""
    shelf = tmp_path / "holder"
    shelf.mkdir()
    (shelf / "rfc7.txt").write_bytes(DOCUMENT)
    holder = start("holder", str(shelf))
    with member(index.port, add(7, host=LOOPBACK, port=holder.port)):
        yield index


def _get(swarm: Served, folder: Path) -> tuple[str, ...]:
    return (*P2PCI, "get", "7", "-o", str(folder), "--server", f"{LOOPBACK}:{swarm.port}")


def test_limit_of_file_size_is_one_error(swarm: Served, tmp_path: Path) -> None:
    folder = tmp_path / "got"
    done = run((*LIMITED, *_get(swarm, folder)), cwd=tmp_path)
    assert done.returncode == 1
    assert _sentences(done.stderr) == 1, done.stderr
    assert "files may not be that large" in done.stderr
    assert not (folder / "rfc7.txt").exists()
    assert run(_get(swarm, folder), cwd=tmp_path).returncode == 0
    assert (folder / "rfc7.txt").read_bytes() == DOCUMENT


def test_full_disk_is_one_error(swarm: Served, tmp_path: Path) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    done = run((*_on_disk(_FULL, folder), *_get(swarm, folder)), cwd=tmp_path)
    assert done.returncode == 1
    assert _sentences(done.stderr) == 1, done.stderr
    assert "the disk is full" in done.stderr
    assert "rfc7.txt" not in [name for name in done.stdout.splitlines() if not name.startswith(".")]


def test_read_only_folder_is_one_error(swarm: Served, tmp_path: Path) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    done = run((*_on_disk(_READ_ONLY, folder), *_get(swarm, folder)), cwd=tmp_path)
    assert done.returncode == 1
    assert _sentences(done.stderr) == 1, done.stderr
    assert "the disk is read-only" in done.stderr
    assert list(folder.iterdir()) == []


def test_read_only_folder_is_shared_all_the_same(stage: Stage, tmp_path: Path) -> None:
    server, port = stage.start_server()
    folder = tmp_path / "shared"
    fill(folder, {8: "Eight"})
    command = (*P2PCI, "peer", f"{LOOPBACK}:{port}", "--no-menu", "--library", str(folder))
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    peer = stage.start(*_on_disk(_READ_ONLY, folder), *command, env=cache)
    upload_port = int(peer.wait_for(r"^\[UPLOAD\] Upload server listening on port (\d+)$")[1])
    server.wait_for("^RFC 8 Eight ")
    answer = Served(peer, upload_port).says_all(get(8))
    assert answer.partition(b"\r\n\r\n")[2] == (folder / "rfc8.txt").read_bytes()


def test_peer_whose_download_fails_serves_on(swarm: Served, stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "rfcs"
    fill(folder, {8: "Eight"})
    peer = stage.start(*LIMITED, *PEER_PY, f"{LOOPBACK}:{swarm.port}", cwd=tmp_path)
    upload_port = int(peer.wait_for(r"Upload server listening on port (\d+)$")[1])
    for _ in range(2):
        peer.type("4\n7\n")
        peer.wait_for("files may not be that large")
        answer = Served(peer, upload_port).says_all(get(8))
        assert answer.partition(b"\r\n\r\n")[2] == (folder / "rfc8.txt").read_bytes()
    assert not (folder / "rfc7.txt").exists()
    peer.type("5\n")
    assert peer.finish() == 0


@pytest.mark.parametrize("sent", [0, 1, 100_000, 1_000_000, len(DOCUMENT) - 1])
def test_get_that_is_killed_leaves_no_wrong_file(
    swarm: Served, stage: Stage, tmp_path: Path, sent: int
) -> None:
    folder = tmp_path / "got"
    with (
        _holder_that_stops(sent) as (port, has_stopped),
        member(swarm.port, add(8, host=LOOPBACK, port=port)),
    ):
        command = (*P2PCI, "get", "8", "-o", str(folder), "--server", f"{LOOPBACK}:{swarm.port}")
        getting = stage.start(*command)
        assert has_stopped.wait(10)
        getting.kill()
    assert not (folder / "rfc8.txt").exists()
    with _holder_that_stops(len(DOCUMENT)) as (port, _), member(swarm.port, add(8, host=LOOPBACK, port=port)):
        assert run(command, cwd=tmp_path).returncode == 0
    assert (folder / "rfc8.txt").read_bytes() == DOCUMENT


@contextmanager
def _holder_that_stops(after: int) -> Iterator[tuple[int, threading.Event]]:
    """Run a holder of the document that sends so many of its bytes, then nothing."""
    listening = socket.create_server((LOOPBACK, 0))
    has_stopped = threading.Event()
    head = f"P2P-CI/1.0 200 OK\r\nLast-Modified: x\r\nContent-Length: {len(DOCUMENT)}\r\n\r\n".encode()
    connections: list[socket.socket] = []

    def serve() -> None:
        connection, _ = listening.accept()
        connections.append(connection)
        connection.recv(65536)
        connection.sendall(head + DOCUMENT[:after])
        has_stopped.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], has_stopped
    finally:
        thread.join(10)
        for each in (listening, *connections):
            each.close()


def _sentences(errors: str) -> int:
    """How many errors were told; what a download says of a holder that failed is none."""
    return len([line for line in errors.splitlines() if line.strip()])
