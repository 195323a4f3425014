"""What `p2pci check class` does: judges each sub-folder, one after the other, and writes reports."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from p2pci.checker.cases import Result
from p2pci.checker.classroom import Entry, Task, find_entries
from p2pci.checker.client import SCRIPT_PATIENCE, ByScript, Script, read_script
from p2pci.checker.client.desks import Index
from p2pci.checker.program import Program, require_free, wait_until
from p2pci.checker.reports.grades import grades_as_csv
from p2pci.checker.reports.html import report_as_html
from p2pci.checker.reports.matrix import Judged, matrix_as_html
from p2pci.checker.wire import Patience, Wires
from p2pci.cli.checking import CheckOptions, judge_quietly
from p2pci.cli.display import escape, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.suites import Suite, suite_of_client, suite_of_peer, suite_of_server
from p2pci.cli.terminal import Terminal
from p2pci.errors import InvalidValueError, P2PCIError, ProgramError

HOST = "127.0.0.1"
JOIN_SECONDS = 15.0  # until a peer has added a document
SHOWN_CASES = 8  # in the line of a program


async def check_class(folder: Path, options: CheckOptions, *, out: Path) -> ExitStatus:
    """Judge what is in each sub-folder, and write a page for each program, a matrix, and grades.

    Raises:
        InvalidValueError: there is nothing to judge, or the reports cannot be written.
    """
    entries = find_entries(folder)
    terminal = Terminal()
    judged: list[Judged] = []
    for entry in entries:
        if entry.trouble:
            judged.append(Judged(name=entry.name, kind="", trouble=entry.trouble))
            terminal.print(_line(judged[-1]))
        for task in entry.tasks:
            judged.append(await _judge(entry, task, options, terminal=terminal))
            terminal.print(_line(judged[-1]))
            _write_reports(judged, title=folder.name or str(folder), out=out)
    _write_reports(judged, title=folder.name or str(folder), out=out)
    terminal.print(
        f"\nEvery case of everybody: {show_path(out / 'index.html')}, the counts in grades.csv there."
    )
    return ExitStatus.DONE if all(one.conforms for one in judged) else ExitStatus.NONCONFORMANT


async def _judge(entry: Entry, task: Task, options: CheckOptions, *, terminal: Terminal) -> Judged:
    tried = 0

    def note(_: Result) -> None:
        nonlocal tried
        tried += 1
        terminal.show_status(f"{escape(entry.name)}, {task.kind}: case {tried}")

    try:
        async with _staged(entry, task, options) as (suite, chosen):
            report = await judge_quietly(suite, chosen, on_result=note)
    except P2PCIError as error:
        return Judged(name=entry.name, kind=task.kind, trouble=str(error))
    return Judged(name=entry.name, kind=task.kind, report=report, page=f"{entry.name}-{task.kind}.html")


@asynccontextmanager
async def _staged(
    entry: Entry, task: Task, options: CheckOptions
) -> AsyncIterator[tuple[Suite[Any], CheckOptions]]:
    """Have everything run that a program needs to be judged, and give its suite.

    Raises:
        ProgramError: that did not come about.
        InvalidValueError: the script of a menu cannot be read.
    """
    command = f"cd {shlex.quote(str(entry.folder.resolve()))} && {task.command}"
    match task.kind:
        case "server":
            yield suite_of_server((HOST, task.port)), replace(options, start=command)
        case "peer":
            async with _peer(task, command) as (port, number):
                yield suite_of_peer((HOST, port), have=number, file=None), options
        case _:
            script = read_script(task.script) if task.script else Script()
            words = ("/bin/sh", "-c", command)
            suite = suite_of_client(
                words, listen=task.index_port, script=task.script, driver=ByScript(script)
            )
            yield replace(suite, patience=SCRIPT_PATIENCE), options


@asynccontextmanager
async def _peer(task: Task, command: str) -> AsyncIterator[tuple[int, int]]:
    """Play the index server for a peer, and give the port of its upload server and a document's number."""
    await require_free(HOST, task.index_port)
    index = Index(Wires(Patience()))
    await index.open("localhost", task.index_port)
    try:
        async with Program(command, on_terminal=True) as program:
            await wait_until(lambda: bool(index.records) or not program.is_running, seconds=JOIN_SECONDS)
            port = task.port or next((record.port for record in index.records), 0)
            number = task.number or next((record.number for record in index.records), 0)
            if not (port and number):
                what = f"It added no document within {JOIN_SECONDS:g} s. {program.describe()}"
                raise ProgramError(f"{what} Say its port and have.", output=program.last_lines())
            yield port, number
    finally:
        index.close()


def _line(one: Judged) -> str:
    name = f"{escape(one.name):16} {one.kind:6}"
    if not one.report:
        return f"! {name}  could not be judged: {escape(one.trouble.splitlines()[0])}"
    kept, total = one.must_cases
    ids = [result.case.id for result in one.report.against]
    more = f" and {len(ids) - SHOWN_CASES} more" if len(ids) > SHOWN_CASES else ""
    words = f"does not conform: {' '.join(ids[:SHOWN_CASES])}{more}" if ids else "conforms"
    return f"{'✘' if ids else '✔'} {name}  {kept} of {total} MUST kept, {words}"


def _write_reports(judged: list[Judged], *, title: str, out: Path) -> None:
    """Write all that is known; again after each program, so that whoever interrupts has it.

    Raises:
        InvalidValueError: that is not possible.
    """
    pages = {"index.html": matrix_as_html(judged, title=title), "grades.csv": grades_as_csv(judged)}
    pages |= {one.page: report_as_html(one.report) for one in judged[-1:] if one.report}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InvalidValueError(f"{out}: {error.strerror}. Name a folder for the reports.") from error
