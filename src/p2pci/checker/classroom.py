"""A class: every sub-folder of a folder is a program of somebody's, with a line that starts it.

The line stands in `p2pci-check.toml` there, or the Makefile has `run-server`:

```toml
[server]
start = "python3 server.py"     # a line for the shell, run in that folder
port = 7734                     # where it listens then; 7734 when it is left out
host = "127.0.0.1"              # at this address; 127.0.0.1 when it is left out

[peer]                          # its upload server; the index server that it needs we play ourselves
start = "python3 peer.py localhost"
index_port = 7734               # where it looks for that; 7734 when it is left out
port = 5001                     # of the upload server, and
have = 123                      # a document that it has: left out, what its first ADD says
host = "127.0.0.1"              # of the upload server, too

[client]                        # the same program's menu
start = "python3 peer.py localhost"
index_port = 7734
script = "menu.toml"            # what is typed into it, as for `p2pci check client`; left out, our own menu's
```

Whoever wrote that file may be clumsy or hostile: what is wrong with it becomes the trouble of that folder.
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
HOST = "127.0.0.1"
MAX_FILE_BYTES = 64 * 1024

_RUN_SERVER = re.compile(r"^run-server\s*:", re.MULTILINE)
_KEYS = {
    "server": {"start", "host", "port"},
    "peer": {"start", "index_port", "host", "port", "have"},
    "client": {"start", "index_port", "script"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One program, and as what it is judged.

    Attributes:
        kind: one of KINDS.
        command: a line for the shell.
        host: where the server or the upload server listens.
        port: of the server, or of the upload server; 0 for what its first ADD says.
        index_port: where we play the index server.
        number: of a document that the peer has; 0 for that of its first ADD.
        script: of the menu; None for our own menu's.
    """

    kind: str
    command: str
    host: str = HOST
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


def find_entries(folder: Path, *, out: Path) -> list[Entry]:
    """Look into every sub-folder, by name; hidden ones and that of the reports are passed over.

    Raises:
        InvalidValueError: the folder cannot be read, or has none.
    """
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        inner = [path for path in inner if path.resolve() != out.resolve()]
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
    except OSError as error:
        trouble = f"{SETTINGS_NAME} or the Makefile cannot be read: {error.strerror}."
    except RecursionError:  # of TOML, for brackets within brackets without end
        trouble = f"{SETTINGS_NAME}: brackets are nested too deeply."
    except ValueError as error:  # of TOML and of UTF-8 too
        trouble = f"{str(error).rstrip('.')}."
    return Entry(name=folder.name, folder=folder, trouble=trouble)


def _read_tasks(folder: Path) -> Iterator[Task]:
    settings = folder / SETTINGS_NAME
    if settings.exists():
        yield from _parse_tasks(_read_text(settings), folder)
    elif _has_run_server(folder):
        yield Task(kind="server", command="make run-server", port=DEFAULT_PORT)
    else:
        raise ValueError(f"There is neither a {SETTINGS_NAME} nor a Makefile with run-server")


def _parse_tasks(text: str, folder: Path) -> Iterator[Task]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{SETTINGS_NAME} is no TOML: {error}") from error
    if not tables:
        raise ValueError(f"{SETTINGS_NAME} is empty. It has [server], [peer] or [client]")
    for kind, table in tables.items():
        yield _to_task(kind, table, folder)


def _read_text(path: Path) -> str:
    """Read a small file; what is none (a pipe, a device) is not waited for.

    Raises:
        ValueError: it is none, or no UTF-8.
    """
    if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"{path.name} is no file of up to {MAX_FILE_BYTES // 1024} KiB")
    try:
        return path.read_text("utf-8-sig")  # as some editors of Windows write it
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8. Save it as that") from error


def _has_run_server(folder: Path) -> bool:
    """Whether make finds the target; it reads the first of these files that there is."""
    names = ("GNUmakefile", "makefile", "Makefile")
    makefile = next((folder / name for name in names if (folder / name).is_file()), None)
    return makefile is not None and _RUN_SERVER.search(_read_text(makefile)) is not None


def _to_task(kind: str, table: Any, folder: Path) -> Task:
    where = f"{SETTINGS_NAME}, [{kind}]"
    if kind not in KINDS or not isinstance(table, dict):
        raise ValueError(f"{SETTINGS_NAME} has the tables [server], [peer] and [client], and no {kind!r}")
    if unknown := sorted(table.keys() - _KEYS[kind]):
        known = ", ".join(sorted(_KEYS[kind]))
        raise ValueError(f"{where}: {', '.join(unknown)} is not known. There are {known}")
    if not isinstance(start := table.get("start"), str) or not start.strip() or "\0" in start:
        raise ValueError(f"{where}: start is missing, the line that starts the program, between quotes")
    return Task(
        kind=kind,
        command=start,
        host=_read_name(table.get("host", HOST), f"{where}: host"),
        port=_read_integer(table, "port", highest=MAX_PORT, default=DEFAULT_PORT if kind == "server" else 0),
        index_port=_read_integer(table, "index_port", highest=MAX_PORT, default=DEFAULT_PORT),
        number=_read_integer(table, "have", highest=MAX_NUMBER, default=0),
        script=folder / _read_name(table["script"], f"{where}: script") if "script" in table else None,
    )


def _read_integer(table: dict[str, Any], key: str, *, highest: int, default: int) -> int:
    value = table.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        raise ValueError(f"{SETTINGS_NAME}: {key} is a number from 1 to {highest}, without quotes")
    return value


def _read_name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{what} is a name between quotes")
    return value
