"""Charts of an index server as shapes, which the template writes as SVG. Imports nothing of the project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 560, 120  # of a line chart


class Bar(NamedTuple):
    """A bar beside its name: how much it stands for, and its length in hundredths."""

    name: str
    amount: int
    length: float


class Curve(NamedTuple):
    """A line over time, as points of an SVG; `highest` stands at the top."""

    points: str
    highest: float


def bars(counts: Iterable[tuple[str, int]]) -> list[Bar]:
    """Draw counts beside each other; what is there at all can be seen."""
    counts = list(counts)
    most = max((count for _, count in counts), default=0) or 1
    return [
        Bar(name, count, max(1.0, round(100 * count / most, 1)) if count else 0) for name, count in counts
    ]


def curve(values: Sequence[tuple[float, float]], *, seconds: float) -> Curve:
    """Draw the last so many seconds of values, each of which has its time."""
    highest = max((value for _, value in values), default=0.0)
    end = values[-1][0] if values else 0.0
    points = (
        f"{WIDTH * (1 - (end - time) / seconds):.1f},{HEIGHT * (1 - value / (highest or 1)):.1f}"
        for time, value in values
        if end - time <= seconds
    )
    return Curve(" ".join(points), highest)
