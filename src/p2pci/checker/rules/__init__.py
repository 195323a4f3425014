"""What in a message is not as written: one rule a function, for the cases and for `p2pci spy` alike."""

from p2pci.checker.rules.answers import lint_answer
from p2pci.checker.rules.lapses import Lapse, require

__all__ = ["Lapse", "lint_answer", "require"]
