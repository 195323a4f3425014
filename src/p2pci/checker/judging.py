"""Cases tried on a target, one after the other, each within its time: what they find becomes results.

A hostile or dying target ends in verdicts: never in a traceback, and never in more than `total_seconds`. One
of another kind, such as a web server, is not judged at all.
May import `cases`, `transcript` and `wire`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from p2pci.checker.cases import Case, Deviation, Finding, Level, Result, Target, Verdict
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Transcript
from p2pci.checker.wire import Patience, Unreachable, Wires

MAX_UNREACHABLE = 3  # in a row, until the target is taken for dead
MAX_SILENT = 12  # in a row, until it is taken for hung; some never answer what is wrong, which is ten cases
MAX_VAIN_SECONDS = 15.0  # waited in all for what never came, until a fifth of the time must do

_DEVIATING = {
    Level.MUST: Verdict.FAIL,
    Level.SHOULD: Verdict.FAIL,
    Level.OPEN: Verdict.SKIPPED,  # no reading shows; why is for others to judge
    Level.INFO: Verdict.UNIMPLEMENTED,
}
_WITHOUT_END = {Symptom.SLOW, Symptom.ENDLESS}
_IN_VAIN = {
    *_WITHOUT_END,
    Symptom.SILENT,
    Symptom.ONE_AT_A_TIME,
    Symptom.READS_UNTIL_EOF,
    Symptom.DIED,
    Symptom.ONE_RECV,
}


@dataclass(slots=True)
class _Mood:
    """How the target fared so far."""

    ends_at: float
    mistaken_for: str = ""  # another kind of program, and what it is
    unreachable: int = 0
    silent: int = 0
    vain_seconds: float = 0.0
    last_reached: str = ""
    last_heard: str = ""


async def judge(
    cases: Iterable[Case[Target]],
    make_target: Callable[[Wires], Target],
    *,
    patience: Patience,
    look: Callable[[Result, Patience], Awaitable[str]] | None = None,
    on_result: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Try every case, each on connections of its own.

    Args:
        cases: in the order in which they are tried.
        make_target: gives a case its target, given the connections of that case.
        patience: how long is waited.
        look: says what else the target seems to be, or ""; asked with a first result that is a failure.
        on_result: is called with every result as soon as it is there.
    """
    mood = _Mood(ends_at=asyncio.get_running_loop().time() + patience.total_seconds)
    results: list[Result] = []
    for case in cases:
        reason = _why_not(mood)
        result = _skip(case, reason) if reason else await _try(case, make_target, _wearing(patience, mood))
        if look and not results and _is_odd(result) and (what := await look(result, patience)):
            mood.mistaken_for = what
            result = replace(_skip(case, what), verdict=Verdict.ERROR)
        _note(mood, result)
        results.append(result)
        on_result(result)
    return results


def _why_not(mood: _Mood) -> str:
    if mood.mistaken_for:
        return mood.mistaken_for
    if mood.unreachable >= MAX_UNREACHABLE:
        since = f" since {mood.last_reached}" if mood.last_reached else ""
        return f"no connection with the program came about{since}"
    if mood.silent >= MAX_SILENT:
        since = f" since {mood.last_heard}" if mood.last_heard else ""
        return f"the program answers nothing, or without end{since}"
    if asyncio.get_running_loop().time() >= mood.ends_at:
        return "the time for all cases is over"
    return ""


def _is_odd(result: Result) -> bool:
    """Whether something answers, but not as it should."""
    return result.verdict is Verdict.FAIL and result.transcript.has_received


def _skip(case: Case[Target], reason: str) -> Result:
    return Result(case=case, verdict=Verdict.SKIPPED, note=reason, transcript=Transcript())


def _wearing(patience: Patience, mood: _Mood) -> Patience:
    """Wait less for a program that seldom answers, so that a dead one is judged in bounded time."""
    if mood.vain_seconds < MAX_VAIN_SECONDS:
        return patience
    return replace(
        patience,
        connect_seconds=patience.connect_seconds / 5,
        answer_seconds=patience.answer_seconds / 5,
        case_seconds=patience.case_seconds / 4,
    )


async def _try(case: Case[Target], make_target: Callable[[Wires], Target], patience: Patience) -> Result:
    wires = Wires(patience)
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(patience.case_seconds):
            finding = await case.run(make_target(wires))
        result = _result_of(case, finding, wires)
    except Deviation as deviation:
        result = _deviating(case, deviation, wires)
    except Unreachable as error:
        result = _unreachable(case, error, wires)
    except TimeoutError:
        slow = Deviation(f"not done within {patience.case_seconds:g} s", symptom=Symptom.SLOW)
        result = _deviating(case, slow, wires)
    except Exception as error:  # noqa: BLE001 - whatever a hostile target made of our case is a verdict
        result = Result(
            case=case,
            verdict=Verdict.ERROR,
            note=f"the case itself failed: {error!r}",
            transcript=wires.transcript,
        )
    finally:
        wires.end()
        await asyncio.sleep(0)  # the connections are gone before the next case begins
    return replace(result, seconds=asyncio.get_running_loop().time() - began)


def _result_of(case: Case[Target], finding: Finding | None, wires: Wires) -> Result:
    verdict, note = (finding.verdict, finding.note) if finding else (Verdict.PASS, "")
    return Result(case=case, verdict=verdict, note=note, transcript=wires.transcript)


def _deviating(case: Case[Target], deviation: Deviation, wires: Wires) -> Result:
    return Result(
        case=case,
        verdict=_DEVIATING[case.level],
        note=deviation.what,
        expected=deviation.expected,
        received=deviation.received,
        symptom=deviation.symptom,
        transcript=wires.transcript,
    )


def _unreachable(case: Case[Target], error: Unreachable, wires: Wires) -> Result:
    """Tell a target that cannot be reached from one that accepts no more than it has: that is a finding."""
    if not wires.transcript.addresses:
        return Result(
            case=case,
            verdict=Verdict.ERROR,
            note=str(error),
            symptom=error.symptom,
            transcript=wires.transcript,
        )
    died = Deviation(f"nobody can connect any more: {error}", symptom=Symptom.DIED)
    return _deviating(case, died, wires)


def _note(mood: _Mood, result: Result) -> None:
    if result.verdict is Verdict.SKIPPED and not result.transcript.pieces:
        return  # it was not tried
    is_unreachable = result.verdict is Verdict.ERROR and not result.transcript.addresses
    mood.unreachable = mood.unreachable + 1 if is_unreachable else 0
    if not is_unreachable:
        mood.last_reached = result.case.id
    _note_silence(mood, result)
    if result.symptom in _IN_VAIN:
        mood.vain_seconds += result.seconds


def _note_silence(mood: _Mood, result: Result) -> None:
    """Count the cases in a row that heard nothing; what has no end takes more time, and counts more."""
    if result.symptom in _WITHOUT_END:
        mood.silent += 3
    elif result.symptom is Symptom.SILENT and not result.transcript.has_received:
        mood.silent += 1
    else:
        mood.silent = 0
        mood.last_heard = result.case.id
