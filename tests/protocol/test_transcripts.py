"""Every transcript in `transcripts/`, in the segments as written, in one segment, and byte by byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from p2pci.protocol.rules import Conversation
from tests.protocol.wire import (
    FOLDER,
    AnswerSide,
    Case,
    DocumentSide,
    RequestSide,
    Segmentation,
    Side,
    as_written,
    at_once,
    byte_by_byte,
    load,
    play,
    unescape,
)

SIDES: dict[str, Callable[[], Side]] = {
    "p2s": lambda: RequestSide(Conversation.P2S),
    "p2p": lambda: RequestSide(Conversation.P2P),
    "answers": AnswerSide,
    "documents": DocumentSide,
}

CASES = [
    pytest.param(SIDES[path.stem.partition("_")[0]], case, id=f"{path.stem}: {case.title}")
    for path in sorted(FOLDER.glob("*.txt"))
    for case in load(path.name)
]


@pytest.mark.parametrize("segmentation", [as_written, at_once, byte_by_byte])
@pytest.mark.parametrize("make_side,case", CASES)
def test_transcript(make_side: Callable[[], Side], case: Case, segmentation: Segmentation) -> None:
    side = make_side()
    for turn in case.turns:
        assert play(turn, side, segmentation) == turn.expected


def test_escapes_stand_for_bytes() -> None:
    assert unescape(r"é\x00\\\t\(ab\r\n*2)") == b"\xc3\xa9\x00\\\tab\r\nab\r\n"


def test_title_of_each_case_is_unique() -> None:
    titles = [case.title for path in FOLDER.glob("*.txt") for case in load(path.name)]
    assert len(titles) == len(set(titles))


def test_each_case_begins_with_a_clause_and_expects_something() -> None:
    for path in FOLDER.glob("*.txt"):
        for case in load(path.name):
            assert case.title.startswith(("P-", "A-"))
            assert all(turn.expected for turn in case.turns)
