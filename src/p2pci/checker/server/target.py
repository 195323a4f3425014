"""The index server under test, as one case sees it: peers that connect to it, ask, and leave.

Every peer claims a host of its own, as the course text tells peers by it: who has one list entry a host is
not wrong (Q-7). LOOKUPs carry the title that was added, as who compares titles is not wrong either (Q-6).
May import what lies beside the package `server` in the checker, and the grammar.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import IndexAnswer, SeenRecord
from p2pci.checker.reading import read_index_answer
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending, Wire, Wires
from p2pci.protocol.grammar import VERSION, Status

TITLE = "A Title of Some Words"
LONG_ANSWER_BYTES = 64 * 1024  # from here on an answer is not read again for every piece that comes
PIECE_SECONDS = 0.02
SHORT_BACKLOG = 2  # so many may connect at once to a program that says listen(1)
BETWEEN_JOINS_SECONDS = 0.002

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
        peers: that joined in this case.
    """

    host: str
    port: int
    wires: Wires
    peers: list[Peer] = field(default_factory=list)

    async def join(self, *, claim: str = "", port: int = 0) -> Peer:
        """Connect as a peer that nobody knows yet, with a host and an upload port of its own."""
        name = f"peer {len(self.peers) + 1}"
        wire = await self.wires.connect(self.host, self.port, name=name)
        port = port or next(_PORTS)
        peer = Peer(wire, server=self, host=claim or f"127.0.{port // 250}.{port % 250 + 1}", port=port)
        self.peers.append(peer)
        return peer

    async def join_several(self, count: int) -> list[Peer]:
        """Let peers connect one after the other, so that a short backlog (`listen(1)`) does for them."""
        peers = []
        for _ in range(count):
            peers.append(await self.join())
            await asyncio.sleep(BETWEEN_JOINS_SECONDS if count > SHORT_BACKLOG else 0)
        return peers


def fresh_number() -> int:
    """Give a number that no other case uses."""
    return next(_NUMBERS)


def written(*lines: str) -> bytes:
    """Write a request of these lines, and the blank line that ends it."""
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


class Peer:
    """One conversation with the index server under test.

    Attributes:
        host, port: what its requests claim.
    """

    def __init__(self, wire: Wire, *, server: Server, host: str, port: int) -> None:
        self.wire = wire
        self.host = host
        self.port = port
        self._server = server

    def request(self, words: str, *headers: str, version: str = VERSION.decode()) -> bytes:
        """Write a request with this peer's Host and Port, and further header lines."""
        return written(f"{words} {version}", f"Host: {self.host}", f"Port: {self.port}", *headers)

    def add_request(self, number: int | str, title: str = TITLE) -> bytes:
        return self.request(f"ADD RFC {number}", f"Title: {title}")

    def lookup_request(self, number: int | str, title: str = TITLE) -> bytes:
        return self.request(f"LOOKUP RFC {number}", f"Title: {title}")

    def list_request(self) -> bytes:
        return self.request("LIST ALL")

    async def add(self, number: int, title: str = TITLE) -> IndexAnswer:
        """Register a document; what is answered must be 200."""
        return require_code(await self.ask(self.add_request(number, title)), Status.OK)

    async def lookup(self, number: int, title: str = TITLE) -> IndexAnswer:
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
            if len(self.wire.unread) > LONG_ANSWER_BYTES and not self.wire.unread.strip(b"\r\n"):
                raise Deviation("nothing but blank lines, and no end", symptom=Symptom.ENDLESS)
            if not await self._more():
                return self._last_answer() or await self._explain_silence()

    async def _more(self) -> bool:
        patience, had = self.wire.patience, len(self.wire.unread)
        if not await self.wire.more(patience.quiet_seconds if had else patience.answer_seconds):
            return False
        while len(self.wire.unread) < 2 * had and had > LONG_ANSWER_BYTES:
            if not await self.wire.more(PIECE_SECONDS):
                break
        return True

    def _last_answer(self) -> IndexAnswer | None:
        """Take what is there for the answer: many servers send no closing blank line."""
        found = read_index_answer(self.wire.unread, is_over=True)
        if found:
            self.wire.take(found[1])
        return found[0] if found else None

    async def _explain_silence(self) -> IndexAnswer:
        """Find out why nothing came: does it come when the other peers leave, or when we half-close?"""
        if self.wire.ending is not None:
            how = "closed" if self.wire.ending is Ending.CLOSED else "reset"
            raise Deviation(f"the connection was {how} without an answer", symptom=Symptom.CLOSES_EARLY)
        seconds = self.wire.patience.answer_seconds
        others = [peer for peer in self._server.peers if peer is not self and peer.wire.ending is None]
        for other in others:
            other.wire.close()
        if others and await self._comes_late():
            raise Deviation(
                f"no answer within {seconds:g} s; it came when the other peers had left",
                symptom=Symptom.ONE_AT_A_TIME,
            )
        self.wire.half_close()
        if await self._comes_late():
            raise Deviation(
                f"no answer within {seconds:g} s; it came when our side of the connection was closed",
                received=self.wire.unread[:200],
                symptom=Symptom.READS_UNTIL_EOF,
            )
        raise Deviation(f"no answer within {seconds:g} s", symptom=Symptom.SILENT)

    async def _comes_late(self) -> bool:
        await self.wire.more(max(self.wire.patience.answer_seconds / 3, self.wire.patience.quiet_seconds))
        return bool(self.wire.unread)

    def own_records(self, answer: IndexAnswer, *numbers: int) -> list[SeenRecord]:
        """Pick this peer's records of these numbers: by number and port, as the published host may differ."""
        return [record for record in answer.records if record.number in numbers and record.port == self.port]

    def record_line(self, number: int, title: str = TITLE) -> bytes:
        """Write the line of a record of this peer, as it is expected."""
        return f"RFC {number} {title} {self.host} {self.port}\r\n".encode()


def require_code(answer: IndexAnswer, *codes: int, symptom: Symptom | None = None) -> IndexAnswer:
    """Give the answer back if it has one of these codes.

    Raises:
        Deviation: it has another.
    """
    if answer.code in codes:
        return answer
    names = " or ".join(f"{code:d}" for code in codes)
    raise Deviation(
        f"answered {answer.code} where {names} is right",
        expected=b"%b %d %b\r\n" % (VERSION, codes[0], Status(codes[0]).phrase.encode()),
        received=answer.raw,
        symptom=symptom,
    )
