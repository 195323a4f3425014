"""Row 20: the wall clock is stepped by an hour: nothing expires before its time, and nothing hangs."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Stage, fill, run
from tests.promises.running import Served, until
from tests.server.wire_client import BAD_REQUEST, LIST, add, answer

pytestmark = pytest.mark.slow  # many processes, or much waiting

PROGRAM = str(Path(__file__).with_name("stepped_clock.py"))
HEAD_SECONDS = 2


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    clock = tmp_path / "clock"
    clock.write_text("0")
    return clock


def _step(clock: Path, seconds: int) -> None:
    new = clock.with_name("new clock")
    new.write_text(str(seconds))
    new.replace(clock)


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_deadlines_of_the_index_stand(stage: Stage, clock: Path, seconds: int) -> None:
    program = (sys.executable, PROGRAM, str(clock))
    index = Served(*stage.start_server("index", f"head_seconds={HEAD_SECONDS}", program=program))
    with closing(index):
        idle, late, later = index.peers(3)
        idle.asks(add(7), answer("7 Seven h 5"))
        late.says(LIST[:20])
        assert late.hears_nothing(seconds=HEAD_SECONDS / 2)
        later.says(LIST[:20])
        index.is_good_to(idle)
        _step(clock, seconds)
        late.hears(BAD_REQUEST)
        later.asks(LIST[20:], answer("7 Seven h 5"))
        newcomer = index.peer()
        newcomer.says(LIST[:20])
        newcomer.hears(BAD_REQUEST)
        idle.asks(LIST, answer("7 Seven h 5"))


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_index_and_peer_go_on(stage: Stage, clock: Path, seconds: int) -> None:
    program = (sys.executable, PROGRAM, str(clock), "p2pci")
    server, port = stage.start_server(program=(*program, "server", "--port", "0"))
    index = Served(server, port)
    library = stage.folder / "shared"
    fill(library, {7: "Seven"})
    stage.start(*program, "peer", f"{LOOPBACK}:{port}", "--no-menu", "--library", str(library))
    until(lambda: len(index.records()) == 1)
    _step(clock, seconds)
    fill(library, {8: "Eight"})
    until(lambda: len(index.records()) == 2)
    done = run((*P2PCI, "get", "7-8", "--server", f"{LOOPBACK}:{port}", "-o", "got"), cwd=stage.folder)
    assert done.returncode == 0, done.stderr
    for number in (7, 8):
        name = f"rfc{number}.txt"
        assert (stage.folder / "got" / name).read_bytes() == (library / name).read_bytes()
    _step(clock, 0)
    (library / "rfc7.txt").unlink()
    until(lambda: [record.split()[0] for record in index.records()] == ["8"])
