"""Which of the real documents come first, where P2PCI_TEST_RFCS names a folder of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pci.library.search.index import SearchIndex
from tests.library.search.conftest import indexed

SOURCE = os.environ.get("P2PCI_TEST_RFCS")
pytestmark = pytest.mark.skipif(not SOURCE, reason="P2PCI_TEST_RFCS names no folder of documents")

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
    folder = tmp_path_factory.mktemp("real")
    for path in Path(SOURCE or "").glob("rfc[0-9]*.txt"):
        shutil.copy(path, folder)
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
