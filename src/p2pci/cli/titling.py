"""The command titles: what a folder's index files and documents say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from p2pci.cli.display import escape, show_json, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.terminal import Terminal
from p2pci.errors import InvalidValueError, LibraryError
from p2pci.library import Entry, Shelf
from p2pci.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SHOWN_MISSING = 10


class Titled(NamedTuple):
    """What is known of a document: its entry in the index, empty where it has none, and its title.

    Attributes:
        title: the index's, else the document's own.
        entry: what the index says.
        is_on_shelf: whether the folder has the document.
    """

    title: str
    entry: Entry
    is_on_shelf: bool

    @property
    def is_listed(self) -> bool:
        return bool(self.entry.title) or not self.entry.is_issued


async def update_index(folder: Path, origin: str | None) -> ExitStatus:
    """Fetch the index file into a folder, where the origin's is newer."""
    if not origin:
        raise InvalidValueError("--update needs to know where from. Give --origin or set P2PCI_ORIGIN.")
    terminal = Terminal()
    async with Origin(origin) as outside:
        with Shelf(folder) as shelf:
            is_newer = await outside.update_index(shelf)
    said = "Fetched" if is_newer else "Nothing newer than"
    terminal.complain(f"{said} rfc-index.txt from {escape(outside.prefix)}")
    return ExitStatus.DONE


def show_titles(folder: Path, numbers: list[int], *, is_json: bool) -> ExitStatus:
    """Print what is known of the documents of a folder, or of these numbers."""
    if not folder.exists():
        raise LibraryError(folder, reason="there is no such folder. Name the shelf's with --library.")
    terminal = Terminal()
    with Shelf(folder) as shelf:
        found = list(_known(shelf, numbers))
        for error in shelf.unreadable:
            terminal.complain(f"Left out: {escape(str(error))}")
        _print(found, terminal, is_json=is_json)
        if found or not numbers:
            _complain_of_source(found, shelf, terminal)
        missing = sorted(set(numbers) - {titled.entry.number for titled in found})
        if missing:
            terminal.complain(_missing(missing, shelf))
    return ExitStatus.NOT_FOUND if missing else ExitStatus.DONE


def _known(shelf: Shelf, numbers: list[int]) -> Iterator[Titled]:
    documents = shelf.scan()
    for number in numbers or documents:
        document, entry = documents.get(number), shelf.entry(number)
        if document:
            yield Titled(document.title, entry or Entry(number), is_on_shelf=True)
        elif entry:
            yield Titled(entry.title, entry, is_on_shelf=False)


def _print(found: list[Titled], terminal: Terminal, *, is_json: bool) -> None:
    if is_json:
        terminal.print(show_json(list(map(_as_json, found))))
    elif terminal.is_screen and found:
        _print_table(found)
    else:
        for titled in found:
            terminal.print("\t".join(map(escape, _fields(titled))))


def _as_json(titled: Titled) -> dict[str, object]:
    entry = titled.entry._asdict()
    del entry["is_issued"]
    source = "index" if titled.is_listed else "document"
    return entry | {"title": titled.title, "title_from": source, "on_shelf": titled.is_on_shelf}


def _fields(titled: Titled) -> tuple[str, ...]:
    entry = titled.entry
    later = (", ".join(entry.obsoleted_by), ", ".join(entry.updated_by))
    return str(entry.number), titled.title, entry.date, entry.status, *later


def _print_table(found: Iterable[Titled]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("RFC", "Title", "Date", "Status", "Obsoleted by", "Updated by"):
        table.add_column(heading)
    for titled in found:
        # As Text: in a str, rich takes [words] for one of its tags.
        table.add_row(*(Text(escape(field)) for field in _fields(titled)))
    Console().print(table)


def _missing(numbers: list[int], shelf: Shelf) -> str:
    shown = ", ".join(map(str, numbers[:SHOWN_MISSING]))
    more = f" and {len(numbers) - SHOWN_MISSING} more" if len(numbers) > SHOWN_MISSING else ""
    if shelf.listing.name:
        return f"Neither in the folder nor in its {shelf.listing.name}: RFC {shown}{more}."
    return f"Not in the folder, which has {_no_index(shelf)} either: RFC {shown}{more}."


def _no_index(shelf: Shelf) -> str:
    return "no good index file" if shelf.listing.problems else "no rfc-index.txt or rfc-index.xml"


def _complain_of_source(found: list[Titled], shelf: Shelf, terminal: Terminal) -> None:
    """Say in words which titles come from the documents, and why."""
    own = sum(not titled.is_listed for titled in found)
    folder = show_path(shelf.path)
    if not found:
        known = f" Its {shelf.listing.name} knows titles: ask by number." if shelf.listing.name else ""
        terminal.complain(f"{folder} has no rfcN.txt.{known}")
    elif not shelf.listing.name:
        terminal.complain(
            f"These titles are the documents' own: {folder} has {_no_index(shelf)}. "
            "`p2pci titles --update` fetches one from an origin."
        )
    elif own:
        terminal.complain(f"{own} of these are not in {shelf.listing.name}; their titles are their own.")
