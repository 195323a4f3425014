"""`python -m bench`: reads the options, measures, prints the table, and writes the page and the charts."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import target
from bench.machine import allow_many_files, can_measure_memory, describe, on_cores
from bench.report import page
from bench.report.results import Results, load_results
from bench.report.table import draw
from bench.rows import ROWS, growth
from bench.run import Run
from bench.workshop import HERE, BenchError, Workshop

RESULTS_FILE = "benchmarks.json"
INTERRUPTED, TERMINATED = 130, 143
QUICK_ROUNDS, QUICK_SECONDS, QUICK_SCALE = 3, 0.3, 0.05


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure p2pci beside what others reach on this machine."
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and short rounds: does it work?")
    parser.add_argument("--only", action="append", choices=ROWS, help="measure this row alone; repeatable")
    parser.add_argument(
        "--bare", action="store_true", help="of a part: on a Python without uvloop and pyroaring"
    )
    parser.add_argument("--rounds", type=int, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=float, help="how long each time (1.5)")
    parser.add_argument("--scale", type=float, help="a part of the sizes (1)")
    parser.add_argument(
        "--growth", action="store_true", help="measure cost against peers and records instead"
    )
    parser.add_argument("--save", action="store_true", help="keep the results of a partial run too")
    parser.add_argument("--render", action="store_true", help="write page and charts anew, measure nothing")
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs", help="where to (docs)")
    parser.add_argument("--target", metavar="KIND:HOST:PORT", help="load a running server: or peer: instead")
    parser.add_argument(
        "--number", type=int, default=target.NUMBER, help="which document a target is asked for"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = read_options(arguments)
    signal.signal(signal.SIGTERM, _end)
    allow_many_files()
    results = load_results(options.output / RESULTS_FILE)
    try:
        if options.render:
            page.write(results, options.output)
            return 0
        with Workshop() as workshop, on_cores(workshop.loading_core):
            if options.target:
                return target.measure(
                    workshop, options.target, number=options.number, seconds=options.seconds
                )
            return _measure(make_run(workshop, options), options, results)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


def _end(*_: object) -> None:
    """End in an orderly way, so that what was started is ended too; a second signal changes nothing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(TERMINATED)


def make_run(workshop: Workshop, options: argparse.Namespace) -> Run:
    """Read how much is measured."""
    rounds, seconds, scale = (QUICK_ROUNDS, QUICK_SECONDS, QUICK_SCALE) if options.quick else (5, 1.5, 1.0)
    return Run(
        workshop=workshop,
        rounds=options.rounds or rounds,
        seconds=options.seconds or seconds,
        scale=options.scale or scale,
    )


def _measure(run: Run, options: argparse.Namespace, results: Results) -> int:
    """Measure, print, and keep what is whole; give the exit code."""
    _say_what_is_not_here(run.workshop)
    fresh = Results(rounds=run.rounds, scale=run.scale)
    is_partial = options.quick or options.only or options.growth
    failed = 0
    if options.growth:
        fresh.growth = growth.measure(run)
        print(f"\n{growth.draw(fresh.growth)}")
    else:
        for is_bare in [options.bare] if is_partial else [False, True]:
            failed += _measure_rows(run, options.only or list(ROWS), fresh, is_bare=is_bare)
    if options.save or not (options.quick or options.only or failed or run.scale != 1):
        _keep(run, fresh, results)
        options.output.mkdir(parents=True, exist_ok=True)
        results.save(options.output / RESULTS_FILE)
        print("\nwritten: " + ", ".join(str(path) for path in page.write(results, options.output)))
    return 1 if failed else 0


def _measure_rows(run: Run, names: list[str], results: Results, *, is_bare: bool) -> int:
    """Measure rows and print their table; of those that cannot be measured, say so and how many they were."""
    run.workshop.is_bare = is_bare
    if is_bare:
        print("\nThe same on a bare Python, without uvloop and pyroaring:")
    failed = sum(not _measure_row(run, name, results) for name in names)
    results.missing = run.workshop.missing
    print(f"\n{draw(results, results.bare if is_bare else results.lines)}")
    return failed


def _measure_row(run: Run, name: str, results: Results) -> bool:
    """Measure a row; one that cannot be measured is told, and the others go on."""
    begin = time.monotonic()
    print(f"{name} ...", end="", flush=True)
    try:
        results.take(ROWS[name](run), is_bare=run.workshop.is_bare)
    except BenchError as error:
        print(f" failed\n{error}", flush=True)
        return False
    finally:
        run.workshop.clear()
    print(f" {time.monotonic() - begin:.0f} s", flush=True)
    return True


def _keep(run: Run, fresh: Results, results: Results) -> None:
    """Put what was measured into what is kept."""
    results.take(fresh.lines)
    results.take(fresh.bare, is_bare=True)
    if fresh.growth:
        results.growth = fresh.growth
    if fresh.lines:
        results.rounds, results.scale, results.missing = fresh.rounds, fresh.scale, fresh.missing
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    if fresh.lines or not results.date:
        results.date = today
    if fresh.bare:
        results.bare_date = today
    results.machine = results.machine | describe() | run.workshop.versions


def _say_what_is_not_here(workshop: Workshop) -> None:
    if workshop.serving_core is None:
        print("Server and load share the cores: this machine has one, or cannot hold a process to one.")
    if not can_measure_memory():
        print("Memory is not measured: only Linux tells it.")


if __name__ == "__main__":
    sys.exit(main())
