"""Programs that die, hang, babble or cannot be started end in verdicts, with what they printed last."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence

import pytest

from p2pci.checker.cases import Case, Result, Verdict
from p2pci.checker.client import CASES, SKIP, Action, ByHand, ByScript, Client, Launch, Script
from p2pci.checker.judging import judge
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Patience
from tests.cli.process import ROOT

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

PATIENCE = Patience(answer_seconds=0.5, quiet_seconds=0.1, case_seconds=15.0)
SCRIPT = Script(quiet_seconds=0.1, start_seconds=1.0)
BY_ID = {case.id: case for case in CASES}
PYTHON = (sys.executable, "-I", "-S", "-u", "-c")
CONNECT = "import socket, sys, time; s = socket.create_connection(('127.0.0.1', {port})); "
STUB = (sys.executable, "-S", "-m", "tests.checker.client.faults", "{port}")


async def judge_program(command: str | Sequence[str], *cases: Case[Client]) -> list[Result]:
    launch = Launch(command=command, host="127.0.0.1", port=0, folder=ROOT)
    return await judge(cases, lambda wires: Client(wires, launch, ByScript(SCRIPT)), patience=PATIENCE)


async def judge_connected(code: str, case_id: str) -> Result:
    (result,) = await judge_program((*PYTHON, CONNECT + code), BY_ID[case_id])
    return result


async def test_program_that_ends_at_once_is_told_with_its_last_lines() -> None:
    first, second, *others = await judge_program("echo no route to the server; exit 3", *CASES)
    assert (first.case.id, first.verdict) == ("B-7/2", Verdict.FAIL)
    assert first.note.endswith(". It has ended with exit code 3. It printed last: no route to the server"), (
        first.note
    )
    assert second.verdict is Verdict.ERROR
    assert {result.verdict for result in others[2:]} == {Verdict.SKIPPED}


async def test_program_that_cannot_be_started_is_an_error() -> None:
    (result,) = await judge_program(("/no/such/client",), BY_ID["P-1.3/3"])
    assert result.verdict is Verdict.ERROR
    assert result.note.startswith("/no/such/client cannot be started: No such file or directory.")


async def test_port_that_is_taken_is_an_error() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    launch = Launch(command="true", host="127.0.0.1", port=port)
    (result,) = await judge(
        [CASES[1]], lambda wires: Client(wires, launch, ByScript(SCRIPT)), patience=PATIENCE
    )
    server.close()
    assert result.verdict is Verdict.ERROR
    assert result.note.startswith(f"we cannot listen on 127.0.0.1:{port}: ")


@pytest.mark.parametrize(
    "code,symptom",
    [
        ("time.sleep(60)", Symptom.NO_REQUEST),
        ("print('bye'); s.close()", Symptom.ENDS_ON_ERROR),
        ("raise ValueError('an answer')", Symptom.ENDS_ON_ERROR),
        ("[print('y' * 99) for _ in iter(int, 1)]", Symptom.NO_REQUEST),
        ("[s.sendall(b'x' * 65536) for _ in iter(int, 1)]", Symptom.ENDLESS),
        ("[s.sendall(b'x\\n' * 30000) for _ in iter(int, 1)]", Symptom.ENDLESS),
        ("[s.sendall(b'\\r\\n' * 30000) for _ in iter(int, 1)]", Symptom.ENDLESS),
    ],
    ids=["silent", "closes", "crashes", "prints", "one line", "lines", "blank lines"],
)
async def test_hostile_program_fails_with_its_symptom(code: str, symptom: Symptom) -> None:
    result = await judge_connected(code, "P-1.3/3")
    assert (result.verdict, result.symptom) == (Verdict.FAIL, symptom), result.note


async def test_last_lines_of_a_crash_are_in_the_note() -> None:
    result = await judge_connected("raise ValueError('an \\x1b[31manswer\\x07')", "P-1.3/3")
    assert "It has ended with exit code 1." in result.note
    assert result.note.endswith("ValueError: an answer\\x07")


async def test_same_port_serves_one_case_after_the_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    launch = Launch(command=STUB, port=port, folder=ROOT)
    cases = [BY_ID["P-1.3/3"], BY_ID["P-1.1/3"], BY_ID["P-1.3/1"]]
    results = await judge(cases, lambda wires: Client(wires, launch, ByScript(SCRIPT)), patience=PATIENCE)
    assert [result.verdict for result in results] == 3 * [Verdict.PASS], results


async def test_script_may_type_at_the_start_and_know_no_prompt() -> None:
    asks = "import sys; from tests.checker.client.stub import Stub; Stub(int(input('Port, please'))).run()"
    launch = Launch(command=(sys.executable, "-S", "-c", asks), host="127.0.0.1", port=0, folder=ROOT)
    actions = {**Script().actions, Action.START: ("{port}",)}
    script = Script(actions=actions, prompt=None, quiet_seconds=0.15)
    (result,) = await judge(
        [BY_ID["P-1.3/2"]], lambda wires: Client(wires, launch, ByScript(script)), patience=PATIENCE
    )
    assert result.verdict is Verdict.PASS, result.note


async def test_action_that_no_script_knows_is_skipped() -> None:
    launch = Launch(command=STUB, host="127.0.0.1", port=0, folder=ROOT)
    (result,) = await judge(
        [BY_ID["P-1.3/3"]],
        lambda wires: Client(wires, launch, ByScript(Script(actions={}, quiet_seconds=0.1))),
        patience=PATIENCE,
    )
    assert (result.verdict, result.note) == (Verdict.SKIPPED, "nobody says how to LIST in this program")


class Person:
    """Somebody who reads what to do, and types it into the stub's menu."""

    def __init__(self, *, is_able: bool = True) -> None:
        self.told: list[str] = []
        self.seen = ""
        self.is_able = is_able
        self.hand = ByHand(
            tell=self.hear, show=self.see, typed=asyncio.Queue(), quiet_seconds=0.2, start_seconds=5
        )

    def hear(self, line: str) -> None:
        self.told.append(line)
        if "LIST ALL" in line:
            self.hand.typed.put_nowait("3" if self.is_able else SKIP)

    def see(self, text: str) -> None:
        self.seen += text


async def judge_by_hand(person: Person) -> Result:
    launch = Launch(command=STUB, host="127.0.0.1", port=0, folder=ROOT)
    (result,) = await judge(
        [BY_ID["B-9/2"]], lambda wires: Client(wires, launch, person.hand), patience=Patience()
    )
    return result


async def test_person_is_told_what_to_do_and_shown_what_is_printed() -> None:
    person = Person()
    result = await judge_by_hand(person)
    assert result.verdict is Verdict.PASS, result.note
    assert person.told[-1] == "\nIn your program, do: LIST ALL   (!skip if it cannot)"
    assert "Number 7 of the List holder.example 50001\n" in person.seen


async def test_person_may_pass_over_what_the_program_cannot_do() -> None:
    result = await judge_by_hand(Person(is_able=False))
    assert result.verdict is Verdict.SKIPPED
    assert result.note == "the user says that the program cannot do this"
