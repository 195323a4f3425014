"""Which documents come first, of the real ones where P2PCI_TEST_RFCS names a folder of them.

Without it documents with the same titles are made, in the layout of a recent one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pci.library.search.index import SearchIndex
from tests.library.layouts import LAYOUTS
from tests.library.search.conftest import indexed

SOURCE = os.environ.get("P2PCI_TEST_RFCS")
MADE = {
    793: ("TRANSMISSION CONTROL PROTOCOL", "congestion"),
    813: ("WINDOW AND ACKNOWLEDGEMENT STRATEGY IN TCP", "The silly window syndrome is silly."),
    1034: ("DOMAIN NAMES - CONCEPTS AND FACILITIES", "secure domain names"),
    1035: ("DOMAIN NAMES - IMPLEMENTATION AND SPECIFICATION", "See rfc 1034."),
    1123: ("Requirements for Internet Hosts - Application and Support", "domain names in hosts"),
    2345: ("Domain Names and Company Name Retrieval", "Company names. secured"),
    2861: ("TCP Congestion Window Validation", "congestion"),
    4820: ("Padding Chunk and Parameter for the SCTP", "path MTU\n\n\f\ndiscovery"),
    8831: ("WebRTC Data Channels", "path MTU discovery, Nagle"),
    9293: (
        "Transmission Control Protocol (TCP)",
        "Nagle wrote of the silly window syndrome. See 1035. Security.",
    ),
}
FIRST = {
    "domain names concepts": 1034,
    "domain names implementation": 1035,
    "transmission control protocol": 793,
    "rfc 9293": 9293,
    "1035": 1035,
    "requirements for internet hosts": 1123,
    '"silly window syndrome"': 813,
    "tcp congestion window": 2861,
    "webrtc data channels": 8831,
    "padding chunk": 4820,
    "company names retrieval": 2345,
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    folder = tmp_path_factory.mktemp("documents")
    for path in Path(SOURCE).glob("rfc[0-9]*.txt") if SOURCE else ():
        shutil.copy(path, folder)
    for number, (title, body) in {} if SOURCE else MADE.items():
        (folder / f"rfc{number}.txt").write_text(LAYOUTS["of_2011"](number, title) + body)
    with indexed(folder) as index:
        yield index


@pytest.mark.parametrize("typed", FIRST)
def test_document_that_is_meant_comes_first(index: SearchIndex, typed: str) -> None:
    hits = index.query(typed)
    assert [hit.number for hit in hits[:1]] == [FIRST[typed]]


@pytest.mark.parametrize("typed", ["domain names", "congestion", "nagle", '"path mtu discovery"', "secur*"])
def test_snippets_show_hits_and_no_furniture(index: SearchIndex, typed: str) -> None:
    hits = index.query(typed)
    assert len(hits) >= 2
    for hit in hits:
        text = "".join(part.text for part in hit.snippet)
        assert any(part.is_hit for part in hit.snippet) or hit.score > 1
        assert "[Page" not in text
        assert "\f" not in text
