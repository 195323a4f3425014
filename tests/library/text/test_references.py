"""Places in a text that name documents and sections."""

from __future__ import annotations

import pytest

from p2pci.library.text import read_text

Found = tuple[str, int | None, str]


def found(text: str) -> list[Found]:
    read = read_text(text)
    return [
        (read.lines[each.line][each.start : each.stop], each.number, each.section) for each in read.references
    ]


@pytest.mark.parametrize(
    "text, places",
    [
        ("see RFC 2119.", [("RFC 2119", 2119, "")]),
        ("see [RFC2119].", [("[RFC2119]", 2119, "")]),
        ("RFC-793 and RFC0822", [("RFC-793", 793, ""), ("RFC0822", 822, "")]),
        ("by RFC\n   2119, which", [("RFC", 2119, ""), ("2119", 2119, "")]),
        (
            "RFCs 1034, 1035, and\n 1123 too",
            [("RFCs 1034", 1034, ""), ("1035", 1035, ""), ("1123", 1123, "")],
        ),
        ("Section 3.4 says", [("Section 3.4", None, "3.4")]),
        ("Section 3.4 of RFC 9293.", [("Section 3.4 of RFC 9293", 9293, "3.4")]),
        ("[RFC9293], Section 3.4.", [("[RFC9293], Section 3.4", 9293, "3.4")]),
        (
            "Sections 3.1 and 3.2 of\n   [RFC9293]",
            [("Sections 3.1", 9293, "3.1"), ("3.2 of", 9293, "3.2"), ("[RFC9293]", 9293, "3.2")],
        ),
        ("Appendix A.1 of [RFC2616]", [("Appendix A.1 of [RFC2616]", 2616, "A.1")]),
        ("in this section a client sends, RFC793bis, RFC-to-be, ARFC 5, RFC 0, RFC 123456", []),
    ],
)
def test_reference_is_a_place_and_what_it_names(text: str, places: list[Found]) -> None:
    assert found(text) == places
