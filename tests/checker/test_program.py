"""A program under test is started, watched, typed to, and gone afterwards with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from p2pci.checker import program as module
from p2pci.checker.program import Program, require_free, shown, wait_until
from p2pci.errors import ProgramError

PYTHON = (sys.executable, "-I", "-S", "-u", "-c")
SERVER = """
import socket, sys, time
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1])
time.sleep(60)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"


async def first_line(program: Program) -> str:
    assert await wait_until(lambda: b"\n" in program.printed_since(0), seconds=10), program.last_lines()
    return shown(program.printed_since(0)).split("\n")[0]


def is_gone(pid: int) -> bool:
    """Whether it has ended; where nobody reaps orphans, it may be there still as a zombie."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


async def test_program_is_waited_for_until_it_listens_and_stopped_at_the_end() -> None:
    async with Program((*PYTHON, SERVER)) as program:
        port = int(await first_line(program))
        await program.wait_until_it_listens("127.0.0.1", port, seconds=10)
        assert program.is_running
        with pytest.raises(ProgramError, match="Somebody listens on"):
            await require_free("127.0.0.1", port)
    assert not program.is_running
    await require_free("127.0.0.1", port)


async def test_program_that_ends_before_it_listens_is_told_with_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("cannot find main\n")
    async with Program("cat words; exit 3", folder=tmp_path) as program:
        with pytest.raises(ProgramError) as caught:
            await program.wait_until_it_listens("127.0.0.1", 1, seconds=10)
    assert "It has ended with exit code 3." in str(caught.value)
    assert str(caught.value).endswith("Its last lines:\ncannot find main")


async def test_program_that_does_not_listen_in_time_is_told() -> None:
    async with Program(("sleep", "60")) as program:
        with pytest.raises(ProgramError, match=r"sleep 60 does not listen on 127.0.0.1:1 after 0.1 s"):
            await program.wait_until_it_listens("127.0.0.1", 1, seconds=0.1)


@pytest.mark.parametrize("command", [("/no/such/program",), ("",), ("a\0b",)])
async def test_program_that_cannot_be_started_is_an_error_of_ours(command: tuple[str, ...]) -> None:
    with pytest.raises(ProgramError, match="cannot be started"):
        async with Program(command):
            pass


async def test_what_ignores_the_request_to_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.3)
    async with Program((*PYTHON, DEAF)) as program:
        await first_line(program)
    assert program.exit_code == -signal.SIGKILL
    assert program.describe() == "It was ended by SIGKILL."


async def test_what_the_program_started_is_stopped_with_it() -> None:
    async with Program("sleep 60 & echo $!; wait") as program:
        child = int(await first_line(program))
        assert not is_gone(child)
    assert is_gone(child)


async def test_child_that_outlives_the_program_is_stopped_too() -> None:
    async with Program("sleep 60 & echo $!") as program:
        child = int(await first_line(program))
    assert is_gone(child)


async def test_program_on_a_terminal_is_typed_to_and_nothing_is_echoed() -> None:
    code = "import sys; print(sys.stdin.isatty(), flush=True); print('got', input('? '))"
    async with Program((*PYTHON, code), on_terminal=True) as program:
        program.type("a line")
        assert await wait_until(lambda: not program.is_running, seconds=10)
        await program.stop()
        assert shown(program.printed_since(0)) == "True\n? got a line\n"


async def test_only_the_end_of_endless_output_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT_BYTES", 100_000)
    async with Program((*PYTHON, "while True: print('x' * 99)"), on_terminal=True) as program:
        assert await wait_until(lambda: program.printed_bytes > 1_000_000, seconds=10)
        position = program.printed_bytes
        assert await wait_until(lambda: program.printed_bytes > position, seconds=10)
        assert len(program.printed_since(0)) <= 200_000
        assert program.printed_since(position).startswith((b"x", b"\r", b"\n"))


async def test_stopping_takes_no_longer_than_its_grace_when_nobody_reads() -> None:
    async with Program("yes", on_terminal=True) as program:
        assert await wait_until(lambda: program.printed_bytes > 0, seconds=10)
        began = time.monotonic()
        await program.stop()
    assert time.monotonic() - began < module.GRACE_SECONDS


async def test_cancelled_while_it_stops_it_is_killed_nevertheless() -> None:
    program = Program((*PYTHON, DEAF))
    await program.__aenter__()
    await first_line(program)
    stopping = asyncio.create_task(program.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    await program.stop()
    assert program.exit_code == -signal.SIGKILL


async def test_without_terminals_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HAS_TERMINALS", False)
    with pytest.raises(ProgramError, match="cannot be given a terminal on this system"):
        async with Program("true", on_terminal=True):
            pass


def test_what_is_shown_cannot_act_on_a_terminal() -> None:
    assert (
        shown(b"\x1b[1;31mred\x1b[0m\x07 \x1b]0;title\x07ok\r\nnext\xff\t.") == "red\\x07 ok\nnext\\xff    ."
    )
