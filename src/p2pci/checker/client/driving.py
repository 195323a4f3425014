"""Who uses the menu of a program under test: a script that types, or a person who is told what to do.

May import `program` and `scripts`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from p2pci.checker.client.scripts import Action, Script
from p2pci.checker.program import Program, shown, wait_until

PROMPT_SECONDS = 3.0  # for each question but the first; what is typed earlier waits on the terminal
PROMPT_BYTES = 4096  # of the end of what was printed; a prompt is looked for there
QUESTION_LETTERS = 60  # of the end of a question, where it is told
VAIN_TRIES = 2  # of an action that never led to anything, until it is waited for less
VAIN_SHARE = 0.25  # of the usual time: a slow program is as slow in every case
SKIP = "!skip"  # what a person types whose program cannot do what is asked for

_TASKS = {
    Action.START: "start: say that the index server is at {host}, port {port}, if it asks",
    Action.ADD: "ADD of RFC {number}, with the title: {title}",
    Action.LOOKUP: "LOOKUP of RFC {number} (title: {title})",
    Action.LIST: "LIST ALL",
    Action.GET: "GET of RFC {number} (its holder is {host}, port {port})",
    Action.LEAVE: "leave (EXIT, QUIT or what it is called)",
}


class Hand(Protocol):
    """Somebody at the menu of one program, for the time of one case."""

    @property
    def has_declined(self) -> bool:
        """Whether what was asked for last cannot be done in this program."""

    @property
    def question(self) -> str:
        """What the program asks now, though all lines were typed; "" when it asks nothing, or a person."""

    async def do(self, action: Action, values: Mapping[str, str]) -> None:
        """Do this in the menu; what becomes of it is not waited for."""

    def leave(self) -> None:
        """Touch the program no more."""


class Driver(Protocol):
    """Who gives each program that is started a hand."""

    @property
    def quiet_seconds(self) -> float: ...

    @property
    def start_seconds(self) -> float: ...

    def take(self, program: Program) -> Hand: ...

    def seconds_for(self, action: Action, seconds: float) -> float:
        """Give how long to wait for what comes of an action, of this usual time."""

    def note(self, action: Action, *, has_worked: bool) -> None:
        """Learn whether something came of an action."""


@dataclass(frozen=True, slots=True)
class ByScript:
    """Types what a script says; what is wrong with it shows in one case after the other."""

    script: Script = field(default_factory=Script)
    _tries_in_vain: Counter[Action] = field(default_factory=Counter)
    _working: set[Action] = field(default_factory=set)

    @property
    def quiet_seconds(self) -> float:
        return self.script.quiet_seconds

    @property
    def start_seconds(self) -> float:
        return self.script.start_seconds

    def take(self, program: Program) -> Hand:
        return _Typist(self.script, program)

    def seconds_for(self, action: Action, seconds: float) -> float:
        is_vain = action not in self._working and self._tries_in_vain[action] >= VAIN_TRIES
        return seconds * VAIN_SHARE if is_vain else seconds

    def note(self, action: Action, *, has_worked: bool) -> None:
        if has_worked:
            self._working.add(action)
        else:
            self._tries_in_vain[action] += 1


@dataclass(slots=True)
class _Typist:
    script: Script
    program: Program
    has_declined: bool = False
    _typed_at: int = 0  # what the program had printed when the last line was typed

    @property
    def question(self) -> str:
        printed = shown(self.program.printed_since(self._typed_at)[-PROMPT_BYTES:])
        prompt, last = self.script.prompt, printed.rpartition("\n")[2]
        return last.strip()[-QUESTION_LETTERS:] if prompt is None or prompt.search(last) else ""

    async def do(self, action: Action, values: Mapping[str, str]) -> None:
        lines = self.script.actions.get(action)
        self.has_declined = lines is None
        for line in lines or ():
            await self._wait_for_prompt()
            self._typed_at = self.program.printed_bytes
            self.program.type(_fill(line, values))

    async def _wait_for_prompt(self) -> None:
        """Wait for the question; a program that never puts it is typed to nevertheless."""
        prompt = self.script.prompt
        seconds = PROMPT_SECONDS if self._typed_at else self.script.start_seconds
        if prompt is None:
            await wait_until_quiet(self.program, self.script.quiet_seconds, seconds=seconds)
            return
        await wait_until(
            lambda: (
                prompt.search(shown(self.program.printed_since(self._typed_at)[-PROMPT_BYTES:])) is not None
                or not self.program.is_running
            ),
            seconds=seconds,
        )

    def leave(self) -> None:
        pass


async def wait_until_quiet(program: Program, quiet_seconds: float, *, seconds: float) -> None:
    """Wait until nothing was printed for so long; a program that never stops printing is not waited for."""
    loop = asyncio.get_running_loop()
    position, since = program.printed_bytes, loop.time()

    def is_quiet() -> bool:
        nonlocal position, since
        if program.printed_bytes != position:
            position, since = program.printed_bytes, loop.time()
        return loop.time() - since >= quiet_seconds

    await wait_until(is_quiet, seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """Tells a person what to do, hands on what is typed, and shows what the program prints.

    Attributes:
        tell: shows a line of ours.
        show: shows what the program printed, as it comes, made fit to be shown.
        typed: gives the lines that the person types.
    """

    tell: Callable[[str], None]
    show: Callable[[str], None]
    typed: asyncio.Queue[str]
    quiet_seconds: float = 1.0
    start_seconds: float = 120.0

    def take(self, program: Program) -> Hand:
        return _Person(self, program)

    def seconds_for(self, action: Action, seconds: float) -> float:
        return seconds

    def note(self, action: Action, *, has_worked: bool) -> None:
        pass


class _Person:
    question = ""  # it is on the screen

    def __init__(self, by_hand: ByHand, program: Program) -> None:
        self.has_declined = False
        self._by_hand = by_hand
        self._program = program
        self._shown_bytes = 0
        self._tasks = [asyncio.create_task(self._hand_on()), asyncio.create_task(self._show())]

    async def do(self, action: Action, values: Mapping[str, str]) -> None:
        self.has_declined = False
        task = _fill(_TASKS[action], values)
        self._show_rest()
        # Below the program's own question, which has no line end.
        self._by_hand.tell(f"\nIn your program, do: {task}   ({SKIP} if it cannot)")

    async def _hand_on(self) -> None:
        while True:
            line = await self._by_hand.typed.get()
            if line.strip() == SKIP:
                self.has_declined = True
            else:
                self._program.type(line)

    async def _show(self) -> None:
        program = self._program
        while True:
            await wait_until(lambda: program.printed_bytes > self._shown_bytes, seconds=3600)
            self._show_rest()

    def _show_rest(self) -> None:
        end = self._program.printed_bytes
        data = self._program.printed_since(self._shown_bytes)[: end - self._shown_bytes]
        self._shown_bytes = end
        self._by_hand.show(shown(data))

    def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._show_rest()


def _fill(line: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        line = line.replace("{" + name + "}", value)
    return line
