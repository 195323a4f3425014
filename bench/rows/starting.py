"""How soon `p2pci --help` and `p2pci lookup` are done, beside a Python that does nothing.

Imports what starts and fills, and `results`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contestants import command, start_server
from bench.load import LOOPBACK, Shelves, Swarm
from bench.machine import on_cores
from bench.report.results import OURS, Line
from bench.workshop import BenchError, Workshop

if TYPE_CHECKING:
    from bench.run import Run

ROW = "start"
NOTHING = "python3 -c pass"
ROUNDS_EACH = 5  # starts are short: more of them, for steadier medians
MOST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Command:
    """A command, its name in the table, and a word of what it prints."""

    name: str
    words: list[str]
    prints: str = ""


def measure(run: Run) -> list[Line]:
    workshop = run.workshop
    server = start_server(workshop)
    Swarm(workshop, server.port, Shelves(peers=range(3), numbers=range(1, 11), size=10))
    ours = _installed_command(workshop)
    commands = [
        _Command(NOTHING, [sys.executable, "-c", "pass"]),
        _Command("p2pci --help", [*ours, "--help"], "Usage: p2pci"),
        _Command(
            "p2pci lookup", [*ours, "lookup", "7", "--server", f"{LOOPBACK}:{server.port}"], "peer2.lab"
        ),
    ]
    often = replace(run, rounds=run.rounds * ROUNDS_EACH)
    samples = often.interleave(commands, lambda started: _time(workshop, started))
    return [
        Line(
            row=ROW,
            what=name,
            unit="ms",
            samples={OURS: samples[name], NOTHING: samples[NOTHING]},
            against=NOTHING,
            at_least=at_least,
            aim=aim,
            is_upper=True,
        )
        for name, at_least, aim in (("p2pci --help", 6.0, 5.0), ("p2pci lookup", 10.0, 8.0))
    ]


def _installed_command(workshop: Workshop) -> list[str]:
    """Give the script that was installed beside this Python, else the module."""
    script = Path(sys.executable).with_name("p2pci")
    return [str(script)] if script.exists() and not workshop.is_bare else command(workshop)


def _time(workshop: Workshop, started: _Command) -> float:
    """Give the milliseconds that a command takes from its start to its end.

    Raises:
        BenchError: it failed, or printed something else.
    """
    with on_cores(workshop.serving_core):
        begin = time.perf_counter()
        done = subprocess.run(
            started.words,
            cwd=workshop.folder,
            env=workshop.environment,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
        took = time.perf_counter() - begin
    if done.returncode or started.prints not in done.stdout:
        raise BenchError(f"{started.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took * 1000
