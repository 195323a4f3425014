"""The menu as a person sees it, on a terminal: nothing tears what is typed, and the terminal comes back."""

from __future__ import annotations

import re
import signal

import pytest

from tests.cli.process import P2PCI, PEER_PY, Process, Stage, answering, ask_raw, fill, member

pytestmark = pytest.mark.slow  # every test runs programs; make test-all runs it

PROMPT = r"Choose 1-5: "
GET_7 = b"GET RFC 7 P2P-CI/1.0\r\nHost: localhost\r\n\r\n"


@pytest.fixture(params=[PEER_PY, (*P2PCI, "peer")], ids=["peer.py", "p2pci"])
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    program: tuple[str, ...] = request.param
    return program


def _start(stage: Stage, port: int, command: tuple[str, ...] = PEER_PY) -> Process:
    fill(stage.folder / "rfcs", {7: "Seven"})
    peer = stage.start(*command, f"localhost:{port}", on_terminal=True)
    peer.wait_for(f"5\\. EXIT.*\n.*{PROMPT}")
    return peer


def test_typed_text_comes_again_below_a_line_printed_meanwhile(
    stage: Stage, command: tuple[str, ...]
) -> None:
    _, port = stage.start_server()
    peer = _start(stage, port, command)
    found = re.search(r"listening on port (\d+)", peer.output)
    assert found
    peer.type("loo")
    peer.wait_for("loo")
    ask_raw(int(found[1]), GET_7)
    # The line of the prompt is cleared, what is printed takes its place, prompt and text come below.
    peer.wait_for(
        r"\r\x1b\[K\[UPLOAD\] Sent RFC 7 to \('127\.0\.0\.1', \d+\) \(\d+ bytes\)\n" + PROMPT + "loo$"
    )
    peer.type("kup\n")
    peer.wait_for("RFC number: ")
    peer.type("7\n")
    peer.wait_for("Title .*: ")
    peer.type("\n")
    peer.wait_for("LOOKUP RFC 7 P2P-CI/1.0")
    peer.wait_for(PROMPT)
    peer.type("5\n")
    assert peer.finish() == 0


@pytest.mark.parametrize(
    "typed,code",
    [("5\n", 0), ("\x04", 0), ("\x03", 130), ("half\x03", 130)],
    ids=["exit", "^D", "^C", "half ^C"],
)
def test_leaving_gives_the_terminal_back(
    stage: Stage, command: tuple[str, ...], typed: str, code: int
) -> None:
    server, port = stage.start_server()
    peer = _start(stage, port, command)
    peer.type(typed)
    assert peer.finish() == code
    assert peer.modes_after == peer.modes_before
    assert re.search(PROMPT + r".*\n+\[PEER\] Disconnecting\.\.\.\n$", peer.output)
    server.wait_for(r"left\. Removed 1 peer\(s\), 1 RFC\(s\)\.")


def test_sigterm_gives_the_terminal_back(stage: Stage) -> None:
    _, port = stage.start_server()
    peer = _start(stage, port)
    peer.signal(signal.SIGTERM)
    assert peer.finish() == 0
    assert peer.modes_after == peer.modes_before


def test_ctrl_c_in_the_middle_of_a_question_leaves(stage: Stage) -> None:
    _, port = stage.start_server()
    peer = _start(stage, port)
    peer.type("4\n")
    peer.wait_for("RFC number: ")
    peer.type("12\x03")
    assert peer.finish() == 130
    assert peer.modes_after == peer.modes_before


def test_progress_of_a_download_is_shown_in_place(stage: Stage) -> None:
    _, port = stage.start_server()
    body = b"x" * 1_000_000
    head = b"P2P-CI/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with (
        answering(head + body) as holder,
        member(port, b"ADD RFC 9 P2P-CI/1.0\r\nHost: localhost\r\nPort: %d\r\n\r\n" % holder),
    ):
        peer = _start(stage, port)
        peer.type("4\n")
        peer.wait_for("RFC number: ")
        peer.type("9\n")
        peer.wait_for(r"\r\x1b\[K\[DOWNLOAD\] RFC 9: \d+ of 1000000 bytes")
        peer.wait_for(r"\r\x1b\[K\[DOWNLOAD\] Saved to rfcs/rfc9\.txt \(1000000 bytes, unverified: .*\)\n")
        peer.wait_for(PROMPT)
        peer.type("5\n")
        assert peer.finish() == 0
    assert (stage.folder / "rfcs/rfc9.txt").stat().st_size == len(body)


def test_index_that_goes_away_is_told_without_tearing_the_prompt(stage: Stage) -> None:
    server, port = stage.start_server()
    peer = _start(stage, port)
    peer.type("lis")
    peer.wait_for("lis")
    server.kill()
    peer.wait_for(
        r"\r\x1b\[K\[Peer\] The index server is away: .+ next try in \d\.\d s\.\n" + PROMPT + "lis$"
    )
    peer.type("t\n")
    peer.wait_for(r"\[Peer\] The .*index.* is (away|lost)")
    peer.wait_for(PROMPT)
    peer.type("\x04")
    assert peer.finish() == 0
