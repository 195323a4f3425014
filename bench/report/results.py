"""What came out of a run: lines of figures with what was to be reached, and their JSON.

Imports nothing of the benchmark.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

OURS = "p2pci"


class Verdict(StrEnum):
    """Whether a line reached what was to be reached."""

    AIM = "aim reached"
    MET = "met"
    MISSED = "not met"
    NONE = ""  # nothing was to be reached, or what to compare with is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the table.

    Attributes:
        row: what `--only` calls it.
        what: what was measured.
        unit: of the samples.
        samples: a figure for each round, by contestant; ours are under OURS.
        against: whom the ratio is taken with; without one the figure itself is judged.
        at_least, aim: bounds on the ratio or the figure; None where there is none.
        is_upper: the bounds are upper ones: less is better.
        note: what else the reader has to know.
    """

    row: str
    what: str
    unit: str
    samples: dict[str, list[float]]
    against: str | None = None
    at_least: float | None = None
    aim: float | None = None
    is_upper: bool = False
    note: str = ""

    def value(self, name: str = OURS) -> float | None:
        """Give the median of a contestant's rounds."""
        return median(self.samples[name]) if self.samples.get(name) else None

    def ratio(self, name: str | None = None) -> float | None:
        """Give the median of the rounds' ratios, ours to a contestant's."""
        others = self.samples.get(name or self.against or "")
        ours = self.samples.get(OURS)
        if not others or not ours:
            return None
        return median(one / other for one, other in zip(ours, others, strict=True) if other)

    @property
    def judged(self) -> float | None:
        """Give what the bounds are about: the ratio, or the figure."""
        return self.ratio() if self.against else self.value()

    @property
    def verdict(self) -> Verdict:
        judged = self.judged
        if judged is None or (self.at_least is None and self.aim is None):
            return Verdict.NONE
        if self.aim is not None and self._reaches(judged, self.aim):
            return Verdict.AIM
        if self.at_least is None:
            return Verdict.MISSED
        return Verdict.MET if self._reaches(judged, self.at_least) else Verdict.MISSED

    def _reaches(self, figure: float, bound: float) -> bool:
        return figure <= bound if self.is_upper else figure >= bound


@dataclass(slots=True, kw_only=True)
class Curve:
    """Points of a plot: a cost for each size."""

    what: str
    unit: str
    over: str  # peers or records
    points: list[tuple[float, float]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything that the page and the charts are made of."""

    date: str = ""
    bare_date: str = ""  # of what was measured on a bare Python
    machine: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    scale: float = 1.0
    missing: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    bare: list[Line] = field(default_factory=list)  # the same on a Python without uvloop and pyroaring
    growth: list[Curve] = field(default_factory=list)

    def take(self, lines: list[Line], *, is_bare: bool = False) -> None:
        """Put in the lines of a row, in the place of older ones."""
        kept = self.bare if is_bare else self.lines
        rows = {line.row for line in lines}
        kept[:] = [line for line in kept if line.row not in rows] + lines

    def line(self, row: str, what: str = "") -> Line | None:
        """Find a line of a row whose text begins so."""
        return next((line for line in self.lines if line.row == row and line.what.startswith(what)), None)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_results(path: Path) -> Results:
    """Read results that were saved; none when there is no file."""
    if not path.exists():
        return Results()
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for lines in ("lines", "bare"):
        data[lines] = [Line(**line) for line in data[lines]]
    data["growth"] = [
        Curve(**(curve | {"points": [(x, y) for x, y in curve["points"]]})) for curve in data["growth"]
    ]
    return Results(**data)
