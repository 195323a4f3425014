"""The upload server under test, as one case sees it: connections to it, GETs, and what comes back.

What comes is read without prejudice, so that a fault is noticed by its own case: data go up to the close,
or to a silence behind Content-Length. May import what lies beside the package `peer`, and the grammar.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field, replace

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import HolderHead
from p2pci.checker.reading import read_holder_head
from p2pci.checker.rules.heads import length_of
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending, Unreachable, Wire, Wires
from p2pci.protocol.grammar import VERSION

MAX_HEAD_BYTES = 64 * 1024  # whoever sends more without a blank line sends no head
MAX_DOCUMENT_BYTES = 1024 * 1024  # a slow reader gets it in time, too; more than nearly any RFC has
MAX_SURPLUS_BYTES = 64 * 1024  # behind the data; more is not read


@dataclass(slots=True)
class Habits:
    """What was found out about a holder, so that not every case has to wait for it.

    Attributes:
        waits_for_our_end: it answers only after we have ended our side.
        stays_open: it does not close after its answer.
    """

    waits_for_our_end: bool = False
    stays_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request.

    Attributes:
        data: everything behind the head, also what is too much.
        start: blank lines that stood before the head.
        ending: how the connection ended; None when it stayed open.
        came_late: only when we had ended our side.
    """

    head: HolderHead
    data: bytes
    start: bytes = b""
    ending: Ending | None = None
    came_late: bool = False

    @property
    def code(self) -> int:
        return self.head.code

    @property
    def length(self) -> int | None:
        return length_of(self.head)


@dataclass(slots=True)
class Holder:
    """The target of one case.

    Attributes:
        host, port: where it listens.
        wires: the connections of the case.
        number: of a document that it has, of up to MAX_DOCUMENT_BYTES.
        document: a copy of that document's bytes; None when there is none to compare with.
        habits: may be shared by all cases, which saves them time.
    """

    host: str
    port: int
    wires: Wires
    number: int
    document: bytes | None = None
    habits: Habits = field(default_factory=Habits)
    _names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def request(self, number: int | str | None = None, *lines: str, version: str = VERSION.decode()) -> bytes:
        """Write a GET as it is always written, with further header lines."""
        head = [f"GET RFC {self.number if number is None else number} {version}"]
        head += [f"Host: {self.host}", "OS: Linux 6.1.0", *lines]
        return "".join(line + "\r\n" for line in [*head, ""]).encode()

    async def call(self, *, receive_buffer_bytes: int = 0) -> Caller:
        """Connect.

        Args:
            receive_buffer_bytes: that the system keeps for us while we do not read; 0 for as much as usual.

        Raises:
            Unreachable: nobody accepts.
            Deviation: nobody accepts any more, after others of this case.
        """
        count = next(self._names)
        try:
            wire = await self.wires.connect(
                self.host, self.port, name=f"caller {count}", receive_buffer_bytes=receive_buffer_bytes
            )
        except Unreachable as error:
            if count == 1:
                raise
            raise Deviation(f"no further connection is accepted: {error}", symptom=Symptom.DIED) from error
        return Caller(wire, self.habits)

    async def get(self, number: int | None = None) -> Answer:
        """Ask as everybody does, on a connection of its own."""
        answer = await self.ask(self.request(number))
        self.habits.waits_for_our_end |= answer.came_late
        self.habits.stays_open |= answer.ending is None
        return answer

    async def ask(self, request: bytes) -> Answer:
        """Send anything on a connection of its own, and read what is answered."""
        caller = await self.call()
        return await caller.ask(request)

    async def usual(self) -> Answer:
        """Get the document as everybody does; it must be answered 200."""
        answer = await self.get()
        return require_code(answer, 200, symptom=Symptom.NOT_HERE if answer.code == 404 else None)

    async def require_alive(self, *, after: str) -> None:
        """Check that the document is still to be had.

        Raises:
            Deviation: it is not.
        """
        try:
            await self.usual()
        except Deviation as deviation:
            what = f"after {after}, a GET is not served any more: {deviation.what}"
            raise Deviation(what, received=deviation.received, symptom=Symptom.DIED) from deviation


class Caller:
    """One connection to the holder under test."""

    def __init__(self, wire: Wire, habits: Habits) -> None:
        self.wire = wire
        self._habits = habits
        self._has_ended = False

    async def ask(self, request: bytes) -> Answer:
        """Send a request in one piece, and read its answer up to the close."""
        self.wire.send(request)
        return await self.answer()

    def end(self) -> None:
        """End our side; theirs goes on."""
        self._has_ended = True
        self.wire.half_close()

    async def answer(self) -> Answer:
        """Read an answer and what follows, up to the close.

        Raises:
            Deviation: none came, or what came is none.
        """
        if self._habits.waits_for_our_end and not self._has_ended:
            self.end()
        start, head, came_late = await self._head()
        head, data = _divide(head, await self._data(length_of(head)))
        return Answer(head=head, data=data, start=start, ending=self.wire.ending, came_late=came_late)

    async def kept_answer(self) -> Answer:
        """Read an answer under keep-alive; without Content-Length it has no data."""
        start, head, came_late = await self._head()
        length = length_of(head) or 0
        while len(self.wire.unread) < length and await self.wire.more(self.wire.patience.answer_seconds):
            pass
        data = self.wire.take(length)
        return Answer(head=head, data=data, start=start, ending=self.wire.ending, came_late=came_late)

    async def _head(self) -> tuple[bytes, HolderHead, bool]:
        came_late = False
        while not (found := self._find_head()):
            if await self.wire.more(self.wire.patience.answer_seconds):
                continue
            if found := self._find_head(is_over=True):
                break
            await self._coax_answer()
            came_late = True
        head, size = found
        start = self.wire.take(size)[: size - len(head.raw)]
        return start, head, came_late

    def _find_head(self, *, is_over: bool = False) -> tuple[HolderHead, int] | None:
        unread = self.wire.unread
        is_all = len(unread) <= MAX_HEAD_BYTES
        is_over = is_all and (is_over or self.wire.ending is not None)
        found = read_holder_head(unread[:MAX_HEAD_BYTES], is_over=is_over)
        if not found and not is_all:
            raise Deviation(
                f"{MAX_HEAD_BYTES // 1024} KiB came without a blank line", symptom=Symptom.ENDLESS
            )
        return found

    async def _coax_answer(self) -> None:
        """Find out whether an answer comes when we end our side.

        Raises:
            Deviation: it does not.
        """
        seconds = self.wire.patience.answer_seconds
        match self.wire.ending:
            case Ending.RESET:
                raise Deviation(
                    "the connection was reset without an answer", symptom=Symptom.CLOSED_UNANSWERED
                )
            case Ending.CLOSED:
                raise Deviation(
                    "the connection was closed without an answer", symptom=Symptom.CLOSED_UNANSWERED
                )
        if not self._has_ended:
            self.end()
            if await self.wire.more(seconds) and self.wire.unread:
                return
        raise Deviation(f"no answer within {seconds:g} s", symptom=Symptom.SILENT)

    async def _data(self, length: int | None) -> bytes:
        """Take what comes behind the head; without Content-Length a silence is its end, as the close is."""
        patience = self.wire.patience
        quiet_seconds = patience.quiet_seconds / (6 if self._habits.stays_open else 1)
        while length is None or len(self.wire.unread) <= length + MAX_SURPLUS_BYTES:
            is_missing = length is not None and len(self.wire.unread) < length
            if not await self.wire.more(patience.answer_seconds if is_missing else quiet_seconds):
                break
        return self.wire.take(len(self.wire.unread))


def _divide(head: HolderHead, data: bytes) -> tuple[HolderHead, bytes]:
    """Give back to a document the lines that the head took of it because its own blank line is not there.

    Content-Length tells which: so many bytes are missing from the data. A document mostly begins with an
    empty line, which ends in LF alone where the headers end in CR LF.
    """
    lines, taken = list(head.lines), b""
    missing = (length_of(head) or 0) - len(data)
    while len(lines) > 1 and len(taken) < missing:
        last = lines.pop()
        taken = last.text + last.end + taken
    is_of_document = taken == b"\n" != head.status.line.end or b":" not in taken.partition(b"\n")[0]
    if not taken or len(taken) != missing or taken == b"\r\n" or not is_of_document:
        return head, data
    strays = tuple(line for line in head.strays if line in lines)
    return replace(head, lines=tuple(lines), strays=strays), taken + data


def absent_number() -> int:
    """Give a number that no document has."""
    return random.randrange(200_000, 900_000)


def require_code(answer: Answer, *codes: int, symptom: Symptom | None = None) -> Answer:
    """Give the answer back if it has one of these codes.

    Raises:
        Deviation: it has another.
    """
    if answer.code in codes:
        return answer
    names = " or ".join(map(str, codes))
    raise Deviation(
        f"answered {answer.code} where {names} is right",
        expected=b"%b %d" % (VERSION, codes[0]),
        received=answer.head.raw,
        symptom=symptom,
    )
