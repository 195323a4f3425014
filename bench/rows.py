"""The rows of the table, by the names that `--only` takes, in the order in which they are measured.

Imports every module of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import adds, documents, idle, listing, lookups, scale, starting

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.results import Line
    from bench.run import Run

ROWS: dict[str, Callable[[Run], list[Line]]] = {
    lookups.ROW: lookups.measure,
    adds.ROW: adds.measure,
    scale.ROW: scale.measure,
    scale.SUBSETS_ROW: scale.measure_subsets,
    idle.ROW: idle.measure,
    listing.ROW: listing.measure,
    adds.SHELF_ROW: adds.measure_shelf,
    documents.ROW: documents.measure,
    documents.LARGE_ROW: documents.measure_large,
    documents.SLOW_ROW: documents.measure_slow,
    starting.ROW: starting.measure,
}
