"""The full-text index of a whole collection: how long it takes on one core, its size, and its answers.

`wc -w` looks at the same bytes on the same core, for a measure of the machine. Questions are made of the
words of titles, as people make them: one or two words, a phrase, words near each other, one excluded.
Imports what starts and makes, and `results`.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.collection import DOCUMENTS, make_collection, size_of
from bench.machine import on_cores
from bench.report.results import OURS, Line
from bench.workshop import PROGRAMS, BenchError
from p2pci.library.titles import title_from_text

if TYPE_CHECKING:
    from bench.run import Run
    from bench.workshop import Workshop

ROW = "search"
WC = "wc -w"
QUESTIONS = 400
LATE = 0.95  # this share of the answers comes as soon or sooner
_MOST_SECONDS = 300.0
_TITLES = 300  # documents whose titles questions are made of
_SHORT = re.compile(r"(?i)\b(?:the|for|and|with|from|that|[a-z]{1,2})\b")
_MB = 1e6


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody who reads the collection, by the name in the table."""

    name: str


def measure(run: Run) -> list[Line]:
    workshop = run.workshop
    documents = run.sized(DOCUMENTS, at_least=30)
    collection = make_collection(workshop.path("collection"), documents, is_varied=True)
    size = size_of(collection)
    questions = _make_questions(collection)
    runs: list[dict[str, Any]] = []

    def read(reader: _Reader) -> float:
        if reader.name == WC:
            return _count(workshop, collection)
        runs.append(_index(workshop, collection, questions))
        return float(runs[-1]["seconds"])

    samples = run.interleave([_Reader(OURS), _Reader(WC)], read)
    speed = Line(
        row=ROW,
        what=f"{documents:,} documents indexed for full-text search, on one core",
        unit="s",
        samples=samples,
        at_least=15.0,
        aim=10.0,
        is_upper=True,
        note=(
            f"{size / _MB:.0f} MB; the core was at it for {median(done['busy'] for done in runs):.1f} s, "
            f"and {WC} of the same files took {median(samples[WC]):.1f} s there"
        ),
    )
    return [speed, *_costs(runs, size)]


def _costs(runs: list[dict[str, Any]], size: int) -> list[Line]:
    """Give what the index takes of the disk, and what a question takes of somebody's time."""
    shares = [100 * done["bytes"] / size for done in runs]
    late = [1000 * sorted(done["queries"])[int(QUESTIONS * LATE)] for done in runs]
    return [
        Line(
            row=ROW,
            what="that index: its share of the text",
            unit="%",
            samples={OURS: shares},
            at_least=35.0,
            is_upper=True,
        ),
        Line(
            row=ROW,
            what=f"a search in it, with snippets: {LATE:.0%} are answered within",
            unit="ms",
            samples={OURS: late},
            at_least=20.0,
            is_upper=True,
        ),
    ]


def _make_questions(collection: Path) -> list[str]:
    """Make questions of the words of titles."""
    chance = random.Random(QUESTIONS)
    paths = sorted(collection.iterdir())[:_TITLES]
    titles = [
        re.findall("[A-Za-z]+", _SHORT.sub("", title_from_text(path.read_bytes()[11:]))) for path in paths
    ]
    titles = [words for words in titles if len(words) > 1]
    forms = ("{0}", "{0} {1}", '"{0} {1}"', "{0} NEAR {1}", "{0} -{2}")
    questions = []
    for _ in range(QUESTIONS):
        first, second = chance.choice(list(zip(words := chance.choice(titles), words[1:], strict=False)))
        other = chance.choice(chance.choice(titles))
        (form,) = chance.choices(forms, weights=(40, 25, 15, 10, 10))
        questions.append(form.format(first, second, other))
    return questions


def _index(workshop: Workshop, collection: Path, questions: list[str]) -> dict[str, Any]:
    program = workshop.start([sys.executable, str(PROGRAMS / "searching.py"), str(collection), *questions])
    code = program.finish(seconds=_MOST_SECONDS)
    done: dict[str, Any] = json.loads(program.output) if not code else {"problem": program.output[-2000:]}
    if done["problem"]:
        raise BenchError(f"the collection was not indexed:\n{done['problem']}")
    return done


def _count(workshop: Workshop, collection: Path) -> float:
    """Give the seconds that wc needs."""
    wc = shutil.which("wc")
    if not wc:
        raise BenchError("There is no wc here, to measure the machine with.")
    paths = map(str, sorted(collection.glob("rfc*.txt")))
    with on_cores(workshop.serving_core):
        begin = time.perf_counter()
        subprocess.run([wc, "-w", *paths], capture_output=True, check=True)
        return time.perf_counter() - begin
