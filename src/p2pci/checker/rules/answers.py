"""Rules of an index server's answer. May import `cases`, `lapses`, `lines`, `messages` and the grammar."""

from __future__ import annotations

from collections.abc import Iterator

from p2pci.checker.messages import IndexAnswer
from p2pci.checker.rules.lapses import Lapse
from p2pci.checker.rules.lines import lint_line_ends


def lint_answer(answer: IndexAnswer) -> Iterator[Lapse]:
    """Say everything that is not as written, in the order of the message."""
    yield from lint_line_ends(answer.lines)
