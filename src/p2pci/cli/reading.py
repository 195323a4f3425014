"""The command read: a document as people read it, in the pager; fetched first when the shelf lacks it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p2pci.cli.display import escape, show_json, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.paging import find_pager, show_paged
from p2pci.cli.places import cache_folder
from p2pci.cli.styling import PLAIN, Style, bold, shows_links, shows_styles, styled_lines
from p2pci.cli.terminal import Terminal
from p2pci.library import Entry, Shelf
from p2pci.library.names import document_number
from p2pci.library.text import Section, Text, entry_from_header, read_text
from p2pci.library.titles import HEAD_BYTES, title_from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Fetch = Callable[[], ExitStatus]

_PUBLIC_ADDRESS = "https://www.rfc-editor.org/rfc/rfc{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What is shown of a document, and how.

    Attributes:
        section: the one that is wanted, as people call it; "" for all.
        is_contents: its sections alone.
        is_paged: in the pager; None where a screen is.
        is_json: print JSON.
    """

    section: str
    is_contents: bool
    is_paged: bool | None
    is_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A document with what is known of it.

    Attributes:
        entry: what the index file says, else the document itself.
        is_listed: whether the index file says it.
    """

    entry: Entry
    is_listed: bool
    text: Text


def read_document(number: int, *, library: Path, options: ReadOptions, fetch: Fetch) -> ExitStatus:
    """Show a document of a shelf.

    Args:
        number: of the document.
        library: the folder.
        options: what is shown, and how.
        fetch: called when the shelf lacks the document, to put it there.

    Raises:
        LibraryError: it is not there, or cannot be read.
    """
    terminal = Terminal()
    with Shelf(library, spare=cache_folder()) as shelf:
        if number not in shelf:
            terminal.complain(f"RFC {number} is not in {show_path(shelf.path)}: asking the index for it.")
            if status := fetch():
                return status
        document = _read(number, shelf)
        section = document.text.find(options.section) if options.section else None
        if options.section and section is None:
            terminal.complain(_unknown_section(document, options.section))
            return ExitStatus.NOT_FOUND
        if options.is_json:
            terminal.print(show_json(_as_json(document, section, is_contents=options.is_contents)))
        else:
            _show(document, section, shelf, options=options)
    return ExitStatus.DONE


def _read(number: int, shelf: Shelf) -> _Document:
    with shelf.open(number) as opened:
        data = b"".join(iter(lambda: opened.read(1024 * 1024), b""))
    text = read_text(data)
    shelf.listing.refresh()
    entry = shelf.entry(number)
    if entry and entry.title:
        return _Document(entry=entry, is_listed=True, text=text)
    own = entry_from_header(number, text.lines)._replace(title=title_from_text(data[:HEAD_BYTES]))
    return _Document(entry=own, is_listed=False, text=text)


def _unknown_section(document: _Document, wanted: str) -> str:
    name = f"RFC {document.entry.number} has no section {escape(wanted)!r}"
    near = "; ".join(_name(section) for section in document.text.near(wanted))
    return f"{name}. Near it: {near}." if near else f"{name}, nor any other that could be told from its text."


def _name(section: Section) -> str:
    return escape(" ".join(filter(None, (section.label, section.title))))


def _as_json(document: _Document, section: Section | None, *, is_contents: bool) -> dict[str, object]:
    entry, text = document.entry, document.text
    return {
        "number": entry.number,
        "title": entry.title,
        "badges": {
            "status": entry.status,
            "obsoleted_by": entry.obsoleted_by,
            "updated_by": entry.updated_by,
            "obsoletes": entry.obsoletes,
            "updates": entry.updates,
            "from": "index" if document.is_listed else "document",
        },
        "sections": [_section_as_json(each) for each in text.sections],
        "section": _section_as_json(section) if section else None,
        "text": None if is_contents else "\n".join(text.lines[row] for row in _rows(text, section)),
    }


def _section_as_json(section: Section) -> dict[str, object]:
    return {"label": section.label, **section._asdict()}


def _rows(text: Text, section: Section | None) -> range:
    """The lines of a section, or all, without blank ones at the end."""
    start, stop = (section.line, section.stop) if section else (0, len(text.lines))
    while stop > start and not text.lines[stop - 1].strip():
        stop -= 1
    return range(start, stop)


def _show(document: _Document, section: Section | None, shelf: Shelf, *, options: ReadOptions) -> None:
    is_screen = sys.stdout.isatty()
    is_paged = is_screen if options.is_paged is None else options.is_paged
    pager = find_pager() if is_paged else None
    is_styled = pager.shows_styles if pager else is_screen and is_paged
    style = PLAIN
    if is_styled and shows_styles():
        style = Style(is_plain=False, link_of=_linking(shelf) if shows_links() else None)
    lines = _lines(document, section, style=style, is_contents=options.is_contents)
    if pager and show_paged((f"{line}\n" for line in lines), pager):
        return
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _linking(shelf: Shelf) -> Callable[[int], str]:
    """Give addresses of documents: of the file where the shelf has it, else the public one."""
    names = {document_number(name): shelf.path / name for name in shelf.look()}

    def link_of(number: int) -> str:
        return names[number].as_uri() if number in names else _PUBLIC_ADDRESS.format(number)

    return link_of


def _lines(document: _Document, section: Section | None, *, style: Style, is_contents: bool) -> Iterator[str]:
    entry, text = document.entry, document.text
    yield bold(f"RFC {entry.number}  {entry.title}", style)
    for name, value in _badges(document):
        yield bold(f"{name}: {value}", style) if name == "Obsoleted by" else escape(f"{name}: {value}")
    yield ""
    if not is_contents:
        yield from styled_lines(text, _rows(text, section), style)
        return
    for each in text.sections:
        if section is None or section.line <= each.line < section.stop:
            yield "  " * each.level + escape("  ".join(filter(None, (each.label, each.title))))


def _badges(document: _Document) -> Iterator[tuple[str, str]]:
    entry = document.entry
    source = "" if document.is_listed else " (says the document; no index here lists it)"
    if entry.status or source:
        yield "Status", f"{entry.status or 'unknown'}{source}"
    for name, others in (
        ("Obsoleted by", entry.obsoleted_by),
        ("Updated by", entry.updated_by),
        ("Obsoletes", entry.obsoletes),
        ("Updates", entry.updates),
    ):
        if others:
            yield name, ", ".join(others)
