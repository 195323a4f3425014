"""The index of a shelf: what is found, in which order, and what it costs to keep it current."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from p2pci.errors import BusyError, LibraryError
from p2pci.library import Shelf
from p2pci.library.search import Facts, Part
from p2pci.library.search.index import Hit, SearchIndex
from p2pci.library.search.store import INDEX_NAME
from tests.library.search.conftest import bring_up_to_date, found, indexed, numbers, write


def test_document_is_found_with_a_piece_of_it(folder: Path) -> None:
    write(folder, 7, "It speaks of whales.", title="On Fishes")
    with indexed(folder) as index:
        (hit,) = index.query("WHALES")
    assert (hit.number, hit.title, hit.score) == (7, "On Fishes", 1.0)
    assert Part("whales", is_hit=True) in hit.snippet


def test_titles_come_first_and_the_closest_of_them_before_others(folder: Path) -> None:
    write(folder, 1, "tcp tcp tcp tcp tcp")
    write(folder, 2, "Nothing.", title="A Long Word about TCP and Much Else")
    write(folder, 3, "Nothing.", title="On TCP")
    write(folder, 4, "Once tcp, and many other words that have nothing to do with it.")
    assert found(folder, "tcp") == [3, 2, 1, 4]


def test_document_is_found_by_its_name(folder: Path) -> None:
    write(folder, 7, "See rfc 8.")
    write(folder, 8, "Nothing.")
    for typed in ("8", "rfc8", "RFC 8", "document rfc 8"):
        assert found(folder, typed)[0] == 8


def test_unwanted_words_exclude_also_those_whose_title_fits(folder: Path) -> None:
    write(folder, 1, "Of whales.", title="Fishes")
    write(folder, 2, "Of sharks.", title="Fishes")
    write(folder, 3, "Of fishes.", title="Whales")
    assert found(folder, "fishes -whales") == [2]


def test_commonest_words_are_looked_for_in_titles_alone(folder: Path) -> None:
    write(folder, 1, "The word is in the text.")
    write(folder, 2, "Nothing.", title="The Title")
    assert found(folder, "the") == [2]


def test_words_that_are_still_typed_are_beginnings(folder: Path) -> None:
    write(folder, 1, "congestion")
    with indexed(folder) as index:
        assert [hit.number for hit in index.query("conges", is_typing=True)] == [1]
        assert index.query("conges") == []


def test_who_asks_chooses_by_number_and_facts(folder: Path) -> None:
    write(folder, 1, "whales\nMay 1999\nCategory: Informational")
    write(folder, 2, "whales\nMay 2001", title="Whales")
    asked: set[tuple[int, Facts]] = set()

    def accepts(number: int, facts: Facts) -> bool:
        asked.add((number, facts))
        return number == 1

    with indexed(folder) as index:
        assert [hit.number for hit in index.query("whales", accepts=accepts)] == [1]
    assert asked == {(1, Facts(1999, "INFORMATIONAL")), (2, Facts(2001, ""))}


def test_no_more_than_the_limit_is_given(folder: Path) -> None:
    for number in range(1, 30):
        write(folder, number, "whales", title="Whales" if number % 2 else "")
    with indexed(folder) as index:
        hits = index.query("whales", limit=5)
    assert len(hits) == 5
    assert all(hit.score > 1 for hit in hits)


def test_what_changes_on_the_shelf_changes_in_the_index(folder: Path) -> None:
    for number in range(1, 40):
        write(folder, number, "whales")
    with Shelf(folder) as shelf, SearchIndex(shelf) as index:
        bring_up_to_date(index, shelf)
        write(folder, 1, "sharks")
        (folder / "rfc2.txt").unlink()
        write(folder, 40, "sharks and whales")
        bring_up_to_date(index, shelf)
        assert index.progress.of_documents == 2
        assert numbers(index, "sharks") == [1, 40] or numbers(index, "sharks") == [40, 1]
        assert sorted(numbers(index, "whales")) == list(range(3, 41))
    assert sorted(found(folder, "whales")) == list(range(3, 41))


def test_what_has_not_changed_is_not_indexed_again(folder: Path) -> None:
    write(folder, 7, "whales")
    found(folder, "whales")
    os.utime(folder / "rfc7.txt", (1, 1))  # other times, the same bytes
    with indexed(folder) as index:
        assert index.progress.of_documents == 0
        assert numbers(index, "whales") == [7]


def test_index_is_built_anew_when_much_of_it_is_of_no_use(folder: Path) -> None:
    for number in range(1, 21):
        write(folder, number, "whales")
    found(folder, "whales")
    for number in range(1, 4):
        write(folder, number, "sharks")
    assert len(found(folder, "whales")) == 17
    with closing(sqlite3.connect(folder / INDEX_NAME)) as connection:
        assert connection.execute("SELECT count(*), max(id) FROM documents").fetchone() == (20, 20)


def test_documents_that_the_last_scan_did_not_see_are_not_found(folder: Path) -> None:
    write(folder, 1, "whales")
    write(folder, 2, "whales")
    with Shelf(folder) as shelf, SearchIndex(shelf) as index:
        bring_up_to_date(index, shelf)
        index.update({})
        assert index.query("whales") == []
        assert index.wait(30)
    with indexed(folder) as again:
        assert again.progress.of_documents == 0  # they were there all the time


def test_document_that_changes_under_the_reading_is_indexed_again(folder: Path) -> None:
    write(folder, 7, "whales")
    with Shelf(folder) as shelf, SearchIndex(shelf) as index:
        documents = shelf.scan()
        write(folder, 7, "sharks, and more")
        index.update(documents)
        assert index.wait(30)
        bring_up_to_date(index, shelf)
        assert (numbers(index, "sharks"), numbers(index, "whales")) == ([7], [])


def test_document_that_cannot_be_read_holds_up_no_other(folder: Path) -> None:
    write(folder, 1, "whales")
    write(folder, 2, "whales")
    with Shelf(folder) as shelf, SearchIndex(shelf) as index:
        documents = shelf.scan()
        (folder / "rfc1.txt").unlink()
        (folder / "rfc1.txt").mkdir()
        index.update(documents)
        assert index.wait(30)
        assert index.progress.problem is None
        assert numbers(index, "whales") == [2]


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 5000, bytes(range(256)) * 50, b"\xff\xfewhales", b"x" * 3_000_000, b"\f[Page 1]\n" * 5000],
)
def test_hostile_content_is_no_trouble(folder: Path, content: bytes) -> None:
    (folder / "rfc1.txt").write_bytes(content)
    write(folder, 2, "whales")
    assert 2 in found(folder, "whales")
    found(folder, "x*")


@pytest.mark.parametrize(
    "typed", ['"', "NEAR(", "\0", "'; DROP", "text:whales", "whales OR", "x" * 10_000, "* *"]
)
def test_anything_may_be_typed(folder: Path, typed: str) -> None:
    write(folder, 1, "whales")
    with indexed(folder) as index:
        index.query(typed)
        index.query(typed, is_typing=True)


def test_folder_that_cannot_hold_the_index_has_it_elsewhere(folder: Path, tmp_path: Path) -> None:
    (folder / INDEX_NAME).mkdir()  # not even root can put a file there
    write(folder, 7, "whales")
    spare = tmp_path / "spare" / "here"
    assert found(folder, "whales", spare=spare) == [7]
    assert [path.suffix for path in spare.iterdir()] == [".db"]


def test_nowhere_to_keep_it_is_said_and_titles_are_searched(folder: Path) -> None:
    (folder / INDEX_NAME).mkdir()
    write(folder, 7, "whales", title="Whales")
    write(folder, 8, "whales")
    with indexed(folder) as index:
        assert isinstance(index.progress.problem, LibraryError)
        assert numbers(index, "whales") == [7]
        assert "may not be written" in str(index.progress.problem)


def test_closed_index_takes_no_more(folder: Path) -> None:
    write(folder, 7, "whales")
    with Shelf(folder) as shelf:
        index = SearchIndex(shelf)
        index.close()
        index.update(shelf.scan())
        assert index.wait(30)
        index.close()
    assert not (folder / INDEX_NAME).exists()


def test_hit_is_a_value() -> None:
    assert Hit(7, "Seven", 1.0) == Hit(7, "Seven", 1.0, Facts(), ())


def test_query_that_takes_too_long_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 400):
        write(folder, number, "whales and wine", title="Of Bees" if number == 7 else "")
    with indexed(folder) as index:
        monkeypatch.setattr("p2pci.library.search.index.QUERY_SECONDS", 0.0, raising=False)
        with pytest.raises(BusyError, match="too long"):
            index.query("w*")
        assert [hit.number for hit in index.query("bees")] == [7]  # whose title fits
        assert index.progress.problem is None
