"""What `p2pci check class` does: judges each sub-folder, one after the other, and writes reports.

One program must not spoil the judgement of another: what it leaves behind is ended with it, and one that
cannot take its port because the kernel still keeps closed connections of an earlier one (TIME_WAIT) is
started again.
"""

from __future__ import annotations

import asyncio
import errno
import re
import shlex
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from p2pci.checker.cases import Result
from p2pci.checker.classroom import HOST, Entry, Task, find_entries
from p2pci.checker.client import ByScript, Script, read_script
from p2pci.checker.client.desks import Index
from p2pci.checker.program import Program, is_listening, require_free, wait_until
from p2pci.checker.reports.grades import grades_as_csv
from p2pci.checker.reports.html import report_as_html
from p2pci.checker.reports.matrix import Judged, matrix_as_html
from p2pci.checker.wire import Patience, Wires
from p2pci.cli.checking import DEFAULT_SCRIPT, CheckOptions, judge_quietly, read_waived
from p2pci.cli.display import escape, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.suites import Suite, suite_of_client, suite_of_peer, suite_of_server
from p2pci.cli.terminal import Terminal
from p2pci.errors import InvalidValueError, P2PCIError, ProgramError
from p2pci.protocol.grammar import MAX_NUMBER, MAX_PORT

JOIN_SECONDS = 15.0  # until a peer has added a document
TIME_WAIT_SECONDS = 75.0  # the kernel's minute, and some more
SHOWN_CASES = 8  # in the line of a program
NAME_LETTERS = 40  # of a folder's name, in that of its page


async def check_class(folder: Path, options: CheckOptions, *, out: Path) -> ExitStatus:
    """Judge what is in each sub-folder, and write a page for each program, a matrix, and grades.

    All that is known is written after each program, so that whoever interrupts has it.

    Raises:
        InvalidValueError: there is nothing to judge, a waiver is wrong, or the reports cannot be written.
    """
    read_waived(options)  # before an hour has gone by
    entries, title = find_entries(folder, out=out), _title_of(folder)
    terminal = Terminal()
    judged: list[Judged] = []
    _write_reports(judged, title=title, out=out)
    try:
        for entry in entries:
            for task in entry.tasks or (None,):
                one = await _judge(entry, task, options, terminal=terminal)
                judged.append(replace(one, page=_page_name(one, len(judged) + 1)))
                terminal.print(_line(judged[-1]))
                _write_reports(judged, title=title, out=out)
    except asyncio.CancelledError:
        terminal.complain(f"\nInterrupted. {show_path(out / 'index.html')} has what was judged to the end.")
        raise
    terminal.print(
        f"\nEvery case of everybody: {show_path(out / 'index.html')}, the counts in grades.csv there."
    )
    return ExitStatus.DONE if all(one.conforms for one in judged) else ExitStatus.NONCONFORMANT


def _title_of(folder: Path) -> str:
    return folder.resolve().name or str(folder)


def _page_name(one: Judged, number: int) -> str:
    """Name the file of a program's own page: safe as a file and in a link, whatever its folder is called."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", one.name)[:NAME_LETTERS].strip("-").lower()
    return "-".join(filter(None, (f"{number:02}", plain, f"{one.kind}.html"))) if one.report else ""


async def _judge(entry: Entry, task: Task | None, options: CheckOptions, *, terminal: Terminal) -> Judged:
    if task is None:
        return Judged(name=entry.name, kind="", trouble=entry.trouble)
    try:
        try:
            return await _try(entry, task, options, terminal=terminal)
        except ProgramError:
            if not await _has_waited_for_port(task, terminal=terminal):
                raise
        return await _try(entry, task, options, terminal=terminal)
    except P2PCIError as error:
        return Judged(name=entry.name, kind=task.kind, trouble=str(error).removeprefix(_into(entry)))


async def _has_waited_for_port(task: Task, *, terminal: Terminal) -> bool:
    """Whether a server may not have started because of TIME_WAIT, which is over by now."""
    if task.kind != "server" or not _is_kept(task.port) or await is_listening(task.host, task.port):
        return False
    terminal.show_status(f"waiting until the system gives up port {task.port}, up to a minute")
    return await wait_until(lambda: not _is_kept(task.port), seconds=TIME_WAIT_SECONDS)


def _is_kept(port: int) -> bool:
    """Whether a program without SO_REUSEADDR could not have this port now."""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


async def _try(entry: Entry, task: Task, options: CheckOptions, *, terminal: Terminal) -> Judged:
    tried = 0

    def note(_: Result) -> None:
        nonlocal tried
        tried += 1
        terminal.show_status(f"{escape(entry.name)}, {task.kind}: case {tried}")

    terminal.show_status(f"{escape(entry.name)}, {task.kind}: starting")
    async with _staged(entry, task, options) as (suite, chosen):
        # Its page is headed by whose it is: all of them may listen on the same port.
        report = await judge_quietly(replace(suite, name=entry.name), chosen, on_result=note)
    return Judged(name=entry.name, kind=task.kind, report=report)


@asynccontextmanager
async def _staged(
    entry: Entry, task: Task, options: CheckOptions
) -> AsyncIterator[tuple[Suite[Any], CheckOptions]]:
    """Have everything run that a program needs to be judged, and give its suite.

    Raises:
        ProgramError: that did not come about.
        InvalidValueError: the script of a menu cannot be read.
    """
    command = _into(entry) + task.command
    match task.kind:
        case "server":
            yield suite_of_server((task.host, task.port)), replace(options, start=command)
        case "peer":
            async with _peer(task, command) as (port, number):
                yield suite_of_peer((task.host, port), have=number, file=None), options
        case _:
            await require_free(HOST, task.index_port)
            script = read_script(task.script) if task.script else Script()
            name = str(task.script) if task.script else DEFAULT_SCRIPT
            words = ("/bin/sh", "-c", command)
            suite = suite_of_client(words, listen=task.index_port, script=name, driver=ByScript(script))
            yield suite, options


def _into(entry: Entry) -> str:
    """Give what precedes a program's line, here and in the command that judges it again."""
    return f"cd {shlex.quote(str(entry.folder.resolve()))} && "


@asynccontextmanager
async def _peer(task: Task, command: str) -> AsyncIterator[tuple[int, int]]:
    """Play the index server for a peer, and give the port of its upload server and a document's number."""
    await require_free(HOST, task.index_port)
    wires = Wires(Patience())
    index = Index(wires)
    await index.open("localhost", task.index_port)
    try:
        async with Program(command, on_terminal=True) as program:
            await wait_until(lambda: bool(index.records) or not program.is_running, seconds=JOIN_SECONDS)
            added = index.records[0] if index.records else None
            port = task.port or (added.port if added else 0)
            number = task.number or (added.number if added else 0)
            if not (0 < port <= MAX_PORT and 0 < number <= MAX_NUMBER):
                if not program.is_running:
                    await program.read_to_the_end()
                what = f"The peer added no document, within {JOIN_SECONDS:g} s. {program.describe()}"
                raise ProgramError(f"{what} Say its port and have.", output=program.last_lines())
            yield port, number
    finally:
        index.close()
        wires.end()


def _line(one: Judged) -> str:
    name = f"{escape(one.name):16} {one.kind:6}"
    if not one.report:
        first_line, _, _ = one.trouble.partition("\n")
        return f"! {name}  could not be judged: {escape(first_line)}"
    kept, total = one.must_cases
    ids = [result.case.id for result in one.report.against]
    more = f" and {len(ids) - SHOWN_CASES} more" if len(ids) > SHOWN_CASES else ""
    words = "conforms" if one.conforms else f"does not conform: {' '.join(ids[:SHOWN_CASES])}{more}"
    return f"{'✔' if one.conforms else '✘'} {name}  {kept} of {total} MUST kept, {words}"


def _write_reports(judged: list[Judged], *, title: str, out: Path) -> None:
    """Write the matrix and the grades of all, and the page of the last.

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
