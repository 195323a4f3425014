"""The command `p2pci`: the group of its commands, and where it begins and ends."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from p2pci import __version__
from p2pci.cli.commands import (
    asking,
    bundling,
    checking,
    completing,
    reading,
    searching,
    shelf,
    spying,
    taking_part,
)
from p2pci.cli.exits import ExitStatus, run_to_exit
from p2pci.cli.grouping import SectionedGroup
from p2pci.cli.settings import SETTINGS_FILE, load_settings
from p2pci.errors import InvalidValueError

SETTINGS_PATH = Path(SETTINGS_FILE)
SECTIONS = {
    "Run": ("server", "peer"),
    "Ask and fetch": ("lookup", "list", "get", "mirror", "search"),
    "The shelf": ("titles", "read", "bundle"),
    "Conformance": ("check", "spy"),
    "Other": ("demo", "completion"),
}


@click.group(
    cls=SectionedGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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
        command: _defaults(command, table) for command, table in load_settings(SETTINGS_PATH).items()
    }


def _defaults(name: str, table: dict[str, str]) -> dict[str, object]:
    """Give a command's settings by the names that click has for them; those of a group hold for all in it.

    Raises:
        InvalidValueError: there is no such command, or it has no such flag.
    """
    command = cli.commands.get(name)
    if command is None:
        raise InvalidValueError(f"{SETTINGS_PATH}: there is no command {name!r}. Mend the file.")
    parts = command.commands if isinstance(command, click.Group) else {name: command}
    names = {part: _parameters(inner) for part, inner in parts.items()}
    for flag in table:
        if not any(flag in known for known in names.values()):
            raise InvalidValueError(f"{SETTINGS_PATH}: {name!r} has no setting {flag!r}. Mend the file.")
    lists = {each.name for inner in parts.values() for each in inner.params if _is_list(each)}
    values = {flag: [value] if flag.replace("-", "_") in lists else value for flag, value in table.items()}
    defaults = {
        part: {known[flag]: value for flag, value in values.items() if flag in known}
        for part, known in names.items()
    }
    return dict(defaults if isinstance(command, click.Group) else defaults[name])


def _is_list(parameter: click.Parameter) -> bool:
    """Whether it may be given several times; the file has all in one value."""
    return isinstance(parameter, click.Option) and parameter.multiple


def _parameters(command: click.Command) -> dict[str, str]:
    """The names that click has for what the flags of a command set."""
    return {flag.lstrip("-"): option.name for option in command.params for flag in option.opts if option.name}


for _command in (
    taking_part.server,
    taking_part.peer,
    asking.lookup,
    asking.list_all,
    asking.get,
    searching.search,
    shelf.mirror,
    shelf.titles,
    reading.read,
    bundling.bundle,
    spying.spy,
    checking.check,
    taking_part.demo,
    completing.completion,
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
        if isinstance(error, click.BadParameter) and (where := _where_from(error)):
            click.echo(f"It comes from {where}.", err=True)
        return ExitStatus.USAGE
    except click.Abort:
        return ExitStatus.INTERRUPTED
    return ExitStatus(status or 0)


def _where_from(error: click.BadParameter) -> str:
    """Say where a value comes from that nobody typed; "" for one that somebody did."""
    name = error.param.name if error.param else None
    match error.ctx and name and error.ctx.get_parameter_source(name):
        case ParameterSource.ENVIRONMENT if error.param:
            return f"{error.param.envvar} in the environment"
        case ParameterSource.DEFAULT_MAP:
            return f"{SETTINGS_PATH} in this folder"
        case _:
            return ""
