"""A report that is the same in every run: each verdict once or more, ordinary and hostile bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.reports import Report, Subject
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Direction, Piece, Transcript

# ESC, BEL, a C1 control, a turned direction, a line separator, no UTF-8, markup, and what ends CDATA.
HOSTILE = (
    b"\x1b[2J\x07\xc2\x9b1m\xe2\x80\xaetxt.exe\xe2\x80\xa8\xff\x00<script>alert(1)</script>]]>&\"'\xcc\x81"
)

SUBJECT = Subject(
    kind="server",
    target="127.0.0.1:7734",
    arguments=("127.0.0.1:7734", "--waive", "our waivers.txt", "--start", "python3 'my server.py' 7734"),
    waived={"P-1.32/1": "agreed in class: \x1b[31mversions come later", "P-2.3/1": "no reason given"},
)


async def _untried(_target: object) -> None:
    raise AssertionError("the cases of a fixed report are not run")


def make_case(
    id_: str, level: Level, requirement: str, group: str, *, also: tuple[str, ...] = ()
) -> Case[object]:
    return Case(id=id_, level=level, requirement=requirement, run=_untried, also=also, group=group)


def make_transcript(*exchanged: tuple[str, bytes], name: str = "peer 1", port: int = 50001) -> Transcript:
    """Make what went over one wire, from `>`, `<` or `*` and the bytes."""
    transcript = Transcript(addresses=[f"127.0.0.1:{port}"])
    for number, (direction, data) in enumerate(exchanged):
        transcript.add(Piece(number * 0.0015, name, Direction(direction), data))
    return transcript


ADD = b"ADD RFC 123 P2P-CI/1.0\r\nHost: 127.0.0.1\r\nPort: 40000\r\nTitle: A Title\r\n\r\n"
ECHO = b"P2P-CI/1.0 200 OK\r\n\r\nRFC 123 A Title 127.0.0.1 40000\r\n\r\n"
LONG = b"RFC 123 " + b"A Title That Goes On, " * 30

RESULTS = (
    Result(
        case=make_case(
            "P-2.3/1",
            Level.MUST,
            "ADD is answered 200 with the record that was added.",
            "Answers",
            also=("B-17",),
        ),
        verdict=Verdict.PASS,
        transcript=make_transcript((">", ADD), ("<", ECHO), ("*", b"we close")),
        seconds=0.012,
    ),
    Result(
        case=make_case("B-15/1", Level.MUST, "Every line of an answer ends in CR LF.", "Answers"),
        verdict=Verdict.FAIL,
        note="a line does not end in CR LF",
        expected=b"P2P-CI/1.0 200 OK\r\n",
        received=b"P2P-CI/1.0 200 OK\n",
        symptom=Symptom.LF_ONLY,
        transcript=make_transcript((">", ADD), ("<", ECHO.replace(b"\r", b"")), port=50002),
        seconds=0.013,
    ),
    Result(
        case=make_case("B-16/2", Level.SHOULD, "A record has its title as it was given.", "Answers"),
        verdict=Verdict.FAIL,
        note="the title is not the one that was given",
        expected=LONG + b"and Ends 127.0.0.1 40000\r\n",
        received=LONG + b"and End 127.0.0.1 40000\r\n",
        transcript=make_transcript((">", ADD), ("<", LONG), port=50003),
        seconds=0.02,
    ),
    Result(
        case=make_case("Q-2/1", Level.OPEN, "A blank line comes before the records, or none.", "Answers"),
        verdict=Verdict.AMBIGUOUS,
        note="records right under the status line",
        transcript=make_transcript((">", ADD), ("<", ECHO), port=50004),
        seconds=0.01,
    ),
    Result(
        case=make_case("P-2.8/4", Level.MUST, "The status line has its phrase.", "Answers"),
        verdict=Verdict.LENIENT,
        note="the phrase is written NOT FOUND",
        transcript=make_transcript(("<", b"P2P-CI/1.0 404 NOT FOUND\r\n\r\n"), port=50005),
        seconds=0.01,
    ),
    Result(
        case=make_case(
            "P-1.32/1", Level.MUST, "A request of another version is answered 505.", "Errors", also=("B-21",)
        ),
        verdict=Verdict.FAIL,
        note="answered 200 where 505 is right",
        expected=b"P2P-CI/1.0 505",
        received=ECHO,
        transcript=make_transcript((">", ADD.replace(b"1.0", b"2.0")), ("<", ECHO), port=50006),
        is_waived=True,
        seconds=0.011,
    ),
    Result(
        case=make_case("B-20/1", Level.MUST, "An answer that is an error has no records.", "Errors"),
        verdict=Verdict.FAIL,
        note="a line that is no status line: " + HOSTILE.decode(errors="surrogateescape"),
        expected=b"P2P-CI/1.0 200 OK\r\n",
        received=HOSTILE + b"\r\n",
        symptom=Symptom.GARBAGE,
        transcript=make_transcript((">", ADD), ("<", HOSTILE), name="peer <b>\x1b1", port=50007),
        seconds=3.1,
    ),
    Result(
        case=make_case("P-1.14/1", Level.INFO, "Unknown headers are ignored.", "Tolerance"),
        verdict=Verdict.UNIMPLEMENTED,
        note="answered 400 where 200 is right",
        transcript=make_transcript((">", ADD), ("<", b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"), port=50008),
        seconds=0.01,
    ),
    Result(
        case=make_case("B-2/1", Level.MUST, "Three peers are served at the same time.", "Tolerance"),
        verdict=Verdict.ERROR,
        note="the case itself failed: ValueError('odd')",
        transcript=make_transcript((">", ADD), port=50009),
        seconds=0.5,
    ),
    *(
        Result(
            case=make_case(f"P-5.9/{number}", Level.INFO, "REMOVE takes a record away.", "Tolerance"),
            verdict=Verdict.SKIPPED,
            note="the program accepts no connections since B-2/1",
            transcript=Transcript(),
        )
        for number in (1, 2, 3)
    ),
)


def make_report(*results: Result, subject: Subject = SUBJECT, planned: int | None = None) -> Report:
    return Report(
        subject=subject,
        results=results,
        planned=len(results) if planned is None else planned,
        started=datetime(2026, 4, 26, 21, 30, 16, tzinfo=UTC),
        seconds=4.25,
    )


FULL = make_report(*RESULTS)
GOOD = make_report(RESULTS[0], RESULTS[3], subject=replace(SUBJECT, waived={}))
DEAD = make_report(
    *(
        Result(case=result.case, verdict=Verdict.ERROR, note="Connection refused", transcript=Transcript())
        for result in RESULTS[:2]
    )
)
INTERRUPTED = make_report(RESULTS[0], planned=10)
