"""Index servers: the cases that they are judged by.

Each module has the cases of one theme, under its GROUP.
"""

from p2pci.checker.cases import Case, cases_in
from p2pci.checker.server import answers
from p2pci.checker.server.target import Server

CASES: list[Case[Server]] = cases_in(answers)

__all__ = ["CASES", "Server"]
