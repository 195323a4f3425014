"""The command `p2pci`: the group of its commands, and where it begins and ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2pci import __version__
from p2pci.cli.commands import asking, shelf, taking_part
from p2pci.cli.exits import ExitStatus, run_to_exit
from p2pci.cli.settings import SETTINGS_FILE, load_settings
from p2pci.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS_PATH = Path(SETTINGS_FILE)


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


for _command in (
    taking_part.server,
    taking_part.peer,
    asking.lookup,
    asking.list_all,
    asking.get,
    shelf.mirror,
    taking_part.demo,
):
    cli.add_command(_command)


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
