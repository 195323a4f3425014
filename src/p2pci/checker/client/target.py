"""The client under test, as one case sees it: started afresh, its menu used, its requests taken.

Each case enters a `Client`: the index server that we play listens, the program is started, and at the end
both are gone. What cannot be seen is explained by what the program printed last.
May import what lies beside the package `client` in the checker, and the grammar.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, Self

from p2pci.checker.cases import Case, Deviation, Finding, skipped
from p2pci.checker.client.desks import Asked, DeadPort, Desk, Holder, Index, Record
from p2pci.checker.client.driving import Driver, Hand
from p2pci.checker.client.scripts import Action
from p2pci.checker.program import Program, wait_until
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Direction
from p2pci.checker.wire import Unreachable, Wires
from p2pci.errors import ProgramError

METHODS = {Action.ADD: b"ADD", Action.LOOKUP: b"LOOKUP", Action.LIST: b"LIST"}
TITLE = "A Document of Many Words"
STOP_SECONDS = 5.0  # of the time for a case, in which a program that hangs is ended
_EXPLAINED = (Symptom.NOT_CONNECTED, Symptom.NO_REQUEST, Symptom.HANGS_ON_ANSWER, Symptom.ENDS_ON_ERROR)

# Numbers above those of real documents: what the program shares is not ours.
_NUMBERS = itertools.count(random.randrange(20_000, 900_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How the program under test is started, and where we listen for it.

    Attributes:
        command: a line for the shell, or the words of a command; {port} in it is the port.
        host, port: of the index server that we play; port 0 takes a free one.
        folder, env: of the program; None for ours.
    """

    command: str | Sequence[str]
    host: str = "localhost"
    port: int = 7734
    folder: Path | None = None
    env: Mapping[str, str] | None = None

    def command_for(self, port: int) -> str | list[str]:
        if isinstance(self.command, str):
            return self.command.replace("{port}", str(port))
        return [word.replace("{port}", str(port)) for word in self.command]


class Declined(Exception):  # noqa: N818 - a finding: the program has no such action, or nobody knows how
    """What a case needs cannot be done in this program."""


@dataclass(slots=True)
class Client:
    """The target of one case.

    Attributes:
        index: the index server that it is a peer of.
        program: the client itself.
    """

    wires: Wires
    launch: Launch
    driver: Driver
    index: Index = field(init=False)
    program: Program = field(init=False)
    _hand: Hand | None = field(default=None, init=False)
    _is_leaving: bool = field(default=False, init=False)
    _noted_bytes: int = field(default=0, init=False)
    _ours: list[Holder | DeadPort] = field(default_factory=list, init=False)

    async def __aenter__(self) -> Self:
        self.index = Index(self.wires)
        await self.index.open(self.launch.host, self.launch.port)
        self.program = Program(
            self.launch.command_for(self.index.port),
            folder=self.launch.folder,
            env=self.launch.env,
            on_terminal=True,
        )
        try:
            await self.program.__aenter__()
        except ProgramError as error:
            self.index.close()
            raise Unreachable(str(error)) from error
        self._hand = self.driver.take(self.program)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._hand:
            self._hand.leave()
        for desk in (self.index, *self._ours):
            desk.close()
        self._note_output()
        self.wires.end()  # first: a program may wait for its connections before it ends
        await self.program.stop()

    async def play(self, case: Case[Client]) -> Finding | None:
        """Try a case, in less than its time; tell of the program when that explains a deviation."""
        seconds = self.wires.patience.case_seconds - STOP_SECONDS
        try:
            async with asyncio.timeout(seconds):
                return await case.run(self)
        except Declined as reason:
            return skipped(str(reason))
        except Unreachable as error:
            raise Unreachable(await self._explain(str(error))) from error
        except TimeoutError as error:
            self._raise_fault()
            what = await self._explain(f"not done within {seconds:g} s")
            raise Deviation(what, symptom=Symptom.HANGS_ON_ANSWER) from error
        except Deviation as deviation:
            if deviation.symptom in _EXPLAINED or not self.program.is_running:
                deviation.what = await self._explain(deviation.what)
            raise

    async def join(self) -> list[Asked]:
        """Wait until it is connected and has told what it shares; give its ADDs.

        Raises:
            Unreachable: it does not connect.
        """
        assert self._hand  # noqa: S101 - a case enters its client
        seconds = self.driver.start_seconds
        await self._hand.do(Action.START, {"host": self.index.host, "port": str(self.index.port)})
        await wait_until(lambda: bool(self.index.wires) or not self.program.is_running, seconds=seconds)
        if not self.index.wires:
            when = f"within {seconds:g} s" if self.program.is_running else "before it ended"
            raise Unreachable(f"the program did not connect to port {self.index.port} {when}")
        await self._wait_until_calm()
        self._raise_fault()
        return self.index.adds

    async def _wait_until_calm(self) -> None:
        """Wait until nothing is asked and nothing printed for `quiet_seconds`."""
        loop = asyncio.get_running_loop()
        seen, since = (-1, -1), 0.0

        def is_calm() -> bool:
            nonlocal seen, since
            now = (len(self.index.asked), self.program.printed_bytes)
            if now != seen:
                seen, since = now, loop.time()
            return loop.time() - since >= self.driver.quiet_seconds or self.index.fault is not None

        await wait_until(is_calm, seconds=self.driver.start_seconds)

    async def holder(self, *documents: tuple[int, bytes], name: str = "holder") -> Holder:
        """Play a peer that has these documents."""
        holder = Holder(self.wires, name=name)
        holder.documents.update(documents)
        await holder.open()
        self._ours.append(holder)
        return holder

    def dead_port(self) -> DeadPort:
        """Give a port where nobody answers, for as long as the case lasts."""
        port = DeadPort()
        self._ours.append(port)
        return port

    async def added(self) -> Asked:
        """Give an ADD of it: one that came when it joined, else one of its menu."""
        adds = await self.join()
        return adds[0] if adds else await self.add(fresh_number())

    async def add(self, number: int, title: str = TITLE) -> Asked:
        return await self._ask(Action.ADD, number=number, title=title)

    async def lookup(self, number: int, title: str = TITLE) -> Asked:
        return await self._ask(Action.LOOKUP, number=number, title=title)

    async def list_all(self) -> Asked:
        return await self._ask(Action.LIST)

    async def _ask(
        self,
        action: Action,
        *,
        number: int = 0,
        title: str = "",
        seconds: float = 0.0,
        symptom: Symptom = Symptom.NO_REQUEST,
    ) -> Asked:
        """Use the menu, and give the request that comes of it.

        Raises:
            Deviation: none comes.
        """
        position, method = len(self.index.asked), METHODS[action]
        await self._do(action, number=number, title=title)

        def find() -> Asked | None:
            new = self.index.asked[position:]
            return next((asked for asked in new if asked.request.method.upper() == method), None)

        await self._wait_for(lambda: find() is not None, action=action, seconds=seconds)
        return find() or self._miss(f"no {method.decode()} request came", symptom)

    async def get(self, record: Record, holder: Holder) -> Asked:
        """Have it download what a holder of ours has, and give the GET that comes."""
        position = len(holder.asked)
        await self.start_get(record)
        await self._wait_for(lambda: len(holder.asked) > position, action=Action.GET)
        if len(holder.asked) > position:
            return holder.asked[position]
        return self._miss("no GET came to the holder", Symptom.NO_REQUEST)

    async def start_get(self, record: Record) -> None:
        """Have it download by this record, which the index has from now on."""
        self.index.records.append(record)
        await self._do(
            Action.GET, number=record.number, title=record.title, host=record.host, port=record.port
        )

    async def leave(self) -> None:
        """Have it leave."""
        self._is_leaving = True
        await self._do(Action.LEAVE)

    async def _do(self, action: Action, **values: str | int) -> None:
        assert self._hand  # noqa: S101 - a case enters its client
        self._note_output()
        shown_values = ", ".join(f"{name} {value}" for name, value in values.items() if value)
        self.wires.note("menu", Direction.EVENT, f"{action.value} {shown_values}".strip().encode())
        await self._hand.do(action, {name: str(value) for name, value in values.items()})
        if self._hand.has_declined:
            raise Declined(f"nobody says how to {action.value.upper()} in this program")

    async def _wait_for(self, is_so: Callable[[], bool], *, action: Action, seconds: float = 0.0) -> None:
        """Wait for what the program must do now, as long as it still can."""
        patience, hand = self.wires.patience, self._hand
        seconds = self.driver.seconds_for(action, max(seconds, patience.answer_seconds))

        def is_over() -> bool:
            return is_so() or bool(hand and hand.has_declined) or not self.program.is_running

        await wait_until(is_over, seconds=seconds)
        if not self.program.is_running:
            await wait_until(
                is_so, seconds=patience.quiet_seconds
            )  # what it sent last may still be on its way
        if hand and hand.has_declined:
            raise Declined("the user says that the program cannot do this")
        self.driver.note(action, has_worked=is_so())

    def _miss(self, what: str, symptom: Symptom) -> NoReturn:
        self._raise_fault()
        has_left = not self.program.is_running or all(wire.ending for wire in self.index.wires)
        if not has_left and self._hand and (question := self._hand.question):
            what += f"; the script has typed all its lines, and the program asks {question!r}"
        raise Deviation(what, symptom=Symptom.ENDS_ON_ERROR if has_left else symptom)

    async def still_asks(self, *, seconds: float = 0.0) -> None:
        """Check that it still does what its user wants: a LIST comes, on the connection that it has.

        Args:
            seconds: for that; the time for an answer, where that is more.

        Raises:
            Deviation: it has ended, has lost its connection, or asks no more.
        """
        asked = await self._ask(Action.LIST, seconds=seconds, symptom=Symptom.HANGS_ON_ANSWER)
        if asked.wire is not self.index.wires[0]:
            raise Deviation(
                "the program gave up its connection to the index, and made another",
                symptom=Symptom.ENDS_ON_ERROR,
            )

    def _raise_fault(self) -> None:
        """Raise what came to a desk of ours and is no request, if anything did."""
        for desk in (self.index, *self._ours):
            if isinstance(desk, Desk) and desk.fault:
                raise desk.fault

    async def _explain(self, what: str) -> str:
        """Add to what happened how the program ended, if it has, and what it printed last."""
        await wait_until(lambda: self.program.is_running or not self.program.can_print, seconds=0.3)
        state = "" if self.program.is_running else f". {self.program.describe()}".rstrip(".")
        lines = " | ".join(self.program.last_lines(5).split("\n"))
        return f"{what}{state}" + (f". It printed last: {lines}" if lines else "")

    def _note_output(self) -> None:
        """Have what was printed since the last time in the transcript."""
        end = self.program.printed_bytes
        if data := self.program.printed_since(self._noted_bytes)[: end - self._noted_bytes]:
            self.wires.note("terminal", Direction.RECEIVED, data)
        self._noted_bytes = end


def fresh_number() -> int:
    """Give a number that no other case uses."""
    return next(_NUMBERS)


def staged(case: Case[Client]) -> Case[Client]:
    """Make of a case one that starts its program before and stops it afterwards, and tells of its end."""

    async def run(client: Client) -> Finding | None:
        async with client:
            return await client.play(case)

    return replace(case, run=run)
