"""Results as text: figures in words people read, and the table that is printed.

Imports `results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.results import OURS, Line, Results

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADINGS = ("What", "p2pci", "beside", "ratio", "at least", "aim", "")


def show_figure(figure: float | None, unit: str = "") -> str:
    """Write a figure with three digits or all before the point, and its unit."""
    if figure is None:
        return "–"
    if abs(figure) >= 100 or not figure:
        text = f"{figure:,.0f}"
    else:
        text = f"{figure:.3g}" if abs(figure) >= 0.001 else f"{figure:.1e}"
    return f"{text} {unit}".strip()


def show_count(count: int) -> str:
    """Write a large number as people say it."""
    return f"{count / 1e6:.3g} M" if count >= 1e6 else f"{count:,}"


def show_ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f} ×"


def show_bound(line: Line, bound: float | None) -> str:
    """Write what was to be reached; "at least" of something that is to be small is at most."""
    if bound is None:
        return ""
    text = f"{bound:g} ×" if line.against else show_figure(bound, line.unit)
    return f"≤ {text}" if line.is_upper else text


def cells(line: Line, missing: dict[str, str]) -> tuple[str, ...]:
    """Give a line's cells, in the order of HEADINGS."""
    beside = ""
    if line.against:
        other = line.value(line.against)
        beside = f"{line.against}: " + (
            "missing" if other is None and line.against in missing else show_figure(other, line.unit)
        )
    return (
        line.what,
        show_figure(line.value(), line.unit),
        beside,
        show_ratio(line.ratio()) if line.against else "",
        show_bound(line, line.at_least),
        show_bound(line, line.aim),
        line.verdict,
    )


def others_named(lines: Iterable[Line]) -> list[str]:
    """Give the names of all that lines have figures of, ours first, each once."""
    return list(dict.fromkeys([OURS, *(name for line in lines for name in line.samples)]))


def draw(results: Results, lines: list[Line]) -> str:
    """Draw the table of lines as it is printed."""
    if not lines:
        return "Nothing was measured."
    rows = [HEADINGS, *(cells(line, results.missing) for line in lines)]
    if results.scale != 1:
        rows = [row[:-1] for row in rows]  # the bounds are about the whole sizes
    text = _align(rows)
    if results.scale != 1:
        text += f"\n\nSizes are {results.scale:g} of what the bounds are about: nothing is judged."
    text += "".join(f"\nmissing: {name}, {why}" for name, why in results.missing.items())
    notes = dict.fromkeys(f"{line.what}: {line.note}" for line in lines if line.note)
    return text + "".join(f"\n{note}" for note in notes)


def _align(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in {0, 2, 6} else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
