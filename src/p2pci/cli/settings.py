"""What people type: server addresses, numbers and ranges, and the settings file."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import DEFAULT_PORT, parse_number, parse_port

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from p2pci.events import Address

SETTINGS_FILE = "p2pci.toml"
_ADDRESS = re.compile(
    r"\[(?P<v6>[^\]]+)\](?::(?P<v6_port>.*))?|(?P<host>[^:]+)(?::(?P<port>.*))?|(?P<bare>.*:.*:.*)"
)


def parse_address(text: str, *, default_port: int = DEFAULT_PORT) -> Address:
    """Read `host`, `host:port`, `[v6]:port` or a bare IPv6 address.

    Raises:
        InvalidValueError: it is none of these.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if not found:
        raise InvalidValueError(f"{text!r} is not an address. Write host, host:port or [IPv6 address]:port.")
    port = found["v6_port"] if found["v6_port"] is not None else found["port"]
    host = found["v6"] or found["host"] or found["bare"]
    return host, parse_port(port.encode()) if port is not None else default_port


def parse_listening_port(text: str) -> int:
    """Read a port to listen on: like any port, or 0 for a free one."""
    return 0 if text.strip() == "0" else parse_port(text.strip().encode())


def parse_numbers(words: Iterable[str]) -> list[int]:
    """Read RFC numbers and ranges such as `3457` and `1-10`, each number once, in the order given.

    Raises:
        InvalidValueError: a word is neither.
    """
    numbers: dict[int, None] = {}
    for word in words:
        first, dash, last = word.partition("-")
        low = parse_number(first.encode())
        high = parse_number(last.encode()) if dash else low
        if high < low or high - low > 100_000:
            raise InvalidValueError(f"{word!r} is not a range. Write the lower number first, as in 1-10.")
        numbers.update(dict.fromkeys(range(low, high + 1)))
    return list(numbers)


def load_settings(path: Path) -> dict[str, Any]:
    """Read a settings file: a table per command, keys named like its flags; none when there is no file.

    Raises:
        InvalidValueError: it cannot be read, or is not TOML.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidValueError(f"{path}: {error}. Mend the file or remove it.") from error
    return {
        command: {key.replace("-", "_"): value for key, value in table.items()}
        for command, table in tables.items()
        if isinstance(table, dict)
    }
