"""The command get: documents from whoever has them, into a folder, without sharing any."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from p2pci.cli.display import escape, show_json
from p2pci.cli.exits import ExitStatus, exit_status_of
from p2pci.cli.printing import PeerPrinter
from p2pci.cli.questions import tracer
from p2pci.cli.terminal import Terminal
from p2pci.client import IndexClient
from p2pci.download import fetch_from_any
from p2pci.errors import NetworkError, NotFoundError, ProtocolError, RefusedError
from p2pci.library import Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from p2pci.events import Address, Downloaded, Watcher


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
    trace = tracer(is_json=is_json) if is_traced else None
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
