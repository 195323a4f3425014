"""Our own peer, driven through its menu, is what every case asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from p2pci.checker.cases import Case, Verdict, conforms
from p2pci.checker.client import CASES, SCRIPT_PATIENCE, ByScript, Client, Launch
from p2pci.checker.judging import judge
from p2pci.checker.selecting import select
from tests.cli.process import P2PCI, PEER_PY, environment, fill

ORIGINAL = (*PEER_PY, "localhost:{port}")
PEER = (*P2PCI, "peer", "localhost:{port}", "--menu", "--trace")
QUICKLY = ("B-9/4", "B-11/3")


async def require_all(command: tuple[str, ...], folder: Path, cases: list[Case[Client]]) -> None:
    fill(folder / "rfcs", {7: "Seven", 8: "Eight"})
    launch = Launch(command=command, host="127.0.0.1", port=0, folder=folder, env=environment())
    results = await judge(cases, lambda wires: Client(wires, launch, ByScript()), patience=SCRIPT_PATIENCE)
    wrong = [result for result in results if result.verdict not in (Verdict.PASS, Verdict.AMBIGUOUS)]
    assert not wrong, [(result.case.id, result.verdict, result.note) for result in wrong]
    assert conforms(results, is_strict=True)


async def test_peer_conforms_where_it_is_most_likely_not_to(tmp_path: Path) -> None:
    await require_all(ORIGINAL, tmp_path, select(CASES, only=QUICKLY, skip=()))


@pytest.mark.slow
@pytest.mark.parametrize("command", [ORIGINAL, PEER], ids=["peer.py", "p2pci peer"])
async def test_peer_conforms(tmp_path: Path, command: tuple[str, ...]) -> None:
    await require_all(command, tmp_path, CASES)
