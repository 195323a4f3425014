"""`p2pci titles`, and `p2pci get` with an origin for what no peer has."""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.cli.process import LOOPBACK, P2PCI, Stage, fill, run
from tests.library.indexes import text_index, xml_index
from tests.origin.web_server import PLAIN, FakeOrigin, Reply, serving

pytestmark = pytest.mark.slow  # every test runs commands; what they do is tested below them, too

INDEX = """
0002 Two Things. A. Example. 1 April 1999. (Format: TXT) (Obsoletes
     RFC0001) (Obsoleted by RFC0007) (Updates RFC0003) (Updated by
     RFC0005, RFC0006) (Also STD0004) (Status: DRAFT STANDARD)

0004 Not Issued.

0008 Eight. A. Example, B. Sample. May 1999. (Format: TXT) (Status: UNKNOWN)
"""
DATED = PLAIN | {"Last-Modified": "Fri, 17 Apr 2026 16:08:18 GMT"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands are called: two documents in rfcs/."""
    fill(tmp_path / "rfcs", {2: "Second", 3: "Third"})
    return tmp_path


def titles(folder: Path, *words: str, env: dict[str, str] | None = None) -> tuple[int, list[str], str]:
    done = run((*P2PCI, "titles", *words), cwd=folder, env=env)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_titles_of_documents_alone_are_said_to_be_so(folder: Path) -> None:
    code, lines, errors = titles(folder)

    assert (code, lines) == (0, ["2\tSecond\t\t\t\t", "3\tThird\t\t\t\t"])
    assert errors == (
        "These titles are the documents' own: rfcs has no rfc-index.txt or rfc-index.xml. "
        "`p2pci titles --update` fetches one from an origin.\n"
    )


def test_index_says_what_became_of_a_document(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)

    code, lines, errors = titles(folder)

    assert (code, lines) == (
        0,
        ["2\tTwo Things\t1 April 1999\tDRAFT STANDARD\tRFC 7\tRFC 5, RFC 6", "3\tThird\t\t\t\t"],
    )
    assert errors == "1 of these are not in rfc-index.txt; their titles are their own.\n"


def test_numbers_may_be_of_documents_that_are_not_there(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)

    code, lines, errors = titles(folder, "8", "2-4", "100-200")

    assert [line.split("\t")[:2] for line in lines] == [
        ["8", "Eight"],
        ["2", "Two Things"],
        ["3", "Third"],
        ["4", ""],
    ]
    assert lines[-1] == "4\t\t\tNOT ISSUED\t\t"
    assert code == 3
    assert errors.splitlines()[-1] == (
        "Neither in the folder nor in its rfc-index.txt: "
        "RFC 100, 101, 102, 103, 104, 105, 106, 107, 108, 109 and 91 more."
    )


def test_missing_number_is_all_that_is_said_of_a_folder_with_documents_and_index(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)

    assert titles(folder, "77") == (3, [], "Neither in the folder nor in its rfc-index.txt: RFC 77.\n")


def test_index_alone_answers_numbers_and_says_so_without(folder: Path) -> None:
    (folder / "index").mkdir()
    (folder / "index/rfc-index.txt").write_text(INDEX)

    assert titles(folder, "8", "--library", "index") == (0, ["8\tEight\tMay 1999\tUNKNOWN\t\t"], "")
    said = "index has no rfcN.txt. Its rfc-index.txt knows titles: ask by number.\n"
    assert titles(folder, "--library", "index") == (0, [], said)


def test_json_has_all_that_is_known(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)

    code, lines, _ = titles(folder, "2", "3", "8", "--json")

    two, three, eight = json.loads("\n".join(lines))
    assert code == 0
    assert two == {
        "number": 2,
        "title": "Two Things",
        "authors": ["A. Example"],
        "date": "1 April 1999",
        "status": "DRAFT STANDARD",
        "obsoletes": ["RFC 1"],
        "obsoleted_by": ["RFC 7"],
        "updates": ["RFC 3"],
        "updated_by": ["RFC 5", "RFC 6"],
        "also": ["STD 4"],
        "title_from": "index",
        "on_shelf": True,
    }
    assert (three["title"], three["title_from"], three["on_shelf"]) == ("Third", "document", True)
    assert (eight["authors"], eight["title_from"], eight["on_shelf"]) == (
        ["A. Example", "B. Sample"],
        "index",
        False,
    )


def test_screen_has_a_table(folder: Path, stage: Stage) -> None:
    (folder / "rfcs/rfc-index.xml").write_text(xml_index({2: "Of [two] \x85 things", 3: "Three"}))

    shown = stage.start(*P2PCI, "titles", cwd=folder, on_terminal=True)

    assert shown.finish() == 0
    shown.wait_for(r"RFC.*Title.*Date.*Status.*Obsoleted by.*Updated by")
    shown.wait_for(r"2 .*Of \[two\] things")


def test_broken_index_is_told_and_the_documents_speak(folder: Path) -> None:
    (folder / "rfcs/rfc-index.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')

    code, lines, errors = titles(folder)

    assert (code, len(lines)) == (0, 2)
    assert errors.startswith(f"Left out: {folder}/rfcs/rfc-index.xml: cannot be used: it has a DOCTYPE, ")
    assert "These titles are the documents' own: rfcs has no good index file. " in errors


def test_title_that_would_act_on_the_terminal_is_escaped(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(text_index({2: "A \u202e title"}), encoding="utf-8")

    assert titles(folder, "2")[1] == ["2\tA \\u202e title\tMay 1999\tUNKNOWN\t\t"]


@pytest.mark.parametrize(
    "words,code,sentence",
    [
        (("x",), 2, "'x' is no RFC number"),
        (("--library", "nowhere"), 1, "nowhere: there is no such folder. Name the shelf's with --library."),
        (("--library", "rfcs/rfc2.txt"), 1, "is not a folder"),
        (("--update",), 2, "--update needs to know where from. Give --origin or set P2PCI_ORIGIN."),
        (("--update", "--origin", "host"), 2, "'host' is no origin."),
        (("7",), 3, "Not in the folder, which has no rfc-index.txt or rfc-index.xml either: RFC 7.\n"),
        (("--library", "empty"), 0, "empty has no rfcN.txt."),
    ],
    ids=str,
)
def test_wrong_words_are_a_sentence(folder: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    (folder / "empty").mkdir()

    found = titles(folder, *words)

    assert (found[0], found[1]) == (code, [])
    assert sentence in found[2]
    assert not (folder / "nowhere").exists()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    return context


@pytest.fixture
def web(tls: ssl.SSLContext) -> Iterator[FakeOrigin]:
    with serving({}, tls=tls) as web:
        yield web


@pytest.fixture
def env(folder: Path, web: FakeOrigin) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(folder / "authority.pem"), "P2PCI_ORIGIN": web.url()}


def test_update_fetches_the_index_once(folder: Path, web: FakeOrigin, env: dict[str, str]) -> None:
    web.replies["/rfc/rfc-index.txt"] = Reply(INDEX.encode(), headers=DATED)
    code, lines, errors = titles(folder, "2", "--update", env=env)
    assert (code, lines[0].split("\t")[1]) == (0, "Two Things")
    assert errors == f"Fetched rfc-index.txt from {web.url()}\n"

    web.replies["/rfc/rfc-index.txt"] = Reply(code=304, headers={"Content-Length": ""})
    code, lines, errors = titles(folder, "2", "--update", env=env)
    assert (code, lines[0].split("\t")[1]) == (0, "Two Things")
    assert errors == f"Nothing newer than rfc-index.txt from {web.url()}\n"


@pytest.mark.parametrize(
    "reply,code,sentence",
    [
        (Reply(b"no index\n"), 1, "rfc-index.txt: cannot be replaced by what came: it has not one entry"),
        (Reply(code=404), 5, "was answered with 404. Check the origin's address, or try again later.\n"),
        (Reply(code=0), 4, "closed before its answer was complete"),
    ],
)
def test_update_that_fails_is_a_sentence_and_changes_nothing(
    folder: Path, web: FakeOrigin, env: dict[str, str], reply: Reply, code: int, sentence: str
) -> None:
    (folder / "rfcs/rfc-index.txt").write_text(INDEX)
    web.replies["/rfc/rfc-index.txt"] = reply

    found = titles(folder, "--update", env=env)

    assert (found[0], found[1]) == (code, [])
    assert sentence in found[2]
    assert (folder / "rfcs/rfc-index.txt").read_text() == INDEX


def test_untrusted_origin_exits_4_with_a_sentence(folder: Path, env: dict[str, str]) -> None:
    code, lines, errors = titles(folder, "--update", env=env | {"SSL_CERT_FILE": os.devnull})

    assert (code, lines, errors.count("\n")) == (4, [], 1)
    assert "cannot" in errors.lower()


def test_origin_may_stand_in_the_settings(folder: Path, web: FakeOrigin, env: dict[str, str]) -> None:
    (folder / "p2pci.toml").write_text(f'[titles]\norigin = "{web.url()}"\nlibrary = "rfcs"\n')
    web.replies["/rfc/rfc-index.txt"] = Reply(INDEX.encode(), headers=DATED)
    del env["P2PCI_ORIGIN"]

    assert titles(folder, "2", "--update", env=env)[0] == 0


def test_get_asks_the_origin_for_what_no_peer_has(
    folder: Path, stage: Stage, web: FakeOrigin, env: dict[str, str]
) -> None:
    _, port = stage.start_server()
    stage.start_holder(port, {2: "Second"})
    web.replies["/rfc/rfc7.txt"] = Reply(b"Seven\n")
    words = (*P2PCI, "get", "2", "7", "9", "-o", "got", "--server", f"{LOOPBACK}:{port}")

    without = run(words, cwd=folder)
    done = run(words, cwd=folder, env=env)

    assert without.returncode == 3
    assert [asked.path for asked in web.asked] == ["/rfc/rfc7.txt", "/rfc/rfc9.txt"]
    assert (folder / "got/rfc7.txt").read_bytes() == b"Seven\n"
    assert f"[DOWNLOAD] Connecting to {LOOPBACK}:{web.port} for RFC 7...\n" in done.stdout
    assert "[DOWNLOAD] Saved to got/rfc7.txt (6 bytes)\n" in done.stdout
    assert done.returncode == 3
    assert f"RFC 9 was not found: {web.url()}rfc9.txt is not there either." in done.stderr


def test_get_without_the_package_says_how_to_get_it(folder: Path, stage: Stage, env: dict[str, str]) -> None:
    _, port = stage.start_server()
    code = "import sys; sys.modules['httpx2'] = None; from p2pci.cli.main import run; run()"

    done = run(
        (sys.executable, "-c", code, "get", "7", "--server", f"{LOOPBACK}:{port}"), cwd=folder, env=env
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Fetching from an origin needs httpx2, which is not installed: pip install 'p2pci[origin]'\n"
    )
