"""Out of descriptors, on both event loops: who is connected goes on, newcomers wait, the log stays short."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.process import DEADLINE_SECONDS, LOOPBACK, P2PCI, SERVER_PY, Process, Stage

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
    for each in others:
        each.close()
    assert late.recv(1000) == NOTHING
    process.wait_for("New connections are taken again")
    assert _asks(_connect(port, crowd)) == NOTHING
    assert _asks(good) == NOTHING
    assert "Too many open files" not in process.output
