"""What `p2pci check class` does: starts and judges one program after the other, and writes what was found."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2pci.checker.classroom import Entry, Task, find_entries
from p2pci.checker.client import ByScript, Script, read_script
from p2pci.checker.client.desks import Index
from p2pci.checker.program import Program, wait_until
from p2pci.checker.reports.grades import grades_as_csv
from p2pci.checker.reports.html import report_as_html
from p2pci.checker.reports.matrix import Judged, matrix_as_html
from p2pci.checker.wire import Patience, Unreachable, Wires
from p2pci.cli.checking import CheckOptions, judge_quietly
from p2pci.cli.display import escape, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.suites import Suite, suite_of_client, suite_of_peer, suite_of_server
from p2pci.cli.terminal import Terminal
from p2pci.errors import InvalidValueError, P2PCIError, ProgramError

if TYPE_CHECKING:
    pass

HOST = "127.0.0.1"
JOIN_SECONDS = 15.0  # until a peer has added a document


async def check_class(folder: Path, options: CheckOptions, *, out: Path) -> ExitStatus:
    """Judge what is in each sub-folder, and write a page for each program, a matrix, and grades.

    Raises:
        InvalidValueError: there is nothing to judge, or the reports cannot be written.
    """
    entries = find_entries(folder)
    _make_folder(out)
    terminal = Terminal()
    judged: list[Judged] = []
    for entry in entries:
        for task in entry.tasks or (None,):
            terminal.show_status(f"{entry.name}: {task.kind if task else ''} …")
            one = await _judge(entry, task, options) if task else _not_judged(entry, "", entry.trouble)
            judged.append(one)
            terminal.print(_line(one))
            _write_reports(judged, title=folder.resolve().name, out=out)
    terminal.print(f"\n{show_path(out / 'index.html')} has every case of everybody, grades.csv the counts.")
    is_good = all(one.conforms for one in judged)
    return ExitStatus.DONE if is_good else ExitStatus.NONCONFORMANT


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidValueError(f"{out}: {error.strerror}. Name a folder for the reports.") from error


async def _judge(entry: Entry, task: Task, options: CheckOptions) -> Judged:
    try:
        async with _staged(entry, task) as suite:
            report = await judge_quietly(suite, options)
    except (P2PCIError, Unreachable) as error:
        return _not_judged(entry, task.kind, str(error))
    return Judged(name=entry.name, kind=task.kind, report=report, page=f"{entry.name}-{task.kind}.html")


def _not_judged(entry: Entry, kind: str, trouble: str) -> Judged:
    return Judged(name=entry.name, kind=kind, trouble=trouble)


@asynccontextmanager
async def _staged(entry: Entry, task: Task) -> AsyncIterator[tuple[Suite[Any], str | None]]:
    """Have everything run that judging needs besides the program itself; give its suite."""
    command = f"cd {shlex.quote(str(entry.folder.resolve()))} && {task.command}"
    match task.kind:
        case "server":
            yield suite_of_server((HOST, task.port)), command
        case "peer":
            async with _peer(task, command) as (port, number):
                yield suite_of_peer((HOST, port), have=number, file=None), None
        case _:
            script = read_script(task.script) if task.script else Script()
            words = ("/bin/sh", "-c", command)
            yield (
                suite_of_client(words, listen=task.index_port, script=task.script, driver=ByScript(script)),
                None,
            )


@asynccontextmanager
async def _peer(task: Task, command: str) -> AsyncIterator[tuple[int, int]]:
    """Play the index server for a peer, and give the port of its upload server and a document's number."""
    index = Index(Wires(Patience()))
    await index.open("localhost", task.index_port)
    try:
        async with Program(command, on_terminal=True) as program:
            await wait_until(lambda: bool(index.records) or not program.is_running, seconds=JOIN_SECONDS)
            added = index.records[0] if index.records else None
            port, number = (
                task.port or (added.port if added else 0),
                task.number or (added.number if added else 0),
            )
            if not (port and number):
                what = f"It added no document within {JOIN_SECONDS:g} s. Say its port and have. {program.describe()}"
                raise ProgramError(what, output=program.last_lines())
            yield port, number
    finally:
        index.close()


def _line(one: Judged) -> str:
    name = f"{escape(one.name):20} {one.kind:7}"
    if not one.report:
        return f"! {name} could not be judged: {escape(one.trouble.splitlines()[0])}"
    kept, total = one.must_cases
    against = " ".join(result.case.id for result in one.report.against[:8])
    more = f" and {len(one.report.against) - 8} more" if len(one.report.against) > 8 else ""
    words = "conforms" if one.conforms else f"does not conform: {against}{more}"
    return f"{'✔' if one.conforms else '✘'} {name} {kept} of {total} MUST; {words}"


def _write_reports(judged: list[Judged], *, title: str, out: Path) -> None:
    """Write all again after each program: whoever interrupts has what is known."""
    pages = {"index.html": matrix_as_html(judged, title=title), "grades.csv": grades_as_csv(judged)}
    last = judged[-1]
    if last.report:
        pages[last.page] = report_as_html(last.report)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
