"""Every metric of a running index server moves when it should, and stands still when it should not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.process import Stage
from tests.server.wire_client import (
    BAD_REQUEST,
    LIST,
    NOT_FOUND,
    NOTHING,
    OK,
    VERSION_NOT_SUPPORTED,
    add,
    lookup,
    until,
)
from tests.web.index.asking import metrics, openmetrics
from tests.web.index.conftest import Index

FOUND = OK + b"RFC 7 Seven h 5\r\n\r\n"


def moved(index: Index, before: dict[str, float]) -> dict[str, float]:
    """What of ours has another value than before."""
    return {
        name: value - before.get(name, 0.0)
        for name, value in metrics(index.web).items()
        if name.startswith("p2pci_") and value != before.get(name, 0.0)
    }


def test_requests_are_counted_by_method_and_code_with_their_bytes(index: Index) -> None:
    peer = index.peer()
    peer.asks(LIST, NOTHING)
    before = metrics(index.web)
    said = 0
    for request, answer in (
        (add(7), FOUND),
        (lookup(7), FOUND),
        (lookup(8), NOT_FOUND),
        (LIST, FOUND),
        (LIST.replace(b"1.0", b"2.0"), VERSION_NOT_SUPPORTED),
        (lookup(7).replace(b"Host: h\r\n", b""), BAD_REQUEST),
        (b"REMOVE RFC 7 P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n", BAD_REQUEST),  # was not agreed
    ):
        peer.asks(request, answer)
        said += len(request)
    after = moved(index, before)
    timed = {name: after.pop(name) for name in list(after) if name.startswith("p2pci_answer_batch")}
    assert after == {
        "p2pci_peers": 1,
        "p2pci_records": 1,
        "p2pci_documents{holders=1}": 1,
        "p2pci_requests_total{code=200,method=ADD}": 1,
        "p2pci_requests_total{code=200,method=LOOKUP}": 1,
        "p2pci_requests_total{code=404,method=LOOKUP}": 1,
        "p2pci_requests_total{code=400,method=LOOKUP}": 1,
        "p2pci_requests_total{code=200,method=LIST}": 1,
        "p2pci_requests_total{code=505,method=LIST}": 1,
        "p2pci_requests_total{code=400,method=REMOVE}": 1,
        "p2pci_received_bytes_total": said,
        "p2pci_sent_bytes_total": sum(
            map(len, (FOUND, FOUND, NOT_FOUND, FOUND, VERSION_NOT_SUPPORTED, BAD_REQUEST, BAD_REQUEST))
        ),
    }
    assert timed["p2pci_answer_batch_seconds_count"] == 7
    assert timed["p2pci_answer_batch_seconds_sum"] > 0


def test_lookups_in_a_row_are_counted_one_by_one(index: Index) -> None:
    peer = index.peer()
    peer.asks(add(7), FOUND)
    for _ in range(33):
        peer.asks(lookup(7), FOUND)
    peer.asks(lookup(7) * 67, FOUND * 67)
    told = metrics(index.web)
    assert told["p2pci_requests_total{code=200,method=LOOKUP}"] == 100
    assert told["p2pci_sent_bytes_total"] == 101 * len(FOUND)


def test_histogram_is_one(index: Index) -> None:
    peer = index.peer()
    for number in range(1, 20):
        peer.says(add(number))
    peer.half_closes()
    while peer.socket.recv(1 << 16):
        pass
    told = metrics(index.web)
    name = "p2pci_answer_batch_seconds"
    buckets = [value for key, value in told.items() if key.startswith(f"{name}_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == told[f"{name}_bucket{{le=+Inf}}"] == told[f"{name}_count"] > 0


def test_peers_and_copies_come_and_go(index: Index) -> None:
    first, second = index.peer(), index.peer()
    first.asks(add(7), FOUND)
    second.asks(add(7, port=6), OK + b"RFC 7 Seven h 6\r\n\r\n")
    first.asks(add(8), OK + b"RFC 8 Seven h 5\r\n\r\n")
    told = metrics(index.web)
    assert (told["p2pci_peers"], told["p2pci_connections"], told["p2pci_records"]) == (2, 2, 3)
    assert (told["p2pci_documents{holders=1}"], told["p2pci_documents{holders=2}"]) == (1, 1)
    first.leaves()
    until(lambda: metrics(index.web)["p2pci_connections"] == 1)
    told = metrics(index.web)
    assert (told["p2pci_peers"], told["p2pci_records"]) == (1, 1)
    assert (told["p2pci_documents{holders=1}"], told["p2pci_documents{holders=2}"]) == (1, 0)
    assert told["p2pci_newcomers_total{outcome=accepted}"] == 2


@pytest.mark.parametrize(
    "flags,outcome",
    [
        (("--max-connections", "1"), "refused_full"),
        (("--deny", "127.0.0.2"), "denied"),
    ],
)
def test_who_is_not_let_in_is_counted(
    start: Callable[..., Index], flags: tuple[str, ...], outcome: str
) -> None:
    index = start(*flags)
    index.peer().asks(LIST, NOTHING)
    newcomer = index.peer(source="127.0.0.2")
    if outcome == "refused_full":
        newcomer.hears(BAD_REQUEST)
    until(newcomer.is_cut)
    told = metrics(index.web)
    assert told[f"p2pci_newcomers_total{{outcome={outcome}}}"] == 1
    assert told["p2pci_newcomers_total{outcome=accepted}"] == 1


def test_both_forms_tell_the_same(index: Index) -> None:
    index.peer().asks(add(7), FOUND)
    plain, other = metrics(index.web), openmetrics(index.web)
    ours = {name: value for name, value in other.items() if name.startswith("p2pci_")}
    assert ours == {name: value for name, value in plain.items() if name.startswith("p2pci_")}
    assert plain["p2pci_ready"] == plain["p2pci_build_info{version=0.1.0}"] == 1
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= plain.keys()


def test_a_real_peer_is_seen(index: Index, stage: Stage) -> None:
    stage.start_holder(index.port, {20: "ASCII format for Network Interchange", 21: "Title"})
    until(lambda: metrics(index.web)["p2pci_records"] == 2)
    told = metrics(index.web)
    assert told["p2pci_peers"] == 1
    assert told["p2pci_requests_total{code=200,method=ADD}"] >= 2
