"""Programs under test, as a person runs them: started, typed to, read, signalled, and killed at the end.

What a program prints (standard output and error together) is read in a thread and waited for with a
deadline; when it does not come, everything that came is shown.
"""

from __future__ import annotations

import fcntl
import os
import pty
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER_PY = (sys.executable, "-I", "-S", str(ROOT / "server.py"))
PEER_PY = (sys.executable, "-I", "-S", str(ROOT / "peer.py"))
P2PCI = (sys.executable, "-m", "p2pci")

LOOPBACK = "127.0.0.1"
DEADLINE_SECONDS = 30.0
FAULTS = re.compile(r"Traceback \(most recent|Fatal Python error|Exception ignored|was never awaited")


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our own environment without settings of p2pci, listening on loopback alone, and fit for any folder."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("P2PCI_")}
    if "PYTHONPATH" in plain:
        folders = plain["PYTHONPATH"].split(os.pathsep)
        plain["PYTHONPATH"] = os.pathsep.join(str((ROOT / folder).resolve()) for folder in folders)
    return plain | {"P2PCI_BIND": LOOPBACK, "PYTHONUTF8": "1", "TERM": "xterm"} | dict(changes or {})


def run(
    arguments: Sequence[str | bytes],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    typed: str = "",
    seconds: float = DEADLINE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with `typed` on its standard input; no fault of it goes unseen."""
    done = subprocess.run(
        arguments,
        cwd=cwd,
        env=environment(env),
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )
    assert not FAULTS.search(done.stdout + done.stderr), done.stdout + done.stderr
    return done


class Process:
    """A running program.

    Args:
        arguments: of the command line.
        cwd: the folder it is started in.
        env: what is added to `environment()`.
        on_terminal: give it a terminal of its own instead of pipes.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        on_terminal: bool = False,
    ) -> None:
        self.name = " ".join(arguments[-3:])
        self._output = bytearray()
        self._changed = threading.Condition()
        self._position = 0
        self._has_ended = False
        self.modes_before: list[object] = []
        self.modes_after: list[object] = []
        self._terminal: int | None = None
        stdin = stdout = subprocess.PIPE
        if on_terminal:
            self._end_of_ours, stdin = pty.openpty()
            stdout = stdin
            fcntl.ioctl(stdin, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            self._terminal = stdin  # kept open: its modes are asked for when the program has ended
            self.modes_before = termios.tcgetattr(stdin)
        self._popen = subprocess.Popen(
            arguments,
            cwd=cwd,
            env=environment(env),
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
            preexec_fn=_take_terminal if on_terminal else None,  # noqa: PLW1509 - no other way to be on one
        )
        self.on_terminal = on_terminal
        if not on_terminal:
            assert self._popen.stdout
            self._end_of_ours = self._popen.stdout.fileno()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._end_of_ours, 65536)
            except OSError:
                data = b""
            with self._changed:
                self._output += data
                self._has_ended = not data
                self._changed.notify_all()
            if not data:
                return

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    @property
    def output(self) -> str:
        """Everything that it printed so far; the line ends of a terminal made plain."""
        with self._changed:
            return self._output.decode("utf-8", "backslashreplace").replace("\r\n", "\n")

    def mark(self) -> None:
        """Have `wait_for` look only at what is printed from now on."""
        self._position = len(self.output)

    def wait_for(self, pattern: str, *, seconds: float = DEADLINE_SECONDS) -> re.Match[str]:
        """Wait until it has printed what matches, behind what the last call found."""
        wanted = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + seconds
        while True:
            found = wanted.search(self.output, self._position)
            if found:
                self._position = found.end()
                return found
            with self._changed:
                left = deadline - time.monotonic()
                # Woken by every piece of output; the short wait covers one that came since the search.
                if left <= 0 or (self._has_ended and not wanted.search(self.output, self._position)):
                    break
                self._changed.wait(min(left, 0.1))
        pytest.fail(f"{self.name}: nothing matches {pattern!r} here:\n{self._since()}")

    def _since(self) -> str:
        text = self.output
        return f"{text[: self._position]}\n--- looked at from here on ---\n{text[self._position :]}"

    def type(self, text: str) -> None:
        """Type text, line ends included."""
        if self.on_terminal:
            os.write(self._end_of_ours, text.encode())
        else:
            assert self._popen.stdin
            self._popen.stdin.write(text.encode())

    def answer(self, prompt: str, text: str) -> None:
        """Wait for a prompt, then type a line."""
        self.wait_for(re.escape(prompt) + "$")
        self.type(text + "\n")

    def end_input(self) -> None:
        assert self._popen.stdin
        self._popen.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def finish(self, *, seconds: float = DEADLINE_SECONDS) -> int:
        """Wait for its end and the end of its output, and give the exit code."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} does not end:\n{self.output}")
        self._end_output()
        return code

    def _end_output(self) -> None:
        """Read the rest; the output of a terminal has no end while we hold the side of the program."""
        if self._terminal is not None:
            self.modes_after = termios.tcgetattr(self._terminal)
            os.close(self._terminal)
            self._terminal = None
        self._reader.join(DEADLINE_SECONDS)

    def kill(self) -> None:
        """End it whatever it does, and give everything back."""
        if self.is_running:
            self._popen.kill()
            self._popen.wait()
        self._end_output()
        if self.on_terminal:
            os.close(self._end_of_ours)
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream:
                stream.close()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Stage:
    """Where the programs of a test are started, and all of them ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[Process] = []

    def start(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        on_terminal: bool = False,
    ) -> Process:
        process = Process(arguments, cwd=cwd or self.folder, env=env, on_terminal=on_terminal)
        self._processes.append(process)
        return process

    def start_server(
        self, *arguments: str, program: Sequence[str] = (*SERVER_PY, "0")
    ) -> tuple[Process, int]:
        """Start an index server on a free port, and give it with its port."""
        server = self.start(*program, *arguments)
        return server, int(server.wait_for(r"^\[SERVER\] Listening on port (\d+)\.\.\.$")[1])

    def start_holder(self, port: int, shelf: Mapping[int, str]) -> tuple[Process, int]:
        """Start a peer without a menu that shares these documents, and give it with its upload port."""
        library = self.folder / f"shelf{len(self._processes)}"
        fill(library, shelf)
        command = (*P2PCI, "peer", f"localhost:{port}", "--no-menu", "--library", str(library))
        holder = self.start(*command)
        upload_port = holder.wait_for(r"^\[UPLOAD\] Upload server listening on port (\d+)$")[1]
        for _ in shelf:
            holder.wait_for(r"^\[Peer\] Registering RFC \d+")
        return holder, int(upload_port)

    def end(self) -> None:
        """Kill what still runs; no program may have printed a traceback."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            assert not FAULTS.search(process.output), f"{process.name}:\n{process.output}"


def fill(library: Path, shelf: Mapping[int, str]) -> None:
    """Make a folder with a document per number, in the layout of an RFC with that title."""
    library.mkdir(parents=True, exist_ok=True)
    for number, title in shelf.items():
        text = f"\n\nNetwork Working Group\nRequest for Comments: {number}\n\n\n{title:^72}\n\n\nText.\n"
        (library / f"rfc{number}.txt").write_text(text, encoding="utf-8")


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """Run a fake on a free port that gives each connection, in turn, its bytes and then the close.

    It waits for a request first. An answer of b"" says nothing and keeps the connection open. The last answer
    is given to those that come later too.
    """
    listening = socket.create_server((LOOPBACK, 0))
    connections: list[socket.socket] = []

    def serve() -> None:
        for answer in chain(answers, repeat(answers[-1])):
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connections.append(connection)
            request = b""
            while b"\r\n\r\n" not in request and (data := connection.recv(65536)):
                request += data
            if answer:
                connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # ends the accept that still waits
        listening.close()
        thread.join(DEADLINE_SECONDS)
        for connection in connections:
            connection.close()


def ask_raw(port: int, request: bytes) -> bytes:
    """Send bytes to a port of this machine, and give everything that comes back, as nc does."""
    with socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


@contextmanager
def member(port: int, *requests: bytes) -> Iterator[socket.socket]:
    """Be a member of an index, with requests of our own making; each must be answered with 200."""
    with socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS) as connection:
        for request in requests:
            connection.sendall(request)
            answer = b""
            while answer.count(b"\r\n\r\n") < 2:
                answer += connection.recv(65536)
            assert answer.startswith(b"P2P-CI/1.0 200 OK\r\n"), answer
        yield connection


def wait_until_open(port: int) -> None:
    """Wait until somebody listens on a port: a program may have no other way to say so."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection((LOOPBACK, port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nobody listens on port {port}"
            time.sleep(0.02)  # between two tries; nothing tells when it is time
        else:
            return


def quiet_port() -> int:
    """Give a free port for a program to be started: none that an outgoing connection could get meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server((LOOPBACK, port)):
            return port


def closed_port() -> int:
    """Give a port where nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
