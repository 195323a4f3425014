"""What is measured: the rows of the table by the names that `--only` takes, and growth.

A module for each kind: `lookups`, `adds`, `scale`, `idle`, `listing`, `documents`, `mirroring`,
`searching`, `watching`, `sharing`, `joining`, `starting`; `growth` measures cost against size. They start,
load and fill what they measure, and give lines of `report.results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.rows import (
    adds,
    documents,
    idle,
    joining,
    listing,
    lookups,
    mirroring,
    scale,
    searching,
    sharing,
    starting,
    watching,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.report.results import Line
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
    documents.KEPT_ROW: documents.measure_kept,
    documents.LARGE_ROW: documents.measure_large,
    documents.SLOW_ROW: documents.measure_slow,
    mirroring.ROW: mirroring.measure,
    searching.ROW: searching.measure,
    watching.ROW: watching.measure,
    sharing.ROW: sharing.measure,
    joining.ROW: joining.measure,
    starting.ROW: starting.measure,
}
