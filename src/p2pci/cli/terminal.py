"""The terminal of a running program: lines out at any time, answers in, and neither tears the other.

Questions are put in a thread of their own, so that the event loop goes on. A line that is printed while a
prompt waits takes the prompt's place, and the prompt comes again below, with what was typed so far.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLEAR_LINE = "\r\x1b[K"

Question = tuple[str, "asyncio.Future[str | None]"]


class Terminal:
    """Standard input and output of this process."""

    def __init__(self) -> None:
        self.is_screen = sys.stdout.isatty()
        self._is_interactive = self.is_screen and sys.stdin.isatty()
        self._prompt = ""  # the question that waits
        self._status = ""  # a line that changes in place
        self._questions: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
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
        sys.stdout.write(f"{before}{text}\n{after}")
        sys.stdout.flush()
        self._status = ""

    def complain(self, text: str) -> None:
        """Print a line to standard error."""
        print(text, file=sys.stderr, flush=True)

    def show_status(self, text: str) -> None:
        """Show a line that the next one replaces; only on a screen where no prompt waits."""
        if self.is_screen and not self._prompt:
            self._status = text
            sys.stdout.write(_CLEAR_LINE + text)
            sys.stdout.flush()

    async def ask(self, prompt: str) -> str | None:
        """Put a question, and give the line that was typed; None at the end of input."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read_answers, name="terminal", daemon=True)
            self._reader.start()
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._prompt = prompt
        try:
            self._questions.put((prompt, answer))
            return await answer
        finally:
            self._prompt = ""

    def _read_answers(self) -> None:
        while True:
            prompt, answer = self._questions.get()
            try:
                line: str | None = input(prompt)
            except (EOFError, OSError, ValueError):
                line = None
            if not self._is_interactive:
                print(line or "", flush=True)  # a terminal echoes what is typed; a pipe does not
            answer.get_loop().call_soon_threadsafe(_resolve, answer, line)

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


def _resolve(answer: asyncio.Future[str | None], line: str | None) -> None:
    if not answer.done():
        answer.set_result(line)
