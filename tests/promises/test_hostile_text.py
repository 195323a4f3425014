"""Rows 5 and 21: what acts on a terminal is refused, or escaped wherever a title, host or name is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, PEER_PY, Stage, answering, closed_port, fill, run
from tests.cli.test_hostile_text import ANSWER, RAW, TITLE as EVIL_TITLE
from tests.promises.running import ON_ASYNCIO, QUIET_INDEX, Served
from tests.server.wire_client import BAD_REQUEST, OK, add

pytestmark = pytest.mark.slow  # many processes

ACTS = (
    *(chr(code) for code in (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0))),
    *"\u2028\u2029",
)
SHOWS = (
    *"\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u061c",
    *(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "&lt;",
        "[red]x[/red]",
        "%s%n",
        "{0}",
        "$(id)",
    ),
)
TITLE = "a\u202eb\u2066 c\u200b [red]<b>&"


@pytest.fixture(params=["quiet", "with messages"])
def traced(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Served]:
    """An index that shows what it is sent, and one that does not."""
    words = ("--trace",) if request.param == "with messages" else ()
    served = Served(*stage.start_server(*words, program=QUIET_INDEX))
    yield served
    served.close()
    assert not RAW.search(served.process.output)


@pytest.mark.parametrize("place", ["title", "host"])
def test_what_acts_is_refused(traced: Served, place: str) -> None:
    for letter in ACTS:
        request = _add(7, f"A{letter}B", place=place)
        if letter == "\t" and place == "title":
            continue
        assert BAD_REQUEST in traced.says_all(request), ascii(letter)
    assert traced.records() == []


@pytest.mark.parametrize("place", ["title", "host"])
def test_line_end_in_a_record_begins_no_other_record(traced: Served, place: str) -> None:
    for end in ("\r", "\n", "\r\n", "\n "):
        request = _add(7, f"A{end}RFC 666 Evil victim 80", place=place)
        assert traced.says_all(request) == BAD_REQUEST, ascii(end)
    assert traced.records() == []


def test_what_only_shows_is_listed_as_it_is_and_escaped_where_it_is_shown(
    traced: Served, stage: Stage
) -> None:
    peer = traced.peer()
    for number, text in enumerate(SHOWS, start=1):
        peer.says(add(number, f"A {text} B"))
        assert peer.hears_answer() == OK + f"RFC {number} A {text} B h 5\r\n\r\n".encode()
    where = ("--server", f"{LOOPBACK}:{traced.port}")
    for words in (("list",), ("list", "--json"), ("lookup", "8"), ("list", "--trace")):
        done = run((*P2PCI, *words, *where), cwd=stage.folder)
        assert done.returncode == 0
        assert not RAW.search(_without_tabs(done.stdout + done.stderr))
    dry = run((*P2PCI, "mirror", "--all", "--dry-run", *where), cwd=stage.folder)
    assert not RAW.search(_without_tabs(dry.stdout + dry.stderr))


@pytest.mark.parametrize(
    "words",
    [("lookup", "5"), ("get", "5"), ("mirror", "--all", "--dry-run"), ("mirror", "--all", "--keep-going")],
    ids=" ".join,
)
def test_answers_of_an_evil_index_are_escaped(stage: Stage, words: tuple[str, ...]) -> None:
    nobody = closed_port()
    hosts = (LOOPBACK, "\x1b[31m", "\u202ex", "[red]")
    answer = OK + b"".join(f"RFC 5 {EVIL_TITLE} {host} {nobody}\r\n".encode() for host in hosts) + b"\r\n"
    with answering(answer) as port:
        done = run((*P2PCI, *words, "--server", f"{LOOPBACK}:{port}"), cwd=stage.folder)
    shown = _without_tabs(done.stdout + done.stderr)
    assert shown
    assert not RAW.search(shown)


@pytest.mark.parametrize(
    "answer", [ANSWER, b"P2P-CI/1.0 400 \x1b[31mBad\x07\r\nReason: \x1b]0;x\x07\r\n\r\n\r\n"]
)
def test_peer_escapes_what_an_evil_index_answers(stage: Stage, answer: bytes) -> None:
    fill(stage.folder / "rfcs", {5: "Five"})
    with answering(answer) as port:
        done = run((*PEER_PY, f"{LOOPBACK}:{port}"), cwd=stage.folder, typed="3\n2\n5\n\n4\n5\n5\n")
    assert not RAW.search(done.stdout + done.stderr)


def test_texts_of_documents_and_names_of_files_are_escaped(stage: Stage) -> None:
    server, port = stage.start_server(program=(*ON_ASYNCIO, "index"))
    library = stage.folder / "a\x1b[31m\u202ebooks"
    fill(library, {7: "Sev\x1b]0;owned\x07en \u202ex \x9b31m", 8: TITLE})
    (library / "rfc\x1b[31m9.txt").write_text("Nine\n")
    (library / "rfc-index.txt").write_text("0007 \x1b[31mSeven \u202ex. A. Example. May 1999.\n")
    words = ("peer", f"{LOOPBACK}:{port}", "--no-menu", "--trace", "--library", str(library))
    peer = stage.start(*P2PCI, *words)
    peer.wait_for("^.Peer. Serving until")
    assert not RAW.search(peer.output)
    for titles in (("titles",), ("titles", "--json")):
        done = run((*P2PCI, *titles, "--library", str(library)), cwd=stage.folder)
        assert not RAW.search(_without_tabs(done.stdout + done.stderr)), done.stdout
    where = ("--server", f"{LOOPBACK}:{port}")
    for taking in (("get", "7"), ("mirror", "--all")):
        output = stage.folder / f"{taking[0]}\x1b[31m\u202e"
        folder = ("-o" if taking[0] == "get" else "--library", str(output))
        done = run((*P2PCI, *taking, *folder, *where), cwd=stage.folder)
        assert done.returncode == 0, done.stderr
        assert not RAW.search(_without_tabs(done.stdout + done.stderr)), done.stdout
    assert server.is_running


def test_names_on_a_terminal_are_escaped(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b]0;owned\x07"
    missing = stage.start(*P2PCI, "titles", "--library", str(folder / "rfcs" / "none"), on_terminal=True)
    missing.finish()
    assert "\x1b]0" not in missing.output
    assert "\x07" not in missing.output


def _add(number: int, text: str, *, place: str) -> bytes:
    if place == "title":
        return add(number, text)
    return add(number, host=text)


def _without_tabs(text: str) -> str:
    return text.replace("\t", "")
