"""The RFC Editor's `rfc-index.txt`.

An entry is a paragraph `number title. authors. date. (format) (status) …`. Titles and authors hold
periods of their own ("IEEE 802.1X", "S.D. Crocker"), so an entry is read backwards: the date, then
the authors, and what is left is the title. However long and odd an entry is, that takes a time in
proportion to its length. Imports its floor's `entries` and `titles`.
"""

from __future__ import annotations

import re

from p2pci.library.entries import MAX_ENTRIES, Entry, NoIndexError, author_names, document_names
from p2pci.library.titles import decode_document, fit_title

_MAX_ENTRY_CHARS = 2048  # the longest known has 500
_ENTRY = re.compile(r"^0*([1-9][0-9]{0,9})[ \t]+(\S.*(?:\n[ \t]+\S.*)*)", re.ASCII | re.MULTILINE)
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(rf"\.? ((?:\d{{1,2}} )?{_MONTH} \d{{4}})\.(?= \(|$)")
_NOTE = re.compile(r"\((Obsoletes|Obsoleted by|Updates|Updated by|Also|Status:) ([^()]*)\)")
_NOT_ISSUED = re.compile(r"not issued\.?", re.IGNORECASE)
_INITIALS = r"(?:[^\W\d_]{1,3}(?:\(\w\))?(?:\.{1,3}[ -]?|-| (?=[^\W\d_]\.))){1,8}"
# A name has no period before a blank, except in the initials before it and in what follows it.
_AUTHOR = re.compile(rf"(?:{_INITIALS} ?)?(?:[^.]|\.(?! ))*?(?:[. ]{{0,4}}\b(?:Eds?|Jr|Sr|Inc|al))?\.?")
_PERIOD = re.compile(r"\. ")
_BETWEEN_COMMAS = re.compile(r"(?:^|,\s*)([^,]*)")


class TextIndex:
    """The entries of an index in text form; each is made out when it is asked for first.

    Args:
        data: the file.

    Raises:
        NoIndexError: it has not one entry, or far too many.
    """

    def __init__(self, data: bytes) -> None:
        self._entries: dict[int, Entry | str] = {}
        text = decode_document(data).replace("\r\n", "\n")
        for paragraph in _ENTRY.finditer(text):
            number = int(paragraph[1])
            # Prose may begin with a number too; it takes no entry's place.
            if number not in self._entries or _read_entry(number, paragraph[2]):
                self._entries[number] = paragraph[2]
            if len(self._entries) > MAX_ENTRIES:
                raise NoIndexError("it lists more documents than there can be")
        if not any(map(self.entry, list(self._entries))):
            raise NoIndexError("it has not one entry as the RFC Editor writes them")

    def entry(self, number: int) -> Entry | None:
        """The entry of a number; None when there is none."""
        entry = self._entries.get(number)
        if not isinstance(entry, str):
            return entry
        read = _read_entry(number, entry)
        if read:
            self._entries[number] = read
        else:
            self._entries.pop(number, None)
        return read


def _read_entry(number: int, paragraph: str) -> Entry | None:
    """What a paragraph says of a document; None when it is no entry."""
    text = " ".join(paragraph[:_MAX_ENTRY_CHARS].split())
    if _NOT_ISSUED.fullmatch(text):
        return Entry.not_issued(number)
    dates = list(_DATE.finditer(text))
    if not dates:
        return None
    title, authors = _title_and_authors(text[: dates[-1].start()])
    notes = {note[1]: note[2] for note in _NOTE.finditer(text, dates[-1].end())}
    return Entry(
        number,
        title=fit_title(title),
        authors=author_names(authors.split(",")),
        date=dates[-1][1],
        status=fit_title(notes.get("Status:", "")),
        obsoletes=document_names(notes.get("Obsoletes", "")),
        obsoleted_by=document_names(notes.get("Obsoleted by", "")),
        updates=document_names(notes.get("Updates", "")),
        updated_by=document_names(notes.get("Updated by", "")),
        also=document_names(notes.get("Also", "")),
    )


def _title_and_authors(text: str) -> tuple[str, str]:
    cut = _first_author(text)
    if cut is None:  # a name without initials looks like any sentence
        cut = text.rfind(". ")
    return (text[:cut], text[cut + 2 :]) if cut >= 0 else (text, "")


def _first_author(text: str) -> int | None:
    """Where the first period stands that has nothing but authors behind it, up to the end.

    From the end: as long as all between two commas is an author, it may stand further ahead.
    """
    names = [name.span(1) for name in _BETWEEN_COMMAS.finditer(text)]
    first = len(names) - 1
    while first > 0 and _AUTHOR.fullmatch(text, *names[first]):
        first -= 1
    for start, end in names[first:]:
        for cut in _PERIOD.finditer(text, start, end):
            if _AUTHOR.fullmatch(text, cut.end(), end):
                return cut.start()
    return None
