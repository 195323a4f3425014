"""Copies are counted in steps, while the index goes on changing."""

from __future__ import annotations

import pytest

from p2pci.index import Index, Survey, surveying


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "STEP", 4)  # two documents with one holder each


def finish(survey: Survey) -> Survey:
    for _ in survey.steps():
        pass
    return survey


def test_survey_of_nothing_is_empty(index: Index) -> None:
    survey = finish(Survey(index))
    assert (dict(survey.by_holders), list(survey.alone)) == ({}, [])


def test_survey_tells_of_how_many_documents_there_are_how_many_copies(index: Index) -> None:
    first, second = index.join("a", 1), index.join("b", 2)
    for number in (9, 7, 5, 3):
        index.add(first, number, "Title")
    index.add(second, 7, "Another title")
    survey = finish(Survey(index))
    assert (dict(survey.by_holders), list(survey.alone)) == ({1: 3, 2: 1}, [3, 5, 9])


def test_a_peer_that_came_back_is_one_holder(index: Index) -> None:
    """P-4.12: its old end has not been noticed yet."""
    for member in (index.join("a", 1), index.join("a", 1)):
        index.add(member, 7, "Seven")
    assert list(finish(Survey(index)).alone) == [7]


def test_a_step_is_bounded_and_what_leaves_meanwhile_is_not_counted(index: Index) -> None:
    member = index.join("a", 1)
    for number in range(1, 6):
        index.add(member, number, "Title")
    survey = Survey(index)
    steps = survey.steps()
    next(steps)
    assert list(survey.alone) == [1, 2]
    index.remove(member, 5)
    index.add(member, 9, "New")
    assert [*steps, list(survey.alone)] == [None, [1, 2, 3, 4]]


def test_members_are_given_in_pages_newest_first(index: Index) -> None:
    for port in range(1, 6):
        index.join("a", port, since=port / 2)
    page = index.newest_members(1, 2)
    assert [(each.host, each.port, each.since) for each in page] == [("a", 4, 2.0), ("a", 3, 1.5)]
    assert index.newest_members(9, 2) == []


def test_a_record_of_a_document_is_there_to_be_shown(index: Index) -> None:
    index.add(index.join("a", 1), 7, "A  title with blanks")
    assert index.find(7) == (7, "A  title with blanks", "a", 1)
    assert index.find(8) is None
    assert index.count_holders(8) == 0
