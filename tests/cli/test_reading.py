"""`p2pci read`: a document from the shelf or through the index, plain in a pipe and styled in the pager."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Stage, closed_port, fill, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

DOCUMENT = """




Example Working Group                                         A. Example
Request for Comments: 7000                                      May 2016
Obsoletes: 6000
Category: Informational

                            A Made Document

Abstract

   See RFC 2119 and RFC 8174, and Section 2.

1.  Introduction

   This goes on over the end of a page, for its last line is a full


Example                      Informational                      [Page 1]
\f
RFC 7000                    A Made Document                     May 2016


   one.

2.  Hostile \x1b]0;owned\x07 Heading

   \x1b[31mred RFC\x1b[0m 5 \u202erev RFC 5\x9b31m

Appendix A.  More

   The end.
"""
INDEX = """
7000 A Made Document. A. Example. May 2016. (Format: TXT) (Obsoletes
     RFC6000) (Obsoleted by RFC8000) (Updated by RFC7500, RFC7600) (Status: INFORMATIONAL)
"""
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
OURS = re.compile(r"\x1b\[[014]m|\x1b\]8;;[!-~]*\x1b\\")
QUIET = {"TMUX": "", "FORCE_HYPERLINK": "0", "NO_COLOR": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rfcs").mkdir()
    (tmp_path / "rfcs/rfc7000.txt").write_text(DOCUMENT, encoding="utf-8")
    return tmp_path


def read(folder: Path, *words: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    done = run((*P2PCI, "read", *words), cwd=folder, env=env)
    return done.returncode, done.stdout, done.stderr


def test_document_is_plain_in_a_pipe_with_what_is_known_on_top(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)
    before = sorted(folder.rglob("*"))

    code, text, errors = read(folder, "7000")

    assert sorted(folder.rglob("*")) == before

    assert (code, errors) == (0, "")
    assert text.splitlines()[:6] == [
        "RFC 7000  A Made Document",
        "Status: INFORMATIONAL",
        "Obsoleted by: RFC 8000",
        "Updated by: RFC 7500, RFC 7600",
        "Obsoletes: RFC 6000",
        "",
    ]
    assert "a full\n   one.\n" in text
    assert "[Page" not in text
    assert not RAW.search(text)
    assert r"2.  Hostile \x1b]0;owned\x07 Heading" in text


def test_without_index_the_document_speaks_for_itself(folder: Path) -> None:
    assert read(folder, "RFC7000")[1].splitlines()[1:3] == [
        "Status: INFORMATIONAL (says the document; no index here lists it)",
        "Obsoletes: RFC 6000",
    ]


@pytest.mark.parametrize("wanted", ["1", "section 1", "introd"])
def test_one_section_is_shown_by_number_or_title(folder: Path, wanted: str) -> None:
    code, text, _ = read(folder, "7000", "--section", wanted)

    assert code == 0
    assert text.split("\n\n", 1)[1] == (
        "1.  Introduction\n\n   This goes on over the end of a page, for its last line is a full\n   one.\n"
    )


def test_contents_are_the_sections(folder: Path) -> None:
    assert read(folder, "7000", "--contents")[1].splitlines()[4:] == [
        "  Abstract",
        "  1  Introduction",
        r"  2  Hostile \x1b]0;owned\x07 Heading",
        "  Appendix A  More",
    ]


def test_unknown_section_is_said_with_those_near_it(folder: Path) -> None:
    code, text, errors = read(folder, "7000", "--section", "intorduction")

    assert (code, text) == (3, "")
    assert errors == "RFC 7000 has no section 'intorduction'. Near it: 1 Introduction.\n"


def test_json_has_badges_sections_and_the_text_as_it_is(folder: Path) -> None:
    code, text, _ = read(folder, "7000", "--json", "--section", "2")

    found = json.loads(text)
    assert code == 0
    assert not RAW.search(text)
    assert (found["number"], found["title"]) == (7000, "A Made Document")
    assert found["badges"] == {
        "status": "INFORMATIONAL",
        "obsoleted_by": [],
        "updated_by": [],
        "obsoletes": ["RFC 6000"],
        "updates": [],
        "from": "document",
    }
    assert [section["label"] for section in found["sections"]] == ["", "1", "2", "Appendix A"]
    assert found["section"]["number"] == "2"
    assert found["text"].startswith("2.  Hostile \x1b]0;owned\x07 Heading\n\n   \x1b[31mred")


def test_missing_document_is_fetched_first_and_said_so(folder: Path, stage: Stage) -> None:
    _, port = stage.start_server()
    stage.start_holder(port, {123: "Found Elsewhere"})

    code, text, errors = read(folder, "123", "--server", f"{LOOPBACK}:{port}")

    assert code == 0
    assert text.splitlines()[0] == "RFC 123  Found Elsewhere"
    assert errors.splitlines()[0] == "RFC 123 is not in rfcs: asking the index for it."
    assert (folder / "rfcs/rfc123.txt").exists()


def test_only_the_document_is_on_standard_output(folder: Path, stage: Stage) -> None:
    _, port = stage.start_server()
    stage.start_holder(port, {123: "Found Elsewhere"})

    code, text, errors = read(folder, "123", "--server", f"{LOOPBACK}:{port}", "--json", "--trace")

    assert code == 0
    assert json.loads(text)["title"] == "Found Elsewhere"
    assert "GET RFC 123 P2P-CI/1.0" in errors


def test_without_an_index_the_error_says_what_was_tried(folder: Path) -> None:
    code, text, errors = read(folder, "123", "--server", f"{LOOPBACK}:{closed_port()}")

    assert (code, text) == (4, "")
    assert errors.startswith("RFC 123 is not in rfcs: asking the index for it.\nCannot connect to 127.0.0.1:")


def test_screen_shows_bold_headings_and_underlined_references(folder: Path, stage: Stage) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)
    shown = on_screen(stage, "7000", env=QUIET | {"PAGER": "cat"})

    assert "\x1b[1m1.  Introduction\x1b[0m" in shown
    assert "\x1b[1mObsoleted by: RFC 8000\x1b[0m" in shown
    assert "See \x1b[4mRFC 2119\x1b[0m and \x1b[4mRFC 8174\x1b[0m, and Section 2." in shown
    assert "\x1b]8" not in shown


def test_terminal_that_shows_links_gets_them(folder: Path, stage: Stage) -> None:
    fill(folder / "rfcs", {2119: "Here"})
    shown = on_screen(stage, "7000", env=QUIET | {"PAGER": "cat", "FORCE_HYPERLINK": "1"})

    here = (folder / "rfcs/rfc2119.txt").as_uri()
    assert f"\x1b]8;;{here}\x1b\\\x1b[4mRFC 2119\x1b[0m\x1b]8;;\x1b\\" in shown
    assert "\x1b]8;;https://www.rfc-editor.org/rfc/rfc8174\x1b\\" in shown


@pytest.mark.parametrize(
    "env", [{"PAGER": "cat", "FORCE_HYPERLINK": "1"}, {"TERM": "dumb", "PAGER": ""}], ids=str
)
def test_nothing_of_the_text_acts_on_the_terminal(folder: Path, stage: Stage, env: dict[str, str]) -> None:
    shown = on_screen(stage, "7000", env=QUIET | env)

    assert not RAW.search(OURS.sub("", shown).replace("\r\n", "\n"))


def test_plain_is_plain_on_a_screen_too(folder: Path, stage: Stage) -> None:
    assert "\x1b" not in on_screen(stage, "7000", "--plain", env=QUIET | {"FORCE_HYPERLINK": "1"})


def test_pager_of_the_user_gets_the_text(folder: Path) -> None:
    script = "import sys; print('paged:', len(sys.stdin.read().splitlines()))"
    pager = f'{sys.executable} -c "{script}"'

    code, text, errors = read(folder, "7000", "--pager", "--contents", env={"PAGER": pager})

    assert (code, text, errors) == (0, "paged: 8\n", "")


def test_pager_that_is_left_early_is_no_error(folder: Path) -> None:
    line = b"   a line that is long enough to fill what a pipe holds, many times over\n"
    (folder / "rfcs/rfc8.txt").write_bytes(line * 20_000)

    code, text, errors = read(folder, "8", "--pager", env={"PAGER": f"{sys.executable} -c 'print(1)'"})

    assert (code, text, errors) == (0, "1\n", "")


@pytest.mark.parametrize("pager", ["no-such-program --x", "'", os.devnull])
def test_without_a_pager_the_text_is_printed(folder: Path, pager: str) -> None:
    code, text, errors = read(folder, "7000", "--pager", env={"PAGER": pager})

    assert (code, errors) == (0, "")
    assert text.startswith("RFC 7000  A Made Document\n")


def on_screen(stage: Stage, *words: str, env: dict[str, str]) -> str:
    reading = stage.start(*P2PCI, "read", *words, env=env, on_terminal=True)
    assert reading.finish() == 0
    return reading.output
