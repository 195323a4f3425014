"""A hundred simulated swarms, and more of them among the slow tests; `make soak` runs as many as wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.play import play


@pytest.mark.parametrize("first", range(0, 100, 4), ids=lambda first: f"seeds {first} to {first + 3}")
def test_swarm_keeps_its_promises(first: int, tmp_path: Path) -> None:
    _run(range(first, first + 4), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 300, 50), ids=lambda first: f"seeds {first} to {first + 49}")
def test_more_swarms_keep_their_promises(first: int, tmp_path: Path) -> None:
    _run(range(first, first + 50), tmp_path)


def _run(seeds: range, folder: Path) -> None:
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        troubles = play(seed, place).troubles
        assert not troubles, f"replay it with: python -m tests.simulation {seed}"


def test_seed_gives_the_same_run_again() -> None:
    """In another process, where sets have another order; it has several index servers, one of them killed."""
    replays = [
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "42"],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert replays[0] == replays[1]
