"""What the swarm has: every document with its title, its right bytes and its holders, asked of the index.

In pages of a few holders for each number where the index knows that; by the full LIST otherwise.
Imports `client`, `download` and `protocol`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Container
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

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
MAX_OFFERS = 1_000_000


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
    offers = []
    async for page in _pages(index, selection):
        for number, group in groupby(page, key=lambda record: record.number):
            records = [record for record in group if (record.host, record.port) not in own]
            if records and selection.has(number, records[0].title):
                offers.append(make_offer(records, accepts=accepts))
        if len(offers) > MAX_OFFERS:
            raise ProtocolError(
                f"The index lists more than {MAX_OFFERS} documents. Ask for a --range of them."
            )
    return offers


async def _pages(index: IndexClient, selection: Selection) -> AsyncIterator[list[Record]]:
    """Ask for all records, by number; a page ends with a number's last one."""
    first = min((start for start, _ in selection.ranges or [(1, 1)]), default=1)
    last = max((end for _, end in selection.ranges or [(1, MAX_NUMBER)]), default=MAX_NUMBER)
    while first <= last:
        options = Options(wants_copies=True, holders=HOLDERS, first=first, limit=PAGE_NUMBERS)
        records = sorted((await index.list_all(options)).records, key=lambda record: record.number)
        yield records
        if Feature.HOLDERS not in index.agreed or not records or records[-1].number < first:
            return  # that were all, or it does not do what it agreed to
        first = records[-1].number + 1


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
