"""The command search: titles of the swarm, and the full text of the own shelf."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from p2pci.cli.display import escape, show_json, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.places import cache_folder
from p2pci.cli.terminal import Terminal
from p2pci.client import ClientLimits, IndexClient
from p2pci.dialing import show_address
from p2pci.errors import InvalidValueError, LibraryError, NetworkError, ProtocolError, RefusedError
from p2pci.library import Shelf
from p2pci.library.search import Facts, Query, parse_query, title_score, year_of
from p2pci.mirror import SwarmTitles, find_titles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import TypeVar

    from p2pci.events import Address, Servers
    from p2pci.library.search import Part
    from p2pci.library.search.index import Hit, SearchIndex

    _T = TypeVar("_T")

CONNECT_SECONDS = 3.0  # for an index that may well be away
SHOWING_SECONDS = 0.1
MEGABYTE = 1_000_000
INDENT = 4
_SHOWN_CHARS = 100  # of what was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """What is searched, and what of it is shown.

    Attributes:
        folder: of the own shelf.
        statuses: documents that have the words of one of these as their status; none for all.
        years: from which on, up to which; none for all.
        is_here: on the own shelf alone, and nobody is asked for others.
        is_missing: what the swarm has and the shelf lacks.
        held_by: what this holder has; with port 0 at any port.
        limit: at most so many.
        is_json: print JSON.
    """

    folder: Path
    statuses: tuple[str, ...]
    years: tuple[tuple[int, int], ...]
    is_here: bool
    is_missing: bool
    held_by: Address | None
    limit: int
    is_json: bool


class Result(NamedTuple):
    """A document that was found.

    Attributes:
        number: of the RFC.
        title: perhaps "".
        score: the higher the better.
        is_here: on the own shelf.
        holders: how many in the swarm; None where that is not known.
        facts: year and status.
        snippet: of the own copy.
    """

    number: int
    title: str
    score: float
    is_here: bool
    holders: int | None
    facts: Facts
    snippet: tuple[Part, ...] = ()


async def search_documents(servers: Servers, typed: str, options: SearchOptions) -> ExitStatus:
    """Search, and print what was found, the best first."""
    query = parse_query(typed)
    if not query.wanted:
        besides = ", only some that must not be there" if query.unwanted else ""
        raise InvalidValueError(
            f"There is no word to search for{besides}. Write some, as in: p2pci search congestion control"
        )
    terminal = Terminal()
    swarm = None if options.is_here else await _ask_swarm(servers, query, options=options, terminal=terminal)
    with ExitStack() as opened:
        shelf = _open_shelf(options, opened, terminal)
        search = _Search(query, options, shelf=shelf, swarm=swarm)
        hits = await _search_shelf(search, shelf, opened) if shelf else []
    results = search.put_together(hits)
    _print(results, terminal, is_json=options.is_json)
    if not results:
        terminal.complain(_nothing_has(query))
        return ExitStatus.NOT_FOUND
    return ExitStatus.DONE


def _nothing_has(query: Query) -> str:
    text = str(query)
    shown = escape(text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…")
    if query.is_telling:
        return f"Nothing has {shown} in its title or text. Try fewer words, or word*."
    return f"No title has {shown}. Such common words are looked for in titles alone: add another one."


async def _ask_swarm(
    servers: Servers, query: Query, *, options: SearchOptions, terminal: Terminal
) -> SwarmTitles | None:
    """Give what the swarm has; where it cannot be asked, say so and give None, unless it was asked for."""
    try:
        limits = ClientLimits(connect_seconds=CONNECT_SECONDS)
        async with IndexClient(*servers[0], spares=servers[1:], limits=limits) as index:
            return await find_titles(index, query, held_by=options.held_by)
    except (NetworkError, ProtocolError, RefusedError):
        if options.is_missing or options.held_by:
            raise
        where = escape(", ".join(map(show_address, servers)))
        terminal.complain(f"No index answers at {where}: only the own shelf is searched.")
        return None


def _open_shelf(options: SearchOptions, opened: ExitStack, terminal: Terminal) -> Shelf | None:
    """Open the own shelf; None when there is none."""
    if options.folder.is_dir():
        return opened.enter_context(Shelf(options.folder, spare=cache_folder()))
    if options.is_here:
        raise LibraryError(options.folder, reason="there is no such folder. Name the shelf's with --library.")
    terminal.complain(f"There is no folder {show_path(options.folder.absolute())}: only titles are searched.")
    return None


async def _search_shelf(search: _Search, shelf: Shelf, opened: ExitStack) -> list[Hit]:
    """Index what is new on the shelf, show how far that is, and search it."""
    line = Terminal(sys.stderr)
    index = opened.enter_context(_make_index(shelf))
    line.show_status(f"Looking what is in {show_path(shelf.path)}")
    index.update(await _in_thread(shelf.scan))
    await _wait(shelf, index, line)
    hits = await _in_thread(lambda: search.find_here(index))
    if index.progress.is_running:  # it turned out to be damaged, and is built anew
        await _wait(shelf, index, line)
        hits = await _in_thread(lambda: search.find_here(index))
    return hits


def _make_index(shelf: Shelf) -> SearchIndex:
    try:
        from p2pci.library.search.index import SearchIndex
    except ImportError as error:
        reason = "cannot be searched: this Python was built without SQLite. Use one that has it."
        raise LibraryError(shelf.path, reason=reason) from error
    return SearchIndex(shelf, spare=cache_folder())


async def _wait(shelf: Shelf, index: SearchIndex, line: Terminal) -> None:
    """Wait for the index, and show how far it is: in a line that changes, or once that it begins."""
    what = f"Indexing {show_path(shelf.path)}"
    is_told = False
    while (progress := index.progress).is_running:
        if progress.of_documents and line.is_screen:
            line.show_status(
                f"{what}: {progress.documents} of {progress.of_documents} documents, "
                f"{progress.size / MEGABYTE:.0f} of {progress.of_size / MEGABYTE:.0f} MB"
            )
        elif progress.of_documents and not is_told:
            is_told = True
            line.complain(f"{what}: {progress.of_documents} documents")
        await asyncio.sleep(SHOWING_SECONDS)
    line.end_status()
    if index.progress.problem:
        line.complain(f"Not all of the texts are searched. {escape(str(index.progress.problem))}")


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


class _Search:
    """One search: what fits the filters, here and in the swarm."""

    def __init__(
        self, query: Query, options: SearchOptions, *, shelf: Shelf | None, swarm: SwarmTitles | None
    ) -> None:
        self._query = query
        self._options = options
        self._shelf = shelf
        self._swarm = swarm

    def find_here(self, index: SearchIndex) -> list[Hit]:
        """Search the own shelf."""
        if self._options.is_missing:
            return []
        return index.query(self._query, limit=self._options.limit, accepts=self._accepts)

    def put_together(self, hits: list[Hit]) -> list[Result]:
        """Give what was found here and what the swarm has besides, the best first."""
        results = list(map(self._here, hits))
        results += self._elsewhere()
        results.sort(key=lambda result: (result.score, result.number), reverse=True)
        return results[: self._options.limit]

    def _here(self, hit: Hit) -> Result:
        return Result(
            hit.number,
            hit.title,
            hit.score,
            is_here=True,
            holders=self._swarm.holders.get(hit.number, 0) if self._swarm else None,
            facts=self._known(hit.number, hit.facts),
            snippet=hit.snippet,
        )

    def _elsewhere(self) -> Iterable[Result]:
        fitting = self._swarm.fitting.values() if self._swarm else ()
        here = self._shelf.documents if self._shelf else {}
        for found in fitting:
            facts = self._known(found.number, Facts())
            if found.number not in here and self._has_facts(facts):
                score = title_score(found.score)
                yield Result(
                    found.number, found.title, score, is_here=False, holders=found.holders, facts=facts
                )

    def _accepts(self, number: int, facts: Facts) -> bool:
        if self._options.held_by and self._swarm and number not in self._swarm.holders:
            return False
        return self._has_facts(self._known(number, facts))

    def _known(self, number: int, facts: Facts) -> Facts:
        """Give what the folder's index file says of a document, else what it says of itself."""
        entry = self._shelf.entry(number) if self._shelf else None
        if entry is None:
            return facts
        return Facts(year_of(entry.date) or facts.year, entry.status or facts.status)

    def _has_facts(self, facts: Facts) -> bool:
        options = self._options
        words = facts.status.casefold().split()
        if options.statuses and not any(
            all(any(own.startswith(word) for own in words) for word in status.casefold().split())
            for status in options.statuses
        ):
            return False
        return not options.years or any(first <= facts.year <= last for first, last in options.years)


def _print(results: list[Result], terminal: Terminal, *, is_json: bool) -> None:
    if is_json:
        terminal.print(show_json(list(map(_as_json, results))))
    elif terminal.is_screen:
        _print_hits(results)
    else:
        for result in results:
            terminal.print("\t".join(map(escape, _fields(result))))


def _as_json(result: Result) -> dict[str, object]:
    return {
        "number": result.number,
        "title": result.title,
        "score": round(result.score, 3),
        "here": result.is_here,
        "holders": result.holders,
        "year": result.facts.year or None,
        "status": result.facts.status or None,
        "snippet": [{"text": part.text, "hit": part.is_hit} for part in result.snippet],
    }


def _fields(result: Result) -> tuple[str, ...]:
    """Give what stands in a line: the snippet without marks comes last."""
    holders = "" if result.holders is None else str(result.holders)
    here = "here" if result.is_here else ""
    facts = result.facts
    snippet = "".join(part.text for part in result.snippet).strip()
    return str(result.number), result.title, here, holders, str(facts.year or ""), facts.status, snippet


def _print_hits(results: list[Result]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for result in results:
        # As Text: in a str, rich takes [words] for one of its tags.
        console.print(
            Text.assemble((f"RFC {result.number}", "bold cyan"), "  ", (escape(result.title), "bold"))
        )
        console.print(Padding(Text(" · ".join(_words(result)), style="dim"), (0, 0, 0, INDENT)))
        if result.snippet:
            pieces = [(escape(part.text), "bold yellow" if part.is_hit else "") for part in result.snippet]
            console.print(Padding(Text.assemble("… ", *pieces, " …"), (0, 0, 0, INDENT)))


def _words(result: Result) -> Iterable[str]:
    """Give what is known of a document besides, in words."""
    yield "here" if result.is_here else "not here"
    if result.holders is not None:
        yield f"{result.holders} holder{'' if result.holders == 1 else 's'}"
    if result.facts.status:
        yield escape(result.facts.status.capitalize())
    if result.facts.year:
        yield str(result.facts.year)
