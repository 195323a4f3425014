"""Record lines of one document as bytes: in groups, of which a part is chosen, in batches."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCH_BYTES = 64 * 1024
MAX_END_BYTES = 360  # of a line: host, port, size, SHA-256, count, and what is between

_E = TypeVar("_E")


class Group(NamedTuple):
    """Record lines that differ in the addresses alone, which stand between `start` and `end`."""

    start: bytes
    addresses: list[bytes]
    end: bytes


def sample(shown: list[tuple[Sequence[int], _E]], at_most: int) -> list[tuple[Sequence[int], _E]]:
    """Choose so many of the holders by chance, if they are more; each stays with what it holds."""
    total = sum(len(serials) for serials, _ in shown)
    if total <= at_most:
        return shown
    places = sorted(random.sample(range(total), at_most))
    chosen: list[tuple[Sequence[int], _E]] = []
    begin = 0
    for serials, edition in shown:
        end = begin + len(serials)
        picked = [serials[place - begin] for place in places if begin <= place < end]
        if picked:
            chosen.append((picked, edition))
        begin = end
    return chosen


def size_of(groups: list[Group]) -> int:
    """Give the bytes of all lines."""
    return sum(
        (len(group.start) + len(group.end)) * len(group.addresses) + sum(map(len, group.addresses))
        for group in groups
    )


def batches(groups: list[Group]) -> Iterator[bytes]:
    """Give the lines in batches of about BATCH_BYTES."""
    for start, addresses, end in groups:
        step = max(1, BATCH_BYTES // (len(start) + MAX_END_BYTES))
        for first in range(0, len(addresses), step):
            # bytes.join writes what is between two addresses: one call in C for all lines of the batch.
            yield start + (end + start).join(addresses[first : first + step]) + end
