"""What goes into a conversation with an index server and what comes out of it, as values.

Imports `protocol` and `errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from p2pci.errors import RefusedError
from p2pci.protocol.extensions import Copy
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """How long an index server is waited for, in seconds, and how much of it is taken.

    Attributes:
        connect_seconds: until the connection stands.
        answer_seconds: until the answer to a question begins, a second try without features included; then
            without a byte of what must still come.
        min_bytes_per_second: of an answer that has begun, on average over each answer_seconds of waiting for
            it. So a LIST may take hours over a slow link, but nobody holds us up with a byte now and then.
        proposal_seconds: of answer_seconds, at most half of them, for the answer to the first request; an
            index server that needs longer is asked again without features (clause P-5.5).
        silence_seconds: what ends an answer of a server that never sends the last blank line (clause P-2.26).
        dead_seconds: a machine that no longer answers is given up after that long, asked or not.
        max_bytes: of memory for the records of one answer, some 380 each: 130,000 by default. An index server
            that lists without end costs no more; but a large swarm really has more. Its LIST is taken
            as it comes (`take`), as `p2pci list` does, in pages (`first`, `limit`), or under a higher limit.
    """

    connect_seconds: float = 10.0
    answer_seconds: float = 30.0
    min_bytes_per_second: float = 100.0
    proposal_seconds: float = 10.0
    silence_seconds: float = 2.0
    dead_seconds: int = 120
    max_bytes: int = 48 * 1024 * 1024


class Answer(NamedTuple):
    """What an index server answered: 200, or 404 for a LOOKUP of what nobody has.

    Attributes:
        status: OK or NOT_FOUND.
        records: in the order in which they came; not those that were handed to who takes them as they come.
        complete: False when only silence ended it, so that records may be missing (clause P-2.26).
        is_reachable: whether the index server could reach us; None when it was not asked to try, or cannot.
    """

    status: Status
    records: list[Record]
    complete: bool
    is_reachable: bool | None = None


class NewRecord(NamedTuple):
    """What is registered of a document: number, title, and the copy if it is known."""

    number: int
    title: str
    copy: Copy | None = None


class Added(NamedTuple):
    """The index server's answer to one ADD of many: its echo, or the error that it answered with."""

    document: NewRecord
    record: Record | None
    error: RefusedError | None
