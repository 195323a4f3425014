"""A program under test: started in a process group of its own, what it prints kept, stopped for certain.

It may get a terminal in place of pipes: a client is typed to like that, and any program then shows each line
at once, where into a pipe it would hold lines back. What it prints is hostile: `shown` makes it fit to be
shown. What a shell line starts carries a mark in its environment, by which Linux finds also what has left its
group: a daemon that goes on listening would be judged in the place of the next program. Systems without such
terminals (Windows) say so when one is wanted. May import `errors`.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from p2pci.errors import ProgramError

try:
    import fcntl
    import pty
    import termios
except ImportError:  # Windows
    HAS_TERMINALS = False
else:
    HAS_TERMINALS = True

MAX_KEPT_BYTES = 1024 * 1024  # of what it printed; the end is kept
GRACE_SECONDS = 2.0  # from the request to end until it is killed
ORPHANS_SECONDS = 0.5  # for what it started itself, once it has ended
LAST_LINES = 12  # shown of a program that failed
POLL_SECONDS = 0.02
ROWS, COLUMNS = 50, 250  # of the terminal: no record line is wrapped

# ECMA-48: CSI with its parameters and final byte, OSC up to its end, or ESC and one more.
_CONTROL_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")


class Program:
    """A program that runs while it is entered: `async with Program("make run-server") as program: …`.

    Args:
        command: a line for the shell, or the words of a command.
        folder: where it is started; None for where we are.
        env: its whole environment; None for ours.
        on_terminal: give it a terminal, on which nothing that is typed is echoed.
    """

    def __init__(
        self,
        command: str | Sequence[str],
        *,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        on_terminal: bool = False,
    ) -> None:
        self.command = command
        self.folder = folder
        self.printed_bytes = 0  # all of it, also what is no longer kept
        self._env = env
        self._mark = f"P2PCI_UNDER_TEST={secrets.token_hex(16)}"
        self._is_on_terminal = on_terminal
        self._kept = bytearray()
        self._lock = threading.Lock()
        self._popen: subprocess.Popen[bytes] | None = None
        self._output = self._input = -1  # our ends
        self._reader: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        if self._is_on_terminal and not HAS_TERMINALS:
            raise ProgramError(
                "A program cannot be given a terminal on this system. Do it on Linux or macOS (or in WSL)."
            )
        self._start()
        self._reader = threading.Thread(target=self._read, name="program output", daemon=True)
        self._reader.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _start(self) -> None:
        theirs: int = subprocess.PIPE
        if self._is_on_terminal:
            self._output, theirs = _open_terminal()
            self._input = self._output
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - to run the user's command is what this is for
                _words_of(self.command, mark=self._mark),
                cwd=self.folder,
                env=self._env,
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except (OSError, ValueError) as error:
            self._close_terminal()
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ProgramError(
                f"{self.name} cannot be started: {reason}. Check the command and the folder."
            ) from error
        finally:
            if self._is_on_terminal:
                os.close(theirs)
        if not self._is_on_terminal and self._popen.stdout and self._popen.stdin:
            self._output, self._input = self._popen.stdout.fileno(), self._popen.stdin.fileno()

    def _read(self) -> None:
        """Keep what it prints, in a thread of its own, until the last that could print has ended."""
        data = b"."
        while data:
            try:
                data = os.read(self._output, 65536)
            except OSError:  # EIO: so a terminal tells that nobody is left at its other end
                data = b""
            with self._lock:
                self._kept += data
                self.printed_bytes += len(data)
                if len(self._kept) > 2 * MAX_KEPT_BYTES:
                    del self._kept[:-MAX_KEPT_BYTES]

    @property
    def name(self) -> str:
        """The command as one types it, fit to be shown."""
        return shown(self.command if isinstance(self.command, str) else subprocess.list2cmdline(self.command))

    @property
    def exit_code(self) -> int | None:
        """What it ended with, negative for a signal; None while it runs."""
        return self._popen.poll() if self._popen else None

    @property
    def is_running(self) -> bool:
        return self._popen is not None and self.exit_code is None

    @property
    def can_print(self) -> bool:
        """Whether all that it printed may not be there yet; what it has started can print for longer."""
        return self._reader is not None and self._reader.is_alive()

    def printed_since(self, position: int) -> bytes:
        """Give what it printed once `printed_bytes` had this value, as far as it is kept."""
        with self._lock:
            start = len(self._kept) - (self.printed_bytes - position)
            return bytes(self._kept[max(0, start) :])

    def last_lines(self, count: int = LAST_LINES) -> str:
        """Give the last lines that it printed, fit to be shown; "" when there are none."""
        lines = shown(self.printed_since(0)[-16 * 1024 :]).split("\n")
        return "\n".join([line.rstrip()[:200] for line in lines if line.strip()][-count:])

    def describe(self) -> str:
        """Say in one sentence whether it runs, or how it ended."""
        code = self.exit_code
        if code is None:
            return "It still runs."
        if code >= 0:
            return f"It has ended with exit code {code}."
        with suppress(ValueError):
            return f"It was ended by {signal.Signals(-code).name}."
        return f"It was ended by signal {-code}."

    def type(self, line: str) -> None:
        """Type a line, its end included."""
        with suppress(OSError):  # it has ended: whoever waits for what comes of the line sees that
            os.write(self._input, line.encode() + b"\n")

    async def wait_until_it_listens(self, host: str, port: int, *, seconds: float = 30.0) -> None:
        """Wait until somebody accepts connections there.

        Raises:
            ProgramError: it ended before, or it took longer.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not await is_listening(host, port):
            if not self.is_running:
                await self.read_to_the_end()
                what = f"{self.name} does not listen on {host}:{port}. {self.describe()}"
                raise ProgramError(
                    f"{what} Check the command; it must keep running.", output=self.last_lines()
                )
            if loop.time() > deadline:
                what = f"{self.name} does not listen on {host}:{port} after {seconds:g} s. Check the port."
                raise ProgramError(what, output=self.last_lines())
            await asyncio.sleep(0.05)

    async def read_to_the_end(self) -> None:
        """Wait until the last that an ended program printed was read, but no longer than GRACE_SECONDS."""
        reader = self._reader
        if reader:
            await wait_until(lambda: not reader.is_alive(), seconds=GRACE_SECONDS)

    async def stop(self) -> None:
        """End it and everything that it has started: asked first, killed after GRACE_SECONDS."""
        popen = self._popen
        if popen is None:
            return
        try:
            _signal_group(popen, signal.SIGTERM)
            await wait_until(lambda: popen.poll() is not None, seconds=GRACE_SECONDS)
            await wait_until(lambda: not _has_group(popen), seconds=ORPHANS_SECONDS)
        finally:  # also when we are cancelled meanwhile
            _kill_group(popen)
            _kill_marked(self._mark)
        await wait_until(lambda: popen.poll() is not None, seconds=GRACE_SECONDS)
        await wait_until(lambda: not _kill_marked(self._mark), seconds=GRACE_SECONDS)
        await self._close()

    async def _close(self) -> None:
        """Close our ends, once the thread has read the last of it: a descriptor in use is never closed."""
        await self.read_to_the_end()
        if self._reader and self._reader.is_alive():
            return  # something that left its group holds the other end; the thread waits for it
        self._close_terminal()
        for stream in (self._popen.stdin, self._popen.stdout) if self._popen else ():
            if stream:
                with suppress(OSError):
                    stream.close()

    def _close_terminal(self) -> None:
        if self._is_on_terminal and self._output >= 0:
            os.close(self._output)
        self._output = self._input = -1


def shown(text: str | bytes) -> str:
    """Make what a program printed fit to be shown: without colours, every other control escaped."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    text = _CONTROL_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text.replace("\t", "    ")
    )


async def require_free(host: str, port: int) -> None:
    """Check that nobody listens there yet, who would be judged in the place of what is started.

    Raises:
        ProgramError: somebody does.
    """
    if await is_listening(host, port):
        raise ProgramError(f"Somebody listens on {host}:{port} already. Stop it, or choose another port.")


async def is_listening(host: str, port: int) -> bool:
    """Try whether somebody accepts connections there; the connection is closed at once."""
    try:
        async with asyncio.timeout(2.0):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _words_of(command: str | Sequence[str], *, mark: str) -> list[str]:
    if not isinstance(command, str):
        return list(command)
    if sys.platform == "win32":
        return ["cmd", "/c", command]
    return ["/bin/sh", "-c", f"export {mark}\n{command}"]


def _open_terminal() -> tuple[int, int]:
    """Give our end of a new terminal and the program's."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    modes = termios.tcgetattr(theirs)
    modes[3] &= ~termios.ECHO  # what we type is no output of the program
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    return ours, theirs


def _signal_group(popen: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to all of a group, to those too that outlive who started them."""
    if sys.platform == "win32":
        popen.terminate()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, number)


def _kill_group(popen: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        command = ["taskkill", "/PID", str(popen.pid), "/T", "/F"]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - a command of the system
        return
    _signal_group(popen, signal.SIGKILL)


def _kill_marked(mark: str) -> bool:
    """Kill whatever has this in its environment, where that can be seen (Linux); whether there was any."""
    found = False
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if mark.encode() in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)
                found = True
    return found


def _has_group(popen: subprocess.Popen[bytes]) -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.killpg(popen.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


async def wait_until(is_so: Callable[[], bool], *, seconds: float) -> bool:
    """Wait until it is so; False when it is not in time.

    It looks again and again: what happens in processes, on terminals and on the wire has no common event.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not (is_now := is_so()) and loop.time() < deadline:  # noqa: ASYNC110 - no event tells an end
        await asyncio.sleep(POLL_SECONDS)
    return is_now
