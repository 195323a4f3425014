"""Which bytes a document ought to have, by what its holders announced: one vote for each published host.

One machine can run a thousand peers, so that peers are not counted but hosts (clause P-5.30).
Imports `protocol` and `errors`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import DisagreementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.protocol.messages import Record


class Vote(NamedTuple):
    """How many hosts announced a document with this SHA-256."""

    digest: bytes
    hosts: int


def count_votes(records: Sequence[Record]) -> list[Vote]:
    """Count the votes on one document, most first; a host whose peers disagree votes for what most say."""
    if len({record.copy.digest for record in records if record.copy}) == 1:  # as nearly always
        return [
            Vote(record.copy.digest, len({other.host for other in records if other.copy}))
            for record in records
            if record.copy
        ][:1]
    ballots: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
    for record in records:
        if record.copy:
            ballots[record.host][record.copy.digest] += 1
    totals = Counter(max(ballot.items(), key=_weight)[0] for ballot in ballots.values())
    return [Vote(digest, hosts) for digest, hosts in sorted(totals.items(), key=_weight, reverse=True)]


def _weight(counted: tuple[bytes, int]) -> tuple[int, bytes]:
    digest, count = counted
    return count, digest


def elect(number: int, votes: Sequence[Vote]) -> bytes | None:
    """Give the SHA-256 that more than half of the hosts announced; None when nobody announced any.

    Raises:
        DisagreementError: there is no such majority.
    """
    if not votes:
        return None
    if 2 * votes[0].hosts <= sum(vote.hosts for vote in votes):
        raise DisagreementError(number, votes=[(vote.digest, vote.hosts) for vote in votes])
    return votes[0].digest
