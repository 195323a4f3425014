"""`p2pci search`: what is printed of what was found, here and in the swarm."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from p2pci.library.search.store import INDEX_NAME
from tests.cli.process import P2PCI, Stage, closed_port, run
from tests.library.search.conftest import write

pytestmark = pytest.mark.slow  # every test runs commands; what they do is tested below them, too

INDEX = """
0007 Of Whales. A. Example. May 1999. (Format: TXT) (Status: PROPOSED STANDARD)

0009 Of Sharks and Whales. A. Example. May 2005. (Format: TXT) (Status: HISTORIC)
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where the command is called: two documents in rfcs/."""
    folder = tmp_path / "rfcs"
    folder.mkdir()
    write(folder, 7, "Whales are large.\nMay 1999", title="Of Whales")
    write(folder, 8, "Sharks are no whales, but fish.\nMay 2001", title="Of Sharks")
    return tmp_path


def search(folder: Path, *words: str, server: int = 1) -> tuple[int, list[list[str]], str]:
    """Run the command, and give its code, the fields of its lines, and its complaints."""
    done = run((*P2PCI, "search", *words, "--server", f"localhost:{server}"), cwd=folder)
    return done.returncode, [line.split("\t") for line in done.stdout.splitlines()], done.stderr


def found(folder: Path, *words: str, server: int = 1) -> list[str]:
    return [line[0] for line in search(folder, *words, server=server)[1]]


def test_titles_come_before_texts_with_a_piece_of_them(shelf: Path) -> None:
    code, lines, errors = search(shelf, "WHALES")
    assert code == 0
    assert lines == [
        ["7", "Of Whales", "here", "", "1999", "", "Of Whales Whales are large. May 1999"],
        ["8", "Of Sharks", "here", "", "2001", "", "Of Sharks Sharks are no whales, but fish. May 2001"],
    ]
    assert errors.splitlines()[0] == "No index answers at localhost:1: only the own shelf is searched."


@pytest.mark.parametrize(
    "words, numbers",
    [
        (["whales", "-fish"], ["7"]),
        (["-sharks", "whales"], ["7"]),
        (['"no whales"'], ["8"]),
        (["large", "NEAR", "whales"], ["7"]),
        (["wha*"], ["7", "8"]),
        (["rfc8"], ["8"]),
        (["whales", "--limit", "1"], ["7"]),
        (["whales", "--year", "2000-"], ["8"]),
        (["whales", "--here"], ["7", "8"]),
    ],
)
def test_words_and_filters_choose(shelf: Path, words: list[str], numbers: list[str]) -> None:
    assert found(shelf, *words) == numbers


def test_index_file_says_status_and_year(shelf: Path) -> None:
    (shelf / "rfcs/rfc-index.txt").write_text(INDEX)
    assert found(shelf, "whales", "--status", "proposed standard") == ["7"]
    assert found(shelf, "whales", "--status", "historic", "--status", "standard") == ["7"]
    assert found(shelf, "whales", "--year", "1999") == ["7"]
    (line,) = search(shelf, "large")[1]
    assert line[4:6] == ["1999", "PROPOSED STANDARD"]


def test_nothing_found_is_said_and_ends_in_3(shelf: Path) -> None:
    code, lines, errors = search(shelf, "squid", "--here")
    assert (code, lines) == (3, [])
    assert errors.splitlines()[-1] == "Nothing has squid in its title or text. Try fewer words, or word*."


def test_nothing_found_is_said_of_the_query_as_it_was_understood(shelf: Path) -> None:
    errors = search(shelf, "-whales", '"Giant squid', "--here")[2]
    assert errors.splitlines()[-1].startswith('Nothing has "giant squid" -whales in its title or text. ')


def test_words_that_texts_are_not_searched_for_are_called_too_common(shelf: Path) -> None:
    code, lines, errors = search(shelf, "that", "be", "--here")
    assert (code, lines) == (3, [])
    assert errors.splitlines()[-1] == (
        "No title has that be. Such common words are looked for in titles alone: add another one."
    )


def test_words_without_end_are_not_all_said_again(shelf: Path) -> None:
    assert len(search(shelf, "squid " * 500, "--here")[2].splitlines()[-1]) < 300


@pytest.mark.parametrize("words", [['"'], ["***"], [""]])
def test_no_words_are_a_mistake(shelf: Path, words: list[str]) -> None:
    code, _, errors = search(shelf, *words, "--here")
    assert code == 2
    assert "no word to search for. Write some" in errors


def test_words_that_must_not_be_there_alone_are_a_mistake(shelf: Path) -> None:
    code, _, errors = search(shelf, "-whales", "--here")
    assert code == 2
    assert "no word to search for, only some that must not be there. Write some" in errors


def test_flags_that_contradict_each_other_are_a_mistake(shelf: Path) -> None:
    assert search(shelf, "whales", "--here", "--missing")[0] == 2
    assert search(shelf, "whales", "--year", "x")[0] == 2
    assert search(shelf, "whales", "--nonsense")[0] == 2


def test_swarm_is_searched_by_its_titles(shelf: Path, stage: Stage) -> None:
    _, port = stage.start_server()
    stage.start_holder(port, {7: "Of Whales", 9: "Of Sharks and Whales"})
    (shelf / "rfcs/rfc-index.txt").write_text(INDEX)
    code, lines, errors = search(shelf, "whales", server=port)
    assert code == 0
    assert not errors.removeprefix("Indexing rfcs: 2 documents\n")
    assert [line[:4] for line in lines] == [
        ["7", "Of Whales", "here", "1"],
        ["9", "Of Sharks and Whales", "", "1"],
        ["8", "Of Sharks", "here", "0"],
    ]
    assert found(shelf, "whales", "--missing", server=port) == ["9"]
    assert found(shelf, "whales", "--status", "historic", server=port) == ["9"]


def test_what_one_holder_has_is_searched(shelf: Path, stage: Stage) -> None:
    _, port = stage.start_server()
    for documents in ({7: "Of Whales"}, {8: "Of Sharks", 9: "Whales"}):
        stage.start_holder(port, documents)
    listed = run((*P2PCI, "list", "--json", "--server", f"localhost:{port}"), cwd=shelf)
    at = {record["number"]: f"{record['host']}:{record['port']}" for record in json.loads(listed.stdout)}
    assert found(shelf, "whales", "--held-by", at[7], server=port) == ["7"]
    assert found(shelf, "whales", "--held-by", at[9], server=port) == ["9", "8"]
    assert found(shelf, "whales", "--held-by", at[9], "--missing", server=port) == ["9"]


def test_question_about_the_swarm_needs_the_index(shelf: Path) -> None:
    port = closed_port()
    for words in (("--missing",), ("--held-by", "localhost")):
        code, lines, errors = search(shelf, "whales", *words, server=port)
        assert (code, lines) == (4, [])
        assert f"localhost:{port}" in errors


def test_without_a_folder_titles_alone_are_searched(tmp_path: Path, stage: Stage) -> None:
    _, port = stage.start_server()
    stage.start_holder(port, {9: "Of Sharks"})
    code, lines, errors = search(tmp_path, "sharks", server=port)
    assert (code, [line[:4] for line in lines]) == (0, [["9", "Of Sharks", "", "1"]])
    assert errors == "There is no folder rfcs: only titles are searched.\n"
    assert not (tmp_path / "rfcs").exists()
    assert search(tmp_path, "sharks", "--here")[0] == 1


def test_json_says_all_that_is_known(shelf: Path) -> None:
    done = run((*P2PCI, "search", "large", "--here", "--json"), cwd=shelf)
    (hit,) = json.loads(done.stdout)
    snippet = hit.pop("snippet")
    assert hit == {
        "number": 7,
        "title": "Of Whales",
        "score": 1.0,
        "here": True,
        "holders": None,
        "year": 1999,
        "status": None,
    }
    assert {"text": "large", "hit": True} in snippet


def test_hostile_text_acts_on_no_terminal(shelf: Path, stage: Stage) -> None:
    write(shelf / "rfcs", 10, "squid \x1b[31m red \u202e evil", title="Evil \u202e [bold]title[/bold]")
    searching = stage.start(*P2PCI, "search", "squid", "--here", cwd=shelf, on_terminal=True)
    assert searching.finish() == 0
    assert "\\x1b[31m red \\u202e evil" in searching.output
    assert "[bold]title[/bold]" in searching.output
    assert "\u202e" not in searching.output
    done = run((*P2PCI, "search", "squid", "--here"), cwd=shelf)
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_damaged_index_is_mended_without_a_word(shelf: Path) -> None:
    assert found(shelf, "whales") == ["7", "8"]
    index = shelf / "rfcs" / INDEX_NAME
    for damage in (b"", b"This is no database.\n" * 1000, index.read_bytes()[:8192]):
        index.write_bytes(damage)
        code, lines, errors = search(shelf, "whales", "--here")
        assert (code, [line[0] for line in lines]) == (0, ["7", "8"])
        assert not errors.replace("Indexing rfcs: 2 documents\n", "")


def test_interrupted_indexing_ends_in_order_and_goes_on_next_time(tmp_path: Path, stage: Stage) -> None:
    folder = tmp_path / "rfcs"
    folder.mkdir()
    for number in range(1, 1001):  # so much that it takes seconds: how far it is shows ten times in each
        write(folder, number, " ".join(f"text{(number * each) % 9973}" for each in range(1, 9001)))
    searching = stage.start(*P2PCI, "search", "document", "--here", cwd=tmp_path, on_terminal=True)
    searching.wait_for(r"Indexing rfcs: \d+ of \d+ documents")
    searching.signal(signal.SIGINT)
    assert searching.finish() == 130
    assert len(found(tmp_path, "document", "--here", "--limit", "1000")) == 1000
