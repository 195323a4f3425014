"""What several commands have in common: types of parameters, options, and how a command is run."""

from __future__ import annotations

import re
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2pci.cli.settings import (
    parse_address,
    parse_networks,
    parse_page_address,
    parse_ranges,
    parse_rate,
    parse_seconds,
    parse_servers,
)
from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Address


class _AddressType(click.ParamType[Any]):
    name = "host[:port]"

    def __init__(self, default_port: int) -> None:
        self._default_port = default_port

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        if isinstance(value, tuple):
            return value
        try:
            return parse_address(value, default_port=self._default_port)
        except InvalidValueError as error:
            self.fail(str(error), param, ctx)


class _DigestType(click.ParamType[Any]):
    name = "sha-256"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        if not re.fullmatch("[0-9A-Fa-f]{64}", value):
            self.fail(f"{value!r} is no SHA-256. Give its 64 hex digits.", param, ctx)
        return bytes.fromhex(value)


class _SecondsType(click.ParamType[Any]):
    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return parse_seconds(str(value))
        except InvalidValueError as error:
            self.fail(str(error), param, ctx)


class _LeaseType(click.FloatRange):
    """A range that has no `nan` in it, as click's own has."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        return seconds if isfinite(seconds) else self.fail(f"{value!r} is not in the range.", param, ctx)


class _WordType(click.ParamType[Any]):
    """What a function of `settings` reads out of a word; what it gives is no string."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except InvalidValueError as error:
            self.fail(str(error), param, ctx)


DIGEST = _DigestType()
NETWORKS = _WordType("network", parse_networks)
NUMBERS = _WordType("numbers", parse_ranges)
RATE = _WordType("bytes/s", parse_rate)
SECONDS = _SecondsType()
LEASE = _LeaseType(1.0, 3600.0)
INDEX_PAGE = _WordType("host:port", partial(parse_page_address, default=("127.0.0.1", 7781)))
PEER_PAGE = _WordType("host:port", partial(parse_page_address, default=("127.0.0.1", 7780)))
SERVER = _AddressType(DEFAULT_PORT)
SERVERS = _WordType("host[:port][,...]", parse_servers)
ADVERTISED = _AddressType(0)
PORT = click.IntRange(0, 65535)
FOLDER = click.Path(path_type=Path, readable=False)  # the shelf says it better

server_option = click.option(
    "--server",
    type=SERVERS,
    envvar="P2PCI_SERVER",
    default="localhost",
    show_default=True,
    help="The index server; of several that answer as one, with commas between, the first that answers.",
)
library_option = click.option(
    "--library",
    type=FOLDER,
    envvar="P2PCI_LIBRARY",
    default="rfcs",
    show_default=True,
    help="The folder of rfcN.txt.",
)
origin_option = click.option(
    "--origin",
    metavar="URL-PREFIX",
    envvar="P2PCI_ORIGIN",
    help="Where on the web rfcN.txt is, as in https://www.rfc-editor.org/rfc/ (off by default).",
)
json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON.")
log_format_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    envvar="P2PCI_LOG_FORMAT",
    default="text",
    show_default=True,
    help="Print lines for people, or one JSON object a line.",
)
trace_option = click.option("--trace", is_flag=True, help="Show every message sent and received.")
max_bytes_option = click.option(
    "--max-bytes",
    type=click.IntRange(1),
    default=64 * 1024 * 1024,
    show_default=True,
    help="Take no document that is larger.",
)
bind_option = click.option(
    "--bind", metavar="HOST", envvar="P2PCI_BIND", help="Listen on this address alone."
)


def run_command(main: Coroutine[Any, Any, ExitStatus], *, is_short: bool = False) -> ExitStatus:
    """Run what a command does; `is_short` as in `running.run`."""
    from p2pci.cli.running import run

    return run(main, is_short=is_short)
