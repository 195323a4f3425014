"""What a peer offers to others, and so has registered: its shelf, and what was added by hand.

A title that was given by hand stays in force while the document is offered. What was on the shelf and has
left it is offered no longer; what never was there is, until the peer stops. Imports `client` and `library`.
"""

from __future__ import annotations

from p2pci.client import NewRecord
from p2pci.library import ALL, Sharing, Shelf


class Offer:
    """The records of one peer, as they should be."""

    def __init__(self, shelf: Shelf, sharing: Sharing = ALL) -> None:
        self._shelf = shelf
        self._sharing = sharing
        self._titles: dict[int, str] = {}  # given by hand
        self._fileless: set[int] = set()  # of those, what was not seen on the shelf yet

    def add(self, number: int, title: str) -> None:
        """Offer a document, on the shelf or not, under a title."""
        self._titles[number] = title
        self._fileless.add(number)

    def records(self) -> dict[int, NewRecord]:
        """What there is to be registered now, by number, that of the shelf first."""
        documents = self._shelf.documents
        self._fileless.difference_update(documents)
        titles = self._titles
        records = {
            number: NewRecord(number, titles.get(number, document.title), document.copy)
            for number, document in documents.items()
            if number in self._sharing
        }
        for number in sorted(self._fileless):
            records[number] = NewRecord(number, titles[number])
        return records
