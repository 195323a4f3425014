"""Messages, JSON and paths as a terminal may show them; what is safe there, `protocol.escaping` decides."""

from __future__ import annotations

import json
import re
from pathlib import Path

from p2pci.protocol.escaping import escape, replace_unsafe

__all__ = ["escape", "show_json", "show_json_line", "show_message", "show_path"]


def show_json(value: object) -> str:
    """Write JSON that acts on no terminal either, and in which every string is still the same."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    return "\n".join(replace_unsafe(line, by=_escape_in_json) for line in lines)


def show_json_line(value: object) -> str:
    """Write the same in one line."""
    return replace_unsafe(json.dumps(value, ensure_ascii=False), by=_escape_in_json)


def _escape_in_json(letter: str) -> str:
    return re.sub("....", r"\\u\g<0>", letter.encode("utf-16-be", "surrogatepass").hex())


def show_path(path: Path) -> str:
    """Write a path as one types it here: relative when it is below the current folder."""
    here = Path.cwd()
    return escape(str(path.relative_to(here) if path.is_relative_to(here) else path))


def show_message(data: bytes) -> str:
    """Show a message, or a part of one, line by line; the CR of a line end is not shown."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
    return "\n".join(map(escape, text.split("\n")))
