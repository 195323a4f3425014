"""How much a run measures, and rounds in which the contestants take turns.

Imports `workshop` and `contestants`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.workshop import Workshop


class Named(Protocol):
    """Whatever takes part in rounds."""

    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of the benchmark.

    Attributes:
        workshop: where its programs run.
        rounds: how often each contestant is measured; medians are shown.
        seconds: how long each time.
        scale: 1 for the sizes of the table; less makes it quick, and the figures are then no answer to it.
    """

    workshop: Workshop
    rounds: int = 5
    seconds: float = 1.5
    scale: float = 1.0

    def sized(self, size: int, *, at_least: int = 1) -> int:
        """Give a size of the table in the scale of this run."""
        return max(at_least, int(size * self.scale))

    def interleave(
        self, contestants: Iterable[_N | None], measure: Callable[[_N], float]
    ) -> dict[str, list[float]]:
        """Measure those that are there in turns, so that what else the machine does meets all alike."""
        present = [contestant for contestant in contestants if contestant]
        samples: dict[str, list[float]] = {contestant.name: [] for contestant in present}
        for _ in range(self.rounds):
            for contestant in present:
                samples[contestant.name].append(measure(contestant))
        return samples
