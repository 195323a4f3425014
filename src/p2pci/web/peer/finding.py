"""What fits words: titles of the whole swarm, and titles and texts of the own shelf, the best first.

Imports `library`, `errors` and its package's `swarm`.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING

from p2pci.errors import NetworkError
from p2pci.library.search import parse_query, title_score
from p2pci.library.search.index import Hit

if TYPE_CHECKING:
    from p2pci.peer import Peer
    from p2pci.web.peer.swarm import Swarm

MAX_TYPED_CHARS = 500


class Only(Enum):
    """Which documents are wanted of all."""

    ALL = "all"
    HERE = "here"
    MISSING = "missing"

    def takes(self, *, is_here: bool) -> bool:
        return self is Only.ALL or (self is Only.HERE) == is_here


async def find(peer: Peer, swarm: Swarm, typed: str, *, only: Only, limit: int) -> list[Hit]:
    """Find what fits; `typed` may end within a word.

    Raises:
        LibraryError: the index of texts cannot be read.
    """
    query = parse_query(typed[:MAX_TYPED_CHARS], is_typing=True)
    loop = asyncio.get_running_loop()
    found: dict[int, Hit] = {}
    if peer.search and only is not Only.MISSING:
        search = peer.search
        hits = await loop.run_in_executor(None, lambda: search.query(query, limit=limit))
        found = {hit.number: hit for hit in hits}
    try:
        await swarm.current()
    except NetworkError:
        pass  # the shelf can be searched without an index
    else:
        here = peer.shelf.documents
        titles = swarm.titles
        for number, fit in (await loop.run_in_executor(None, titles.find, query)).items():
            if number not in found and only.takes(is_here=number in here):
                found[number] = Hit(number, titles[number], title_score(fit))
    return sorted(found.values(), key=lambda hit: (hit.score, hit.number), reverse=True)[:limit]
