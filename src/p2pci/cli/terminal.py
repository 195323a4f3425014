"""The terminal of a running program: lines out at any time, and answers in, without the ones tearing the others.

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
    import readline
except ImportError:
    readline = None  # type: ignore[assignment]
try:
    import termios
except ImportError:
    termios = None  # type: ignore[assignment]

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
        typed = readline.get_line_buffer() if self._prompt and readline else ""
        before = _CLEAR_LINE if self._is_interactive and (self._prompt or self._status) else ""
        after = self._prompt + typed if self._is_interactive else ""
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
            answer.get_loop().call_soon_threadsafe(_resolve, answer, line)

    @contextmanager
    def kept_sane(self) -> Iterator[None]:
        """Put the terminal's modes back at the end: leaving while a question waits would keep readline's."""
        if termios is None or not self._is_interactive:
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
