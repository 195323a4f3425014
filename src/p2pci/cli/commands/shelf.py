"""The commands about a shelf: what fills it, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from p2pci.cli.completing import complete_shelf_number
from p2pci.cli.limiting import grouped
from p2pci.cli.options import (
    DIGEST,
    json_option,
    library_option,
    max_bytes_option,
    origin_option,
    run_command,
    server_option,
    trace_option,
)
from p2pci.cli.settings import parse_numbers

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Servers
    from p2pci.mirror import MirrorOptions, Selection


def _select(
    *, takes_all: bool, ranges: tuple[str, ...], files: tuple[IO[str], ...], words: tuple[str, ...]
) -> Selection:
    from p2pci.mirror import Selection, parse_list, parse_ranges

    if not (takes_all or ranges or files or words):
        raise click.UsageError("Say what to fetch: --all, --range 1-999, --file LIST, or --match WORD.")
    if takes_all and (ranges or files):
        raise click.UsageError("--all is more than --range and --file. Give it alone, or leave it out.")
    numbers = parse_ranges(",".join(ranges)) if ranges else []
    for file in files:
        numbers += parse_list(file)
    return Selection(
        tuple(numbers) if ranges or files else None,
        tuple(word.casefold() for phrase in words for word in phrase.split()),
    )


def _take(*, keep_going: bool, replace: bool, accepts: tuple[bytes, ...], max_bytes: int) -> MirrorOptions:
    from p2pci.download import DownloadLimits
    from p2pci.mirror import MirrorOptions

    return MirrorOptions(
        accepts=frozenset(accepts),
        replaces=replace,
        keeps_going=keep_going,
        limits=DownloadLimits(max_bytes=max_bytes),
    )


_selection_options = grouped(
    "selection",
    _select,
    names=("takes_all", "ranges", "files", "words"),
    options=[
        click.option("--all", "takes_all", is_flag=True, help="Everything that the swarm has."),
        click.option("--range", "ranges", multiple=True, help="These numbers: 1-999,9000- or 3457."),
        click.option(
            "--file",
            "files",
            multiple=True,
            type=click.File(errors="replace"),
            help="The numbers in this file; - for standard input.",
        ),
        click.option("--match", "words", multiple=True, help="Only titles with all of these words."),
    ],
)
_taking_options = grouped(
    "options",
    _take,
    names=("keep_going", "replace", "accepts", "max_bytes"),
    options=[
        click.option("--keep-going", is_flag=True, help="Go on when a document cannot be had."),
        click.option(
            "--replace", is_flag=True, help="Take what differs here too; keep ours as rfcN.txt.orig."
        ),
        click.option(
            "--accept",
            "accepts",
            type=DIGEST,
            multiple=True,
            help="A SHA-256 that is right when holders disagree.",
        ),
        max_bytes_option,
    ],
)


@click.command()
@_selection_options
@click.option("--dry-run", is_flag=True, help="Show what would come, and fetch nothing.")
@_taking_options
@origin_option
@library_option
@server_option
@json_option
@trace_option
def mirror(
    *,
    selection: Selection,
    dry_run: bool,
    options: MirrorOptions,
    origin: str | None,
    library: Path,
    server: Servers,
    is_json: bool,
    trace: bool,
) -> ExitStatus:
    """Fetch what the swarm has and a folder lacks.

    What the folder has stays as it is, and differences are listed. Interrupted and run again, it goes on.

    \b
    Example:  p2pci mirror --range 1-999,9000- --server 192.0.2.7
    """
    from p2pci.cli.mirroring import mirror_documents
    from p2pci.origin import Origin, OriginLimits

    limits = OriginLimits(max_bytes=options.limits.max_bytes)
    return run_command(
        mirror_documents(
            server,
            selection,
            folder=library,
            options=options,
            origin=Origin(origin, limits=limits) if origin else None,
            is_dry=dry_run,
            is_json=is_json,
            is_traced=trace,
        )
    )


@click.command()
@click.argument("numbers", nargs=-1, shell_complete=complete_shelf_number)
@library_option
@json_option
@click.option("--update", is_flag=True, help="First fetch rfc-index.txt from the origin, if it is newer.")
@origin_option
def titles(
    numbers: tuple[str, ...], library: Path, *, is_json: bool, update: bool, origin: str | None
) -> ExitStatus:
    """Show titles, dates and status of the documents in a folder, or of the RFCs given.

    They come from rfc-index.txt or rfc-index.xml in the folder (of two, the one changed last), else from the
    documents themselves.

    \b
    Example:  p2pci titles 1-100 --library ~/rfcs
              p2pci titles --update --origin https://www.rfc-editor.org/rfc/
    """
    from p2pci.cli.titling import show_titles, update_index

    wanted = parse_numbers(numbers)
    if update:
        run_command(update_index(library, origin), is_short=True)
    return show_titles(library, wanted, is_json=is_json)
