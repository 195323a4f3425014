"""What fits words: titles of the whole swarm, and titles and texts of the own shelf, the best first.

It blocks, and is for a thread. Imports `library`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from p2pci.library.search import parse_query, title_score
from p2pci.library.search.index import Hit

if TYPE_CHECKING:
    from p2pci.library.search import Titles
    from p2pci.peer import Peer

MAX_TYPED_CHARS = 500


class Only(Enum):
    """Which documents are wanted of all."""

    ALL = "all"
    HERE = "here"
    MISSING = "missing"

    def takes(self, *, is_here: bool) -> bool:
        return self is Only.ALL or (self is Only.HERE) == is_here


def find(peer: Peer, titles: Titles, typed: str, *, only: Only, limit: int) -> list[Hit]:
    """Find what fits, in the texts of the shelf and in `titles`; `typed` may end within a word.

    Raises:
        LibraryError: the index of texts cannot be read.
    """
    query = parse_query(typed[:MAX_TYPED_CHARS], is_typing=True)
    found: dict[int, Hit] = {}
    if peer.search and only is not Only.MISSING:
        found = {hit.number: hit for hit in peer.search.query(query, limit=limit)}
    here = peer.shelf.documents
    for number, fit in titles.find(query).items():
        if number not in found and only.takes(is_here=number in here):
            found[number] = Hit(number, titles[number], title_score(fit))
    return sorted(found.values(), key=lambda hit: (hit.score, hit.number), reverse=True)[:limit]
