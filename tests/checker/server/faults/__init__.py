"""One fault for each case: the correct stub with a single change, which that case must notice."""

from tests.checker.server.faults import (  # noqa: F401 - each registers its faults
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
from tests.checker.server.registry import FAULTS

__all__ = ["FAULTS"]
