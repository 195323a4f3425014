"""The table as a picture: how far each line is above or below what it has to reach at least.

A bar to the dashed line is just enough; longer is better, for memory and latency too. Imports `results`,
`table` and `svg`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.report import svg
from bench.report.results import Line, Results, Verdict
from bench.report.table import show_bound, show_figure, show_ratio

WIDTH, ROW_HEIGHT, TOP, BOTTOM = 1060, 26, 62, 44
BARS_AT, BARS_WIDTH, FIGURES_AT = 480, 330, 822
LEAST, MOST = 0.25, 8.0
LEGEND = "dashed: to be reached at least · ◆ the aim · further right is better, for memory and time too"
KINDS = {Verdict.AIM: "good", Verdict.MET: "fair", Verdict.MISSED: "poor", Verdict.NONE: "plain"}


@dataclass(frozen=True, slots=True)
class _Bar:
    """A line of the table as a bar; 1 is what has to be reached."""

    line: Line
    length: float
    aim: float | None


def draw(results: Results) -> str:
    """Draw the lines for which something was to be reached."""
    bars = [bar for line in results.lines if (bar := _measure(line))]
    height = TOP + ROW_HEIGHT * len(bars) + BOTTOM
    bottom = height - BOTTOM
    parts = [
        svg.text(16, 26, "p2pci beside what it has to reach", kind="title"),
        svg.text(16, 45, f"{results.date}, {results.machine.get('processor', '')}", kind="small"),
        *(part for factor in (0.25, 0.5, 1, 2, 4, 8) for part in _draw_grid(factor, bottom)),
    ]
    for i, bar in enumerate(bars):
        parts += _draw_bar(bar, TOP + i * ROW_HEIGHT)
    parts.append(svg.text(16, height - 10, LEGEND, kind="small"))
    return svg.picture(parts, width=WIDTH, height=height, title="p2pci beside what it has to reach")


def _measure(line: Line) -> _Bar | None:
    judged, bound = line.judged, line.at_least if line.at_least is not None else line.aim
    if judged is None or bound is None:
        return None
    return _Bar(
        line,
        _quotient(judged, bound, is_upper=line.is_upper),
        _quotient(line.aim, bound, is_upper=line.is_upper) if line.aim is not None else None,
    )


def _quotient(figure: float, bound: float, *, is_upper: bool) -> float:
    if is_upper:
        return bound / figure if figure > 0 else MOST
    return figure / bound


def _x(factor: float) -> float:
    """Give the place of a factor on the scale, where doubling is the same step everywhere."""
    share = math.log(min(max(factor, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return BARS_AT + share * BARS_WIDTH


def _draw_grid(factor: float, bottom: float) -> list[str]:
    x = _x(factor)
    return [
        svg.line((x, TOP - 4), (x, bottom), kind="mark" if factor == 1 else "grid"),
        svg.text(x, bottom + 14, f"{factor:g} ×", kind="small", anchor="middle"),
    ]


def _draw_bar(bar: _Bar, y: float) -> list[str]:
    line = bar.line
    figure = show_ratio(line.ratio()) if line.against else show_figure(line.value(), line.unit)
    beside = f" {line.against}" if line.against else ""
    bound = show_bound(line, line.at_least if line.at_least is not None else line.aim)
    width = max(2, _x(bar.length) - BARS_AT)
    parts = [
        svg.text(BARS_AT - 10, y + 16, line.what, anchor="end"),
        svg.box(BARS_AT, y + 5, width=width, height=ROW_HEIGHT - 10, kind=KINDS[line.verdict]),
        svg.text(FIGURES_AT, y + 16, f"{figure}{beside}"),
        svg.text(WIDTH - 8, y + 16, bound, kind="small", anchor="end"),
    ]
    if bar.aim is not None and bar.aim != 1:
        parts.append(svg.diamond(_x(bar.aim), y + ROW_HEIGHT / 2))
    return parts
