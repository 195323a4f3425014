"""Text made fit for a terminal: the one place that decides which characters are safe to show.

It stands on this floor because commands and checker both show what came over the wire. Imports nothing of
the project.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable


def escape(text: str) -> str:
    r"""Write every character that could act on a terminal as `\x1b` or `\u202e`."""
    return replace_unsafe(text, by=lambda letter: letter.encode("unicode_escape").decode())


def replace_unsafe(text: str, *, by: Callable[[str], str]) -> str:
    """Replace controls, line separators, what turns directions or is not seen; blanks of any width stay."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or unicodedata.category(letter) == "Zs" else by(letter)
        for letter in text
    )
