"""What the property tests draw from: values that the protocol carries, and bytes near and far from it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from p2pci.protocol.extensions import PLAIN, PLAIN_GET, Copy, Feature, GetOptions, Options, Span
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Record, Remove, Request

numbers = st.integers(1, 2**32 - 1) | st.sampled_from([1, 2**31, 2**32 - 1])
ports = st.integers(1, 65535)
hosts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)

# Clause P-1.39, without the blanks around a title, which are no part of it.
titles = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"),
    max_size=60,
).map(lambda text: text.strip(" "))

plain = st.just(PLAIN)
adds = st.builds(Add, numbers, hosts, ports, titles, plain)
lookups = st.builds(Lookup, numbers, hosts, ports, titles, plain)
lists = st.builds(ListAll, hosts, ports, plain)
gets = st.builds(Get, numbers, hosts, titles, st.just(PLAIN_GET))
index_requests: st.SearchStrategy[Request] = adds | lookups | lists
records = st.builds(Record, numbers, titles, hosts, ports, st.none(), st.just(0))

# Section 5: what each method may ask for.
sizes = st.integers(0, 10**15 - 1)
copies = st.builds(Copy, sizes, st.binary(min_size=32, max_size=32))
features = st.frozensets(st.sampled_from(Feature))
counts = st.just(0) | numbers
of_add = st.builds(
    lambda features, copy, wants_probe: Options(features=features, copy=copy, wants_probe=wants_probe),
    features,
    st.none() | copies,
    st.booleans(),
)
of_lookup = st.builds(
    lambda features, wants_copies, holders: Options(
        features=features, wants_copies=wants_copies, holders=holders
    ),
    features,
    st.booleans(),
    counts,
)
of_list = st.builds(
    lambda options, first, limit: options._replace(first=first, limit=limit), of_lookup, counts, counts
)
spans = st.builds(Span, sizes, st.none()) | st.tuples(sizes, sizes).map(sorted).map(lambda ends: Span(*ends))
asking_requests: st.SearchStrategy[Request] = (
    st.builds(Add, numbers, hosts, ports, titles, of_add)
    | st.builds(Lookup, numbers, hosts, ports, titles, of_lookup)
    | st.builds(ListAll, hosts, ports, of_list)
    | st.builds(Remove, numbers, hosts, ports)
)
asking_gets = st.builds(
    Get, numbers, hosts, titles, st.builds(GetOptions, st.none() | spans, st.booleans(), st.booleans())
)
told_records = st.builds(Record, numbers, titles, hosts, ports, st.none() | copies, numbers)


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
        b"ADD",
        b"LIST",
        b"RFC",
        b"ALL",
        b"P2P-CI/1.0",
        b"P2P-CI/2.0",
        b"HTTP/1.1",
        b"ADD RFC 7 P2P-CI/1.0\r\n",
        b"LOOKUP RFC 7 P2P-CI/1.0\n",
        b"GET RFC 7 P2P-CI/1.0\r\n",
        b"Host: h\r\n",
        b"host:h\n",
        b"Port: 5\r\n",
        b"Port: x\r\n",
        b"Title: Seven\r\n",
        b"OS: Mac\r\n",
        b"X: y\r\n",
        b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n",
        b"GET RFC 7 P2P-CI/1.0\r\nHost: h\r\nOS: Mac\r\n\r\n",
        b"X: y\r\n" * 60,
        b"X: " + b"y" * 8190,
        b"x" * 8192,
    ]
)

answer_bytes = put_together(
    [
        *[b"\r\n", b"\n"] * 4,
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
        b"P2P-CI/1.0 200 OK\r\n",
        b"P2P-CI/1.0 404 Not Found\r\n",
        b"200\n",
        b"P2P-CI/",
        b"200",
        b"HTTP/1.1 200 OK\r\n",
        b"RFC 7 Seven h 5\r\n",
        b"RFC 7  h 5\n",
        b"RFC:7 Seven\th\t5\r\n",
        b"7 Seven h 5\r\n",
        b"X: y\r\n",
        b"Features: digest\n",
        b"X: y\r\n" * 64,
        b"x" * 8192,
    ]
)

document_bytes = put_together(
    [
        *[b"\r\n", b"\n"] * 3,
        b" ",
        b"\t",
        b"\r",
        b":",
        b"\x00",
        b"5",
        b"-",
        b"\xff",
        b"RFC 7",
        b"P2P-CI/1.0 200 OK\r\n",
        b"P2P-CI/1.0 404 Not Found\r\n",
        b"200\n",
        b"P2P-CI/",
        b"200",
        b"Content-Length: 5\r\n",
        b"CONTENT-LENGTH :0\n",
        b"content-length: ",
        b"Content-Type: text/text\r\n",
        b"X: y\n",
        b"x" * 8192,
        b"X: " + b"y" * 8162 + b"\r\n",
        b"x\n" * 4096,
    ]
)

# The parts of a canonical request: each as it is, and moved to a border of the rules or over it.
Parts = dict[str, tuple[bytes, list[bytes]]]

_LIST: Parts = {"words": (b"LIST ALL", [b"LIST  ALL", b"LIST ALL 7", b"LIST", b"LIST RFC 7"])}
_ADD: Parts = {"words": (b"ADD RFC", [b"ADD  RFC", b"add RFC", b"ADD rfc", b"ADD\tRFC", b"ADD"])}
_LOOKUP: Parts = {"words": (b"LOOKUP RFC", [b"LOOKUP ALL", b"GET RFC", b" LOOKUP RFC"])}
_NUMBER: Parts = {
    "number": (
        b" 7",
        [
            *[b" 1", b" 007", b" 4294967295", b" 0", b" 00", b" 4294967296", b" 9999999999", b" 0000000007"],
            *[b" 00000000007", b"", b" +5", b" -5", b" 1_0", b" 5.", b"  5", b"5", b" 7 8", " ١٢".encode()],
        ],
    )
}
_REST: Parts = {
    "version": (
        b" P2P-CI/1.0",
        [
            b" P2P-CI/1.1",
            b" P2P-CI/1.00",
            b" p2p-ci/1.0",
            b" HTTP/1.1",
            b"  P2P-CI/1.0",
            b" P2P-CI/1.0 ",
            b"",
        ],
    ),
    "first end": (b"\r\n", [b"\n", b"\r\r\n", b"\r", b""]),
    "host name": (b"Host: ", [b"Host:", b"host: ", b"Host:\t", b"Host : ", b"Hose: ", b" Host: "]),
    "host": (
        b"h",
        [
            *[b"!~", b"h" * 255, b"h" * 256, b"", b"h\x7f", b"h\x80", b"h h", b"h\x00"],
            *[b"h ", b" h", b"\th", b"h\r", "é".encode()],
        ],
    ),
    "port name": (b"\r\nPort: ", [b"\nPort: ", b"\r\nPORT:", b"\r\nPort:  ", b"\r\nX: y\r\nPort: "]),
    "port": (
        b"5",
        [
            *[b"1", b"65535", b"00005", b"0", b"00000", b"65536", b"99999", b"000005", b"0000000005"],
            *[b"00000000005", b"", b"+5", b"5 ", b"5\t", b"5 5", "١٢".encode()],
        ],
    ),
    "title name": (
        b"\r\nTitle: ",
        [
            b"\r\nTitle:",
            b"\nTitle: ",
            b"\r\ntitle: ",
            b"\r\nTitle:  ",
            b"\r\nPort: ",
            b"\r\nX: ",
            b"\r\n\r\n",
        ],
    ),
    "title": (
        b"Seven",
        [
            *[b"", b" ", b"Seven  ", b"  Seven", b"~" * 512, b"t" * 513, b"t" * 510 + b"    ", b" " * 513],
            *[b"Seven\t", b"a\tb", b"a\x7fb", b"a\x1bb", b"a\rb", b"\xff", b"a\xc2\x85b"],
            *["é".encode() * 512, "é".encode() * 513],
        ],
    ),
    "end": (b"\r\n\r\n", [b"\n\r\n", b"\r\n\n", b"\r\n", b"", b"\r\n \r\n", b"\r\n\r\r\n"]),
}
_BEFORE: Parts = {"before": (b"", [b"\r\n", b"\n", b" ", b"\r"])}
_FORMS = [_BEFORE | _ADD | _NUMBER | _REST, _BEFORE | _LOOKUP | _NUMBER | _REST, _BEFORE | _LIST | _REST]
_VALUES = {"number", "host", "port", "title"}


@st.composite
def border_requests(draw: st.DrawFn) -> bytes:
    """Draw a canonical request with some of its parts, or values alone, moved to a border or over it."""
    parts = draw(st.sampled_from(_FORMS))
    movable = sorted(draw(st.sampled_from([_VALUES & set(parts), set(parts)])))
    moved = draw(st.sets(st.sampled_from(movable), max_size=2))
    return b"".join(
        draw(st.sampled_from(others)) if name in moved else usual for name, (usual, others) in parts.items()
    )
