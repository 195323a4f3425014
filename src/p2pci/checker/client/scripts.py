r"""What is typed into a menu: a line after the other for each action, read from a TOML file or our default.

```toml
prompt = '[:?>\])] ?$'    # what a question ends in; without it, a line is typed when nothing is printed
quiet_seconds = 0.3       # for so long
start_seconds = 10        # until it is connected and has said what it shares

[actions]
start = []                            # for programs that ask where the server is: {host} and {port}
add = ["1", "{number}", "{title}"]
lookup = ["2", "{number}", "{title}"]
list = ["3"]
get = ["4", "{number}"]               # {host} and {port} are the holder's, for menus that ask for them
leave = ["5"]
```

May import `errors`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from p2pci.errors import InvalidValueError


class Action(Enum):
    """What a user does in a menu; the value is its name in a script."""

    START = "start"
    ADD = "add"
    LOOKUP = "lookup"
    LIST = "list"
    GET = "get"
    LEAVE = "leave"


Lines = tuple[str, ...]

_OUR_MENU: dict[Action, Lines] = {
    Action.START: (),
    Action.ADD: ("1", "{number}", "{title}"),
    Action.LOOKUP: ("2", "{number}", "{title}"),
    Action.LIST: ("3",),
    Action.GET: ("4", "{number}"),
    Action.LEAVE: ("5",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How a program's menu is used; as it stands, ours: 1 ADD, 2 LOOKUP, 3 LIST, 4 GET, 5 EXIT.

    Attributes:
        actions: the lines of each; an action that is not there cannot be done.
        prompt: what is found in the printed text before a line is typed; None types when it is quiet.
        quiet_seconds: nothing printed for so long is quiet.
        start_seconds: until the program must be connected.
    """

    actions: Mapping[Action, Lines] = field(default_factory=lambda: dict(_OUR_MENU))
    prompt: re.Pattern[str] | None = re.compile(r"[:?>\])] ?$")
    quiet_seconds: float = 0.3
    start_seconds: float = 10.0


def read_script(path: Path) -> Script:
    """Read a script out of a file.

    Raises:
        InvalidValueError: it cannot be read, or is not of the form above.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return _to_script(table)
    except OSError as error:
        raise InvalidValueError(f"{path}: {error.strerror}. Give a file that can be read.") from error
    except (ValueError, re.error) as error:  # of TOML and of UTF-8 too
        raise InvalidValueError(f"{path}: {error}. Mend it; `--help` shows the form.") from error


def _to_script(table: dict[str, Any]) -> Script:
    unknown = table.keys() - {"prompt", "quiet_seconds", "start_seconds", "actions"}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} is not known")
    prompt = table.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        raise ValueError("prompt is a pattern between quotes")
    return Script(
        actions=_to_actions(table.get("actions")),
        prompt=re.compile(prompt) if prompt else None,
        quiet_seconds=_to_seconds(table, "quiet_seconds", default=0.3),
        start_seconds=_to_seconds(table, "start_seconds", default=10.0),
    )


def _to_actions(table: object) -> dict[Action, Lines]:
    if not isinstance(table, dict):
        raise ValueError("[actions] is missing")  # noqa: TRY004 - to the reader of the file it is one kind
    names = {action.value for action in Action}
    if unknown := table.keys() - names:
        raise ValueError(f"{', '.join(sorted(unknown))} is no action; there are {', '.join(sorted(names))}")
    for name, lines in table.items():
        if not (isinstance(lines, list) and all(isinstance(line, str) for line in lines)):
            raise ValueError(f"{name} is a list of lines between quotes")
    return {Action.START: ()} | {Action(name): tuple(lines) for name, lines in table.items()}


def _to_seconds(table: dict[str, Any], name: str, *, default: float) -> float:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 600:
        raise ValueError(f"{name} is a number of seconds, up to 600")
    return float(value)
