"""The rule of line ends, the same for every message. May import `cases`, `lapses` and `messages`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from p2pci.checker.cases import Level
from p2pci.checker.messages import Line
from p2pci.checker.rules.lapses import Lapse
from p2pci.checker.symptoms import Symptom


def lint_line_ends(lines: Iterable[Line]) -> Iterator[Lapse]:
    """Find lines that end in LF alone; what a line lacks that was cut off is not for this rule to say."""
    for line in lines:
        if line.end == b"\n":
            yield Lapse(
                "B-15",
                Level.MUST,
                "a line does not end in CR LF",
                expected=line.text + b"\r\n",
                received=line.text + line.end,
                symptom=Symptom.LF_ONLY,
            )
