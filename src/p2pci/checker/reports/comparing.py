"""Expected and received bytes side by side: lines cut around the first difference, which is marked.

Both are cut at the same places, so that what is equal stands below each other.
May import `p2pci.checker.showing`.
"""

from __future__ import annotations

from typing import NamedTuple

from p2pci.checker.showing import Glyph, columns_of, first_difference, glyphs_of, join

LINES_BEFORE, LINES_AFTER = 2, 4  # shown around the first difference
MAX_LINE_BYTES = 4096  # looked at of a line, around the difference
MAX_BYTES_NEAR = 64 * 1024  # looked at of all, before and after the difference
NOTHING, NO_MORE = "(nothing)", "(nothing more)"


class Row(NamedTuple):
    """A line as it is shown; `mark` is the column of the first difference when it is in this line."""

    text: str
    mark: int | None = None


class Comparison(NamedTuple):
    """The rows of both sides; none for a side that there is nothing of."""

    expected: list[Row]
    received: list[Row]


def compare(expected: bytes | None, received: bytes | None, *, columns: int) -> Comparison:
    """Set side by side what is there of both; `columns` is how wide a line may get."""
    at = None if expected is None or received is None else first_difference(expected, received)
    return Comparison(
        _rows(expected, at, columns) if expected is not None else [],
        _rows(received, at, columns) if received is not None else [],
    )


def _rows(data: bytes, at: int | None, columns: int) -> list[Row]:
    """Give the lines around an offset, and say what is left out on both sides."""
    if not data:
        return [Row(NOTHING, None if at is None else 0)]
    begin = max(0, (at or 0) - MAX_BYTES_NEAR)
    end = (at or 0) + MAX_BYTES_NEAR
    lines = _split(data[begin:end])
    number, inside = _locate(lines, (at or 0) - begin)
    if lines[-1] == b"" and number < len(lines) - 1:
        lines.pop()  # nothing is behind the last line end, and nothing is missing there
    first = max(0, number - LINES_BEFORE)
    rows = [
        _row(
            lines[index],
            inside if index == number else 0,
            columns,
            has_mark=at is not None and index == number,
        )
        for index in range(first, min(len(lines), number + LINES_AFTER + 1))
    ]
    more = len(lines) - first - len(rows)
    return [
        *_left_out(first, "before", bytes_too=begin),
        *rows,
        *_left_out(more, "more", bytes_too=max(0, len(data) - end)),
    ]


def _split(data: bytes) -> list[bytes]:
    """Give the lines with their ends; the last one has none, and may be empty."""
    *lines, rest = data.split(b"\n")
    return [*(line + b"\n" for line in lines), rest]


def _locate(lines: list[bytes], at: int) -> tuple[int, int]:
    """Give the line that an offset is in, and where in it; the end of all is in the last line."""
    for number, line in enumerate(lines):
        if at < len(line) or number == len(lines) - 1:
            return number, at
        at -= len(line)
    raise AssertionError("there is always a last line")


def _left_out(lines: int, where: str, *, bytes_too: int) -> list[Row]:
    """Count the lines that are left out, and the bytes that were not even looked at."""
    counts = [f"{lines} {'line' if lines == 1 else 'lines'}"] if lines else []
    counts += [f"{bytes_too} bytes"] if bytes_too else []
    return [Row(f"… {' and '.join(counts)} {where}")] if counts else []


def _row(line: bytes, inside: int, columns: int, *, has_mark: bool) -> Row:
    if not line:
        return Row(NO_MORE, 0 if has_mark else None)
    begin = max(0, inside - MAX_LINE_BYTES)
    glyphs = list(glyphs_of(line[begin : inside + MAX_LINE_BYTES]))
    index = _index_of(glyphs, inside - begin)
    start = _window_start(glyphs, index, columns)
    prefix = "…" if start or begin else ""
    mark = len(prefix) + columns_of(glyphs[start:index])
    is_cut = inside + MAX_LINE_BYTES < len(line)
    text = prefix + _fit(glyphs[start:], columns - len(prefix), is_cut=is_cut)
    return Row(text, mark if has_mark else None)


def _index_of(glyphs: list[Glyph], inside: int) -> int:
    """Give which character a byte belongs to."""
    for index, glyph in enumerate(glyphs):
        if inside < glyph.size_bytes:
            return index
        inside -= glyph.size_bytes
    return len(glyphs)


def _window_start(glyphs: list[Glyph], index: int, columns: int) -> int:
    """Begin so that the character at `index` is in sight, with as much before it as after it."""
    before = columns_of(glyphs[:index])
    if before <= columns * 3 // 4:
        return 0
    start = 0
    while before > columns // 2:
        before -= glyphs[start].columns
        start += 1
    return start


def _fit(glyphs: list[Glyph], columns: int, *, is_cut: bool) -> str:
    if not is_cut and columns_of(glyphs) <= columns:
        return join(glyphs)
    taken, room = 0, columns - 1
    while taken < len(glyphs) and glyphs[taken].columns <= room:
        room -= glyphs[taken].columns
        taken += 1
    return join(glyphs[:taken]) + "…"
