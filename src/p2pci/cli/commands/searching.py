"""The command that looks for words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2pci.cli.options import ADVERTISED, json_option, library_option, run_command, server_option

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Address, Servers

MINUS = "\N{MINUS SIGN}"


class _Words(click.Command):
    """A command whose arguments may be `-word`: two letters or more behind one hyphen are no flags of it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [_keep_word(word) for word in args])


def _keep_word(word: str) -> str:
    """Give a word with a minus that click takes for no flag; a search takes both signs alike."""
    is_word = word.startswith("-") and not word.startswith("--") and len(word) > 2
    return MINUS + word[1:] if is_word else word


@click.command(cls=_Words)
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--status", "statuses", multiple=True, help="Only of this status: 'proposed standard', informational."
)
@click.option("--year", "years", metavar="YEARS", help="Only from these years: 1998, 1990-1999 or 2015-.")
@click.option("--here", is_flag=True, help="Only what is in the folder; the index is not asked.")
@click.option("--missing", is_flag=True, help="Only what the swarm has and the folder lacks.")
@click.option("--held-by", type=ADVERTISED, help="Only what this peer has.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Show at most so many."
)
@library_option
@server_option
@json_option
def search(
    words: tuple[str, ...],
    *,
    statuses: tuple[str, ...],
    years: str | None,
    here: bool,
    missing: bool,
    held_by: Address | None,
    limit: int,
    library: Path,
    server: Servers,
    is_json: bool,
) -> ExitStatus:
    """Find RFCs by their titles, in the whole swarm, and by their text, in a folder.

    All words must be there, in any order. In quotes (and these in quotes for the shell) they are a phrase;
    -word must not be there, word* is a beginning, and a NEAR b or NEAR(a b, 5) are words close to one
    another. The first search in a folder indexes it, in a hidden file there.

    \b
    Example:  p2pci search congestion window -ecn --year 1990-2010
              p2pci search '"path mtu discovery"' --here
    """
    from p2pci.cli.searching import SearchOptions, search_documents
    from p2pci.mirror import parse_ranges

    if here and (missing or held_by):
        raise click.UsageError("--here asks nobody else. Leave it out, or --missing and --held-by.")
    options = SearchOptions(
        folder=library,
        statuses=statuses,
        years=tuple(parse_ranges(years)) if years else (),
        is_here=here,
        is_missing=missing,
        held_by=held_by,
        limit=limit,
        is_json=is_json,
    )
    return run_command(search_documents(server, " ".join(words), options), is_short=True)
