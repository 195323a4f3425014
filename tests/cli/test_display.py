"""Text from the wire on its way to a terminal."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from p2pci.cli.display import escape, show_json, show_message, show_path

ANY = st.text(st.characters(exclude_categories=()))
# What is no control but has no place of its own on a line: separators of lines, directions, what is unseen.
_ACTS: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
# What Python does not know, or nobody: it is escaped, which is no harm.
_UNKNOWN: Final = ("Cn", "Co")


def _acting(text: str) -> list[str]:
    return [letter for letter in text if unicodedata.category(letter) in _ACTS]


@settings(deadline=None)
@given(ANY)
def test_nothing_that_acts_on_a_terminal_comes_out(text: str) -> None:
    assert not _acting(escape(text))


def test_no_known_character_acts_on_a_terminal() -> None:
    used = (*range(0x3_2000), *range(0xE_0000, 0xE_1000), 0x10_FFFF)
    assert not _acting(escape("".join(map(chr, used))))


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=(*_ACTS, *_UNKNOWN))))
def test_all_other_text_comes_out_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    "text,shown",
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\tb\r\n", r"a\tb\r\n"),
        ("\x9b", r"\x9b"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
        ("é 漢 🙂", "é 漢 🙂"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


@settings(deadline=None)
@given(st.binary())
def test_message_shows_bytes_of_any_kind(data: bytes) -> None:
    assert not _acting(show_message(data).replace("\n", ""))


@pytest.mark.parametrize(
    "data,shown",
    [
        (b"LIST ALL P2P-CI/1.0\r\nHost: h\r\n\r\n", "LIST ALL P2P-CI/1.0\nHost: h\n"),
        (b"lf\nonly\n", "lf\nonly"),
        (b"a\rb\r\n", r"a\rb"),
        (b"\xff\xc3\xa9\r\n", r"\xffé"),
        (b"", ""),
    ],
)
def test_message(data: bytes, shown: str) -> None:
    assert show_message(data) == shown


def test_path_below_the_current_folder_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert show_path(tmp_path / "rfcs/rfc7.txt") == "rfcs/rfc7.txt"
    assert show_path(tmp_path.parent / "x") == str(tmp_path.parent / "x")
    assert show_path(tmp_path / "\x1b") == r"\x1b"


@settings(deadline=None)
@given(ANY)
def test_json_shows_nothing_that_acts_and_is_still_the_same(text: str) -> None:
    shown = show_json([text])
    assert not _acting(shown.replace("\n", ""))
    assert json.loads(shown) == [text]
