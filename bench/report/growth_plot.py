"""Cost against size as a picture: a small plot for each cost, against peers and against records.

Imports `results`, `table` and `svg`.
"""

from __future__ import annotations

import math

from bench.report import svg
from bench.report.results import Curve
from bench.report.table import show_figure

PLOT_WIDTH, PLOT_HEIGHT = 190, 130
LEFT, TOP, GAP_X, GAP_Y = 62, 74, 66, 74
LABEL_WIDTH = 30
HEADROOM = 1.1  # of the axis above the highest point
_POWERS = ("1", "10", "100", "10³", "10⁴", "10⁵", "10⁶", "10⁷", "10⁸")


def draw(curves: list[Curve]) -> str:
    """Draw a row of plots for each size that grew."""
    sizes = list(dict.fromkeys(curve.over for curve in curves))
    rows = [[curve for curve in curves if curve.over == over] for over in sizes]
    width = LEFT + max(map(len, rows), default=1) * (PLOT_WIDTH + GAP_X)
    height = TOP + len(rows) * (PLOT_HEIGHT + GAP_Y)
    parts = [svg.text(16, 28, "What it costs as the swarm grows", kind="title")]
    for i, row in enumerate(rows):
        for j, curve in enumerate(row):
            parts += _draw_plot(curve, (LEFT + j * (PLOT_WIDTH + GAP_X), TOP + i * (PLOT_HEIGHT + GAP_Y)))
    return svg.picture(parts, width=width, height=height, title="cost against peers and records")


def _draw_plot(curve: Curve, corner: tuple[float, float]) -> list[str]:
    left, top = corner
    bottom = top + PLOT_HEIGHT
    highest = _round_up(max((cost for _, cost in curve.points), default=0.0) * HEADROOM or 1.0)
    parts = [svg.text(left - 44, top - 12, f"{curve.what}, {curve.unit}")]
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * PLOT_HEIGHT
        parts.append(svg.line((left, y), (left + PLOT_WIDTH, y), kind="grid"))
        parts.append(svg.text(left - 6, y + 4, show_figure(share * highest or 0), kind="small", anchor="end"))
    places = _places([size for size, _ in curve.points], left)
    points = [
        (place, bottom - cost / highest * PLOT_HEIGHT)
        for place, (_, cost) in zip(places, curve.points, strict=True)
    ]
    free = math.inf  # from the right: a label that would run into the next one is left out
    for place, (size, _) in reversed(list(zip(places, curve.points, strict=True))):
        if place < free:
            parts.append(svg.text(place, bottom + 16, _show_size(size), kind="small", anchor="middle"))
            free = place - LABEL_WIDTH
    parts.append(svg.text(left + PLOT_WIDTH / 2, bottom + 32, curve.over, kind="small", anchor="middle"))
    return [*parts, svg.curve(points)]


def _places(sizes: list[float], left: float) -> list[float]:
    """Give the places of sizes on an axis where ten times is the same step everywhere."""
    if not sizes:
        return []
    first, last = math.log10(min(sizes)), math.log10(max(sizes))
    return [left + (math.log10(size) - first) / (last - first or 1) * PLOT_WIDTH for size in sizes]


def _round_up(figure: float) -> float:
    """Give the next of 1, 2, 4, 6, 8, 10, … for the end of an axis."""
    power: float = 10 ** math.floor(math.log10(figure))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= figure)


def _show_size(size: float) -> str:
    power = round(math.log10(size), 2)
    if power == int(power) and power < len(_POWERS):
        return _POWERS[int(power)]
    return f"{size / 1000:.3g} k" if size >= 1000 else f"{size:.0f}"
