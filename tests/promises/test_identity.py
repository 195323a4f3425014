"""Rows 6 and 7: a browser runs nothing, and nobody speaks or leaves for another."""

from __future__ import annotations

import asyncio

import pytest

from p2pci.dialing import outward_address
from p2pci.protocol.addresses import is_loopback
from tests.cli.process import Stage
from tests.promises.running import QUIET_INDEX, Served, until
from tests.server.wire_client import BAD_REQUEST, LIST, WirePeer, add, answer

FORM = add(666, "Run from a page") + LIST


def test_body_of_a_post_is_not_run(index: Served) -> None:
    for version in ("HTTP/1.1", "HTTP/1.0"):
        for kind in ("text/plain", "multipart/form-data; boundary=x"):
            head = (
                f"POST / {version}\r\nHost: localhost:7734\r\nOrigin: http://evil.example\r\n"
                f"Content-Type: {kind}\r\nContent-Length: {len(FORM)}\r\n\r\n"
            )
            assert index.answers_all(head.encode() + FORM) == BAD_REQUEST
    assert index.records() == []


def test_body_that_comes_after_the_answer_is_not_run(index: Served) -> None:
    browser = index.peer()
    browser.asks(b"POST / HTTP/1.1\r\n\r\n", BAD_REQUEST)
    browser.says(FORM)
    browser.hears_the_end()
    assert index.records() == []


@pytest.mark.parametrize("claims_first", [True, False])
def test_who_claims_anothers_host_and_port_takes_nothing_along(index: Served, *, claims_first: bool) -> None:
    witness = index.peer()
    for number, leave in enumerate((WirePeer.leaves, WirePeer.resets), start=1):
        liar, owner = index.peers(2)
        own, lie = f"{number} Seven owner 5000", "99 Lie owner 5000"
        for peer in (liar, owner) if claims_first else (owner, liar):
            peer.asks(add(number, host="owner", port=5000), answer(own))
        liar.asks(add(99, "Lie", host="owner", port=5000), answer(lie))
        assert {own, lie} <= set(index.records())
        leave(liar)
        until(lambda: len(index.records()) == number)  # noqa: B023 - it is asked in this turn
        assert own in index.records()
        index.is_good_to(witness)


def test_second_identity_on_one_connection_is_refused(index: Served) -> None:
    liar = index.peer()
    liar.asks(add(7, host="own"), answer("7 Seven own 5"))
    liar.asks(add(8, host="other"), BAD_REQUEST)
    liar.asks(add(8, host="own", port=6), BAD_REQUEST)
    assert index.records() == ["7 Seven own 5"]


def test_third_party_is_not_published(stage: Stage) -> None:
    own = asyncio.run(outward_address())
    if is_loopback(own) or own == "localhost":
        pytest.skip("this machine has no address but loopback, whose claims are believed")
    process, port = stage.start_server("--bind", own, program=QUIET_INDEX)
    for number, claim in enumerate(("203.0.113.9", "victim.example", "127.0.0.1", "::1"), start=1):
        peer = WirePeer((own, port), source=own)
        peer.asks(add(number, "T", host=claim, port=80), answer(f"{number} T {own} 80"))
        peer.leaves()
    assert process.is_running
