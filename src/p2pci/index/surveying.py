"""How many holders the documents have: counted in steps, between which others are served.

Ten million records take as long as their documents, of which there are half a million at most. Imports
`records`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from p2pci.index.records import Index

STEP = 2000  # documents and holders: where many share host and port, each of these takes a microsecond


class Survey:
    """A count under way (see `steps`), and then its outcome.

    Documents that come or go meanwhile may be in it or not; the others are in it once.

    Attributes:
        by_holders: how many documents have so many holders.
        alone: the numbers of those with one holder, ascending.
    """

    def __init__(self, index: Index) -> None:
        self.by_holders: Counter[int] = Counter()
        self.alone: Sequence[int] = (alone := array("I"))
        self._note_alone = alone.append
        self._index = index

    def steps(self) -> Iterator[None]:
        """Count; between two steps the index may change."""
        work = 0
        for number in self._index.numbers:
            holders = self._index.count_holders(number)
            if holders:
                self.by_holders[holders] += 1
            if holders == 1:
                self._note_alone(number)
            work += 1 + holders
            if work >= STEP:
                work = 0
                yield
