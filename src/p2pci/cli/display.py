"""Text from the wire made fit for a terminal: the one place where it is escaped."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path


def escape(text: str) -> str:
    """Write every character that could act on a terminal as `\\x1b` or `\\u202e`."""
    return _replace_unsafe(text, by=lambda letter: letter.encode("unicode_escape").decode())


def show_json(value: object) -> str:
    """Write JSON that acts on no terminal either, and in which every string is still the same."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    return "\n".join(_replace_unsafe(line, by=_escape_in_json) for line in lines)


def show_json_line(value: object) -> str:
    """Write the same in one line."""
    return _replace_unsafe(json.dumps(value, ensure_ascii=False), by=_escape_in_json)


def _escape_in_json(letter: str) -> str:
    return re.sub("....", r"\\u\g<0>", letter.encode("utf-16-be", "surrogatepass").hex())


def _replace_unsafe(text: str, *, by: Callable[[str], str]) -> str:
    """Replace controls, line separators, what turns directions or is not seen; blanks of any width stay."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or unicodedata.category(letter) == "Zs" else by(letter)
        for letter in text
    )


def show_path(path: Path) -> str:
    """Write a path as one types it here: relative when it is below the current folder."""
    here = Path.cwd()
    return escape(str(path.relative_to(here) if path.is_relative_to(here) else path))


def show_message(data: bytes) -> str:
    """Show a message, or a part of one, line by line; the CR of a line end is not shown."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
    return "\n".join(map(escape, text.split("\n")))
