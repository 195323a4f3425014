r"""Bytes of the wire as text in which every byte can be told, and none acts on a terminal.

What is printed is what was there: a byte that is no part of a visible character stands as `\x1b`, the
ends of lines as `\r\n`. May import `p2pci.protocol`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NAMED = {"\r": r"\r", "\n": r"\n", "\t": r"\t", "\\": "\\\\"}


class Glyph(NamedTuple):
    """One character of the wire as it is shown.

    `size_bytes` is what it took there, `columns` what it takes on a terminal.
    """

    text: str
    size_bytes: int
    columns: int


def show_bytes(data: bytes) -> str:
    """Write bytes as text, from which they can be told again: a backslash of theirs is written twice."""
    text = data.decode("utf-8", "surrogateescape")
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return join(glyphs_of(data))


def show_start(data: bytes, *, max_bytes: int) -> str:
    """Write the beginning of bytes as text, and how many more there are."""
    left_out = len(data) - max_bytes
    return show_bytes(data[:max_bytes]) + (f"… {left_out} bytes more" if left_out > 0 else "")


def glyphs_of(data: bytes) -> Iterator[Glyph]:
    for letter in data.decode("utf-8", "surrogateescape"):
        raw = letter.encode("utf-8", "surrogateescape")
        text = _show(letter, raw)
        wide = text == letter and unicodedata.east_asian_width(letter) in "WF"
        yield Glyph(text, len(raw), 2 if wide else len(text))


def _show(letter: str, raw: bytes) -> str:
    if letter in _NAMED:
        return _NAMED[letter]
    # Marks are printable, but they would pile up on their neighbours and shift what stands below them.
    if letter.isprintable() and not unicodedata.category(letter).startswith("M"):
        return letter
    return "".join(f"\\x{byte:02x}" for byte in raw)


def join(glyphs: Iterable[Glyph]) -> str:
    return "".join(glyph.text for glyph in glyphs)


def columns_of(glyphs: Iterable[Glyph]) -> int:
    return sum(glyph.columns for glyph in glyphs)


def first_difference(one: bytes, other: bytes) -> int | None:
    """Give the offset of the first byte that differs, or is there in one of them only."""
    if one == other:
        return None
    low, high = 0, min(len(one), len(other))
    while low < high:  # halved each time: an answer may have many megabytes
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
