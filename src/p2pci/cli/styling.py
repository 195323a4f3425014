"""A text with what helps to read it on a terminal: bold headings, underlined references that can be clicked.

Everything of the text is escaped first; only what is added here acts on the terminal.
"""

from __future__ import annotations

import os
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from p2pci.cli.display import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from p2pci.library.text import Reference, Text

_BOLD, _UNDERLINED, _PLAIN = "\x1b[1m", "\x1b[4m", "\x1b[0m"
_LINK, _LINK_END = "\x1b]8;;{}\x1b\\", "\x1b]8;;\x1b\\"
_LINKING = ("KITTY_WINDOW_ID", "KONSOLE_VERSION", "WT_SESSION", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR")
_LINKING_TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm", "contour")
_LINKING_PROGRAMS = ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio")
_VTE_WITH_LINKS = 5000


class Style(NamedTuple):
    """What a terminal shows.

    Attributes:
        is_plain: nothing but text.
        link_of: gives the address of a document's number; None where links are not shown.
    """

    is_plain: bool
    link_of: Callable[[int], str] | None = None


PLAIN = Style(is_plain=True)


def shows_styles() -> bool:
    """Whether the terminal knows bold and underlined."""
    return os.environ.get("TERM", "dumb") != "dumb"


def shows_links() -> bool:
    """Whether the terminal is one of those that are known to show links (OSC 8)."""
    env = os.environ
    if forced := env.get("FORCE_HYPERLINK", ""):
        return forced != "0"
    if "TMUX" in env or "STY" in env:  # older ones show the address as text
        return False
    vte = env.get("VTE_VERSION", "")
    return (
        any(name in env for name in _LINKING)
        or env.get("TERM", "") in _LINKING_TERMS
        or env.get("TERM_PROGRAM", "") in _LINKING_PROGRAMS
        or (vte.isascii() and vte.isdigit() and int(vte) >= _VTE_WITH_LINKS)
    )


def bold(text: str, style: Style) -> str:
    """A text of anybody's, escaped, in bold where that is shown."""
    return escape(text) if style.is_plain else f"{_BOLD}{escape(text)}{_PLAIN}"


def styled_lines(text: Text, rows: range, style: Style) -> Iterator[str]:
    """The lines of a part of a text, fit for a terminal."""
    if style.is_plain:
        yield from (escape(text.lines[row]) for row in rows)
        return
    headings = {section.line for section in text.sections}
    places = {
        row: list(found)
        for row, found in groupby((each for each in text.references if each.line in rows), attrgetter("line"))
    }
    for row in rows:
        if row in headings:
            yield bold(text.lines[row], style)
        else:
            yield _with_references(text.lines[row], places.get(row, []), style)


def _with_references(line: str, references: list[Reference], style: Style) -> str:
    shown = ""
    position = 0
    for each in references:
        shown += escape(line[position : each.start]) + _reference(
            line[each.start : each.stop], each.number, style
        )
        position = each.stop
    return shown + escape(line[position:])


def _reference(text: str, number: int | None, style: Style) -> str:
    if number is None:  # a section of this document, to which a terminal has no way
        return escape(text)
    underlined = f"{_UNDERLINED}{escape(text)}{_PLAIN}"
    if style.link_of is None:
        return underlined
    return f"{_LINK.format(style.link_of(number))}{underlined}{_LINK_END}"
