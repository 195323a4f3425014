"""`p2pci check` as people run it: against our own server, and against small programs with faults."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.process import LOOPBACK, P2PCI, PEER_PY, Stage, closed_port, environment, quiet_port, run

pytestmark = pytest.mark.slow  # every test runs commands; what they do is tested below them, too

FOREIGN = str(Path(__file__).with_name("foreign_server.py"))
CHECK = (*P2PCI, "check", "server")
ONE = ("--only", "B-15/1")
# What of a hostile answer must never reach a terminal, a page or an editor as it is.
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\udc80-\udcff]")


@pytest.fixture
def foreign(stage: Stage) -> Callable[[str], str]:
    """Start a foreign server with a fault, and give its address."""

    def start(fault: str) -> str:
        process = stage.start(sys.executable, FOREIGN, "0", fault)
        port = process.wait_for(r"^listening on (\d+)$")[1]
        return f"{LOOPBACK}:{port}"

    return start


def start_words(fault: str, port: int) -> str:
    return shlex.join([sys.executable, FOREIGN, str(port), fault])


@pytest.mark.parametrize("words", [("--only", "P-2.1,B-15"), pytest.param((), marks=pytest.mark.slow)])
def test_our_own_server_conforms(stage: Stage, words: tuple[str, ...]) -> None:
    _, port = stage.start_server()
    done = run((*CHECK, f"localhost:{port}", "--strict", *words), cwd=stage.folder, seconds=120)
    assert done.returncode == 0, done.stdout
    assert "✘" not in done.stdout
    assert done.stdout.rstrip().endswith("Conforms.")
    assert done.stderr == ""


def test_fault_is_shown_with_a_caret_a_hint_and_a_command(
    stage: Stage, foreign: Callable[[str], str]
) -> None:
    address = foreign("lf")
    done = run((*CHECK, address, *ONE), cwd=stage.folder)
    assert done.returncode == 6
    lines = done.stdout.split("\n")
    received = next(number for number, line in enumerate(lines) if "received  P2P-CI/1.0 200 OK" in line)
    assert lines[received + 1].index("^") == lines[received].index(r"\n")
    assert "hint      println and print" in done.stdout
    assert "Does not conform: 1 case counts against it.\nMend B-15/1" in done.stdout


def test_command_that_repeats_a_case_works_when_it_is_pasted(stage: Stage) -> None:
    folder = stage.folder / "it's a $HOME `folder`"
    folder.mkdir()
    (folder / "my waivers").write_text("P-2.3/1\n")
    start = start_words("lf", port := quiet_port())
    words = (*CHECK, f"{LOOPBACK}:{port}", "--start", start, "--waive", "my waivers", "--timeout", "2")
    done = run((*words, "--only", "B-15/1,P-2.1/1"), cwd=folder)
    again = re.findall(r"^ +again +(.*)$", done.stdout, re.MULTILINE)
    pasted = subprocess.run(
        ["sh", "-c", again[0]], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert pasted.returncode == 6, pasted.stderr
    assert ": 1 case\n" in pasted.stdout
    assert "✘ B-15/1" in pasted.stdout


@pytest.mark.parametrize("fault", ["hostile", "reset", "endless"])
def test_hostile_target_ends_in_verdicts_and_clean_reports(
    stage: Stage, foreign: Callable[[str], str], fault: str
) -> None:
    reports = ("--html", "page.html", "--junit", "junit.xml")
    words = (*CHECK, foreign(fault), "--only", "P-2.3/1,B-15,P-2.4", "--timeout", "0.5", *reports)
    done = run(words, cwd=stage.folder)
    assert done.returncode == 6, done.stdout + done.stderr
    page = (stage.folder / "page.html").read_text(encoding="utf-8")
    xml = (stage.folder / "junit.xml").read_text(encoding="utf-8")
    assert [RAW.findall(text) for text in (done.stdout, page, xml)] == [[], [], []]
    assert int(ET.fromstring(xml).attrib["failures"]) > 0
    assert "<script" not in page


def test_dead_target_is_unusable(stage: Stage) -> None:
    done = run((*CHECK, f"{LOOPBACK}:{closed_port()}"), cwd=stage.folder)
    assert done.returncode == 4
    assert "Nothing could be tried: Connection refused." in done.stdout
    assert "error: Connection refused" in done.stdout


def test_silent_target_is_judged_in_bounded_time(stage: Stage, foreign: Callable[[str], str]) -> None:
    words = (*CHECK, foreign("silent"), "--only", "P-2.3/1,P-2.4", "--timeout", "0.2")
    done = run(words, cwd=stage.folder, seconds=20)
    assert done.returncode == 6
    assert "no answer within 0.2 s" in done.stdout


def test_started_program_that_ends_is_told_with_its_last_lines(stage: Stage) -> None:
    start = start_words("dies", port := quiet_port())
    done = run((*CHECK, f"{LOOPBACK}:{port}", "--start", start, *ONE), cwd=stage.folder)
    assert done.returncode == 6
    assert "It has ended with exit code 3." in done.stderr
    assert "  IndexError: list index out of range" in done.stderr


def test_program_that_does_not_start_is_told_with_what_it_printed(stage: Stage) -> None:
    words = (*CHECK, f"{LOOPBACK}:{quiet_port()}", "--start", "echo no such target; exit 2")
    done = run(words, cwd=stage.folder)
    assert done.returncode == 4
    assert "It has ended with exit code 2." in done.stderr
    assert "no such target" in done.stderr


def test_started_program_is_gone_afterwards(stage: Stage) -> None:
    start = start_words("none", port := quiet_port())
    words = (*CHECK, f"{LOOPBACK}:{port}", "--start", start, "--only", "P-2.3/1")
    assert [run(words, cwd=stage.folder).returncode for _ in range(2)] == [0, 0]


def test_json_has_every_result(stage: Stage, foreign: Callable[[str], str]) -> None:
    done = run((*CHECK, foreign("lf"), *ONE, "--json"), cwd=stage.folder)
    report = json.loads(done.stdout)
    assert (report["conforms"], report["counts"], report["kind"]) == (False, {"fail": 1}, "server")
    (result,) = report["results"]
    assert (result["id"], result["verdict"], result["counts"]) == ("B-15/1", "fail", True)
    assert result["received"].endswith(r"\n")
    assert done.returncode == 6


def test_waived_case_does_not_count_and_one_that_passes_is_told(
    stage: Stage, foreign: Callable[[str], str]
) -> None:
    (stage.folder / "waivers").write_text("# of this class\n\nB-15/1  # taught in week 5\nP-2.1/1\n")
    words = (*CHECK, foreign("lf"), "--waive", "waivers", "--only", "B-15/1,P-2.1/1")
    done = run(words, cwd=stage.folder)
    assert done.returncode == 0, done.stdout
    assert "fail (MUST), waived: a line does not end in CR LF" in done.stdout
    assert "reason    taught in week 5" in done.stdout
    assert "P-2.1/1 is waived but needs no waiver: take it off the list." in done.stdout
    assert "Conforms, with 1 waived." in done.stdout


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "Say where it listens"),
        (("h", "--only", "B-15/77"), "There is no case 'B-15/77'. Near it are B-15"),
        (("h", "--skip", "zzz"), "There is no case 'zzz'. See --list."),
        (("h", "--only", "B-15/1", "--skip", "B-*"), "No case is left."),
        (("h", "--waive", "bad"), "bad, line 2: there is no case 'B-15/0'. Near it are B-15"),
        (("h", "--waive", "none"), "none"),
        (("h", "--html", "none/page.html"), "there is no folder 'none'"),
        (("h", "--timeout", "0"), "more than 0"),
    ],
)
def test_usage_errors(stage: Stage, words: tuple[str, ...], said: str) -> None:
    (stage.folder / "bad").write_text("B-15/1\nB-15/0 # why\n")
    done = run((*CHECK, *words), cwd=stage.folder)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_cases_are_listed_without_a_target(stage: Stage) -> None:
    done = run((*CHECK, "--list", "--only", "b-15,P-2.*", "--skip", "P-2.3"), cwd=stage.folder)
    assert done.returncode == 0
    assert re.search(
        r"^  B-15/1 +Every line of an answer ends in CR LF. \[MUST\]$", done.stdout, re.MULTILINE
    )
    assert "P-2.3/1" not in done.stdout
    listed = json.loads(run((*CHECK, "--list", "--json"), cwd=stage.folder).stdout)
    assert {"id", "level", "group", "requirement", "also"} == set(listed[0])


def test_settings_file_has_a_table_for_check(stage: Stage, foreign: Callable[[str], str]) -> None:
    (stage.folder / "p2pci.toml").write_text('[check]\nonly = "B-15/1"\njson = true\n')
    report = json.loads(run((*CHECK, foreign("lf")), cwd=stage.folder).stdout)
    assert [result["id"] for result in report["results"]] == ["B-15/1"]


def test_interrupted_in_the_middle_it_reports_what_is_known(
    stage: Stage, foreign: Callable[[str], str]
) -> None:
    words = (*CHECK, foreign("silent"), "--only", "P-2.3/1,P-2.4", "--timeout", "2", "--html", "page.html")
    process = stage.start(*words)
    process.wait_for(r"✘ P-2\.3/1")
    process.signal(signal.SIGINT)
    assert process.finish() == 130
    assert re.search(r"Interrupted after \d of \d+ cases\. Does not conform", process.output)
    assert "then interrupted" in (stage.folder / "page.html").read_text(encoding="utf-8")


def test_colour_is_for_terminals_alone(stage: Stage, foreign: Callable[[str], str]) -> None:
    words = (*CHECK, foreign("none"), "--only", "P-2.3/1")
    on_screen = stage.start(*words, on_terminal=True)
    assert on_screen.finish() == 0
    assert "\x1b[32m✔\x1b[0m P-2.3/1" in on_screen.output
    plain = stage.start(*words, on_terminal=True, env={"NO_COLOR": "1"})
    assert plain.finish() == 0
    assert "  ✔ P-2.3/1" in plain.output
    assert "\x1b" not in run(words, cwd=stage.folder).stdout


def test_our_own_holder_conforms(stage: Stage) -> None:
    _, index = stage.start_server()
    _, port = stage.start_holder(index, {3457: "A Title"})
    copy = ("--file", str(stage.folder / "shelf1" / "rfc3457.txt"))
    words = (*P2PCI, "check", "peer", f"{LOOPBACK}:{port}", "--have", "3457", *copy, "--strict")
    done = run((*words, "--only", "B-13,P-3"), cwd=stage.folder)
    assert done.returncode == 0, done.stdout
    other = run((*words, "--only", "P-3,B-13", "--have", "7"), cwd=stage.folder)
    assert other.returncode == 6
    assert f" {LOOPBACK}:{port} --have 7 --file {copy[1]} --strict\n" in other.stdout
    assert "The program says that it has no such document." in other.stdout


def test_holder_is_judged_by_a_document_that_it_has(stage: Stage) -> None:
    done = run((*P2PCI, "check", "peer", "localhost:1"), cwd=stage.folder)
    assert (done.returncode, "--have N" in done.stderr) == (2, True)
    done = run((*P2PCI, "check", "peer", "localhost", "--have", "1"), cwd=stage.folder)
    assert (done.returncode, "on which port" in done.stderr) == (2, True)


MENU = """
[actions]
add = ["1", "{number}", "{title}"]
lookup = ["2", "{number}", "{title}"]
list = ["3"]
get = ["4", "{number}"]
leave = ["5"]
"""
CLIENT = (*P2PCI, "check", "client")


def test_our_own_client_conforms(stage: Stage) -> None:
    (stage.folder / "menu.toml").write_text(MENU)
    words = ("--listen", "0", "--script", "menu.toml", "--only", "B-14/3", "--", *PEER_PY, "localhost:{port}")
    done = run((*CLIENT, *words), cwd=stage.folder)
    assert done.returncode == 0, done.stdout


def test_command_that_repeats_a_case_of_a_client_works_too(stage: Stage) -> None:
    (stage.folder / "menu.toml").write_text(MENU)
    words = ("--listen", "0", "--script", "menu.toml", "--", "sh", "-c", "nc 'it''s' {port}; sleep 1")
    done = run((*CLIENT, "--only", "B-14/3", "--json", *words), cwd=stage.folder)
    assert done.returncode == 4
    (result,) = json.loads(done.stdout)["results"]
    assert shlex.split(result["again"])[-len(words) :] == list(words)
    assert "--only B-14/3 --listen 0" in result["again"]


def test_person_is_told_what_to_do_and_what_they_type_reaches_the_program(stage: Stage) -> None:
    words = ("--listen", "0", "--only", "B-14/3", "--", *PEER_PY, "localhost:{port}")
    check = stage.start(*CLIENT, *words, on_terminal=True)
    check.wait_for(r"In your program, do: LIST ALL")
    check.type("3\n")
    check.wait_for(r"✔.* B-14/3")
    assert check.finish() == 0


def test_client_needs_a_command_and_somebody_who_uses_its_menu(stage: Stage) -> None:
    assert "behind --" in run(CLIENT, cwd=stage.folder).stderr
    done = run((*CLIENT, "--", "true"), cwd=stage.folder)
    assert (done.returncode, "--script FILE" in done.stderr) == (2, True)


def test_taken_port_of_the_index_that_we_play_is_told_as_such(stage: Stage) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ("--listen", port, "--script", "default", "--only", "B-14/3", "--", "true")
        done = run((*CLIENT, *words), cwd=stage.folder)
    assert done.returncode == 4
    assert f"we cannot listen on localhost:{port}: address already in use" in " ".join(done.stdout.split())
    assert "give --listen another port" in done.stdout


def test_document_that_is_too_large_is_refused_and_not_held_against_the_peer(tmp_path: Path) -> None:
    with (tmp_path / "rfc9.txt").open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    words = (*P2PCI, "check", "peer", f"{LOOPBACK}:{closed_port()}", "--have", "9", "--file", "rfc9.txt")
    done = run(words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "rfc9.txt is larger than 1 MiB. Judge by a smaller document.\n"
