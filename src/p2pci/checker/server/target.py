"""The index server under test, as one case sees it: peers that connect to it, ask, and leave.

May import what lies beside the package `server` in the checker, and the grammar.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import IndexAnswer, SeenRecord
from p2pci.checker.reading import read_index_answer
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending, Wire, Wires
from p2pci.protocol.grammar import VERSION

# Numbers above those of real documents, from another place in every run: whatever others registered
# meanwhile, or an earlier case did, is not ours.
_NUMBERS = itertools.count(random.randrange(20_000, 900_000))
_PORTS = itertools.cycle(range(40_000, 60_000))


@dataclass(slots=True)
class Server:
    """The target of one case.

    Attributes:
        host, port: where it listens.
        wires: the connections of the case.
    """

    host: str
    port: int
    wires: Wires
    _names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def join(self, *, claim: str = "127.0.0.1") -> Peer:
        """Connect as a peer that nobody knows yet, with an upload port of its own."""
        wire = await self.wires.connect(self.host, self.port, name=f"peer {next(self._names)}")
        return Peer(wire, host=claim, port=next(_PORTS))


def fresh_number() -> int:
    """Give a number that no other case uses."""
    return next(_NUMBERS)


class Peer:
    """One conversation with the index server under test.

    Attributes:
        host, port: what its requests claim.
    """

    def __init__(self, wire: Wire, *, host: str, port: int) -> None:
        self.wire = wire
        self.host = host
        self.port = port

    def add_request(self, number: int | str, title: str) -> bytes:
        return self._request(f"ADD RFC {number}", title)

    def lookup_request(self, number: int | str, title: str = "") -> bytes:
        return self._request(f"LOOKUP RFC {number}", title)

    def list_request(self) -> bytes:
        return self._request("LIST ALL", None)

    def _request(self, words: str, title: str | None) -> bytes:
        head = f"{words} {VERSION.decode()}\r\nHost: {self.host}\r\nPort: {self.port}\r\n"
        return (head + ("" if title is None else f"Title: {title}\r\n") + "\r\n").encode()

    async def add(self, number: int, title: str = "A Title of Some Words") -> IndexAnswer:
        """Register a document; what is answered must be 200."""
        answer = await self.ask(self.add_request(number, title))
        return require_code(answer, 200)

    async def lookup(self, number: int, title: str = "") -> IndexAnswer:
        return await self.ask(self.lookup_request(number, title))

    async def list_all(self) -> IndexAnswer:
        return await self.ask(self.list_request())

    async def ask(self, request: bytes) -> IndexAnswer:
        """Send a request, and read its answer."""
        self.wire.send(request)
        return await self.answer()

    async def answer(self) -> IndexAnswer:
        """Read the next answer, in whatever form it comes.

        Raises:
            Deviation: none came, or what came is none.
        """
        while True:
            found = read_index_answer(self.wire.unread, is_over=self.wire.ending is not None)
            if found:
                self.wire.take(found[1])
                return found[0]
            if not await self._more():
                return self._last_answer() or await self._explain_silence()

    async def _more(self) -> bool:
        patience = self.wire.patience
        return await self.wire.more(patience.quiet_seconds if self.wire.unread else patience.answer_seconds)

    def _last_answer(self) -> IndexAnswer | None:
        """Take what is there for the answer: many servers send no closing blank line."""
        found = read_index_answer(self.wire.unread, is_over=True)
        if found:
            self.wire.take(found[1])
        return found[0] if found else None

    async def _explain_silence(self) -> IndexAnswer:
        """Find out why nothing came: does it come when we half-close?"""
        if self.wire.ending is not None:
            how = "closed" if self.wire.ending is Ending.CLOSED else "reset"
            raise Deviation(f"the connection was {how} without an answer", symptom=Symptom.CLOSES_EARLY)
        seconds = self.wire.patience.answer_seconds
        self.wire.half_close()
        await self.wire.more(seconds)
        if self.wire.unread:
            raise Deviation(
                f"no answer within {seconds:g} s; it came when our side of the connection was closed",
                received=self.wire.unread[:200],
                symptom=Symptom.READS_UNTIL_EOF,
            )
        raise Deviation(f"no answer within {seconds:g} s", symptom=Symptom.SILENT)

    def own_records(self, answer: IndexAnswer, *numbers: int) -> list[SeenRecord]:
        """Pick this peer's records of these numbers: by number and port, as the published host may differ."""
        return [record for record in answer.records if record.number in numbers and record.port == self.port]


def require_code(answer: IndexAnswer, *codes: int) -> IndexAnswer:
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
        received=answer.raw,
    )
