"""Index servers: the cases that they are judged by.

Each module has the cases of one theme, under its GROUP.
"""

from p2pci.checker.cases import Case, cases_in
from p2pci.checker.server import (
    answers,
    concurrency,
    errors,
    extensions,
    finding,
    leaving,
    membership,
    refusing,
    robustness,
    titles,
    tolerance,
)
from p2pci.checker.server.target import Server

CASES: list[Case[Server]] = cases_in(
    answers,
    finding,
    titles,
    concurrency,
    leaving,
    errors,
    tolerance,
    robustness,
    membership,
    refusing,
    extensions,
)

__all__ = ["CASES", "Server"]
