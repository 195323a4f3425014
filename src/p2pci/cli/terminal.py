"""The terminal of a running program: lines out at any time, answers in, and neither tears the other.

Questions are put in a thread of their own, so that the event loop goes on. A line that is printed while a
prompt waits takes the prompt's place, and the prompt comes again below, with what was typed so far.
"""

from __future__ import annotations

import asyncio
import io
import queue
import shutil
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

try:
    from readline import get_line_buffer
except ImportError:  # Windows, and some builds elsewhere

    def get_line_buffer() -> str:
        return ""


try:
    import termios
except ImportError:  # Windows
    HAS_MODES = False
else:
    HAS_MODES = True

from p2pci.cli.streams import drop_output

if TYPE_CHECKING:
    from collections.abc import Iterator

FLUSH_SECONDS = 0.02
_CLEAR_LINE = "\r\x1b[K"

Question = tuple[str, "asyncio.Future[str | None]"]


class Terminal:
    """Standard input and output of this process; `output` may be standard error in its place."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self.is_screen = self._output.isatty()
        self._is_interactive = self.is_screen and sys.stdin.isatty()
        self._prompt = ""  # the question that waits
        self._status = ""  # a line that changes in place
        self._questions: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._flush_timer: asyncio.TimerHandle | None = None  # lines wait in the stream's buffer until then
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            # No locale makes a line of text an error.
            stream.reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")  # type: ignore[union-attr]

    def print(self, text: str) -> None:
        """Print a line, or several."""
        before, after = "", ""
        if self._status or (self._prompt and self._is_interactive):
            before = _CLEAR_LINE
        if self._prompt and self._is_interactive:
            after = self._prompt + get_line_buffer()
        elif self._prompt:
            before, self._prompt = "\n", ""  # nobody types there: the line of the prompt is left as it is
        self._write(f"{before}{text}\n{after}")
        self._status = ""

    def show_raw(self, text: str) -> None:
        """Print text as it is, which may end in the middle of a line."""
        self._write(text)

    def report(self, text: str) -> None:
        """Print a line of a server or peer that runs: its work goes on when nobody can read what it says.

        Where nobody types or watches, many lines go out together, after FLUSH_SECONDS at the latest.
        """
        if self._flush_timer is None and not self.is_screen and self._reader is None:
            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)
        with _output_may_fail():
            self.print(text)

    def _flush(self) -> None:
        self._flush_timer = None
        with _output_may_fail():
            self._output.flush()

    def complain(self, text: str) -> None:
        """Print a line to standard error."""
        print(text, file=sys.stderr, flush=True)

    def show_status(self, text: str) -> None:
        """Show a line that the next one replaces; only on a screen where no prompt waits."""
        if self.is_screen and not self._prompt:
            self._status = text[: shutil.get_terminal_size().columns - 1]
            self._write(_CLEAR_LINE + self._status)

    def end_status(self) -> None:
        """Take the line away that `show_status` left."""
        if self._status:
            self._status = ""
            self._write(_CLEAR_LINE)

    def _write(self, text: str) -> None:
        self._output.write(text)
        if self._flush_timer is None:
            self._output.flush()

    async def ask(self, prompt: str) -> str | None:
        """Put a question, and give the line that was typed; None at the end of input."""
        if self._reader is None:
            self._flush()
            self._reader = threading.Thread(target=self._read_answers, name="terminal", daemon=True)
            self._reader.start()
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._prompt = prompt
        try:
            self._questions.put((prompt, answer))
            return await answer
        except asyncio.CancelledError:
            self._prompt = ""
            self.report("")  # the question stays as it is; what comes now goes below it
            raise
        finally:
            self._prompt = ""

    def _read_answers(self) -> None:
        while True:
            prompt, answer = self._questions.get()
            line = None
            with suppress(EOFError, OSError, ValueError):
                line = input(prompt) if self._is_interactive else self._read_piped(prompt)
            answer.get_loop().call_soon_threadsafe(_resolve, answer, line)

    def _read_piped(self, prompt: str) -> str | None:
        """Read a line where nobody types, and show it: a terminal echoes what is typed, a pipe does not.

        Without a buffer: at its exit Python wants the lock of sys.stdin's, and dies if this thread has it.
        """
        self._write(prompt)
        with io.FileIO(sys.stdin.fileno(), closefd=False) as unbuffered:
            data = unbuffered.readline()
        line = data.decode(sys.stdin.encoding, "replace").rstrip("\r\n")
        if not data:
            return None
        self._write(line + "\n")
        return line

    @contextmanager
    def kept_sane(self) -> Iterator[None]:
        """Put the terminal's modes back at the end: leaving while a question waits would keep readline's."""
        if not (HAS_MODES and self._is_interactive):
            yield
            return
        modes = termios.tcgetattr(sys.stdin)
        try:
            yield
        finally:
            if self._prompt or self._reader:
                termios.tcsetattr(sys.stdin, termios.TCSANOW, modes)


@contextmanager
def _output_may_fail() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        drop_output()
    except OSError:  # a full disk under the log, which may have room again for a later line
        pass


def _resolve(answer: asyncio.Future[str | None], line: str | None) -> None:
    if not answer.done():
        answer.set_result(line)
