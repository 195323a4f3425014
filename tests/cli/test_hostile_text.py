"""What an index server sends never acts on a terminal, and is never lost in it."""

from __future__ import annotations

import json
import re
import socket

import pytest

from tests.cli.process import LOOPBACK, P2PCI, PEER_PY, Stage, answering, run

TITLE = "a\x1b]0;owned\x07\x1b[31m\x9b31m \u202erev\u2066 \x7f \u200b [red]x[/red] \x85\u2028 é"
RECORDS = f"RFC 5 {TITLE} [fe80::1] 5000\r\nRFC 6 {TITLE} fe80::2 5000\r\nRFC 7 {TITLE} [red] 5000\r\n"
ANSWER = f"P2P-CI/1.0 200 OK\r\n\r\n{RECORDS}\r\n".encode()
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("words", [(), ("--trace",), ("--json",)], ids=str)
def test_titles_are_escaped_in_a_pipe(stage: Stage, words: tuple[str, ...]) -> None:
    with answering(ANSWER) as port:
        done = run((*P2PCI, "list", *words, "--server", f"{LOOPBACK}:{port}"), cwd=stage.folder)
    assert not RAW.search(done.stdout.replace("\t", ""))
    assert "é" in done.stdout


def test_json_gives_the_title_as_it_came(stage: Stage) -> None:
    with answering(ANSWER) as port:
        done = run((*P2PCI, "list", "--json", "--server", f"{LOOPBACK}:{port}"), cwd=stage.folder)
    assert [record["title"] for record in json.loads(done.stdout)] == [TITLE] * 3


def test_table_shows_titles_and_hosts_as_they_are(stage: Stage) -> None:
    with answering(ANSWER) as port:
        listing = stage.start(*P2PCI, "list", "--server", f"{LOOPBACK}:{port}", on_terminal=True)
        assert listing.finish() == 0
    styles = r"\x1b\[[0-9;]*m"
    shown = re.sub(styles, "", listing.output)
    assert not RAW.search(shown)
    assert {style for style in re.findall(styles, listing.output) if "31" in style} == set()
    assert "[red]x[/red]" in re.sub(r"\s+", "", shown)
    for holder in ("[[fe80::1]]:5000", "[fe80::2]:5000", "[red]:5000"):
        assert holder in shown


def test_menu_escapes_what_it_shows(stage: Stage) -> None:
    with answering(ANSWER) as port:
        done = run((*PEER_PY, f"{LOOPBACK}:{port}"), cwd=stage.folder, typed="3\n")
    assert not RAW.search(done.stdout)
    assert r"\x1b]0;owned\x07" in done.stdout


def test_what_peers_send_is_escaped_by_the_server(stage: Stage) -> None:
    server, port = stage.start_server()
    title = "\u202erev [red]x".encode()
    request = b"ADD RFC 5 P2P-CI/1.0\r\nHost: [x]\r\nPort: 5\r\nX: \xff\r\nTitle: %b\r\n\r\n" % title
    with socket.create_connection((LOOPBACK, port)) as peer:
        peer.sendall(request + b"\x1b[31m\r\n")
        server.wait_for(r"^Title: \\u202erev \[red\]x$")
        server.wait_for(r"^RFC 5 \\u202erev \[red\]x \[x\] 5$")
        server.wait_for(r"^P2P-CI/1.0 400 Bad Request$")
    server.wait_for("left")
    assert not RAW.search(server.output)
