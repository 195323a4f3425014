"""What people type: server addresses, networks, numbers and ranges, and the settings file."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import DEFAULT_PORT, parse_number, parse_port

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from p2pci.admission import Networks
    from p2pci.events import Address

_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kKmMgG]?)", re.ASCII)
_RFC = re.compile(r"^rfc(?=[0-9])", re.IGNORECASE)
SETTINGS_FILE = "p2pci.toml"
MAX_RANGE = 100_000
_ON, _OFF = {"1", "true", "t", "yes", "y", "on"}, {"0", "false", "f", "no", "n", "off"}  # as click has them
_ADDRESS = re.compile(
    r"\[(?P<v6>[^\[\]]+)\](?::(?P<v6_port>.*))?"
    r"|(?P<host>[^:\[\]/\s]+)(?::(?P<port>[^:/]*))?"
    r"|(?P<bare>[^:\[\]]*:[^\[\]]*:[^\[\]]*)"
)


def parse_address(text: str, *, default_port: int = DEFAULT_PORT) -> Address:
    """Read `host`, `host:port`, `[v6]:port` or a bare IPv6 address.

    Raises:
        InvalidValueError: it is none of these.
    """
    found = _ADDRESS.fullmatch(text.strip())
    inside = found and (found["v6"] or found["bare"])
    if not found or (inside and not _is_ipv6(inside)):
        raise InvalidValueError(f"{text!r} is not an address. Write host, host:port or [IPv6 address]:port.")
    port = found["v6_port"] if found["v6_port"] is not None else found["port"]
    return inside or found["host"], parse_port(_encode(port)) if port is not None else default_port


def parse_servers(text: str) -> tuple[Address, ...]:
    """Read one address of an index server, or with commas between those of several that answer as one.

    Raises:
        InvalidValueError: one of them is none.
    """
    return tuple(map(parse_address, text.split(",")))


def _is_ipv6(host: str) -> bool:
    from ipaddress import IPv6Address  # only now: few addresses are of this kind

    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def parse_listening_port(text: str) -> int:
    """Read a port to listen on: like any port, or 0 for a free one."""
    return 0 if text.strip() == "0" else parse_port(_encode(text.strip()))


def parse_page_address(text: str, *, default: Address) -> Address:
    """Read where a page is to be: `host`, `host:port`, or `:port` for the default's host; 0: any free port.

    Raises:
        InvalidValueError: it is none of these.
    """
    text = text.strip()
    if text.startswith(":") and not text.startswith("::"):
        return default[0], parse_listening_port(text[1:])
    if text.endswith(":0") and not text.endswith("::0"):
        return parse_address(text.removesuffix(":0"))[0], 0
    return parse_address(text, default_port=default[1])


def parse_seconds(text: str) -> float:
    """Read a number of seconds, 0 or more.

    Raises:
        InvalidValueError: it is none.
    """
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip(), re.ASCII):
        raise InvalidValueError(f"{text!r} is no number of seconds. Give digits alone, such as 60 or 0.5.")
    return float(text)


def parse_switch(text: str) -> bool:
    """Read whether something is on.

    Raises:
        InvalidValueError: it says neither.
    """
    word = text.strip().lower()
    if word not in _ON | _OFF:
        raise InvalidValueError(f"{text!r} says neither yes nor no. Give 1 or 0.")
    return word in _ON


def parse_rfc_number(text: str) -> int:
    """Read an RFC number, also as `RFC20`."""
    return parse_number(_encode(_RFC.sub("", text)))


def _encode(text: str) -> bytes:
    """Encode what was typed, also where it was not UTF-8."""
    return text.encode("utf-8", "backslashreplace")


def parse_numbers(words: Iterable[str]) -> list[int]:
    """Read RFC numbers and ranges such as `3457`, `RFC20` and `1-10`, each number once, in the order given.

    Raises:
        InvalidValueError: a word is neither.
    """
    numbers: dict[int, None] = {}
    for word in words:
        wanted = _parse_range(word)
        if wanted[-1] - wanted[0] >= MAX_RANGE:
            raise InvalidValueError(f"{word!r} are too many. Ask for at most {MAX_RANGE} at a time.")
        numbers.update(dict.fromkeys(wanted))
    return list(numbers)


def _parse_range(word: str) -> range:
    first, dash, last = word.partition("-")
    if dash and not (first and last):
        raise InvalidValueError(f"{word!r} is a range with an end left out. Write both, as in 1-10.")
    low = parse_rfc_number(first)
    high = parse_rfc_number(last) if dash else low
    if high < low:
        raise InvalidValueError(f"{word!r} is not a range. Write the lower number first, as in 1-10.")
    return range(low, high + 1)


def parse_ranges(text: str) -> tuple[range, ...]:
    """Read numbers and ranges such as `1-999,3457`, without counting them out.

    Raises:
        InvalidValueError: a word is neither.
    """
    return tuple(map(_parse_range, _words(text)))


def parse_networks(text: str) -> Networks:
    """Read networks such as `192.0.2.0/24,2001:db8::/32`, and single addresses.

    Raises:
        InvalidValueError: a word is neither.
    """
    from ipaddress import ip_network  # only now: few commands take any

    networks = []
    for word in _words(text):
        try:
            networks.append(ip_network(word))
        except ValueError as error:
            raise InvalidValueError(
                f"{word!r} is not a network: {error}. Write one as in 192.0.2.0/24 or 2001:db8::/32."
            ) from error
    return tuple(networks)


def _words(text: str) -> list[str]:
    """Split at commas and blanks.

    Raises:
        InvalidValueError: there is nothing: a list that is empty by mistake must not mean all.
    """
    words = text.replace(",", " ").split()
    if not words:
        raise InvalidValueError("There is nothing in this list. Leave it out, or write what it holds.")
    return words


def parse_rate(text: str) -> int:
    """Read bytes a second, such as `500k` or `5M`, in which k, M and G are those of curl and rsync: 1024.

    Raises:
        InvalidValueError: it is none.
    """
    found = _RATE.fullmatch(text.strip())
    if not found:
        raise InvalidValueError(f"{text!r} is no rate. Give bytes a second, as in 500k or 5M; 0: no limit.")
    unit: int = 1024 ** " KMG".index((found[2] or " ").upper())
    return math.ceil(float(found[1]) * unit)


def load_settings(path: Path) -> dict[str, dict[str, str]]:
    """Read a settings file: a table per command, keys named like its flags, values as they are typed.

    Gives none when there is no file.

    Raises:
        InvalidValueError: it cannot be read, is not TOML, or has something else in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        import tomllib  # only now: most folders have no such file, and every command looks for it

        tables = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidValueError(f"{path}: {error}. Mend the file or remove it.") from error
    return {command: _read_table(path, command, table) for command, table in tables.items()}


def _read_table(path: Path, command: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise InvalidValueError(
            f"{path}: {command!r} is in no table. Put it below [list] or another command."
        )
    for key, value in table.items():
        if isinstance(value, dict):
            raise InvalidValueError(
                f"{path}: [{command}.{key}] is a table, and {command!r} has settings alone. "
                f'Write each below [{command}], as in library = "rfcs".'
            )
        if isinstance(value, list):
            raise InvalidValueError(
                f"{path}: {key!r} in [{command}] is a list. Write one value in quotes; "
                "of numbers and networks it may hold several, with commas between."
            )
    return {key: str(value) for key, value in table.items()}
