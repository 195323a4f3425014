"""The one-shot commands: lookup, list and get. One question to the index, one answer, and an exit code."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from p2pci.cli.display import escape, show_json
from p2pci.cli.exits import ExitStatus, exit_status_of
from p2pci.cli.printing import PeerPrinter
from p2pci.cli.terminal import Terminal
from p2pci.client import Answer, IndexClient
from p2pci.dialing import show_address
from p2pci.download import fetch_from_any
from p2pci.errors import NetworkError, NotFoundError, ProtocolError, RefusedError
from p2pci.library import Shelf
from p2pci.protocol.grammar import Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from p2pci.events import Address, Downloaded, Watcher
    from p2pci.protocol.messages import Record


async def ask_index(
    server: Address, ask: Callable[[IndexClient], Awaitable[Answer]], *, is_json: bool, is_traced: bool
) -> ExitStatus:
    """Ask an index one question and print the records of its answer."""
    terminal = Terminal()
    trace = _tracer(is_json=is_json) if is_traced else None
    async with IndexClient(*server, trace=trace) as index:
        answer = await ask(index)
    if is_json:
        terminal.print(show_json([record._asdict() for record in answer.records]))
    elif terminal.is_screen and answer.records:
        _print_table(answer.records)
    else:
        for record in answer.records:
            terminal.print(
                "\t".join((str(record.number), escape(record.title), record.host, str(record.port)))
            )
    if not answer.complete:
        terminal.complain("The server never ended its answer; records may be missing.")
    if answer.status == Status.NOT_FOUND:
        terminal.complain("No peer has it at the moment. `p2pci list` shows what there is.")
        return ExitStatus.NOT_FOUND
    return ExitStatus.DONE


def _tracer(*, is_json: bool) -> Watcher:
    """Show messages, but not among JSON that a program reads."""
    return PeerPrinter(Terminal(sys.stderr if is_json else sys.stdout), shows_all=True).trace


def _print_table(records: list[Record]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("RFC", "Title", "Holder", box=None, header_style="bold", pad_edge=False)
    for record in records:
        # As Text: in a str, rich takes [fe80::1] for one of its tags.
        holder = Text(escape(show_address((record.host, record.port))))
        table.add_row(str(record.number), Text(escape(record.title)), holder)
    Console().print(table)


async def get_documents(
    server: Address, numbers: list[int], *, folder: Path, is_forced: bool, is_json: bool, is_traced: bool
) -> ExitStatus:
    """Download documents into a folder, each from the first holder that delivers it.

    Every number is tried; the exit code is that of the first that failed. What the folder has stays
    untouched unless forced.
    """
    terminal = Terminal()
    printer = PeerPrinter(terminal, shows_all=True)
    watch = None if is_json else printer.watch
    trace = _tracer(is_json=is_json) if is_traced else None
    results: list[dict[str, object]] = []
    status = ExitStatus.DONE
    with Shelf(folder) as shelf:
        async with IndexClient(*server, trace=trace) as index:
            for number in numbers:
                if number in shelf and not is_forced:
                    terminal.complain(f"RFC {number} is already in {folder}; --force downloads it again.")
                    results.append({"number": number, "state": "present"})
                    continue
                try:
                    done = await _get_document(index, number, shelf=shelf, watch=watch, trace=trace)
                except (NetworkError, NotFoundError, ProtocolError, RefusedError) as error:
                    terminal.complain(escape(str(error)))
                    results.append({"number": number, "state": "failed", "reason": str(error)})
                    status = status or exit_status_of(error)
                else:
                    results.append(
                        {"number": number, "state": "downloaded", "path": str(done.path), "size": done.size}
                    )
    if is_json:
        terminal.print(show_json(results))
    return status


async def _get_document(
    index: IndexClient, number: int, *, shelf: Shelf, watch: Watcher | None, trace: Watcher | None
) -> Downloaded:
    answer = await index.lookup(number)
    sources = [(record.host, record.port) for record in answer.records]
    random.shuffle(sources)  # always the same first one would carry the whole room
    return await fetch_from_any(number, sources, shelf=shelf, watch=watch, trace=trace)
