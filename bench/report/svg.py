"""Pieces of a picture in SVG, readable on light and on dark ground, without anything from outside.

Imports nothing of the benchmark.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

_STYLE = """<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f; }
.title { font-size: 15px; font-weight: 600; }
.small { font-size: 11px; fill: #57606a; }
.ground { fill: #ffffff; }
.grid { stroke: #d8dee4; }
.mark { stroke: #24292f; stroke-dasharray: 3 3; }
.aim { fill: #24292f; stroke: #ffffff; }
.good { fill: #1a7f37; } .fair { fill: #2f6fb3; } .poor { fill: #b35900; } .plain { fill: #6e7781; }
.curve { stroke: #2f6fb3; fill: none; stroke-width: 2; }
.point { fill: #2f6fb3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; } .ground { fill: #0d1117; } .grid { stroke: #30363d; }
  .mark { stroke: #e6edf3; } .aim { fill: #e6edf3; stroke: #0d1117; }
  .good { fill: #3fb950; } .fair { fill: #58a6ff; } .poor { fill: #e3893a; } .plain { fill: #848d97; }
  .curve { stroke: #58a6ff; } .point { fill: #58a6ff; }
}
</style>"""


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, *, width: float, height: float, kind: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" class="{kind}"/>'


def line(start: tuple[float, float], end: tuple[float, float], *, kind: str) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" class="{kind}"/>'
    )


def curve(points: list[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="point"/>' for x, y in points)
    return f'<polyline points="{path}" class="curve"/>{dots}'


def diamond(x: float, y: float) -> str:
    """Mark an aim."""
    return f'<path d="M{x:.1f} {y - 5:.1f}l4 5l-4 5l-4 -5z" class="aim"/>'


def picture(parts: list[str], *, width: float, height: float, title: str) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    ground = f'<rect width="{width:.0f}" height="{height:.0f}" class="ground"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    return "\n".join((head, _STYLE, ground, *parts, "</svg>", ""))
