"""What is said to a student: for each typical fault the case that it fails, and the hint for it."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from p2pci.checker.cases import Level, Result, Verdict
from p2pci.checker.judging import judge
from p2pci.checker.peer import CASES, Habits, Holder
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Patience
from tests.checker.students.holder import FAULTS, Holder as Student

DOCUMENT = b"\n\n\nNetwork Working Group\r\n\n" + "naïve\n".encode() + b"A line of it.\n" * 3000 + b"\n\n"
QUICK = Patience(answer_seconds=1.0, quiet_seconds=0.1)

FINDINGS = {
    "one-recv": {"B-12/2": Symptom.ONE_RECV},
    "until-eof": {"B-15/51": Symptom.READS_UNTIL_EOF},
    "println": {"B-15/50": Symptom.LF_ONLY},
    "text-mode": {"B-13/10": Symptom.TEXT_MODE},
    "characters": {"P-3.2/6": Symptom.COUNTS_CHARACTERS},
    "strip": {"B-13/10": Symptom.STRIPPED},
    "now": {"P-3.2/3": Symptom.MODIFIED_WRONG},
    "no-blank-line": {"P-3.1/4": Symptom.BLANK_LINE_MISSING},
    "line-behind": {"P-3.2/6": Symptom.SENDS_MORE, "B-13/10": Symptom.SENDS_MORE},
    "no-close": {"B-10/1": Symptom.STAYS_OPEN},
    "one-at-a-time": {"B-10/7": Symptom.ONE_AT_A_TIME},
    "no-404": {"P-3.4/1": Symptom.CLOSED_UNANSWERED},
    "no-505": {"P-1.32/50": Symptom.IGNORES_VERSION},
    "no-400": {
        "P-1.32/50": Symptom.IGNORES_VERSION,
        "B-21/50": Symptom.ACCEPTS_ANYTHING,
        "B-21/51": Symptom.CLOSED_UNANSWERED,
        "B-21/52": Symptom.CLOSED_UNANSWERED,
        "B-21/53": Symptom.CLOSED_UNANSWERED,
    },
    "any-method": {
        "P-1.32/50": Symptom.IGNORES_VERSION,
        "B-21/50": Symptom.ACCEPTS_ANYTHING,
        "B-21/51": Symptom.ACCEPTS_ANYTHING,
        "B-21/52": Symptom.ACCEPTS_ANYTHING,
    },
    "error-page": {"B-20/50": Symptom.DATA_WITH_ERROR},
    "dies": {"B-10/7": Symptom.ONE_AT_A_TIME, "B-10/10": Symptom.DIED},
    "titles": {"P-3.1/1": Symptom.HEADER_SPELLED},
    "iso-date": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rfc4711.txt").write_bytes(DOCUMENT)
    return tmp_path


async def judge_student(folder: Path, *faults: str) -> list[Result]:
    student = Student(folder, *faults)
    threading.Thread(target=student.run, daemon=True).start()
    habits = Habits()
    with closing(student.listening):
        return await judge(
            [case for case in CASES if case.level in (Level.MUST, Level.SHOULD)],
            lambda wires: Holder(
                "127.0.0.1", student.port, wires, number=4711, document=DOCUMENT, habits=habits
            ),
            patience=QUICK,
        )


def failed(results: list[Result]) -> dict[str, Symptom | None]:
    return {result.case.id: result.symptom for result in results if result.verdict is Verdict.FAIL}


@pytest.mark.slow
async def test_student_without_faults_fails_nothing(folder: Path) -> None:
    results = await judge_student(folder)
    assert [result for result in results if result.verdict is not Verdict.PASS] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_of_a_student_is_named(fault: str, folder: Path) -> None:
    assert failed(await judge_student(folder, fault)) == FINDINGS[fault]
