"""Out of descriptors, on both event loops: who is connected goes on, newcomers wait, the log stays short."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.process import DEADLINE_SECONDS, LOOPBACK, P2PCI, PEER_PY, SERVER_PY, Process, Stage, fill
from tests.promises.watching import processor_seconds
from tests.upload.caller import body_of, get

DESCRIPTORS = 150
MANY = 300  # connections: more than there are descriptors for
LIST = b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n"
NOTHING = b"P2P-CI/1.0 200 OK\r\n\r\n\r\n"


@pytest.fixture(params=[(*SERVER_PY, "0"), (*P2PCI, "server", "--port", "0")], ids=["asyncio", "uvloop"])
def server(request: pytest.FixtureRequest, stage: Stage) -> tuple[Process, int]:
    command = ("sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh", *request.param)
    return stage.start_server(program=command)


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    with ExitStack() as connections:
        yield connections


def _connect(port: int, crowd: ExitStack) -> socket.socket:
    connection = socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS)
    return crowd.enter_context(connection)


def _asks(connection: socket.socket) -> bytes:
    connection.sendall(LIST)
    return connection.recv(1000)


def _open_descriptors(server: Process) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def test_out_of_descriptors_the_connected_go_on_and_newcomers_wait(
    server: tuple[Process, int], crowd: ExitStack
) -> None:
    process, port = server
    good = _connect(port, crowd)
    others = [_connect(port, crowd) for _ in range(MANY)]
    process.wait_for("Nearly out of descriptors, with [0-9]+ connections: new ones wait")
    assert [_asks(good) for _ in range(20)] == [NOTHING] * 20
    assert DESCRIPTORS // 3 < _open_descriptors(process) < DESCRIPTORS
    late = _connect(port, crowd)
    late.sendall(LIST)
    late.settimeout(1.0)
    before = processor_seconds(process.pid)
    with pytest.raises(TimeoutError):
        late.recv(1)
    used = processor_seconds(process.pid) - before
    print(f"{used:.2f} s of processor in 1 s of waiting, {len(process.output)} bytes of log")
    assert used < 0.5
    late.settimeout(DEADLINE_SECONDS)
    for each in others:
        each.close()
    assert late.recv(1000) == NOTHING
    process.wait_for("New connections are taken again")
    assert _asks(_connect(port, crowd)) == NOTHING
    assert _asks(good) == NOTHING
    assert "Too many open files" not in process.output


@pytest.mark.parametrize("program", [PEER_PY, (*P2PCI, "peer", "--no-menu")], ids=["asyncio", "uvloop"])
def test_holder_out_of_descriptors_answers_who_is_connected(
    stage: Stage, crowd: ExitStack, program: tuple[str, ...]
) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    document = (stage.folder / "rfcs" / "rfc7.txt").read_bytes()
    command = ("sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh", *program, f"{LOOPBACK}:{port}")
    holder = stage.start(*command)
    upload_port = int(holder.wait_for(r"Upload server listening on port (\d+)$")[1])
    holder.wait_for("Registering RFC 7")
    early = [_connect(upload_port, crowd) for _ in range(20)]
    others = [_connect(upload_port, crowd) for _ in range(MANY)]
    holder.wait_for("Nearly out of descriptors, with [0-9]+ connections: new ones wait")
    for each in early:
        each.sendall(get(7))
        assert body_of(_read_to_the_end(each)) == document
    for each in others:
        each.close()
    holder.wait_for("New connections are taken again")
    late = _connect(upload_port, crowd)
    late.sendall(get(7))
    assert body_of(_read_to_the_end(late)) == document


def _read_to_the_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))
