"""The RFC Editor's `rfc-index.xml`.

Read as a stream: nothing is kept but the entries, whatever else the file holds and however it is nested. A
DOCTYPE is refused before anything in it is looked at, so there are no entities but XML's own five.
Imports its floor's `entries` and `titles`.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.parsers import expat

from p2pci.library.entries import MAX_ENTRIES, Entry, NoIndexError, author_names, document_names
from p2pci.library.titles import fit_title

_ROOTS = {f"{scheme}://www.rfc-editor.org/rfc-index rfc-index" for scheme in ("https", "http")}
_ISSUED = "rfc-entry"
_NOT_ISSUED = "rfc-not-issued-entry"
_DATE_PARTS = ("date day", "date month", "date year")
_RELATIONS = ("obsoletes", "obsoleted-by", "updates", "updated-by", "is-also")
_FIELDS = {
    *("doc-id", "title", "author name", "current-status", *_DATE_PARTS),
    *(f"{relation} doc-id" for relation in _RELATIONS),
}
_GROUPS = {field.partition(" ")[0] for field in _FIELDS if " " in field}
_MAX_DEPTH = 50  # the parser keeps something of every element that is open
_MAX_VALUES = 1000  # of one field
_MAX_VALUE_CHARS = 4096


def entries_from_xml(pieces: Iterable[bytes]) -> dict[int, Entry]:
    """The entries of an index, by number.

    Args:
        pieces: the file, cut anywhere.

    Raises:
        NoIndexError: it is not well-formed, has a DOCTYPE, or is another file than that; it has not one
            entry, or far too many.
    """
    reader = _Reader()
    try:
        for piece in pieces:
            reader.parser.Parse(piece, False)  # noqa: FBT003 - it takes no keywords
        reader.parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise NoIndexError(f"it is no well-formed XML ({error})") from error
    if not reader.entries:
        raise NoIndexError("it has not one entry as the RFC Editor writes them")
    return reader.entries


class _Reader:
    """Makes entries of what the parser tells.

    A field is named by its element and, where it is inside of another one of the entry, by both.
    """

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._namespace = ""  # and the blank behind it
        self._depth = 0
        self._kind = ""  # of the entry that is being read
        self._values: dict[str, list[str]] = {}  # what was read of it, by field
        self._group = ""  # the element of the entry that is being read
        self._field = ""  # what the text goes to
        self._text = ""

    def _refuse_doctype(self, *_: object) -> None:
        raise NoIndexError("it has a DOCTYPE, which no index needs")

    def _start(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NoIndexError("it is nested too deeply")
        if self._depth == 1:
            if name not in _ROOTS:
                raise NoIndexError("it is XML of another kind")
            self._namespace = name.removesuffix("rfc-index")
        elif self._depth == 2:
            self._kind, self._values = name.removeprefix(self._namespace), {}
        elif self._depth == 3:
            self._group = name.removeprefix(self._namespace)
            self._begin_field(self._group)
        elif self._depth == 4 and self._group in _GROUPS:
            self._begin_field(f"{self._group} {name.removeprefix(self._namespace)}")

    def _begin_field(self, field: str) -> None:
        if field in _FIELDS and self._kind in {_ISSUED, _NOT_ISSUED}:
            self._field, self._text = field, ""
            self.parser.CharacterDataHandler = self._collect

    def _collect(self, text: str) -> None:
        if len(self._text) < _MAX_VALUE_CHARS:
            self._text += text[:_MAX_VALUE_CHARS]

    def _end(self, _name: str) -> None:
        if self._field:
            values = self._values.setdefault(self._field, [])
            if len(values) < _MAX_VALUES:
                values.append(self._text)
            self._field = ""
            self.parser.CharacterDataHandler = None
        if self._depth == 2:
            self._finish_entry()
        self._depth -= 1

    def _finish_entry(self) -> None:
        series, _, number = next(iter(document_names(self._first("doc-id"))), "").partition(" ")
        if series == "RFC" and self._kind == _NOT_ISSUED:
            self.entries[int(number)] = Entry.not_issued(int(number))
        elif series == "RFC" and self._kind == _ISSUED:
            self.entries[int(number)] = self._entry(int(number))
        if len(self.entries) > MAX_ENTRIES:
            raise NoIndexError("it lists more documents than there can be")

    def _entry(self, number: int) -> Entry:
        obsoletes, obsoleted_by, updates, updated_by, also = (
            document_names(" ".join(self._values.get(f"{relation} doc-id", ()))) for relation in _RELATIONS
        )
        return Entry(
            number,
            title=fit_title(self._first("title")),
            authors=author_names(self._values.get("author name", ())),
            date=fit_title(" ".join(map(self._first, _DATE_PARTS))),
            status=fit_title(self._first("current-status")),
            obsoletes=obsoletes,
            obsoleted_by=obsoleted_by,
            updates=updates,
            updated_by=updated_by,
            also=also,
        )

    def _first(self, field: str) -> str:
        return next(iter(self._values.get(field, ())), "")
