"""Long text on a screen: through the pager that the user has chosen, else `less -R`, else as it is."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NO_PAGERS = {"", "cat"}  # what people set who want none


class Pager(NamedTuple):
    """A program that shows text a screen at a time.

    Attributes:
        command: how it is started.
        shows_styles: whether it hands on to the terminal what makes text bold and underlined.
    """

    command: list[str]
    shows_styles: bool


def find_pager() -> Pager | None:
    """The pager of this user; None where there is none, or none is wanted."""
    chosen = os.environ.get("PAGER")
    try:
        command = ["less"] if chosen is None else shlex.split(chosen)
    except ValueError:  # a quote that is not closed
        return None
    if not command or command[0] in _NO_PAGERS or not shutil.which(command[0]):
        return None
    if is_less := Path(command[0]).stem == "less":
        command += ["-R"]
    return Pager(command, is_less)


def show_paged(text: Iterable[str], pager: Pager) -> bool:
    """Show pieces of text in a pager until its user leaves it; false when it cannot be started.

    Who leaves before the end of the text has read enough: that is no error.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - it is the user's own choice
            pager.command, stdin=subprocess.PIPE, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return False
    with _interrupts_left_to_pager():
        with suppress(BrokenPipeError), process:
            if process.stdin:
                process.stdin.writelines(text)
        process.wait()
    return True


@contextmanager
def _interrupts_left_to_pager() -> Iterator[None]:
    """Ctrl-C stops a search in the pager, and not the pager. Set after its start, for it would inherit it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
