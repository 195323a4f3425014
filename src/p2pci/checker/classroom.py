"""A class: every sub-folder of a folder is a program of somebody's, with a line that starts it.

The line stands in `p2pci-check.toml` there, or the Makefile has `run-server`:

```toml
[server]
start = "python3 server.py"     # a line for the shell, run in that folder
port = 7734                     # where it listens then; 7734 when it is left out

[peer]                          # its upload server; the index server that it needs we play ourselves
start = "python3 peer.py localhost"
index_port = 7734               # where it looks for that; 7734 when it is left out
port = 5001                     # of the upload server, and
have = 123                      # a document that it has: left out, what its first ADD says

[client]                        # the same program's menu
start = "python3 peer.py localhost"
index_port = 7734
script = "menu.toml"            # what is typed into it, as for `p2pci check client`; left out, our own menu's
```

May import `errors` and the grammar's constants.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import DEFAULT_PORT, MAX_NUMBER, MAX_PORT

SETTINGS_NAME = "p2pci-check.toml"
KINDS = ("server", "peer", "client")

_RUN_SERVER = re.compile(r"^run-server\s*:", re.MULTILINE)
_KEYS = {
    "server": {"start", "port"},
    "peer": {"start", "index_port", "port", "have"},
    "client": {"start", "index_port", "script"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One program, and as what it is judged.

    Attributes:
        kind: one of KINDS.
        command: a line for the shell.
        port: of the server, or of the upload server; 0 for what its first ADD says.
        index_port: where we play the index server.
        number: of a document that the peer has; 0 for that of its first ADD.
        script: of the menu; None for our own menu's.
    """

    kind: str
    command: str
    port: int = 0
    index_port: int = DEFAULT_PORT
    number: int = 0
    script: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sub-folder.

    Attributes:
        tasks: none when there is `trouble`.
        trouble: why nothing there can be judged.
    """

    name: str
    folder: Path
    tasks: tuple[Task, ...] = ()
    trouble: str = ""


def find_entries(folder: Path) -> list[Entry]:
    """Look into every sub-folder, by name; hidden ones are passed over.

    Raises:
        InvalidValueError: the folder cannot be read, or has none.
    """
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise InvalidValueError(
            f"{folder}: {error.strerror}. Name a folder with one for each program."
        ) from error
    if not inner:
        raise InvalidValueError(f"{folder} has no sub-folders. Put each program into one of its own.")
    return [_to_entry(path) for path in inner]


def _to_entry(folder: Path) -> Entry:
    try:
        return Entry(name=folder.name, folder=folder, tasks=tuple(_read_tasks(folder)))
    except (OSError, ValueError) as error:  # of TOML and of UTF-8 too
        return Entry(name=folder.name, folder=folder, trouble=str(error))


def _read_tasks(folder: Path) -> Iterator[Task]:
    settings = folder / SETTINGS_NAME
    if settings.exists():
        tables = tomllib.loads(settings.read_text("utf-8"))
        if not tables:
            raise ValueError(f"{SETTINGS_NAME} is empty. It has [server], [peer] or [client].")
        yield from (_to_task(kind, table, folder) for kind, table in tables.items())
    elif _has_run_server(folder):
        yield Task(kind="server", command="make run-server", port=DEFAULT_PORT)
    else:
        raise ValueError(f"There is neither a {SETTINGS_NAME} nor a Makefile with run-server.")


def _has_run_server(folder: Path) -> bool:
    makefiles = (folder / name for name in ("GNUmakefile", "makefile", "Makefile"))
    return any(_RUN_SERVER.search(path.read_text("utf-8", "replace")) for path in makefiles if path.is_file())


def _to_task(kind: str, table: Any, folder: Path) -> Task:
    if kind not in KINDS or not isinstance(table, dict):
        raise ValueError(f"{SETTINGS_NAME}: {kind!r} is no table of it. It has [server], [peer] or [client].")
    if unknown := sorted(table.keys() - _KEYS[kind]):
        raise ValueError(f"{SETTINGS_NAME}, [{kind}]: {', '.join(unknown)} is not known.")
    if not isinstance(start := table.get("start"), str) or not start.strip():
        raise ValueError(f"{SETTINGS_NAME}, [{kind}]: start is missing, the line that starts the program.")
    return Task(
        kind=kind,
        command=start,
        port=_read_integer(table, "port", highest=MAX_PORT, default=DEFAULT_PORT if kind == "server" else 0),
        index_port=_read_integer(table, "index_port", highest=MAX_PORT, default=DEFAULT_PORT),
        number=_read_integer(table, "have", highest=MAX_NUMBER, default=0),
        script=folder / _read_name(table["script"]) if "script" in table else None,
    )


def _read_integer(table: dict[str, Any], key: str, *, highest: int, default: int) -> int:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not min(1, default) <= value <= highest:
        raise ValueError(f"{SETTINGS_NAME}: {key} is a number from 1 to {highest}.")
    return value


def _read_name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{SETTINGS_NAME}: script is the name of a file, between quotes.")  # noqa: TRY004
    return value
