"""When a file is at rest, by a clock of our own."""

from __future__ import annotations

from p2pci.library import FileState
from p2pci.peer.rest import Rest

OLD, NEW, NEWER = FileState(1, 1, 1), FileState(2, 2, 1), FileState(3, 3, 1)


def test_what_was_there_from_the_beginning_is_taken_in() -> None:
    rest = Rest(0.5, {"a": OLD})
    assert not rest.see({"a": OLD}, 0.0)
    assert not rest.is_stirring
    assert rest.take(0.0) == set()


def test_change_is_taken_in_when_it_has_looked_the_same_for_long_enough() -> None:
    rest = Rest(0.5, {"a": OLD})
    assert not rest.see({"a": NEW}, 1.0)
    assert rest.is_stirring
    assert rest.take(1.0) == {"a"}
    assert not rest.see({"a": NEW}, 1.4)
    assert rest.see({"a": NEW}, 1.5)
    assert rest.take(1.5) == set()
    assert not rest.is_stirring
    assert not rest.see({"a": NEW}, 9.0)


def test_file_that_keeps_growing_is_left_alone_and_holds_up_no_other() -> None:
    rest = Rest(0.5, {})
    rest.see({"a": OLD, "b": OLD}, 0.0)
    assert rest.see({"a": NEW, "b": OLD}, 0.5)
    assert rest.take(0.5) == {"a"}
    assert not rest.see({"a": NEWER, "b": OLD}, 1.0)
    assert rest.see({"a": NEWER, "b": OLD}, 1.5)


def test_file_that_is_gone_must_stay_so_for_long_enough() -> None:
    rest = Rest(0.5, {"a": OLD, "b": OLD})
    assert not rest.see({}, 0.0)
    assert not rest.see({"b": OLD}, 0.4)  # which came back, as it was
    assert rest.see({"b": OLD}, 0.5)
    assert rest.take(0.5) == set()
    assert not rest.see({"b": OLD}, 0.6)
    assert not rest.is_stirring


def test_what_was_taken_in_is_looked_at_once_more_when_its_time_would_show_a_change() -> None:
    rest = Rest(0.5, {})
    rest.see({"a": OLD}, 0.0)
    rest.see({"a": OLD}, 0.5)
    assert not rest.is_unsettled
    assert rest.take(0.5) == set()
    assert rest.is_unsettled
    assert rest.take(2.4) == {"a"}
    assert rest.take(2.5) == set()
    assert not rest.is_unsettled


def test_what_changes_again_soon_is_taken_in_all_the_same() -> None:
    rest = Rest(0.5, {})
    rest.see({"a": OLD}, 0.0)
    rest.see({"a": OLD}, 0.5)
    rest.take(0.5)
    rest.see({"a": NEW}, 0.6)
    assert rest.take(0.7) == {"a"}
    assert rest.see({"a": NEW}, 1.1)
    assert rest.take(1.1) == set()
    rest.see({}, 1.2)
    assert rest.see({}, 1.7)
    assert rest.take(1.7) == set()
    assert not rest.is_unsettled
