"""A folder of documents, and the index of it, up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from p2pci.library import Shelf
from p2pci.library.search.index import SearchIndex

WAIT_SECONDS = 30.0  # for what is done at once; only a fault waits so long


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rfcs"
    path.mkdir()
    return path


def write(folder: Path, number: int, text: str, *, title: str = "") -> None:
    """Put a document there whose first line is its title."""
    (folder / f"rfc{number}.txt").write_text(f"{title or f'Document {number}'}\n\n{text}\n", encoding="utf-8")


@contextmanager
def indexed(folder: Path, *, spare: Path | None = None) -> Iterator[SearchIndex]:
    """Open the shelf of a folder, and bring its index up to date."""
    with Shelf(folder) as shelf, SearchIndex(shelf, spare=spare) as index:
        bring_up_to_date(index, shelf)
        yield index


def bring_up_to_date(index: SearchIndex, shelf: Shelf) -> None:
    index.update(shelf.scan())
    assert index.wait(WAIT_SECONDS)


def numbers(index: SearchIndex, typed: str) -> list[int]:
    return [hit.number for hit in index.query(typed, limit=1000)]


def found(folder: Path, typed: str, *, spare: Path | None = None) -> list[int]:
    """Search a folder as a program does that is started for it."""
    with indexed(folder, spare=spare) as index:
        assert index.progress.problem is None
        return numbers(index, typed)
