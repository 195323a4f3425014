"""Titles from the RFC Editor's `rfc-index.txt`, for folders that hold that file.

An entry is a paragraph `number title. authors. date. (format) (status) …`. Titles and authors hold
periods of their own ("IEEE 802.1X", "S.D. Crocker"), so an entry is read backwards: the date, then
the authors, and what is left is the title. Imports its
floor's `folder` and `titles`.
"""

from __future__ import annotations

import re
from pathlib import Path

from p2pci.library.folder import library_error
from p2pci.library.titles import decode_document, fit_title

INDEX_NAME = "rfc-index.txt"

_ENTRY = re.compile(r"^0*([1-9][0-9]{0,9})[ \t]+(\S.*(?:\n[ \t]+\S.*)*)", re.ASCII | re.MULTILINE)
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(rf"\.? (?:\d{{1,2}} )?{_MONTH} \d{{4}}\.(?= \(|$)")
_INITIALS = r"(?:[^\W\d_]{1,3}(?:\(\w\))?(?:\.+[ -]?|-| (?=[^\W\d_]\.)))+"
# A name has no period before a blank, except in the initials before it and in what follows it.
_AUTHOR = re.compile(rf"(?:{_INITIALS} ?)?(?:[^.]|\.(?! ))*?(?:[. ]*\b(?:Eds?|Jr|Sr|Inc|al))?\.?")


def titles_from_index(path: Path) -> dict[int, str]:
    """The titles in an index file, as `titles_from_entries` gives them.

    Raises:
        LibraryError: the file cannot be read.
    """
    try:
        return titles_from_entries(path.read_bytes())
    except OSError as error:
        raise library_error(path, error, wish="be read") from error


def titles_from_entries(data: bytes) -> dict[int, str]:
    """The titles of the documents that the text of an index lists, by number, each fit to send.

    Numbers marked "Not Issued" and paragraphs of another form are passed over.
    """
    text = decode_document(data)
    titles = {}
    for entry in _ENTRY.finditer(text.replace("\r\n", "\n")):
        if title := _title(" ".join(entry[2].split())):
            titles[int(entry[1])] = title
    return titles


def _title(entry: str) -> str:
    dates = list(_DATE.finditer(entry))
    if not dates:
        return ""
    title_and_authors = entry[: dates[-1].start()]
    cuts = [cut.start() for cut in re.finditer(r"\. ", title_and_authors)]
    # The first cut with nothing but authors behind it; a name without initials looks like any sentence.
    before_authors = (cut for cut in cuts if _are_authors(title_and_authors[cut + 2 :]))
    return fit_title(title_and_authors[: next(before_authors, cuts[-1] if cuts else None)])


def _are_authors(text: str) -> bool:
    return all(_AUTHOR.fullmatch(name) for name in re.split(r",\s*", text))
