"""Run simulations: `python -m tests.simulation SEED` replays one, with --seeds or --for it runs many."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from tests.simulation.play import Outcome, play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="replay this one")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="N", help="the first of many")
    parser.add_argument("--seeds", type=int, default=100, metavar="COUNT", help="how many")
    parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="as many as that takes")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        outcome = _run(arguments.seed)
        print(*(f"{amount:7} {what}" for what, amount in outcome.counts.items()), sep="\n")
        return 1 if outcome.troubles else 0
    total: Counter[str] = Counter()
    failed = []
    for seed in _seeds(arguments.first, amount=arguments.seeds, seconds=arguments.seconds):
        outcome = _run(seed)
        total.update({"seeds": 1, **outcome.counts})
        if outcome.troubles:
            failed.append(seed)
    print(*(f"{amount:9} {what}" for what, amount in sorted(total.items())), sep="\n")
    print(f"{len(failed)} failed{': ' if failed else ''}{' '.join(map(str, failed))}")
    return 1 if failed else 0


def _seeds(first: int, *, amount: int, seconds: float | None) -> Iterator[int]:
    ends_at = time.monotonic() + (seconds or 0.0)
    for seed in count(first):
        if seed - first >= amount if seconds is None else time.monotonic() > ends_at:
            return
        yield seed


def _run(seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        outcome = play(seed, Path(folder))
    if outcome.troubles:
        print(f"seed {seed} fails; replay it with: python -m tests.simulation {seed}")
        print(*(f"    {trouble}" for trouble in outcome.troubles[:10]), sep="\n", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
