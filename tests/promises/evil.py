"""Servers that never come to an end, and programs whose memory and disk are watched or limited."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.process import DEADLINE_SECONDS, FAULTS, LOOPBACK, environment

MOST_BYTES = 256 * 1024 * 1024  # then even what is endless ends: four times what a program may take
ENDED_SECONDS = DEADLINE_SECONDS * 2

# Runs a program, then tells the most memory that it had.
_MEASURED = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("PEAK", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


class Ended(NamedTuple):
    """A program that has ended: its exit code, what it printed, and the most memory that it had."""

    code: int
    output: str
    errors: str
    peak_bytes: int


def run_measured(arguments: Sequence[str], *, cwd: Path) -> Ended:
    """Run a program that must come to its end by itself, and soon; else it is killed, and the test fails."""
    running = subprocess.Popen(
        (sys.executable, "-I", "-S", "-c", _MEASURED, *arguments),
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        output, errors = running.communicate(timeout=ENDED_SECONDS)
    except subprocess.TimeoutExpired:
        # Both of them: the measured one would keep the pipes open, and whoever reads them waiting.
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        pytest.fail(f"{' '.join(arguments[-4:])}: it did not end within {ENDED_SECONDS:g} s")
    assert not FAULTS.search(output + errors), output + errors
    errors, _, peak = errors.rpartition("PEAK ")
    return Ended(running.returncode, output, errors, int(re.sub(r"\D", "", peak)) * 1024)


@contextmanager
def endless(beginning: bytes, piece: bytes) -> Iterator[int]:
    """Run a server on a free port that answers every request with a beginning, then a piece for ever."""
    listening = socket.create_server((LOOPBACK, 0))
    threads: list[threading.Thread] = []

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(DEADLINE_SECONDS)
            connection.recv(65536)
            connection.sendall(beginning)
            for _ in range(MOST_BYTES // max(1, len(piece))):
                connection.sendall(piece)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threads.append(threading.Thread(target=answer, args=(connection,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in (accepting, *threads):
            thread.join(DEADLINE_SECONDS)
