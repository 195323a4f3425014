"""One answer as it is heard: how long its server is waited for, and how much of it is kept.

An answer has to begin in time, and must then neither fall silent nor drip; its records take a bounded amount
of memory, whatever is listed. Imports `link`, `values`, `dialing`, `protocol` and `errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from sys import getsizeof
from typing import TYPE_CHECKING

from p2pci.dialing import show_address
from p2pci.errors import DeadlineError, ProtocolError
from p2pci.protocol.answers import AnswerEnded, AnswerHeader, AnswerStarted
from p2pci.protocol.messages import Record
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from p2pci.client.link import Link
    from p2pci.client.values import ClientLimits

Take = Callable[[list[Record]], object]

# What a record takes in CPython besides its texts, each piece rounded up as the allocator does: itself, its
# numbers, its place in a list.
_RECORD_BYTES = 224
_COPY_BYTES = 192
MIB = 1024 * 1024


class Hearing:
    """An answer, as far as it is heard.

    Args:
        limits: see ClientLimits.
        take: given the records as often as max_bytes of them have come, and may refuse more with a
            ProtocolError; without it more are refused.

    Attributes:
        code: of its status line; 0 before.
        headers: by names in lower case.
        records: those that `take` was not given.
        has_records: whether any came.
        is_complete: False when only silence ended it.
    """

    def __init__(self, limits: ClientLimits, take: Take | None = None) -> None:
        self.code = 0
        self.headers: dict[bytes, bytes] = {}
        self.records: list[Record] = []
        self.has_records = False
        self.is_complete = True
        self._limits = limits
        self._take = take
        self._kept_bytes = 0
        self._pace = _Pace(limits)

    @property
    def is_reachable(self) -> bool | None:
        word = self.headers.get(b"probe")
        return None if word is None else word == b"reachable"

    async def listen(self, link: Link, *, seconds: float) -> None:
        """Read the answer to its end; `seconds` are for its status line.

        Raises:
            ConnectionLostError: the connection ended before.
            DeadlineError: it did not begin in time, fell silent, or drips.
            ProtocolError: it is none, or lists more than is kept.
        """
        try:
            async with asyncio.timeout(seconds) as clock:
                while True:
                    event = link.reader.next_event()
                    match event:
                        case AnswerStarted(code):
                            self.code = code
                            clock.reschedule(None)  # from here on bytes count: a long answer takes long
                        case AnswerHeader(name, value):
                            self.headers[name] = value
                        case Record():
                            self._keep(link, [event, *link.reader.take_records()])
                        case AnswerEnded(complete):
                            self.is_complete = complete
                            return
                        case Wait() if not await self._wait_for_more(link):
                            self.is_complete = link.reader.end_by_silence().complete
                            return
        except TimeoutError as error:
            where, waited = show_address(link.address), self._limits.answer_seconds
            raise DeadlineError(
                f"{where} did not answer within {waited:g} s. Try again, or another server."
            ) from error

    def _keep(self, link: Link, records: list[Record]) -> None:
        """Keep records, or hand all that are kept on when they are too many."""
        self.has_records = True
        self.records += records
        self._kept_bytes += sum(map(memory_bytes, records))
        if self._kept_bytes <= self._limits.max_bytes:
            return
        kept, self.records, self._kept_bytes = self.records, [], 0
        try:
            self._hand_on(kept, link)
        except ProtocolError:
            link.reader.end_by_silence()  # the rest of this answer is dropped as it comes
            raise

    def _hand_on(self, records: list[Record], link: Link) -> None:
        if self._take:
            self._take(records)
            return
        raise ProtocolError(
            f"The answer of {show_address(link.address)} takes more than "
            f"{self._limits.max_bytes / MIB:g} MiB of memory. `p2pci list` shows one of any length; "
            "ClientLimits(max_bytes=...) allows a program more."
        )

    async def _wait_for_more(self, link: Link) -> bool:
        """Wait for bytes; False when silence may and does end the answer (clauses P-2.26, P-2.27).

        Raises:
            TimeoutError: nothing came, and silence may not end it.
        """
        may_end = link.reader.may_end_by_silence
        loop = asyncio.get_running_loop()
        begun, before = loop.time(), link.received_bytes
        came = await link.wait_data(self._limits.silence_seconds if may_end else self._limits.answer_seconds)
        if not came and not may_end:
            raise TimeoutError
        if self.code:
            self._pace.note(link, seconds=loop.time() - begun, received=link.received_bytes - before)
        return came


class _Pace:
    """Watches that a server does not drip: so much must come in each stretch of the time of an answer.

    Only the time that is spent waiting for it counts: who prints what comes may be slow himself.
    """

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._seconds = 0.0
        self._received = 0

    def note(self, link: Link, *, seconds: float, received: int) -> None:
        """Count a wait and what came of it.

        Raises:
            DeadlineError: it was too little.
        """
        self._seconds += seconds
        self._received += received
        if self._seconds < self._limits.answer_seconds:
            return
        if self._received < self._seconds * self._limits.min_bytes_per_second:
            raise DeadlineError(
                f"{show_address(link.address)} sends its answer too slowly: {self._received} bytes in "
                f"{self._seconds:.0f} s. Try again, or another server."
            )
        self._seconds, self._received = 0.0, 0


def memory_bytes(record: Record) -> int:
    """Give what CPython takes for a record, with its texts and its place in a list."""
    texts = getsizeof(record.title) + getsizeof(record.host)
    return _RECORD_BYTES + texts + (_COPY_BYTES if record.copy else 0)
