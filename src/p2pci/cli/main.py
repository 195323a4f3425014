"""The command `p2pci`: options in, exit code out. What a command does is imported when it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2pci import __version__
from p2pci.cli.exits import ExitStatus, run_to_exit
from p2pci.cli.settings import SETTINGS_FILE, load_settings, parse_address, parse_numbers, parse_rfc_number
from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

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


SERVER = _AddressType(DEFAULT_PORT)
ADVERTISED = _AddressType(0)
PORT = click.IntRange(0, 65535)
SETTINGS_PATH = Path(SETTINGS_FILE)
FOLDER = click.Path(path_type=Path, readable=False)  # the shelf says it better

server_option = click.option(
    "--server",
    type=SERVER,
    envvar="P2PCI_SERVER",
    default="localhost",
    show_default=True,
    help="The index server.",
)
json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON.")
trace_option = click.option("--trace", is_flag=True, help="Show every message sent and received.")
bind_option = click.option(
    "--bind", metavar="HOST", envvar="P2PCI_BIND", help="Listen on this address alone."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version=__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Share RFC documents with your neighbours: an index server, peers, and their folders.

    \b
    On one machine:    p2pci server
    On every machine:  p2pci peer THAT-MACHINE

    Settings come from flags, then from P2PCI_... in the environment, then from p2pci.toml in this folder.
    """
    context.default_map = {
        command: dict(_by_parameter(command, table))
        for command, table in load_settings(SETTINGS_PATH).items()
    }


def _by_parameter(command: str, table: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Give a command's settings by the names that click has for them.

    Raises:
        InvalidValueError: there is no such command, or it has no such flag.
    """
    if command not in cli.commands:
        raise InvalidValueError(f"{SETTINGS_PATH}: there is no command {command!r}. Mend the file.")
    names = {flag.lstrip("-"): option.name for option in cli.commands[command].params for flag in option.opts}
    for flag, value in table.items():
        name = names.get(flag)
        if not name:
            raise InvalidValueError(f"{SETTINGS_PATH}: {command!r} has no setting {flag!r}. Mend the file.")
        yield name, value


@cli.command()
@bind_option
@click.option(
    "--port", type=PORT, envvar="P2PCI_PORT", default=DEFAULT_PORT, show_default=True, help="0: any free one."
)
@click.option(
    "--trust-hosts", is_flag=True, envvar="P2PCI_TRUST_HOSTS", help="Publish every peer as it claims to be."
)
@trace_option
def server(bind: str | None, port: int, *, trust_hosts: bool, trace: bool) -> ExitStatus:
    """Run an index server.

    \b
    Example:  p2pci server --port 7734
    """
    from p2pci.cli.hosting import host_server

    return _run(
        host_server(
            bind=bind, port=port, trusts_claims=trust_hosts, shows_messages=trace, peer_command="p2pci peer"
        )
    )


@cli.command()
@click.argument("server", type=SERVER, envvar="P2PCI_SERVER", default="localhost")
@click.option(
    "--library",
    type=FOLDER,
    envvar="P2PCI_LIBRARY",
    default="rfcs",
    show_default=True,
    help="The folder of rfcN.txt to share.",
)
@bind_option
@click.option(
    "--port", type=PORT, envvar="P2PCI_UPLOAD_PORT", default=0, help="The upload server's; 0: any free one."
)
@click.option(
    "--advertise", type=ADVERTISED, envvar="P2PCI_ADVERTISE", help="Be published as this host, and port."
)
@click.option("--menu/--no-menu", default=True, help="Offer the menu, or serve until SIGTERM.")
@trace_option
def peer(
    server: Address,
    library: Path,
    *,
    bind: str | None,
    port: int,
    advertise: Address | None,
    menu: bool,
    trace: bool,
) -> ExitStatus:
    """Share a folder, and find documents.

    SERVER is the index server: host, host:port or [IPv6 address]:port.

    \b
    Example:  p2pci peer 192.0.2.7 --library ~/rfcs
    """
    from p2pci.cli.hosting import host_peer

    return _run(
        host_peer(
            server,
            library=library,
            bind=bind,
            port=port,
            advertise=advertise,
            has_menu=menu,
            shows_messages=menu or trace,
            shows_all=trace,
        )
    )


@cli.command()
@click.argument("number")
@click.option("--title", default="", help="Sent along; it selects nothing.")
@server_option
@json_option
@trace_option
def lookup(number: str, title: str, *, server: Address, is_json: bool, trace: bool) -> ExitStatus:
    """Find which peers have an RFC.

    \b
    Example:  p2pci lookup 3457 --server 192.0.2.7
    """
    from p2pci.cli.questions import ask_index

    wanted = parse_rfc_number(number)
    return _run(
        ask_index(server, lambda index: index.lookup(wanted, title), is_json=is_json, is_traced=trace),
        is_short=True,
    )


@cli.command(name="list")
@server_option
@json_option
@trace_option
def list_all(*, server: Address, is_json: bool, trace: bool) -> ExitStatus:
    """List all RFCs of all peers.

    \b
    Example:  p2pci list --server 192.0.2.7 --json
    """
    from p2pci.cli.questions import ask_index

    return _run(
        ask_index(server, lambda index: index.list_all(), is_json=is_json, is_traced=trace), is_short=True
    )


@cli.command()
@click.argument("numbers", nargs=-1, required=True)
@click.option("-o", "--output", type=FOLDER, default=".", show_default=True, help="The folder to save in.")
@click.option("--force", is_flag=True, help="Download again what is already there.")
@server_option
@json_option
@trace_option
def get(
    numbers: tuple[str, ...], output: Path, *, force: bool, server: Address, is_json: bool, trace: bool
) -> ExitStatus:
    """Download RFCs from the peers that have them.

    \b
    Example:  p2pci get 3457 123 1-10 -o rfcs
    """
    from p2pci.cli.getting import get_documents

    wanted = parse_numbers(numbers)
    return _run(
        get_documents(server, wanted, folder=output, is_forced=force, is_json=is_json, is_traced=trace)
    )


@cli.command()
def demo() -> ExitStatus:
    """Show it all on this machine.

    An index server and three peers exchange every kind of message, and each step is checked.

    \b
    Example:  p2pci demo
    """
    from p2pci.cli.demo import run_demo

    return _run(run_demo())


def _run(main: Coroutine[Any, Any, ExitStatus], *, is_short: bool = False) -> ExitStatus:
    from p2pci.cli.running import run

    return run(main, is_short=is_short)


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run_to_exit(lambda: _invoke(arguments)))


def _invoke(arguments: list[str] | None) -> ExitStatus:
    try:
        status = cli.main(arguments, prog_name="p2pci", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE
    except click.Abort:
        return ExitStatus.INTERRUPTED
    return ExitStatus(status or 0)
