"""What in a message is not as written: one rule a function, for the cases and for `p2pci spy` alike."""

from p2pci.checker.rules.answers import lint_answer
from p2pci.checker.rules.heads import lint_head
from p2pci.checker.rules.lapses import Lapse, require
from p2pci.checker.rules.requests import lint_request

__all__ = ["Lapse", "lint_answer", "lint_head", "lint_request", "require"]
