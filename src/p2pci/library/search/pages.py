"""What the pages of a document repeat, left out: form feeds, running heads and feet.

Else a title in the running head would count on every page, and a phrase would end at the end of one. Works
on bytes, since it sees every document of a shelf; `library.text` takes more care, and longer, for one that
is read. Imports nothing of the project.
"""

from __future__ import annotations

import re

_FOOT = re.compile(rb"\[ ?page [^\]\n]{1,12}\][ \t]*$", re.IGNORECASE)
_HEAD = re.compile(rb"[ \t]*(?:RFC|Request for Comments:?)[ -]?[0-9]{1,5}\b", re.IGNORECASE)
_BLANK = b" \t\r\n"


def without_furniture(data: bytes) -> bytes:
    """Leave out what stands around the breaks of pages; a document without form feeds stays as it is."""
    first, *others = data.split(b"\f")
    if not others:
        return data
    return b"".join([_without_foot(first), *(_without_foot(_without_head(page)) for page in others)])


def _without_foot(page: bytes) -> bytes:
    body = page.rstrip(_BLANK)
    start = body.rfind(b"\n") + 1
    return body[:start] if _FOOT.search(body, start) else page


def _without_head(page: bytes) -> bytes:
    body = page.lstrip(b"\r\n")
    if not _HEAD.match(body):
        return page
    end = body.find(b"\n")
    return b"\n" + body[end:].lstrip(_BLANK) if end >= 0 else b""
