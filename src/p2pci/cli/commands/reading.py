"""The command that shows a document."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2pci.cli.completing import complete_shelf_number
from p2pci.cli.options import (
    json_option,
    library_option,
    max_bytes_option,
    origin_option,
    run_command,
    server_option,
    trace_option,
)
from p2pci.cli.settings import parse_rfc_number

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Servers


@click.command()
@click.argument("number", shell_complete=complete_shelf_number)
@click.option("--section", default="", metavar="SECTION", help="Only 3.4, 'appendix A', or words of a title.")
@click.option("--contents", "is_contents", is_flag=True, help="Only the sections' numbers and titles.")
@click.option(
    "--pager/--plain", "is_paged", default=None, help="In the pager, as on a screen, or plain, as in a pipe."
)
@max_bytes_option
@origin_option
@library_option
@server_option
@json_option
@trace_option
def read(
    number: str,
    *,
    section: str,
    is_contents: bool,
    is_paged: bool | None,
    max_bytes: int,
    origin: str | None,
    library: Path,
    server: Servers,
    is_json: bool,
    trace: bool,
) -> ExitStatus:
    """Read an RFC, without its page breaks; one that the folder lacks is fetched first.

    \b
    Example:  p2pci read 9293 --section 3.4
              p2pci read 2119 --contents
    """
    from p2pci.cli.reading import ReadOptions, read_document

    wanted = parse_rfc_number(number)
    options = ReadOptions(
        section=section.strip(), is_contents=is_contents, is_paged=is_paged, is_json=is_json
    )
    fetch = partial(
        _fetch, wanted, server=server, library=library, max_bytes=max_bytes, origin=origin, is_traced=trace
    )
    return read_document(wanted, library=library, options=options, fetch=fetch)


def _fetch(
    number: int, *, server: Servers, library: Path, max_bytes: int, origin: str | None, is_traced: bool
) -> ExitStatus:
    """Put a document on the shelf; standard output is left to what is read."""
    from p2pci.cli.getting import GetOptions, get_documents
    from p2pci.cli.terminal import Terminal

    options = GetOptions(
        folder=library,
        is_forced=False,
        accepts=None,
        max_bytes=max_bytes,
        origin=origin,
        is_json=False,
        is_traced=is_traced,
    )
    return run_command(get_documents(server, [number], options, terminal=Terminal(sys.stderr)))
