"""What the swarm has: every document with its title, its right bytes and its holders, asked of the index.

In pages of a few holders for each number where the index knows that; by the full LIST otherwise.
Imports `client`, `download` and `protocol`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Container
from dataclasses import dataclass, field
from itertools import groupby, islice
from sys import getsizeof
from typing import TYPE_CHECKING

from p2pci.client import memory_bytes
from p2pci.download import Vote, count_votes, elect
from p2pci.errors import DisagreementError, ProtocolError
from p2pci.protocol.extensions import Feature, Options
from p2pci.protocol.grammar import MAX_NUMBER

if TYPE_CHECKING:
    from p2pci.client import IndexClient
    from p2pci.events import Address
    from p2pci.mirror.selection import Selection
    from p2pci.protocol.messages import Record

HOLDERS = 8  # of each document; random ones, so that mirrors spread over them
PAGE_NUMBERS = 500
MAX_BYTES = 48 * 1024 * 1024  # of memory for all that is offered, whatever an index lists: 90,000 documents
MAX_HOLDERS = 200_000  # of one document; an index that lists more of them has no end
# What CPython takes for an offer, for an address besides its text, for a number and the list of its records.
_OFFER_BYTES = 448
_ADDRESS_BYTES = 160
_NUMBER_BYTES = 320


@dataclass(slots=True, eq=False)
class Offer:
    """A document that the swarm has.

    Attributes:
        number: of the RFC.
        title: as the first of its holders calls it.
        holders: how many there are; at least as many as are known by address.
        size: in bytes, if the holders told.
        digest: the SHA-256 that it must have; None when nobody announced any.
        sources: the holders that it can be had from: those that announced these bytes, or none.
        votes: each SHA-256 and how many hosts announced it, when they disagree.
        is_disputed: none of them has a majority, so that it is not known which is right.
    """

    number: int
    title: str
    holders: int
    size: int | None = None
    digest: bytes | None = None
    sources: list[Address] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    is_disputed: bool = False


async def read_catalogue(
    index: IndexClient, selection: Selection, *, own: Container[Address] = (), accepts: Container[bytes] = ()
) -> list[Offer]:
    """Ask an index for what is selected, ascending by number.

    Args:
        index: connected.
        selection: what is wanted.
        own: addresses under which we are published ourselves; they are no sources.
        accepts: each SHA-256 that is right where it is announced.

    Raises:
        NetworkError, RefusedError: as IndexClient's questions do.
        ProtocolError: likewise, or there is no end.
    """
    offers: list[Offer] = []
    room = _Room()
    async for page in _pages(index, selection):
        for number, group in groupby(page, key=lambda record: record.number):
            records = [record for record in group if (record.host, record.port) not in own]
            if records and selection.has(number, records[0].title):
                offers.append(room.take_in(make_offer(records, accepts=accepts)))
    return offers


class _Room:
    """What the offers may take of memory; an address that many of them have is kept once."""

    def __init__(self) -> None:
        self._left_bytes = MAX_BYTES
        self._addresses: dict[Address, Address] = {}

    def take_in(self, offer: Offer) -> Offer:
        """Count an offer.

        Raises:
            ProtocolError: there is no room for more.
        """
        known = len(self._addresses)
        offer.sources = [self._addresses.setdefault(source, source) for source in offer.sources]
        new = islice(reversed(self._addresses), len(self._addresses) - known)
        self._left_bytes -= _OFFER_BYTES + getsizeof(offer.title)
        self._left_bytes -= sum(_ADDRESS_BYTES + getsizeof(host) for host, _ in new)
        if self._left_bytes < 0:
            raise _too_much()
        return offer


async def _pages(index: IndexClient, selection: Selection) -> AsyncIterator[list[Record]]:
    """Ask for all records, by number; a page ends with a number's last one."""
    first = min((start for start, _ in selection.ranges or [(1, 1)]), default=1)
    last = max((end for _, end in selection.ranges or [(1, MAX_NUMBER)]), default=MAX_NUMBER)
    while first <= last:
        options = Options(wants_copies=True, holders=HOLDERS, first=first, limit=PAGE_NUMBERS)
        thinned = _Thinned()
        thinned.take((await index.list_all(options, take=thinned.take)).records)
        records = thinned.records()
        yield records
        if Feature.HOLDERS not in index.agreed or not records or records[-1].number < first:
            return  # that were all, or it does not do what it agreed to
        first = records[-1].number + 1


class _Thinned:
    """Records of an index that knows no pages: of each number as many as HOLDERS, at random."""

    def __init__(self) -> None:
        self._records: dict[int, list[Record]] = {}
        self._seen: Counter[int] = Counter()
        self._left_bytes = MAX_BYTES

    def take(self, records: list[Record]) -> None:
        """Keep some of them (reservoir sampling: each has the same chance).

        Raises:
            ProtocolError: there are too many numbers, or holders of one.
        """
        for record in records:
            kept = self._records.setdefault(record.number, [])
            if not kept:
                self._left_bytes -= _NUMBER_BYTES
            self._seen[record.number] += 1
            if len(kept) < HOLDERS:
                kept.append(record)
                self._left_bytes -= memory_bytes(record)
            elif (place := random.randrange(self._seen[record.number])) < HOLDERS:
                kept[place] = record
            if self._left_bytes < 0 or self._seen[record.number] > MAX_HOLDERS:
                raise _too_much()

    def records(self) -> list[Record]:
        """Give what was kept, by number; where more came, each tells how many did."""
        return [
            record._replace(holders=self._seen[number]) if self._seen[number] > HOLDERS else record
            for number in sorted(self._records)
            for record in self._records[number]
        ]


def _too_much() -> ProtocolError:
    return ProtocolError(
        f"What the index lists takes more than {MAX_BYTES // 2**20} MiB of memory. Ask for a --range of it."
    )


def make_offer(records: list[Record], *, accepts: Container[bytes] = ()) -> Offer:
    """Put together what the records of one number say."""
    first = records[0]
    offer = Offer(first.number, first.title, max(len(records), first.holders))
    votes = count_votes(records)
    if len(votes) > 1:
        offer.votes = votes
    try:
        accepted = next((vote.digest for vote in votes if vote.digest in accepts), None)
        offer.digest = accepted or elect(first.number, votes)
    except DisagreementError:
        offer.is_disputed = True
        return offer
    for record in records:
        if record.copy is None or offer.digest in (None, record.copy.digest):
            offer.sources.append((record.host, record.port))
            offer.size = record.copy.size if record.copy else offer.size
    return offer
