"""The command `p2pci check`: the group of what can be judged, and the flags that all of it shares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2pci.cli.limiting import grouped
from p2pci.cli.options import SECONDS, SERVER, json_option, run_command

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


REPORT = click.Path(path_type=Path, dir_okay=False, writable=True)


def _options(**values: Any) -> CheckOptions:
    from p2pci.cli.checking import CheckOptions

    return CheckOptions(**values)


_check_options = grouped(
    "options",
    _options,
    names=(
        "only",
        "skip",
        "is_strict",
        "waivers",
        "answer_seconds",
        "start",
        "is_json",
        "junit",
        "html",
    ),
    options=[
        click.option(
            "--start", metavar="COMMAND", help="Start the program under test first, and stop it afterwards."
        ),
        click.option(
            "--only",
            multiple=True,
            metavar="PATTERN",
            help="Try these cases alone: ids, clauses, their beginnings (P-2) or globs, with commas between.",
        ),
        click.option("--skip", multiple=True, metavar="PATTERN", help="Try all but these cases."),
        click.option(
            "--strict", "is_strict", is_flag=True, help="Let a SHOULD and what is lenient count, too."
        ),
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
            help="Wait that long for an answer; 3 by default.",
        ),
        json_option,
        click.option(
            "--junit", type=REPORT, callback=_in_a_folder, metavar="FILE", help="Write JUnit's XML, too."
        ),
        click.option(
            "--html",
            type=REPORT,
            callback=_in_a_folder,
            metavar="FILE",
            help="Write a page with every wire, too.",
        ),
    ],
)
_list_option = click.option("--list", "is_list", is_flag=True, help="Show the cases, and try none.")


@click.group()
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
@_check_options
def server(address: Address | None, *, is_list: bool, options: CheckOptions) -> ExitStatus:
    """Judge an index server.

    \b
    Example:  p2pci check server localhost:7734 --start 'make run-server'
    """
    from p2pci.checker.server import CASES, Server
    from p2pci.cli.checking import Suite, check_target, list_cases
    from p2pci.dialing import show_address

    if is_list:
        return list_cases(CASES, options, kind="server")
    host, port = _require(address)
    name = show_address((host, port))
    suite = Suite(
        kind="server",
        name=name,
        address=(host, port),
        cases=CASES,
        make_target=lambda wires: Server(host, port, wires),
        words=(name,),
    )
    return run_command(check_target(suite, options), is_short=True)


def _require(address: Address | None) -> Address:
    if address is None:
        raise click.UsageError("Say where it listens: HOST:PORT. With --list nothing is tried.")
    if address[1] == 0:
        raise click.UsageError("Say on which port it listens: HOST:PORT.")
    return address
