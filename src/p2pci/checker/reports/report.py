"""What every report is made from: whom it is about, what was found, and what follows from that.

May import `cases` and `escaping`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from p2pci.checker.cases import Result, Verdict, counts_against
from p2pci.protocol.escaping import escape

MARKS = {
    Verdict.PASS: "✔",
    Verdict.LENIENT: "~",
    Verdict.AMBIGUOUS: "?",
    Verdict.UNIMPLEMENTED: "-",
    Verdict.FAIL: "✘",
    Verdict.ERROR: "!",
    Verdict.SKIPPED: "-",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is judged, and how.

    Attributes:
        kind: `server`, `peer` or `client`.
        target: as people call it, such as `127.0.0.1:7734`.
        program: the words before the kind that start this checker, such as `p2pci check`.
        arguments: the words behind the kind that judge the same target in the same way again.
        waived: the reason for each waived case, by its id.
        is_strict: a SHOULD that fails and what is lenient count too.
    """

    kind: str
    target: str
    program: tuple[str, ...] = ("p2pci", "check")
    arguments: tuple[str, ...] = ()
    waived: Mapping[str, str] = field(default_factory=dict)
    is_strict: bool = False

    def command(self, *options: str) -> str:
        """Write the command that judges it again, with these options, for a shell."""
        # The options come first: whatever stands behind `--` is the command of the program under test.
        words = (*self.program, self.kind, *options, *self.arguments)
        return " ".join(map(quote, words))

    def counts(self, result: Result) -> bool:
        """Whether a result counts against the target."""
        return counts_against(result, is_strict=self.is_strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is known at the end.

    Attributes:
        results: in the order in which they came.
        planned: how many cases were to be tried.
        started: with its time zone.
        seconds: how long it took altogether.
    """

    subject: Subject
    results: tuple[Result, ...]
    planned: int
    started: datetime
    seconds: float

    @property
    def counts(self) -> dict[Verdict, int]:
        """How often each verdict came, in the order of reports; none that did not."""
        counted = Counter(result.verdict for result in self.results)
        return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}

    @property
    def against(self) -> list[Result]:
        """What counts against the target."""
        return [result for result in self.results if self.subject.counts(result)]

    @property
    def is_interrupted(self) -> bool:
        return len(self.results) < self.planned

    @property
    def is_unusable(self) -> bool:
        """Whether nothing could be tried."""
        untried = (Verdict.ERROR, Verdict.SKIPPED)
        return not any(
            result.verdict not in untried or result.transcript.addresses for result in self.results
        )

    @property
    def conforms(self) -> bool:
        return not (self.against or self.is_unusable)

    @property
    def stale_waivers(self) -> list[str]:
        """The waived cases that were tried, and need no waiver."""
        return [
            result.case.id
            for result in self.results
            if result.case.id in self.subject.waived
            and not (result.is_waived or self.subject.counts(result))
            and result.verdict is not Verdict.SKIPPED
        ]


def weight_of(result: Result) -> str:
    """Say in a word or two what a result is, and how much it weighs: `fail (MUST)`."""
    level = f" ({result.case.level.value})" if result.verdict is Verdict.FAIL else ""
    return f"{result.verdict.value}{level}{', waived' if result.is_waived else ''}"


def count_words(counts: Mapping[Verdict, int]) -> list[str]:
    return [f"{count} {verdict.value}" for verdict, count in counts.items()]


def quote(word: str) -> str:
    """Quote a word for a POSIX shell; one with controls as `$'…'`, which bash and zsh know."""
    if escape(word) == word:
        return shlex.quote(word)
    plain = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(each if escape(each) == each else _as_octal(each) for each in plain) + "'"


def _as_octal(letter: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in letter.encode("utf-8", "surrogateescape"))
