"""A damaged index, one that others write, and one whose writer is killed: found anew, without a word."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from p2pci.library import Shelf
from p2pci.library.search.index import SearchIndex
from p2pci.library.search.store import INDEX_NAME
from tests.library.search.conftest import bring_up_to_date, found, indexed, numbers, write

DOCUMENTS = 60

# Indexes a folder with a shelf of its own; says when it begins and how many documents it took itself.
INDEXER = """
import sys, threading
from pathlib import Path
from p2pci.library import Shelf
from p2pci.library.search import building
from p2pci.library.search.index import SearchIndex
building._BATCH_BYTES = int(sys.argv[2])
with Shelf(Path(sys.argv[1])) as shelf, SearchIndex(shelf) as index:
    documents = shelf.scan()
    print("begin", flush=True)
    sys.stdin.readline()
    index.update(documents)
    while not index.wait(0.01):
        print(index.progress.documents, flush=True)
    print("done", index.progress.problem, flush=True)
"""


@pytest.fixture
def filled(folder: Path) -> Path:
    """A folder whose documents all have one word, and each its own."""
    for number in range(1, DOCUMENTS + 1):
        write(folder, number, f"whales own{number} " + "and many other words " * 200)
    return folder


def start_indexer(folder: Path, *, batch_bytes: int = 1) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", INDEXER, str(folder), str(batch_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def let_go(indexer: subprocess.Popen[str]) -> None:
    assert indexer.stdin
    indexer.stdin.write("\n")
    indexer.stdin.flush()


def line_of(indexer: subprocess.Popen[str]) -> str:
    assert indexer.stdout
    return indexer.stdout.readline().strip()


def cut(path: Path, size: int) -> None:
    os.truncate(path, size)


def overwrite(path: Path, start: int) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(size - start))


def run_sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)


def exchange(path: Path) -> None:
    path.unlink()
    run_sql(path, "CREATE TABLE documents (a, b)")


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: cut(path, 0),
    "half": lambda path: cut(path, path.stat().st_size // 2),
    "odd": lambda path: cut(path, path.stat().st_size - 1000),
    "garbage": lambda path: overwrite(path, 0),
    "garbage behind the first page": lambda path: overwrite(path, 4096),
    "text": lambda path: path.write_text("This is no database.\n" * 1000),
    "another database": exchange,
    "a view": lambda path: run_sql(path, "CREATE VIEW more AS SELECT 1"),
    "no texts": lambda path: run_sql(path, "DROP TABLE texts"),
    "no words": lambda path: run_sql(path, "DELETE FROM texts_data"),
    "a link": link,
}
damaged = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


@damaged
def test_damaged_index_is_built_anew(filled: Path, damage: Callable[[Path], object]) -> None:
    found(filled, "whales")
    damage(filled / INDEX_NAME)
    assert len(found(filled, "whales")) == DOCUMENTS
    assert found(filled, "own7") == [7]
    assert not (filled / INDEX_NAME).is_symlink()


@damaged
def test_index_that_is_damaged_while_it_is_used_is_built_anew(
    filled: Path, damage: Callable[[Path], object]
) -> None:
    with Shelf(filled) as shelf, SearchIndex(shelf) as index:
        bring_up_to_date(index, shelf)
        damage(filled / INDEX_NAME)
        index.query("whales")
        assert index.wait(30)
        bring_up_to_date(index, shelf)
        assert len(numbers(index, "whales")) == DOCUMENTS


def test_link_in_its_place_leads_nowhere(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"")
    (filled / INDEX_NAME).symlink_to(tmp_path / "precious")
    found(filled, "whales")
    assert (tmp_path / "precious").read_bytes() == b""


def test_index_that_is_removed_is_built_anew(filled: Path) -> None:
    with Shelf(filled) as shelf, SearchIndex(shelf) as index:
        bring_up_to_date(index, shelf)
        (filled / INDEX_NAME).unlink()
        assert index.query("whales") == []
        bring_up_to_date(index, shelf)
        assert len(numbers(index, "whales")) == DOCUMENTS


def test_builder_that_is_killed_leaves_what_it_had_done(filled: Path) -> None:
    indexer = start_indexer(filled)
    assert line_of(indexer) == "begin"
    let_go(indexer)
    while int(line_of(indexer)) < 5:
        pass
    indexer.send_signal(signal.SIGKILL)
    indexer.communicate()
    with indexed(filled) as index:
        assert 0 < index.progress.of_documents < DOCUMENTS
        assert len(numbers(index, "whales")) == DOCUMENTS


def test_two_programs_index_one_shelf_without_harm(filled: Path) -> None:
    indexers = [start_indexer(filled, batch_bytes=20_000) for _ in range(2)]
    assert [line_of(indexer) for indexer in indexers] == ["begin", "begin"]
    for indexer in indexers:
        let_go(indexer)
    for indexer in indexers:
        output, _ = indexer.communicate(timeout=60)
        assert output.splitlines()[-1] == "done None"
    with closing(sqlite3.connect(filled / INDEX_NAME)) as connection:
        assert connection.execute("SELECT count(*), max(id) FROM documents").fetchone() == (
            DOCUMENTS,
            DOCUMENTS,
        )
    assert len(found(filled, "whales")) == DOCUMENTS


def test_who_is_cancelled_while_another_writes_ends_at_once(filled: Path) -> None:
    found(filled, "whales")
    write(filled, 1, "sharks")
    with closing(sqlite3.connect(filled / INDEX_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Shelf(filled) as shelf, SearchIndex(shelf) as index:
            index.update(shelf.scan())
            assert not index.wait(0.2)
            assert len(numbers(index, "whales")) == DOCUMENTS  # whoever reads is not held up
        other.execute("ROLLBACK")
    assert found(filled, "sharks") == [1]


def test_disk_that_is_full_is_said(filled: Path) -> None:
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40960, 40960))\n" + INDEXER
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(filled), "1000000"],
        input="\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "disk" in done.stdout.splitlines()[-1]
    assert not done.stderr
    assert len(found(filled, "whales")) == DOCUMENTS
