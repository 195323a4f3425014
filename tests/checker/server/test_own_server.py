"""Our own index server conforms, strictly, and has everything that is ours."""

import pytest

from p2pci import IndexServer
from p2pci.checker.cases import Verdict, cases_in, conforms
from p2pci.checker.judging import judge
from p2pci.checker.server import CASES, Server, membership
from p2pci.checker.wire import Patience

GROUPS = list(dict.fromkeys(case.group for case in CASES))


@pytest.mark.parametrize("group", GROUPS)
async def test_own_server_passes_all_cases(group: str) -> None:
    async with IndexServer(host="127.0.0.1", port=0) as server:
        results = await judge(
            [case for case in CASES if case.group == group],
            lambda wires: Server("127.0.0.1", server.port, wires),
            patience=Patience(quiet_seconds=0.1),
        )
    others = [result for result in results if result.verdict not in (Verdict.PASS, Verdict.AMBIGUOUS)]
    assert not others, [(result.case.id, result.verdict, result.note) for result in others]
    assert conforms(results, is_strict=True)


async def test_trusting_server_passes_too() -> None:
    async with IndexServer(host="127.0.0.1", port=0, trusts_claims=True) as server:
        results = await judge(
            cases_in(membership),
            lambda wires: Server("127.0.0.1", server.port, wires),
            patience=Patience(quiet_seconds=0.1),
        )
    assert results
    assert conforms(results, is_strict=True)
