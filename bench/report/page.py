"""docs/benchmarks.md: the table, how it is measured, growth, and what one index carries, made of the results.

Imports `results`, `table`, `chart`, `growth_plot` and `carrying`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report import chart, growth_plot
from bench.report.carrying import what_one_index_carries
from bench.report.results import Curve, Line, Results
from bench.report.table import HEADINGS, cells, others_named, show_figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PAGE, CHART, GROWTH = "benchmarks.md", "benchmarks.svg", "growth.svg"

HOW = """## How it is measured

`make bench` does all of this, and writes this page; `make bench ARGS=--quick` sees whether it works.

* The server is the real command on one core, the load on another; both are on this machine, over
  loopback.
* Contestants run side by side and take turns: five rounds or more, of which the medians are shown. A
  ratio is the median of the rounds' ratios, so it may differ a little from that of the medians. Machines
  are noisy: ratios within a run tell something, figures of different runs little. No test asserts any of
  them.
* The load generator (`load.c` in `bench/programs/`) is a closed loop: a fixed number of connections, each
  with a fixed number of requests in flight. Every byte of every answer is compared with what it has to be;
  one wrong answer ends the run.
* The others hold the same data. Redis keeps a set of the record lines for each document (SADD,
  SMEMBERS); nginx has one worker, sendfile, open_file_cache and no log; the C limit is an epoll server
  with a constant answer (`limit.c`). Bare Python is p2pci without uvloop and pyroaring. "threads"
  is a server of the original kind, with 900 records alone: a thread for each peer, lists under a lock,
  one byte a recv (`threads.py`).
* LOOKUP is asked of 9,000 documents with three holders each. The other 9.7 million records are those of
  1,000 peers with 9,700 documents each: the same ones (full shelves), or half of 19,400 by chance
  (random subsets).
* Memory is the resident size of the whole process; "on top" is its highest value during the work, less
  what it was before.
* A slow reader takes 2 KiB every 200 ms, with a small receive buffer.
* Requests a second "of a core" are those of a second of the server's processor time. Servers of a
  shared index are three, asked in turn, and Redis runs where the load does.
* Starts of commands are timed as whole processes, from before the fork to the end.

`make bench TARGET=server:HOST:PORT` (or `peer:HOST:PORT`, with `NUMBER=n` for the document) puts load on
any running implementation on this machine, for a few seconds. It learns first what is answered, and
holds it to that.
"""


def write(results: Results, folder: Path) -> list[Path]:
    """Write the page and the charts, and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {PAGE: render(results)}
    if results.lines:
        texts[CHART] = chart.draw(results)
    if results.growth:
        texts[GROWTH] = growth_plot.draw(results.growth)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def render(results: Results) -> str:
    """Give the page as Markdown."""
    parts = [
        "# Benchmarks\n",
        _introduction(results),
        *([f"![each line beside what it has to reach]({CHART})\n"] if results.lines else []),
        _table(HEADINGS, [cells(line, results.missing) for line in results.lines]),
        _notes(results),
        _all_figures(results),
        _bare_python(results),
        HOW,
        _growth(results),
        what_one_index_carries(results),
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _introduction(results: Results) -> str:
    machine = "; ".join(f"{name}: {value}" for name, value in results.machine.items())
    scale = "" if results.scale == 1 else f" Sizes are {results.scale:g} of what the table is about."
    return (
        f"Measured on {results.date}. {machine}.\n\n"
        f"Medians of {results.rounds} rounds; ratios are within one run.{scale} "
        "[How it is measured](#how-it-is-measured) is below.\n"
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _notes(results: Results) -> str:
    notes = [f"* {line.what}: {line.note}" for line in results.lines if line.note]
    notes += [f"* {name} is missing: {why}" for name, why in results.missing.items()]
    return "\n".join(dict.fromkeys(notes)) + "\n" if notes else ""


def _all_figures(results: Results) -> str:
    """Show everybody's figures where there are several."""
    lines = _with_others(results.lines)
    if not lines:
        return ""
    text = "## All figures\n"
    for names, group in _by_names(lines).items():
        rows = [
            [f"{line.what}, {line.unit}", *(show_figure(line.value(name)) for name in names)]
            for line in group
        ]
        text += "\n" + _table(("What", *names), rows)
    return text


def _with_others(lines: Iterable[Line]) -> list[Line]:
    """Give the lines in which others have figures too, each measurement once."""
    kept: dict[tuple[float, ...], Line] = {}
    for line in lines:
        if len(line.samples) > 1:
            kept.setdefault(tuple(figure for each in line.samples.values() for figure in each), line)
    return list(kept.values())


def _by_names(lines: Iterable[Line]) -> dict[tuple[str, ...], list[Line]]:
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(others_named([line])), []).append(line)
    return groups


def _bare_python(results: Results) -> str:
    """Show the table of a Python without uvloop and pyroaring, for information."""
    if not results.bare:
        return ""
    head = (
        "## On a bare Python\n\n"
        f"The same without uvloop and pyroaring, for information; measured on {results.bare_date}.\n\n"
    )
    return head + _table(HEADINGS, [cells(line, results.missing) for line in results.bare])


def _growth(results: Results) -> str:
    if not results.growth:
        return ""
    text = f"## Growth\n\n`make bench ARGS=--growth` measures it.\n\n![cost against size]({GROWTH})\n"
    for over in dict.fromkeys(curve.over for curve in results.growth):
        curves = [curve for curve in results.growth if curve.over == over]
        sizes = [size for size, _ in curves[0].points]
        rows = [[f"{curve.what}, {curve.unit}", *_costs_at(curve, sizes)] for curve in curves]
        text += "\n" + _table((f"by {over}", *(f"{size:,.0f}" for size in sizes)), rows)
    return text


def _costs_at(curve: Curve, sizes: Iterable[float]) -> list[str]:
    costs = dict(curve.points)
    return [show_figure(costs.get(size)) for size in sizes]
