"""The titles of the whole swarm, asked of the index and matched here.

The index knows nothing of words, so all its titles are read: in pages, of one holder for each number unless
it is asked what somebody holds; by the full LIST where it has no pages. Imports `client`, `library`,
`protocol` and `errors`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import ProtocolError
from p2pci.library.search import TitleMatcher
from p2pci.protocol.extensions import Feature, Options
from p2pci.protocol.grammar import MAX_NUMBER

if TYPE_CHECKING:
    from p2pci.client import IndexClient
    from p2pci.events import Address
    from p2pci.library.search import Query
    from p2pci.protocol.messages import Record

PAGE_NUMBERS = 2000
MAX_NUMBERS = 200_000  # an index that lists more of them has no end


class SwarmTitle(NamedTuple):
    """A document that somebody has, and whose title fits.

    Attributes:
        number: of the RFC.
        title: as one of its holders calls it.
        holders: how many there are.
        score: how well the title fits, up to 1.
    """

    number: int
    title: str
    holders: int
    score: float


class SwarmTitles(NamedTuple):
    """What the swarm has; of one holder, when that was asked for.

    Attributes:
        fitting: the documents whose titles fit, by number.
        holders: of every document, fitting or not, how many hold it.
    """

    fitting: dict[int, SwarmTitle]
    holders: dict[int, int]


async def find_titles(index: IndexClient, query: Query, *, held_by: Address | None = None) -> SwarmTitles:
    """Ask an index for its titles, and choose those that fit.

    Args:
        index: connected.
        query: what is looked for.
        held_by: only what this holder has; with port 0 whatever its port is.

    Raises:
        NetworkError, RefusedError: as IndexClient's questions do.
        ProtocolError: likewise, or there is no end.
    """
    finding = _Finding(TitleMatcher(query), held_by)
    each = 0 if held_by else 1  # of the holders of a number
    first = 1
    while first <= MAX_NUMBER:
        options = Options(holders=each, first=first, limit=PAGE_NUMBERS)
        finding.take((await index.list_all(options, take=finding.take)).records)
        if Feature.HOLDERS not in index.agreed or finding.last < first:
            break  # that were all, or it does not do what it agreed to
        first = finding.last + 1
    return finding.result()


class _Finding:
    """The records of one search.

    Attributes:
        last: the number of the last record.
    """

    def __init__(self, matcher: TitleMatcher, held_by: Address | None) -> None:
        self.last = 0
        self._matcher = matcher
        self._holder = (held_by[0].casefold(), held_by[1]) if held_by else None
        self._held: set[int] = set()
        self._holders: Counter[int] = Counter()
        self._titles: dict[int, tuple[str, float]] = {}

    def take(self, records: list[Record]) -> None:
        """Keep what is needed of some records.

        Raises:
            ProtocolError: there are too many numbers.
        """
        for record in records:
            number = self.last = record.number
            self._holders[number] = max(self._holders[number] + 1, record.holders)
            if self._holder and self._holder in ((host := record.host.casefold(), record.port), (host, 0)):
                self._held.add(number)
            if number not in self._titles and (score := self._matcher.score(number, record.title)):
                self._titles[number] = (record.title, score)
        if len(self._holders) > MAX_NUMBERS:
            raise ProtocolError(
                f"The index lists more than {MAX_NUMBERS} numbers, which no swarm has. Ask another index."
            )

    def result(self) -> SwarmTitles:
        holders = {
            number: count
            for number, count in self._holders.items()
            if self._holder is None or number in self._held
        }
        fitting = {
            number: SwarmTitle(number, title, holders[number], score)
            for number, (title, score) in self._titles.items()
            if number in holders
        }
        return SwarmTitles(fitting, holders)
