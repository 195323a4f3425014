"""Titles of the swarm, asked of an index and matched here."""

from __future__ import annotations

import pytest

from p2pci import IndexClient, IndexServer, ProtocolError
from p2pci.library.search import parse_query
from p2pci.mirror import SwarmTitles, find_titles, finding
from p2pci.protocol.extensions import ALL_FEATURES
from tests.cli.process import answering
from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]

PEERS = {
    ("one.lab", 1001): {1: "Host Software", 7: "TCP Congestion", 8: "Congestion of Mail"},
    ("Two.lab", 1002): {7: "TCP Congestion", 9: "Mail"},
    ("Two.lab", 1003): {7: "TCP Congestion"},
}


async def search(typed: str, *, held_by: tuple[str, int] | None = None, features: bool = True) -> SwarmTitles:
    """Search the titles of a swarm of PEERS, over an index that agrees on features or over a plain one."""
    async with IndexServer(host="127.0.0.1", port=0, trusts_claims=True) as server:
        clients = []
        for identity, documents in PEERS.items():
            client = IndexClient("127.0.0.1", server.port, identity=identity)
            await client.connect()
            clients.append(client)
            for number, title in documents.items():
                await client.add(number, title)
        proposes = ALL_FEATURES if features else frozenset()
        async with IndexClient("127.0.0.1", server.port, proposes=proposes) as asker:
            found = await find_titles(asker, parse_query(typed), held_by=held_by)
        for client in clients:
            await client.close()
        return found


@pytest.mark.parametrize("features", [True, False])
@pytest.mark.parametrize("page_numbers", [1, 2, 1000])
async def test_titles_are_found_with_their_holders(
    monkeypatch: pytest.MonkeyPatch, page_numbers: int, *, features: bool
) -> None:
    monkeypatch.setattr(finding, "PAGE_NUMBERS", page_numbers)
    found = await search("CONGESTION", features=features)
    assert {number: (title.title, title.holders) for number, title in found.fitting.items()} == {
        7: ("TCP Congestion", 3),
        8: ("Congestion of Mail", 1),
    }
    assert found.holders == {1: 1, 7: 3, 8: 1, 9: 1}


@pytest.mark.parametrize(
    "held_by, fitting, held",
    [
        (("one.lab", 0), {7, 8}, {1, 7, 8}),
        (("TWO.LAB", 1002), {7}, {7, 9}),
        (("two.lab", 0), {7}, {7, 9}),
        (("two.lab", 1001), set(), set()),
    ],
)
async def test_what_one_holder_has_is_found(
    held_by: tuple[str, int], fitting: set[int], held: set[int]
) -> None:
    found = await search("congestion", held_by=held_by)
    assert set(found.fitting) == fitting
    assert set(found.holders) == held
    assert all(title.holders == 3 for title in found.fitting.values() if title.number == 7)


async def test_index_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MAX_NUMBERS", 100)
    lines = b"".join(b"RFC %d Congestion h 1\r\n" % number for number in range(1, 1000))
    with answering(b"P2P-CI/1.0 200 OK\r\n\r\n" + lines + b"\r\n") as port:
        async with IndexClient("127.0.0.1", port) as index:
            with pytest.raises(ProtocolError, match="more than 100 numbers"):
                await find_titles(index, parse_query("congestion"))
