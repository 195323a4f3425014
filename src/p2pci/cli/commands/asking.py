"""The commands that ask the index or its peers for something, and are over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2pci.cli.completing import complete_listed_number
from p2pci.cli.options import (
    DIGEST,
    FOLDER,
    json_option,
    max_bytes_option,
    origin_option,
    run_command,
    server_option,
    trace_option,
)
from p2pci.cli.settings import parse_numbers, parse_rfc_number

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Servers


@click.command()
@click.argument("number")
@click.option("--title", default="", help="Sent along; it selects nothing.")
@server_option
@json_option
@trace_option
def lookup(number: str, title: str, *, server: Servers, is_json: bool, trace: bool) -> ExitStatus:
    """Find which peers have an RFC.

    \b
    Example:  p2pci lookup 3457 --server 192.0.2.7
    """
    from p2pci.cli.questions import ask_index

    wanted = parse_rfc_number(number)
    return run_command(
        ask_index(
            server,
            lambda index, take: index.lookup(wanted, title, take=take),
            if_nothing="No peer has it at the moment. `p2pci list` shows what there is.",
            is_json=is_json,
            is_traced=trace,
        ),
        is_short=True,
    )


@click.command(name="list")
@server_option
@json_option
@trace_option
def list_all(*, server: Servers, is_json: bool, trace: bool) -> ExitStatus:
    """List all RFCs of all peers.

    \b
    Example:  p2pci list --server 192.0.2.7 --json
    """
    from p2pci.cli.questions import ask_index

    return run_command(
        ask_index(
            server,
            lambda index, take: index.list_all(take=take),
            if_nothing="The index has no records.",
            is_json=is_json,
            is_traced=trace,
        ),
        is_short=True,
    )


@click.command()
@click.argument("numbers", nargs=-1, required=True, shell_complete=complete_listed_number)
@click.option("-o", "--output", type=FOLDER, default=".", show_default=True, help="The folder to save in.")
@click.option("--force", is_flag=True, help="Download again what is already there.")
@click.option("--accept", type=DIGEST, help="The SHA-256 that is right when holders disagree, in hex.")
@max_bytes_option
@origin_option
@server_option
@json_option
@trace_option
def get(
    numbers: tuple[str, ...],
    output: Path,
    *,
    force: bool,
    accept: bytes | None,
    max_bytes: int,
    origin: str | None,
    server: Servers,
    is_json: bool,
    trace: bool,
) -> ExitStatus:
    """Download RFCs from the peers that have them; what none has, from the origin.

    \b
    Example:  p2pci get 3457 123 1-10 -o rfcs
    """
    from p2pci.cli.getting import GetOptions, get_documents

    wanted = parse_numbers(numbers)
    if accept and len(wanted) > 1:
        raise click.UsageError("--accept is about one document. Ask for that alone.")
    options = GetOptions(
        folder=output,
        is_forced=force,
        accepts=accept,
        max_bytes=max_bytes,
        origin=origin,
        is_json=is_json,
        is_traced=trace,
    )
    return run_command(get_documents(server, wanted, options))
