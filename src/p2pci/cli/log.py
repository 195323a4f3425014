"""What a server or peer says while it runs: lines for people, or one JSON object a line for programs.

A line that comes again and again is written a few times and then counted.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from p2pci.cli.display import show_json_line
from p2pci.dialing import show_address

if TYPE_CHECKING:
    from p2pci.cli.terminal import Terminal
    from p2pci.events import Event

REPEATS_SECONDS = 10.0  # the same lines are counted that long before it is told how many there were
SHOWN_TIMES = 3  # of the same line in that time
MOST_LINES = 1000  # that are remembered in that time


class LogFormat(Enum):
    """How lines are written."""

    TEXT = "text"
    JSON = "json"


class Log:
    """The lines of a running program.

    Args:
        terminal: where they go.
        form: of the lines.
        counts_repeats: write the same line only SHOWN_TIMES in REPEATS_SECONDS, then how often it came again.
    """

    def __init__(
        self, terminal: Terminal, *, form: LogFormat = LogFormat.TEXT, counts_repeats: bool = False
    ) -> None:
        self.terminal = terminal
        self._form = form
        self._counts_repeats = counts_repeats
        self._seen: dict[str, _Line] = {}  # by what makes them the same
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
        """Write what was counted, and begin anew."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        seen, self._seen = self._seen, {}
        for line in seen.values():
            if (more := line.times - SHOWN_TIMES) > 0:
                text = f"… {more} more time{'s' if more > 1 else ''}: {line.text}"
                self._write(text, {"event": "repeated", "times": more, "line": line.facts})

    def _put(self, text: str, facts: dict[str, object]) -> None:
        if self._counts_repeats:
            line = self._seen.setdefault(text or repr(facts), _Line(text, facts))
            line.times += 1
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(REPEATS_SECONDS, self.close)
            if line.times > SHOWN_TIMES:
                return
        self._write(text, facts)
        if len(self._seen) > MOST_LINES:
            self.close()

    def _write(self, text: str, facts: dict[str, object]) -> None:
        if self._form is LogFormat.JSON:
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            text = show_json_line({"time": time, **facts})
        self.terminal.report(text)


@dataclass(slots=True)
class _Line:
    """A line that was written lately, and how often it came."""

    text: str
    facts: dict[str, object]
    times: int = 0


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
