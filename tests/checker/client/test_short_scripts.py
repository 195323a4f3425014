"""A script that types too little is told so, and does not hold up every case for its whole time."""

from __future__ import annotations

import sys

import pytest

from p2pci.checker.cases import Verdict
from p2pci.checker.client import CASES, Action, ByScript, Client, Launch, Script
from p2pci.checker.judging import judge
from p2pci.checker.wire import Patience
from tests.cli.process import ROOT

SHORT = Script(actions={Action.START: (), Action.LOOKUP: ("2", "{number}")}, quiet_seconds=0.12)
QUICK = Patience(answer_seconds=1.0, quiet_seconds=0.1)


@pytest.mark.slow
async def test_question_that_the_script_has_no_answer_to_is_told() -> None:
    command = (sys.executable, "-S", "-m", "tests.checker.client.faults", "{port}", "")
    launch = Launch(command=command, host="127.0.0.1", port=0, folder=ROOT)
    driver = ByScript(SHORT)
    cases = [case for case in CASES if case.id in ("B-14/2", "P-1.3/2", "B-8/1")]
    results = await judge(cases, lambda wires: Client(wires, launch, driver), patience=QUICK)
    told = "no LOOKUP request came; the script has typed all its lines, and the program asks 'title?'. "
    assert [(result.verdict, result.note[: len(told)]) for result in results] == [(Verdict.FAIL, told)] * 3
    assert driver.seconds_for(Action.LOOKUP, 4.0) == 1.0


def test_action_that_never_worked_is_waited_for_less() -> None:
    driver = ByScript()
    driver.note(Action.GET, has_worked=False)
    assert driver.seconds_for(Action.GET, 4.0) == 4.0
    driver.note(Action.GET, has_worked=False)
    assert (driver.seconds_for(Action.GET, 4.0), driver.seconds_for(Action.LIST, 4.0)) == (1.0, 4.0)


def test_action_that_worked_once_has_its_whole_time() -> None:
    driver = ByScript()
    driver.note(Action.GET, has_worked=True)
    for _ in range(5):
        driver.note(Action.GET, has_worked=False)
    assert driver.seconds_for(Action.GET, 4.0) == 4.0
