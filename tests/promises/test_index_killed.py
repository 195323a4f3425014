"""Row 18: when the index is killed, all its records are back soon after it is; nobody has to do anything."""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import P2PCI, Stage, fill
from tests.promises.running import Served, until

PROGRAM = str(Path(__file__).with_name("many_peers.py"))
SHELF = {7: "Seven", 8: "Eight"}
BACK_SECONDS = 60.0  # 30 s is the promise


@pytest.mark.parametrize("peers", [100, pytest.param(1_000, marks=pytest.mark.slow)])
def test_all_records_are_back(stage: Stage, peers: int) -> None:
    fill(stage.folder / "rfcs", SHELF)
    command = (*P2PCI, "server", "--port")
    first, port = stage.start_server(program=(*command, "0"))
    halves = [
        stage.start(sys.executable, PROGRAM, str(port), str(peers // 2), str(stage.folder / "rfcs"))
        for _ in range(2)
    ]
    for half in halves:
        half.wait_for(r"^\[SWARM\] All have joined", seconds=BACK_SECONDS)
    before = sorted(Served(first, port).records())
    assert len(before) == peers * len(SHELF)
    first.signal(signal.SIGKILL)
    first.finish()
    for half in halves:
        for _ in range(peers // 2):  # each has found out, so that none is counted that was never away
            half.wait_for("next try in")
    again, _ = stage.start_server(program=(*command, str(port)))
    begun = time.monotonic()
    until(lambda: len(Served(again, port).records()) == len(before), seconds=BACK_SECONDS)
    print(f"{peers} peers were back after {time.monotonic() - begun:.1f} s")
    assert sorted(Served(again, port).records()) == before
    pauses = re.findall(r"next try in (\S+) s", "".join(half.output for half in halves))
    assert len(set(pauses)) > peers / 2  # jittered
