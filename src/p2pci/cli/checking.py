"""What `p2pci check` does: picks the cases, judges the target, shows results as they come, writes reports."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2pci.checker.cases import Case, Result, Verdict
from p2pci.checker.judging import judge
from p2pci.checker.program import Program, require_free, wait_until
from p2pci.checker.reports import Report, Subject
from p2pci.checker.reports.as_json import cases_as_json, report_as_json
from p2pci.checker.reports.html import report_as_html
from p2pci.checker.reports.junit import report_as_junit
from p2pci.checker.reports.tree import Paint, Tone, Tree, plain
from p2pci.checker.selecting import select
from p2pci.checker.waiving import read_waivers, waive
from p2pci.checker.wire import Patience
from p2pci.cli.display import show_json
from p2pci.cli.exits import ExitStatus
from p2pci.cli.suites import Suite, all_cases, suite_of_client
from p2pci.cli.terminal import Terminal
from p2pci.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from p2pci.events import Address

MAX_COLUMNS = 110
DEFAULT_SCRIPT = "default"  # in the place of a file: the script of our own menu
END_SECONDS = 0.5  # for a program under test that seems to have died to be gone
_BAD_ENDS = (Verdict.FAIL, Verdict.ERROR, Verdict.SKIPPED)
# SGR of ECMA-48, in the sixteen colours that every theme has made readable.
_COLOURS = {Tone.GOOD: "32", Tone.BAD: "31", Tone.NOTICE: "33", Tone.DIM: "2", Tone.STRONG: "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """The flags that all kinds of targets share.

    Attributes:
        only, skip: patterns of cases, as `select` reads them.
        start: a shell line that starts the program under test.
        answer_seconds: how long an answer is waited for; None for the usual time.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    is_strict: bool = False
    waivers: Path | None = None
    answer_seconds: float | None = None
    start: str | None = None
    is_json: bool = False
    junit: Path | None = None
    html: Path | None = None

    def repeated(self) -> list[str]:
        """Give the flags by which the same target is judged in the same way again."""
        words = ["--strict"] if self.is_strict else []
        words += ["--waive", str(self.waivers)] if self.waivers else []
        words += ["--timeout", f"{self.answer_seconds:g}"] if self.answer_seconds else []
        return words + (["--start", self.start] if self.start else [])


def list_cases(cases: Sequence[Case[Any]], options: CheckOptions, *, kind: str) -> ExitStatus:
    """Print the cases that would be tried."""
    chosen = select(cases, only=options.only, skip=options.skip)
    terminal = Terminal()
    if options.is_json:
        terminal.print(show_json(cases_as_json(chosen)))
        return ExitStatus.DONE
    tree = _make_tree(Subject(kind=kind, target=""), terminal)
    terminal.print("\n".join(tree.listed(case) for case in chosen).strip("\n"))
    return ExitStatus.DONE


async def check_target(suite: Suite[Any], options: CheckOptions) -> ExitStatus:
    """Judge a target; Ctrl-C in the middle ends it with a report of what is known."""
    cases = select(suite.cases, only=options.only, skip=options.skip)
    session = _Session(_subject_of(suite, options), options, planned=len(cases))
    patience = _stretch(suite.patience, options.answer_seconds)
    async with _started(options.start, suite.address) as program:
        session.begin()
        try:
            await judge(cases, suite.make_target, patience=patience, look=suite.look, on_result=session.note)
        finally:
            await session.note_end_of(program)
            report = session.end()
    if report.is_unusable:
        return ExitStatus.NETWORK
    return ExitStatus.DONE if report.conforms else ExitStatus.NONCONFORMANT


async def check_client(
    command: tuple[str, ...], options: CheckOptions, *, listen: int, script: str | None
) -> ExitStatus:
    """Judge a client; without a script the person at this terminal is told what to do in its menu.

    Args:
        command: the words that start it.
        options: what is tried, and how.
        listen: the port of the index server that we play.
        script: the name of a file, or DEFAULT_SCRIPT for our own menu's.
    """
    from p2pci.checker.client import ByHand, ByScript, Script, read_script

    if script:
        lines = Script() if script == DEFAULT_SCRIPT else read_script(Path(script))
        suite = suite_of_client(command, listen=listen, script=script, driver=ByScript(lines))
        return await check_target(suite, options)
    terminal = Terminal(sys.stderr if options.is_json else None)
    with terminal.kept_sane():
        async with _typed_lines(terminal) as typed:
            by_hand = ByHand(tell=terminal.print, show=terminal.show_raw, typed=typed)
            suite = suite_of_client(command, listen=listen, script=None, driver=by_hand)
            return await check_target(suite, options)


@asynccontextmanager
async def _typed_lines(terminal: Terminal) -> AsyncIterator[asyncio.Queue[str]]:
    """Have what is typed, line by line, in a queue."""
    lines: asyncio.Queue[str] = asyncio.Queue()

    async def read() -> None:
        while (line := await terminal.ask("")) is not None:
            lines.put_nowait(line)

    reading = asyncio.create_task(read())
    try:
        yield lines
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def judge_quietly(
    suite: Suite[Any], options: CheckOptions, *, on_result: Callable[[Result], None]
) -> Report:
    """Judge a target, and leave it to others to show what was found."""
    cases = select(suite.cases, only=options.only, skip=options.skip)
    run = _Run(_subject_of(suite, options), planned=len(cases))
    patience = _stretch(suite.patience, options.answer_seconds)

    def note(result: Result) -> None:
        on_result(run.note(result))

    async with _started(options.start, suite.address):
        await judge(cases, suite.make_target, patience=patience, look=suite.look, on_result=note)
    return run.report()


def _subject_of(suite: Suite[Any], options: CheckOptions) -> Subject:
    return Subject(
        kind=suite.kind,
        target=suite.name,
        program=(*own_words(), "check"),
        arguments=(*suite.words, *options.repeated(), *suite.last_words),
        waived=read_waived(options),
        is_strict=options.is_strict,
    )


def read_waived(options: CheckOptions) -> dict[str, str]:
    """Give the reason for each waived case; one file may do for all kinds of targets.

    Raises:
        InvalidValueError: the file cannot be read, or names what is no case.
    """
    if not (path := options.waivers):
        return {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InvalidValueError(f"{path}: {error.strerror}. Name a file of waivers.") from error
    return read_waivers(lines, all_cases(), source=str(path))


def own_words() -> tuple[str, ...]:
    """Give the words that start this program again from where it was started."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return (_short("python3", sys.executable), "-m", "p2pci")
    return (_short(called.name, str(called)),)


def _short(name: str, path: str) -> str:
    """Give the name alone where the shell finds that very program by it."""
    found = shutil.which(name)
    return name if found and Path(found).resolve() == Path(path).resolve() else path


def _stretch(usual: Patience, answer_seconds: float | None) -> Patience:
    """Stretch all waiting in proportion when answers are waited for longer than usual."""
    if answer_seconds is None:
        return usual
    stretch = max(1.0, answer_seconds / usual.answer_seconds)
    return replace(
        usual,
        answer_seconds=answer_seconds,
        connect_seconds=usual.connect_seconds * stretch,
        case_seconds=usual.case_seconds * stretch,
        total_seconds=usual.total_seconds * stretch,
    )


@asynccontextmanager
async def _started(command: str | None, address: Address | None) -> AsyncIterator[Program | None]:
    """Have the program under test run meanwhile, when it is ours to start.

    Raises:
        ProgramError: it cannot be started, does not listen, or somebody else listens there already.
    """
    if command is None or address is None:
        yield None
        return
    host, port = address
    await require_free(host, port)
    async with Program(command) as program:
        await program.wait_until_it_listens(host, port)
        yield program


class _Run:
    """What is known of a run that is under way: what became of its cases until now, and since when."""

    def __init__(self, subject: Subject, *, planned: int) -> None:
        self.planned = planned
        self.results: list[Result] = []
        self._subject = subject
        self._started = datetime.now().astimezone()
        self._began = asyncio.get_running_loop().time()

    def note(self, result: Result) -> Result:
        """Take a result, and give it back waived if it is."""
        result = waive(result, self._subject.waived, is_strict=self._subject.is_strict)
        self.results.append(result)
        return result

    def report(self) -> Report:
        return Report(
            subject=self._subject,
            results=tuple(self.results),
            planned=self.planned,
            started=self._started,
            seconds=asyncio.get_running_loop().time() - self._began,
        )


class _Session:
    """A run that is shown: results as they come, and the reports at its end."""

    def __init__(self, subject: Subject, options: CheckOptions, *, planned: int) -> None:
        self._options = options
        self._run = _Run(subject, planned=planned)
        self._terminal = Terminal()
        self._tree = _make_tree(subject, self._terminal)

    def begin(self) -> None:
        if not self._options.is_json:
            self._terminal.print(self._tree.begin(self._run.planned))

    def note(self, result: Result) -> None:
        result = self._run.note(result)
        if not self._options.is_json:
            if text := self._tree.add(result):
                self._terminal.print(text)
            self._terminal.show_status(f"{len(self._run.results)} of {self._run.planned}")

    async def note_end_of(self, program: Program | None) -> None:
        """Tell of a program under test that has ended although nobody asked it to."""
        if program is None:
            return
        if self._run.results and self._run.results[-1].verdict in _BAD_ENDS:
            # Its connections are gone before it is itself.
            await wait_until(lambda: not program.is_running, seconds=END_SECONDS)
        if not program.is_running:
            await program.read_to_the_end()
            last = textwrap.indent(program.last_lines(), "  ")
            self._terminal.complain(f"\n{program.name} was not asked to end. {program.describe()}\n{last}")

    def end(self) -> Report:
        """Write the reports."""
        report = self._run.report()
        if self._options.is_json:
            self._terminal.print(show_json(report_as_json(report)))
        else:
            self._terminal.print(self._tree.end(report, page=str(self._options.html or "")))
        for path, write in ((self._options.junit, report_as_junit), (self._options.html, report_as_html)):
            if path:
                path.write_text(write(report), encoding="utf-8", newline="\n")
        return report


def _make_tree(subject: Subject, terminal: Terminal) -> Tree:
    columns = min(MAX_COLUMNS, shutil.get_terminal_size((100, 24)).columns)
    return Tree(subject, columns=columns, paint=_choose_paint(terminal))


def _choose_paint(terminal: Terminal) -> Paint:
    if not terminal.is_screen or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return plain
    return lambda text, tone: f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m"
