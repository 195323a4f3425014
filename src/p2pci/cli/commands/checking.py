"""The command `p2pci check`: the group of what can be judged, and the flags that all of it shares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2pci.cli.grouping import SectionedGroup
from p2pci.cli.limiting import grouped
from p2pci.cli.options import ADVERTISED, PORT, SECONDS, SERVER, json_option, run_command
from p2pci.protocol.grammar import DEFAULT_PORT, MAX_NUMBER

if TYPE_CHECKING:
    from p2pci.cli.checking import CheckOptions
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Address


def _in_a_folder(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """See now, and not when everything is done, that a report has somewhere to go."""
    if path and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}. Make it first.")
    return path


def _not_zero(_context: click.Context, _parameter: click.Parameter, seconds: float | None) -> float | None:
    if seconds == 0:
        raise click.BadParameter("give more than 0.")
    return seconds


def _default_or_file(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from p2pci.cli.checking import DEFAULT_SCRIPT

    if value and value != DEFAULT_SCRIPT:
        click.Path(exists=True, dir_okay=False).convert(value, parameter, context)
    return value


REPORT = click.Path(path_type=Path, dir_okay=False, writable=True)


def _options(**values: Any) -> CheckOptions:
    from p2pci.cli.checking import CheckOptions

    return CheckOptions(**values)


_CHOICE = [
    click.option(
        "--only",
        multiple=True,
        metavar="PATTERN",
        help="Try these cases alone: ids, clauses, their beginnings (P-2) or globs, with commas between.",
    ),
    click.option("--skip", multiple=True, metavar="PATTERN", help="Try all but these cases."),
]
_STRICTNESS = [
    click.option("--strict", "is_strict", is_flag=True, help="Let a SHOULD and what is lenient count, too."),
    click.option(
        "--waive",
        "waivers",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="Do not count the cases in this file, a line each: id  # reason.",
    ),
    click.option(
        "--timeout",
        "answer_seconds",
        type=SECONDS,
        callback=_not_zero,
        help="Wait that long for an answer, in place of 3 seconds (a client: 4, or 120 by hand).",
    ),
]
_REPORTS = [
    json_option,
    click.option(
        "--junit", type=REPORT, callback=_in_a_folder, metavar="FILE", help="Write JUnit's XML, too."
    ),
    click.option(
        "--html",
        type=REPORT,
        callback=_in_a_folder,
        metavar="FILE",
        help="Write a page with all that went over the wire, too.",
    ),
]
_START = click.option(
    "--start", metavar="COMMAND", help="Start the program under test first, and stop it afterwards."
)
_STRICTNESS_NAMES = ("is_strict", "waivers", "answer_seconds")
_NAMES = ("only", "skip", *_STRICTNESS_NAMES, "is_json", "junit", "html")
_OPTIONS = [*_CHOICE, *_STRICTNESS, *_REPORTS]
_class_options = grouped("options", _options, names=_STRICTNESS_NAMES, options=_STRICTNESS)
_check_options = grouped("options", _options, names=_NAMES, options=_OPTIONS)
_check_and_start_options = grouped("options", _options, names=("start", *_NAMES), options=[_START, *_OPTIONS])
_list_option = click.option("--list", "is_list", is_flag=True, help="Show the cases, and try none.")


@click.group(cls=SectionedGroup, sections={"Commands": ("server", "peer", "client", "class")})
def check() -> None:
    """Judge any implementation of the protocol, from the wire alone.

    Every case cites its clause of docs/protocol.md. Exit codes: 0 it conforms, 6 it does not, 4 nothing could
    be tried.

    \b
    Example:  p2pci check server localhost:7734
    """


@check.command()
@click.argument("address", type=SERVER, metavar="HOST[:PORT]", required=False)
@_list_option
@_check_and_start_options
def server(address: Address | None, *, is_list: bool, options: CheckOptions) -> ExitStatus:
    """Judge an index server.

    \b
    Example:  p2pci check server localhost:7734 --start 'make run-server'
    """
    from p2pci.checker.server import CASES
    from p2pci.cli.checking import check_target, list_cases
    from p2pci.cli.suites import suite_of_server

    if is_list:
        return list_cases(CASES, options, kind="server")
    return run_command(check_target(suite_of_server(_require(address)), options), is_short=True)


@check.command()
@click.argument("address", type=ADVERTISED, metavar="HOST:PORT", required=False)
@click.option("--have", type=click.IntRange(1, MAX_NUMBER), metavar="N", help="An RFC that it has; required.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PATH",
    help="A copy of that RFC, with which the data are compared.",
)
@_list_option
@_check_and_start_options
def peer(
    address: Address | None, have: int | None, *, file: Path | None, is_list: bool, options: CheckOptions
) -> ExitStatus:
    """Judge the upload server of a peer.

    \b
    Example:  p2pci check peer localhost:63235 --have 3457 --file peer1/rfcs/rfc3457.txt
    """
    from p2pci.checker.peer import CASES
    from p2pci.cli.checking import check_target, list_cases
    from p2pci.cli.suites import suite_of_peer

    if is_list:
        return list_cases(CASES, options, kind="peer")
    address = _require(address)
    if have is None:
        raise click.UsageError("Say which RFC it has: --have N.")
    return run_command(check_target(suite_of_peer(address, have=have, file=file), options), is_short=True)


@check.command()
@click.option(
    "--listen",
    type=PORT,
    default=DEFAULT_PORT,
    show_default=True,
    help="The port of the index server that we play; 0: any free one, as {port} in CMD.",
)
@click.option(
    "--script",
    callback=_default_or_file,
    metavar="FILE",
    help="What is typed into its menu: TOML as above, or the word default.",
)
@_list_option
@_check_options
@click.argument("command", nargs=-1, metavar="-- CMD...")
def client(
    command: tuple[str, ...], *, listen: int, script: str | None, is_list: bool, options: CheckOptions
) -> ExitStatus:
    """Judge a client: we play the index server and holders, and each case starts it anew with CMD.

    Without --script you are told what to do in its menu. As a file, --script default is:

    \b
    prompt = '[:?>\\])] ?$'      # what a question ends in
    [actions]
    add = ["1", "{number}", "{title}"]
    lookup = ["2", "{number}", "{title}"]
    list = ["3"]
    get = ["4", "{number}"]     # {host} and {port}, too, for menus that ask for the holder's
    leave = ["5"]

    \b
    Example:  p2pci check client --script menu.toml -- python3 peer.py localhost
    """
    from p2pci.checker.client import CASES
    from p2pci.cli.checking import check_client, list_cases

    if is_list:
        return list_cases(CASES, options, kind="client")
    if not command:
        raise click.UsageError("Say behind -- how the client is started. With --list nothing is tried.")
    if not script and not sys.stdin.isatty():
        raise click.UsageError(
            "Say how its menu is used: --script FILE, or --script default for a menu like ours."
        )
    return run_command(check_client(command, options, listen=listen, script=script), is_short=True)


def _require(address: Address | None) -> Address:
    if address is None:
        raise click.UsageError("Say where it listens: HOST:PORT. With --list nothing is tried.")
    if address[1] == 0:
        raise click.UsageError("Say on which port it listens: HOST:PORT.")
    return address


@check.command(name="class")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="p2pci-class",
    show_default=True,
    help="The folder for the reports.",
)
@_class_options
def class_(folder: Path, *, out: Path, options: CheckOptions) -> ExitStatus:
    """Judge a program in each sub-folder of DIR: a matrix of all, grades.csv, and a page for each.

    A program says how it is started in p2pci-check.toml, or has a Makefile with run-server:

    \b
    [server]
    start = "python3 server.py"              # port = 7734
    [peer]
    start = "python3 peer.py localhost"      # its upload server
    [client]
    start = "python3 peer.py localhost"      # its menu; script = "menu.toml"

    \b
    Example:  p2pci check class submissions --out reports
    """
    from p2pci.cli.classing import check_class

    return run_command(check_class(folder, options, out=out), is_short=True)
