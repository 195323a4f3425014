"""The one-shot commands lookup and list: one question to the index, one answer, and an exit code.

They are over in a moment, most of which is importing: only what they need is imported here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from p2pci.cli.display import escape, show_json
from p2pci.cli.exits import ExitStatus
from p2pci.cli.terminal import Terminal
from p2pci.client import Answer, IndexClient
from p2pci.dialing import show_address
from p2pci.protocol.grammar import Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from p2pci.client import Take
    from p2pci.events import Servers, Watcher
    from p2pci.protocol.messages import Record


ROWS = 1000  # records that are printed together


async def ask_index(
    servers: Servers,
    ask: Callable[[IndexClient, Take], Awaitable[Answer]],
    *,
    if_nothing: str,
    is_json: bool,
    is_traced: bool,
) -> ExitStatus:
    """Ask an index one question and print the records of its answer, or complain `if_nothing` is there.

    They are printed when all have come, or of an answer that memory should not hold whole as they come.
    """
    terminal = Terminal()
    trace = tracer(is_json=is_json) if is_traced else None
    records = _Records(terminal, is_json=is_json)
    async with IndexClient(*servers[0], spares=servers[1:], trace=trace) as index:
        answer = await ask(index, records.show)
    records.show(answer.records)
    records.finish()
    if not answer.complete:
        terminal.complain("The server never ended its answer; records may be missing.")
    elif not records.count:
        terminal.complain(if_nothing)
    return ExitStatus.NOT_FOUND if answer.status == Status.NOT_FOUND else ExitStatus.DONE


class _Records:
    """The records of one answer, printed as JSON, in tables, or each in a line.

    Attributes:
        count: of those that were printed.
    """

    def __init__(self, terminal: Terminal, *, is_json: bool) -> None:
        self.count = 0
        self._terminal = terminal
        self._is_json = is_json
        self._json = "["  # what comes next, which may end in a comma

    def show(self, records: list[Record]) -> None:
        self.count += len(records)
        for start in range(0, len(records), ROWS):
            some = records[start : start + ROWS]
            if self._is_json:
                self._terminal.print(self._json)
                self._json = show_json([_as_json(record) for record in some])[2:-2] + ","
            elif self._terminal.is_screen:
                _print_table(some)
            else:
                self._terminal.print("\n".join(map(_as_line, some)))

    def finish(self) -> None:
        if self._is_json:
            self._terminal.print("[]" if self._json == "[" else self._json.removesuffix(",") + "\n]")


def _as_line(record: Record) -> str:
    return "\t".join((str(record.number), escape(record.title), record.host, str(record.port)))


def _as_json(record: Record) -> dict[str, str | int]:
    return {"number": record.number, "title": record.title, "host": record.host, "port": record.port}


def tracer(*, is_json: bool) -> Watcher:
    """Show messages, but not among JSON that a program reads."""
    from p2pci.cli.log import Log
    from p2pci.cli.printing import PeerPrinter

    return PeerPrinter(Log(Terminal(sys.stderr if is_json else sys.stdout)), shows_all=True).trace


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
