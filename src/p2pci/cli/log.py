"""What a server or peer says while it runs: lines for people, or one JSON object a line for programs.

Where nobody watches, a line that comes again and again is written once and counted.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from p2pci.cli.display import show_json_line
from p2pci.dialing import show_address

if TYPE_CHECKING:
    from p2pci.cli.terminal import Terminal
    from p2pci.events import Event

REPEATS_SECONDS = 10.0  # a line that comes again is counted that long before it is told how often


class LogFormat(Enum):
    """How lines are written."""

    TEXT = "text"
    JSON = "json"


class Log:
    """The lines of a running program.

    Args:
        terminal: where they go.
        form: of the lines.
        counts_repeats: write the same line, when it comes again behind itself, only once, and then how often;
            never on a screen.
    """

    def __init__(
        self, terminal: Terminal, *, form: LogFormat = LogFormat.TEXT, counts_repeats: bool = False
    ) -> None:
        self.terminal = terminal
        self._form = form
        self._counts_repeats = counts_repeats and not terminal.is_screen
        self._last: object = None
        self._repeats = 0
        self._timer: asyncio.TimerHandle | None = None

    def report(self, text: str, event: Event) -> None:
        """Write an event; `text` is its line, fit for a terminal."""
        if self._form is LogFormat.JSON:
            self._put("", {"event": _name(event), **_facts(event)})
        else:
            self._put(text, {})

    def say(self, text: str, name: str, **facts: object) -> None:
        """Write what is no event of a running part; `name` and `facts` are what is written of it as JSON."""
        if self._form is LogFormat.JSON:
            self._put("", {"event": name, **(facts or {"text": text})})
        else:
            self._put(text, {})

    def close(self) -> None:
        """Write what was counted."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._repeats:
            times, self._repeats = self._repeats, 0
            self._write(
                f"… the same {times} more time{'s' if times > 1 else ''}",
                {"event": "repeated", "times": times},
            )

    def _put(self, text: str, facts: dict[str, object]) -> None:
        if self._counts_repeats and (text, facts) == self._last:
            self._repeats += 1
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(REPEATS_SECONDS, self.close)
            return
        self.close()
        self._last = (text, facts)
        self._write(text, facts)

    def _write(self, text: str, facts: dict[str, object]) -> None:
        if self._form is LogFormat.JSON:
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            text = show_json_line({"time": time, **facts})
        self.terminal.report(text)


def _name(event: Event) -> str:
    """`IndexLost` as `index_lost`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _facts(event: Event) -> dict[str, object]:
    return {name: _plain(name, value) for name, value in event._asdict().items()}


def _plain(name: str, value: object) -> object:
    """Give a value that JSON has: digests in hex, messages, errors and addresses as people write them."""
    match value:
        case bytes() if name == "data":
            return value.decode("utf-8", "backslashreplace")
        case bytes():
            return value.hex()
        case (str() as host, int() as port) if name == "address":
            return show_address((host, port))
        case tuple():
            return [_plain(name, each) for each in value]
        case Enum():
            return value.name.lower()
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
