"""`python -m bench`: reads the options, measures, prints the table, and writes the page and the charts."""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import growth, page, target
from bench.machine import allow_many_files, can_measure_memory, describe, on_core
from bench.programs import HERE, BenchError, Workshop
from bench.results import Results, load_results
from bench.rows import ROWS
from bench.run import Run
from bench.table import draw

RESULTS_FILE = "benchmarks.json"
QUICK_ROUNDS, QUICK_SECONDS, QUICK_SCALE = 3, 0.3, 0.05


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure p2pci beside what others reach on this machine."
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and short rounds: does it work?")
    parser.add_argument("--only", action="append", choices=ROWS, help="measure this row alone; repeatable")
    parser.add_argument("--rounds", type=int, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=float, help="how long each time (1.5)")
    parser.add_argument("--scale", type=float, help="a part of the sizes (1)")
    parser.add_argument("--growth", action="store_true", help="measure cost against peers and records instead")
    parser.add_argument("--save", action="store_true", help="keep the results of a partial run too")
    parser.add_argument("--render", action="store_true", help="write page and charts anew, measure nothing")
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs", help="where to (docs)")
    parser.add_argument("--target", metavar="KIND:HOST:PORT", help="load a running server: or peer: instead")
    parser.add_argument("--number", type=int, default=target.NUMBER, help="which document a target is asked for")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = read_options(arguments)
    allow_many_files()
    results = load_results(options.output / RESULTS_FILE)
    try:
        if options.render:
            page.write(results, options.output)
            return 0
        with Workshop() as workshop, on_core(workshop.loading_core):
            if options.target:
                return target.measure(workshop, options.target, number=options.number, seconds=options.seconds)
            _measure(make_run(workshop, options), options, results)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0
