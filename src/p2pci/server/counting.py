"""What an index server counts: plain integers, changed once for each batch of requests that are alike.

That is a run of LOOKUPs or ADDs; every other answer is counted by itself. It counts whether anybody looks or
not: that costs a LOOKUP 0.2 of its 8 µs. Two looks at the clock would cost as much again, so of the shortest
batches about one in TIMED_ONE_IN is timed. Who looks reads the integers and makes names, sums and charts of
them. Imports nothing of the project.
"""

from __future__ import annotations

from collections import Counter
from time import perf_counter_ns

METHODS = (b"ADD", b"LOOKUP", b"LIST", b"REMOVE")
OTHER = b"other"  # what no known method is counted as: the words of others would have no end
TIMED_ONE_IN = 16
# Which ones, the bytes that were received so far tell: no counter of its own, and a prime, so that no usual
# length of requests meets the same place again and again.
TIMED_OF_BYTES, TIMED_BYTES = 4093, 4093 // TIMED_ONE_IN
DURATIONS = 64
_CODE = slice(len(b"P2P-CI/1.0 "), len(b"P2P-CI/1.0 200"))  # of an answer
_METHOD_BYTES = max(map(len, METHODS)) + 1


class Counts:
    """The integers of one server, from its making on.

    Attributes:
        lookups: LOOKUPs like the last one that were answered 200, besides those in `answers`.
        adds: the same of ADDs.
        answers: how often each method was answered with each code, both as bytes.
        received: bytes.
        sent: bytes.
        durations: at n, how many batches of answers took a number of nanoseconds that has n bits.
        nanoseconds: of all batches together.
    """

    __slots__ = ("adds", "answers", "durations", "lookups", "nanoseconds", "received", "sent")

    def __init__(self) -> None:
        self.lookups = self.adds = self.received = self.sent = self.nanoseconds = 0
        self.answers: Counter[tuple[bytes, bytes]] = Counter()
        self.durations = [0] * DURATIONS

    def note_answer(self, head: bytes, answer: bytes) -> None:
        """Count one answer, by the first word of its request and by its own code."""
        method = head[:_METHOD_BYTES].replace(b"\t", b" ").partition(b" ")[0]
        self.answers[method if method in METHODS else OTHER, answer[_CODE]] += 1

    def note_batch(self, *, since: int, times: int = 1) -> None:
        """Count the time of answers that were made and written together.

        Args:
            since: when that began, by `perf_counter_ns`.
            times: how many such batches it stands for.
        """
        nanoseconds = perf_counter_ns() - since
        self.nanoseconds += times * nanoseconds
        self.durations[nanoseconds.bit_length()] += times

    def answered(self) -> dict[tuple[str, str], int]:
        """Give how often each method was answered with each code."""
        totals = Counter({(b"LOOKUP", b"200"): self.lookups, (b"ADD", b"200"): self.adds}) + self.answers
        return {(method.decode(), code.decode()): count for (method, code), count in sorted(totals.items())}
