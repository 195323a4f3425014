"""Rules of the head of a holder's answer. May import `lapses`, `lines` and `messages`."""

from __future__ import annotations

from collections.abc import Iterator

from p2pci.checker.messages import HolderHead
from p2pci.checker.rules.lapses import Lapse
from p2pci.checker.rules.lines import lint_line_ends


def lint_head(head: HolderHead) -> Iterator[Lapse]:
    """Say everything that is not as written, in the order of the message."""
    yield from lint_line_ends(head.lines)
