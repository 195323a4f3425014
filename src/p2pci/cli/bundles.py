"""What `p2pci bundle` does: a shelf into one file, and such a file onto a shelf, told as it goes."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from p2pci.cli.display import escape, show_json, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.terminal import Terminal
from p2pci.errors import InvalidValueError, LibraryError, P2PCIError
from p2pci.library import Shelf
from p2pci.library.bundle import KINDS, Export, Fate, Import, hidden_until_whole, read_earlier
from p2pci.library.folder import library_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from p2pci.library.bundle import Imported

STREAM = "-"
SCREEN_SECONDS = 0.1
LINE_SECONDS = 5.0


def export_bundle(file: str, *, library: Path, earlier: tuple[Path, ...], is_json: bool) -> ExitStatus:
    """Write a bundle of what the shelf has and earlier bundles have not; "-" writes it to standard output."""
    is_stream = file == STREAM
    _check_export(file, library=library, is_json=is_json)
    terminal = Terminal(sys.stderr if is_stream else sys.stdout)
    progress = _Progress(terminal, verb="Written", is_silent=is_json)
    known = _read_earlier(earlier)
    with Shelf(library) as shelf:
        export = Export(shelf, earlier=known, watch=progress.show)
        if not (export.documents or export.unchanged):
            raise LibraryError(shelf.path, reason="has no rfcN.txt to export. Name the shelf with --library.")
        with _standard_output() if is_stream else hidden_until_whole(Path(file)) as target:
            export.write(target, name=file)
    for error in export.left_out:
        terminal.complain(f"Left out: {escape(str(error))}")
    if is_json:
        terminal.print(show_json(_export_as_json(export, file)))
    else:
        same = f"; {export.unchanged} left out as in the earlier bundle" if earlier else ""
        name = "the bundle" if is_stream else show_path(Path(file).absolute())
        terminal.print(f"Wrote {name}: {len(export.documents)} document(s), {export.size} bytes{same}.")
    return ExitStatus.FAILED if export.left_out else ExitStatus.DONE


def _check_export(file: str, *, library: Path, is_json: bool) -> None:
    """Refuse what would write onto a screen, over something else, or from a shelf that does not exist."""
    if file == STREAM and is_json:
        raise InvalidValueError(
            "With '-' the bundle takes standard output, where JSON would damage it. "
            "Name a file, or leave out --json."
        )
    if file == STREAM and sys.stdout.isatty():
        raise InvalidValueError(
            "'-' writes the bundle to standard output. Send that into a file or a program."
        )
    if file != STREAM and not file.lower().endswith(KINDS):
        raise InvalidValueError(f"{file!r} is no name of a bundle. Let it end in {', '.join(KINDS)}.")
    if not library.is_dir():
        raise LibraryError(library, reason="is no folder. Name the shelf with --library.")


def _read_earlier(paths: tuple[Path, ...]) -> dict[int, bytes]:
    """What the other side has of several bundles, of which a later one counts before those ahead of it."""
    known: dict[int, bytes] = {}
    for path in paths:
        with _opened(path) as file:
            known |= read_earlier(file, source=str(path))
    return known


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise LibraryError(path, reason="there is no such file. Check its name.") from error
    except OSError as error:
        raise library_error(path, error, wish="be read") from error
    with file:
        yield file


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    """A file whose bytes go out at the end, for one that must be written again leaves no trace in a pipe."""
    with tempfile.TemporaryFile() as file:
        yield file
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout.buffer)


def _export_as_json(export: Export, file: str) -> dict[str, object]:
    return {
        "file": file,
        "documents": [document.number for document in export.documents],
        "size": export.size,
        "unchanged": export.unchanged,
        "left_out": [{"path": str(error.path), "reason": str(error)} for error in export.left_out],
    }


def import_bundle(
    file: str, *, library: Path, max_document_bytes: int, is_replacing: bool, is_json: bool
) -> ExitStatus:
    """Take a bundle's documents onto the shelf; "-" reads it from standard input.

    What was verified stays, also when the rest of the bundle is damaged, which is told and fails.
    """
    terminal = Terminal()
    results: list[Imported] = []
    failure: P2PCIError | None = None
    with _standard_input() if file == STREAM else _opened(Path(file)) as source:
        name = "standard input" if file == STREAM else file
        bundle = Import(source, source=name, max_document_bytes=max_document_bytes)
        progress = _Progress(terminal, verb="Looked at", is_silent=is_json)
        with Shelf(library) as shelf:
            try:
                for result in bundle.run(shelf, replaces=is_replacing):
                    results.append(result)
                    _tell(result, terminal, is_json=is_json)
                    progress.show(len(results), len(bundle.entries))
            except P2PCIError as error:
                failure = error
    missing = len(bundle.entries) - len(results)
    if is_json:
        terminal.print(show_json(_import_as_json(results, missing=missing, failure=failure)))
    else:
        terminal.print(_summary(results, missing=missing))
    if failure:
        raise failure
    return ExitStatus.FAILED if any(result.fate is Fate.REFUSED for result in results) else ExitStatus.DONE


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    yield sys.stdin.buffer


def _tell(result: Imported, terminal: Terminal, *, is_json: bool) -> None:
    """Say what somebody may want to do something about."""
    number = result.entry.number
    match result.fate:
        case Fate.REFUSED:
            terminal.complain(f"RFC {number} was not taken: {escape(result.reason)}")
        case Fate.DIFFERENT if not is_json:
            terminal.print(
                f"RFC {number} differs from the shelf's, which stays. --replace takes the bundle's."
            )
        case Fate.REPLACED if result.kept and not is_json:
            terminal.print(f"RFC {number} was replaced; the older copy is {result.kept.name} now.")
        case _:
            pass


def _summary(results: list[Imported], *, missing: int) -> str:
    counts = Counter(result.fate for result in results)
    words = {
        Fate.ADDED: "new",
        Fate.PRESENT: "already here",
        Fate.REPLACED: "replaced",
        Fate.DIFFERENT: "different and left as they were",
        Fate.REFUSED: "refused",
    }
    parts = [f"{counts[fate]} {word}" for fate, word in words.items() if counts[fate] or fate is Fate.ADDED]
    if missing:
        parts.append(f"{missing} missing")
    return f"{len(results) + missing} document(s): {', '.join(parts)}."


def _import_as_json(
    results: list[Imported], *, missing: int, failure: P2PCIError | None
) -> dict[str, object]:
    by_fate = {
        fate.value: [result.entry.number for result in results if result.fate is fate] for fate in Fate
    }
    return {**by_fate, "missing": missing, "error": str(failure) if failure else None}


class _Progress:
    """How far it is: in place on a screen, and elsewhere in a line now and then."""

    def __init__(self, terminal: Terminal, *, verb: str, is_silent: bool) -> None:
        self._terminal = terminal
        self._verb = verb
        self._is_silent = is_silent
        self._next = time.monotonic() + self._pause

    @property
    def _pause(self) -> float:
        return SCREEN_SECONDS if self._terminal.is_screen else LINE_SECONDS

    def show(self, done: int, total: int) -> None:
        if self._is_silent or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._pause
        text = f"{self._verb} {done} of {total} documents"
        if self._terminal.is_screen:
            self._terminal.show_status(text)
        else:
            self._terminal.print(text)
