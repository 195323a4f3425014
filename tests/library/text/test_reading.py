"""Whatever the bytes, a document is read: of any encoding, in time proportional to its size."""

from __future__ import annotations

import random
import time

import pytest

from p2pci.library.text import entry_from_header, read_text

SIZE = 100_000
SECONDS = 10.0  # fifty times what the slowest takes: only what is not linear takes longer

HOSTILE = {
    "blanks": " ",
    "newlines": "\n",
    "form feeds": "\f",
    "pages": "a\n\f",
    "dots": " .",
    "numbers": "1.",
    "headings": "\n\n1.  A",
    "deeper": "\n\n1.1.1.1.1.1.1.1.1 A",
    "contents": "Contents\n\n1. A\n",
    "feet": "\n[Page 1]\n\nRFC 1\n",
    "open foot": "[Page ",
    "RFC": "RFC ",
    "RFC over lines": "RFC\n   ",
    "sections": "Section 1,\n",
    "list": ", 2",
    "appendices": "\n\nAppendix A\n",
    "quotes": "\n\n\"'`(<",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_no_longer_than_others(piece: str) -> None:
    text = "RFCs 1" + piece * (SIZE // len(piece))
    start = time.process_time()
    read_text(text)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_read(seed: int) -> None:
    text = read_text(random.Random(seed).randbytes(20_000))

    for reference in text.references:
        assert 0 <= reference.start < reference.stop <= len(text.lines[reference.line])
    for section in text.sections:
        assert section.line < section.stop <= len(text.lines)


@pytest.mark.parametrize(
    "data",
    ["é\n".encode("utf-8-sig"), "é\n".encode(), "é\n".encode("latin-1"), b"\xef\xbb\xbf\xc3\xa9"],
    ids=repr,
)
def test_encodings_and_byte_order_marks_are_read_as_meant(data: bytes) -> None:
    assert read_text(data).lines == ("é",)


def test_empty_document_is_empty() -> None:
    assert read_text(b"") == ((), (), ())


def test_header_says_what_it_obsoletes_and_updates() -> None:
    entry = entry_from_header(
        9,
        [
            "Internet Engineering Task Force (IETF)                     W. Eddy, Ed.",
            "STD: 7                                                      MTI Systems",
            "Obsoletes: 793, 879,                                        Example Ltd",
            "           2873                                             August 2022",
            "Updates: RFC 1011, STD 5                                 ISSN: 2070-1721",
            "Category: Standards Track",
        ],
    )

    assert entry.status == "STANDARDS TRACK"
    assert entry.obsoletes == ("RFC 793", "RFC 879", "RFC 2873")
    assert entry.updates == ("RFC 1011", "STD 5")
