"""Which cases are tried: picked by id, by clause, by the beginning of a clause, or by a glob.

May import `cases` and the errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from p2pci.checker.cases import Case, Target
from p2pci.errors import InvalidValueError


def select(cases: Sequence[Case[Target]], *, only: Iterable[str], skip: Iterable[str]) -> list[Case[Target]]:
    """Give the cases that `only` names, or all when it names none, without those that `skip` names.

    Args:
        cases: all there are.
        only: ids (`P-2.4/1`), clauses (`P-2.4`), beginnings of clauses (`P-2`, `B`) and globs (`P-*/1`), in
            any case of letters, several with commas between them. A clause that a case only looks at besides
            its own is enough.
        skip: the same, but a case's own clause alone counts.

    Raises:
        InvalidValueError: a word names no case, or none are left.
    """
    wanted, unwanted = _words(only), _words(skip)
    for word in (*wanted, *unwanted):
        if not any(_names(word, case, has_also=True) for case in cases):
            raise InvalidValueError(f"There is no case {word!r}.{suggest(word, cases)}")
    left = [
        case
        for case in cases
        if (not wanted or any(_names(word, case, has_also=True) for word in wanted))
        and not any(_names(word, case, has_also=False) for word in unwanted)
    ]
    if not left:
        raise InvalidValueError("No case is left. Name fewer to skip, or more to try.")
    return left


def suggest(word: str, cases: Iterable[Case[Target]]) -> str:
    """Name the ids and clauses that look like a word."""
    known = sorted({name for case in cases for name in (case.id, *_clauses(case))})
    near = get_close_matches(word.upper(), known, n=4, cutoff=0.5)
    return f" Near it are {', '.join(near)}." if near else " See --list."


def _words(patterns: Iterable[str]) -> list[str]:
    return [word for pattern in patterns for word in pattern.replace(",", " ").split()]


def _names(word: str, case: Case[Target], *, has_also: bool) -> bool:
    wanted = word.upper()
    names = (case.id, *(_clauses(case) if has_also else (case.clause,)))
    return any(fnmatchcase(name, wanted) or _begins(name, wanted) for name in names)


def _clauses(case: Case[Target]) -> tuple[str, ...]:
    return (case.clause, *case.also)


def _begins(name: str, beginning: str) -> bool:
    """Whether a name begins with these parts: P-2.4 begins with P-2, and P-2.41 does not with P-2.4."""
    return name.startswith(beginning) and name[len(beginning) :][:1] in ("", "-", ".", "/")
