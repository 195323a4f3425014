"""What the property tests draw from: values that the protocol carries, and bytes near and far from it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Record, Request

numbers = st.integers(1, 2**32 - 1) | st.sampled_from([1, 2**31, 2**32 - 1])
ports = st.integers(1, 65535)
hosts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)

# Clause P-1.39, without the blanks around a title, which are no part of it.
titles = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"),
    max_size=60,
).map(lambda text: text.strip(" "))

adds = st.builds(Add, numbers, hosts, ports, titles)
lookups = st.builds(Lookup, numbers, hosts, ports, titles)
lists = st.builds(ListAll, hosts, ports)
gets = st.builds(Get, numbers, hosts, titles)
index_requests: st.SearchStrategy[Request] = adds | lookups | lists
records = st.builds(Record, numbers, titles, hosts, ports)


def put_together(parts: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Draw bytes made of the words of a language, with a little noise between."""
    return st.lists(st.sampled_from(parts) | st.binary(max_size=3), max_size=25).map(b"".join)


@st.composite
def segments_of(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Draw a way to cut `data`."""
    places = draw(st.lists(st.integers(0, len(data)), max_size=12).map(sorted))
    return [data[start:end] for start, end in pairwise([0, *places, len(data)])]


request_bytes = put_together(
    [
        *[b"\r\n", b"\n"] * 4,
        *[
            b" ",
            b"\t",
            b"\r",
            b":",
            b"\x00",
            b"\x7f",
            b"7",
            b"0",
            b"4294967296",
            b"65536",
            b"\xff",
            "é".encode(),
        ],
        *[b"ADD", b"LIST", b"RFC", b"ALL", b"P2P-CI/1.0", b"P2P-CI/2.0", b"HTTP/1.1"],
        *[b"ADD RFC 7 P2P-CI/1.0\r\n", b"LOOKUP RFC 7 P2P-CI/1.0\n", b"GET RFC 7 P2P-CI/1.0\r\n"],
        *[
            b"Host: h\r\n",
            b"host:h\n",
            b"Port: 5\r\n",
            b"Port: x\r\n",
            b"Title: Seven\r\n",
            b"OS: Mac\r\n",
            b"X: y\r\n",
        ],
        *[
            b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n",
            b"GET RFC 7 P2P-CI/1.0\r\nHost: h\r\nOS: Mac\r\n\r\n",
        ],
        *[b"X: y\r\n" * 60, b"X: " + b"y" * 8190, b"x" * 8192],
    ]
)

answer_bytes = put_together(
    [
        *[b"\r\n", b"\n"] * 4,
        *[
            b" ",
            b"\t",
            b"\r",
            b":",
            b"\x00",
            b"RFC",
            b"RFC ",
            b"RFC:",
            b"7",
            b"7 ",
            b"h ",
            b"5",
            b"65536",
            b"\xff",
        ],
        *[
            b"P2P-CI/1.0 200 OK\r\n",
            b"P2P-CI/1.0 404 Not Found\r\n",
            b"200\n",
            b"P2P-CI/",
            b"200",
            b"HTTP/1.1 200 OK\r\n",
        ],
        *[
            b"RFC 7 Seven h 5\r\n",
            b"RFC 7  h 5\n",
            b"RFC:7 Seven\th\t5\r\n",
            b"7 Seven h 5\r\n",
            b"X: y\r\n",
            b"Features: digest\n",
        ],
        *[b"X: y\r\n" * 64, b"x" * 8192],
    ]
)

document_bytes = put_together(
    [
        *[b"\r\n", b"\n"] * 3,
        *[b" ", b"\t", b"\r", b":", b"\x00", b"5", b"-", b"\xff", b"RFC 7"],
        *[b"P2P-CI/1.0 200 OK\r\n", b"P2P-CI/1.0 404 Not Found\r\n", b"200\n", b"P2P-CI/", b"200"],
        *[
            b"Content-Length: 5\r\n",
            b"CONTENT-LENGTH :0\n",
            b"content-length: ",
            b"Content-Type: text/text\r\n",
            b"X: y\n",
        ],
        *[b"x" * 8192, b"X: " + b"y" * 8162 + b"\r\n", b"x\n" * 4096],
    ]
)

# Words and values at the borders of the rules, and beyond them.
_METHODS = [b"ADD", b"LOOKUP", b"ADD ", b"add", b"LIST"]
_NUMBERS = [
    b"1",
    b"007",
    b"4294967295",
    b"0",
    b"00",
    b"4294967296",
    b"9999999999",
    b"0000000007",
    b"00000000007",
]
_ODD_NUMBERS = [b"", b"+5", b"-5", b"1_0", b"5.", b" 5", "١٢".encode()]
_VERSIONS = [
    b"P2P-CI/1.0",
    b"P2P-CI/1.0 ",
    b"P2P-CI/1.1",
    b"P2P-CI/1.00",
    b"p2p-ci/1.0",
    b"HTTP/1.1",
    b"P2P-CI/1.0\r",
]
_HOSTS = [
    b"h",
    b"!~",
    b"h" * 255,
    b"h" * 256,
    b"",
    b"h\x7f",
    b"h\x80",
    b"h h",
    b"h\x00",
    b"h ",
    b" h",
    b"\th",
]
_PORTS = [
    b"1",
    b"65535",
    b"00005",
    b"0",
    b"65536",
    b"99999",
    b"000005",
    b"0000000005",
    b"",
    b"+5",
    b"5 ",
    b"\t5",
]
_TITLES = [
    b"",
    b"Seven",
    b"Seven  ",
    b"  Seven",
    b"Seven\t",
    b"a\tb",
    b"~" * 512,
    b"t" * 513,
    b"t" * 510 + b"    ",
]
_ODD_TITLES = [
    b"a\x7fb",
    b"a\x1bb",
    b"a\rb",
    "é".encode() * 512,
    "é".encode() * 513,
    b"\xff",
    "a\x85b\u2028c".encode(),
]


@st.composite
def border_requests(draw: st.DrawFn) -> bytes:
    """Draw a request in the canonical form, with some of its parts moved to a border or over it."""

    def part(usual: bytes, others: list[bytes]) -> bytes:
        return draw(st.just(usual) | st.just(usual) | st.sampled_from(others))

    line_end = part(b"\r\n", [b"\n", b"\r\r\n", b" \r\n", b""])
    version = part(b"P2P-CI/1.0", _VERSIONS)
    what = b"%b RFC %b" % (part(b"ADD", _METHODS), part(b"7", _NUMBERS + _ODD_NUMBERS))
    if draw(st.integers(0, 3)) == 0:
        what = part(b"LIST ALL", [b"LIST  ALL", b"LIST ALL 7", b"LIST"])
    return b"%b%b %b%bHost:%b%b\r\nPort: %b\r\n%b%b" % (
        part(b"", [b"\r\n", b"\n", b" ", b"\r"]),
        what,
        version,
        line_end,
        part(b" ", [b"", b"  ", b"\t"]),
        part(b"h", _HOSTS),
        part(b"5", _PORTS),
        part(
            b"",
            [
                b"Title: %b\r\n" % part(b"Seven", _TITLES + _ODD_TITLES),
                b"Title:\r\n",
                b"X: y\r\n",
                b"Port: 5\r\n",
            ],
        ),
        part(b"\r\n", [b"\n", b"", b" \r\n", b"\r\r\n"]),
    )
