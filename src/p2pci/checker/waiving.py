"""Waivers: cases that may fail because somebody said so, each with the reason.

May import `cases`, `selecting` and the errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from p2pci.checker.cases import Case, Result, Target, counts_against
from p2pci.checker.selecting import suggest
from p2pci.errors import InvalidValueError

NO_REASON = "no reason given"


def read_waivers(lines: Iterable[str], cases: Sequence[Case[Target]], *, source: str) -> dict[str, str]:
    """Read lines such as `P-2.4/1  # agreed in class`; empty ones and mere comments are passed over.

    Args:
        lines: of a file.
        cases: all there are, whether tried or not.
        source: the name of the file, for errors.

    Raises:
        InvalidValueError: a line names something else than one case.
    """
    ids = {case.id for case in cases}
    waived = {}
    for number, line in enumerate(lines, start=1):
        id_, _, reason = (part.strip() for part in line.removeprefix("\ufeff").partition("#"))
        if id_ and id_ not in ids:
            raise InvalidValueError(
                f"{source}, line {number}: there is no case {id_!r}.{suggest(id_, cases)}"
            )
        if id_:
            waived[id_] = reason or NO_REASON
    return waived


def waive(result: Result, waived: Mapping[str, str], *, is_strict: bool) -> Result:
    """Mark a result as waived when it is, and would count."""
    if result.case.id in waived and counts_against(result, is_strict=is_strict):
        return replace(result, is_waived=True)
    return result
