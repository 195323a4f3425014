"""What in an answer of an index server is not as written, message by message."""

import pytest

from p2pci.checker.cases import Deviation, Level
from p2pci.checker.reading import read_index_answer
from p2pci.checker.rules import lint_answer, require

RECORD = b"RFC 3457 Some Title Mac.lan 63237\r\n"
GOOD = b"P2P-CI/1.0 200 OK\r\n\r\n" + RECORD + b"\r\n"


def lapses(data: bytes, *asked: bytes) -> list[tuple[str, Level]]:
    found = read_index_answer(data, is_over=True)
    assert found
    return [(lapse.clause, lapse.level) for lapse in lint_answer(found[0], asked=asked)]


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n",
        b"P2P-CI/1.0 404 Not Found\r\n\r\n",
        b"P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n\r\n",
        b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7  h 5\r\n\r\n",
        b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 Two  blanks inside h 5\r\n\r\n",
    ],
)
def test_answer_as_written_has_no_lapses(data: bytes) -> None:
    assert lapses(data) == []


@pytest.mark.parametrize(
    "data, clause, level",
    [
        (GOOD.replace(b"\r\n\r\nRFC", b"\n\r\nRFC"), "B-15", Level.MUST),
        (GOOD.replace(b"P2P-CI/1.0 ", b""), "P-2.8", Level.MUST),
        (GOOD.replace(b"1.0", b"1.1"), "P-2.8", Level.MUST),
        (GOOD.replace(b"OK", b"Okay"), "B-21", Level.SHOULD),
        (GOOD.replace(b" 200", b"  200"), "B-21", Level.SHOULD),
        (b"P2P-CI/1.0 500 Server Error\r\n\r\n\r\n", "P-2.8", Level.MUST),
        (GOOD.replace(b"\r\n\r\n", b"\r\nDate: today\r\n\r\n", 1), "B-16", Level.SHOULD),
        (GOOD.replace(b"RFC ", b"RFC:"), "P-2.2", Level.MUST),
        (GOOD.replace(b"RFC ", b""), "P-2.2", Level.MUST),
        (GOOD.replace(b"RFC ", b"RFC  "), "B-16", Level.SHOULD),
        (GOOD.replace(RECORD, RECORD + b"That is all\r\n"), "B-16", Level.MUST),
        (GOOD.replace(b"\r\n\r\n", b"\r\n", 1), "Q-2", Level.OPEN),
        (GOOD.removesuffix(b"\r\n"), "P-2.1", Level.MUST),
        (b"P2P-CI/1.0 404 Not Found\r\n" + RECORD + b"\r\n", "P-2.11", Level.MUST),
    ],
)
def test_one_change_is_one_lapse(data: bytes, clause: str, level: Level) -> None:
    assert (clause, level) in lapses(data)
    others = {lapse for lapse in lapses(data) if lapse != (clause, level)}
    assert others <= {("Q-2", Level.OPEN)}


def test_extensions_are_no_lapses_where_they_were_asked_for() -> None:
    data = b"P2P-CI/1.0 200 OK\r\nWant: digest\r\n\r\nRFC 7 A Title h 5 - -\r\n\r\n"
    assert lapses(data, b"want") == []


def test_header_of_another_extension_is_a_lapse() -> None:
    data = b"P2P-CI/1.0 200 OK\r\nWant: digest\r\nServer: x\r\n\r\n"
    assert lapses(data, b"want") == [("B-16", Level.SHOULD)]


def test_level_narrows_what_is_required() -> None:
    found = read_index_answer(GOOD.replace(b"RFC ", b"RFC  "), is_over=True)
    assert found
    require(lint_answer(found[0]), "B-16", level=Level.MUST)
    with pytest.raises(Deviation):
        require(lint_answer(found[0]), "B-16")
