"""Text from the wire made fit for a terminal: the one place where it is escaped."""

from __future__ import annotations

import re
from pathlib import Path

# Controls, line separators, and what turns the direction of text around it.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def escape(text: str) -> str:
    """Write every character that could act on a terminal as `\\x1b` or `\\u202e`."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def show_path(path: Path) -> str:
    """Write a path as one types it here: relative when it is below the current folder."""
    here = Path.cwd()
    return escape(str(path.relative_to(here) if path.is_relative_to(here) else path))


def show_message(data: bytes) -> str:
    """Show a message, or a part of one, line by line; the CR of a line end is not shown."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
    return "\n".join(map(escape, text.split("\n")))
