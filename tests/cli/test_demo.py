"""`p2pci demo` shows everything, checks it, and says what to type next."""

from __future__ import annotations

import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cli.process import P2PCI, Stage, run

SCENES = [
    "An index server starts, and three peers join",
    "LIST.",
    "LOOKUP.",
    "LOOKUP, GET from peer1 over a new connection, and ADD",
    "which nobody has.",
    "a method that does not exist",
    "a version of the future",
    "peer1 leaves",
    "Everything came out as it should. What to type next:",
    "p2pci server ",
    "python3 server.py",
    "p2pci peer ",
]
MESSAGES = [
    "> LIST ALL P2P-CI/1.0",
    "> LOOKUP RFC 2345 P2P-CI/1.0",
    "> GET RFC 2345 P2P-CI/1.0",
    "> ADD RFC 2345 P2P-CI/1.0",
    "< P2P-CI/1.0 200 OK",
    "< P2P-CI/1.0 404 Not Found",
    "< P2P-CI/1.0 400 Bad Request",
    "< P2P-CI/1.0 505 P2P-CI Version Not Supported",
]


def test_demo_shows_every_step_and_every_status(tmp_path: Path) -> None:
    start = time.monotonic()
    done = run((*P2PCI, "demo"), cwd=tmp_path)
    assert time.monotonic() - start < 10  # the one promise of a time in the README's commands
    assert (done.returncode, done.stderr) == (0, "")
    position = 0
    for scene in SCENES:
        assert scene in done.stdout[position:], done.stdout
        position = done.stdout.index(scene, position)
    for message in MESSAGES:
        assert f"\n    {message}\n" in done.stdout
    assert len(re.findall(r"^  ✔ ", done.stdout, re.MULTILINE)) >= 9
    assert not list(tmp_path.iterdir())


def test_demo_needs_no_utf8_locale(tmp_path: Path) -> None:
    done = run(
        (*P2PCI, "demo"), cwd=tmp_path, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_demo_whose_reader_goes_away_is_quiet(reader: str, tmp_path: Path) -> None:
    done = run(("sh", "-c", f'"$@" | {reader}', "sh", *P2PCI, "demo"), cwd=tmp_path)
    assert done.stderr == ""


def test_interrupted_demo_exits_130(stage: Stage) -> None:
    demo = stage.start(*P2PCI, "demo")
    demo.wait_for("An index server starts")
    demo.signal(signal.SIGINT)
    assert demo.finish() in (130, 0)  # 0 when it was done before


def test_demo_stays_up_with_pages_until_a_signal(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    demo = stage.start(*P2PCI, "demo", "--stay")
    try:
        for what in ("swarm", "stats"):
            address = demo.wait_for(r"Open (http://127\.0\.0\.1:\d+/) in a browser")[1]
            with urllib.request.urlopen(address + what, timeout=10) as answer:
                assert "text/html" in answer.headers["content-type"]
        demo.signal(signal.SIGINT)
        assert demo.finish() == 0
    finally:
        stage.end()
