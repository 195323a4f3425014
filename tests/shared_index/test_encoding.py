"""What is written to Redis is read again, and whatever else is there is refused."""

from __future__ import annotations

import json
import zlib
from array import array
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from p2pci.errors import InvalidValueError
from p2pci.protocol.extensions import Copy
from p2pci.protocol.grammar import MAX_NUMBER
from p2pci.shared_index.encoding import (
    Again,
    Beat,
    Change,
    Changes,
    Goodbye,
    Message,
    Told,
    check_name,
    decode_edition,
    decode_message,
    decode_peer,
    encode_edition,
    encode_message,
    encode_peer,
)

ids = st.integers(0, MAX_NUMBER)
texts = st.text(st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40)
copies = st.none() | st.builds(Copy, st.integers(0, 10**15 - 1), st.binary(min_size=32, max_size=32))
told = st.builds(Told, st.integers(1, MAX_NUMBER), texts, copies)
hosts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)
arrays = st.lists(ids).map(lambda values: array("I", values))
change = st.builds(Change, ids, hosts, st.integers(1, 65535), arrays, arrays)
contents = st.one_of(
    st.builds(Changes, st.dictionaries(ids, told, max_size=5), st.lists(change, max_size=4), arrays, arrays),
    st.builds(Beat, texts),
    st.just(Goodbye()),
    st.builds(Again, texts),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@given(st.builds(Message, st.just("a:7734"), st.just("e.1"), st.integers(0, 2**63), contents))
def test_message_comes_back(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(told)
def test_edition_comes_back(edition: Told) -> None:
    assert decode_edition(encode_edition(edition)) == edition


@given(hosts, st.integers(1, 65535), st.sets(ids).map(lambda values: array("I", sorted(values))))
def test_peer_comes_back(host: str, port: int, held: array[int]) -> None:
    assert decode_peer(encode_peer(host, port, held)) == (host, port, held)


@settings(max_examples=50)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused(data: bytes) -> None:
    for decode in (decode_message, decode_edition, decode_peer):
        with pytest.raises(InvalidValueError):
            decode(data)


@settings(max_examples=30)
@given(st.sampled_from(["changes", "beat", "goodbye", "again"]), st.lists(JSON, max_size=5))
def test_body_of_another_form_is_refused_or_read(kind: str, body: list[object]) -> None:
    with suppress(InvalidValueError):
        decode_message(json.dumps([1, kind, "a", "e.1", 1, *body]).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[1,9" + b"9" * 5000 + b"]",
        b'[7,"a\\u0007b"]',
        b'[7,"' + b"x" * 513 + b'"]',
        b'[0,"x"]',
        b'[4294967296,"x"]',
        b'[7," x"]',
        b'[7,"\\ud800"]',
        b'[7,"x",1,"zz"]',
        b'[7,"x",-1,"' + b"0" * 64 + b'"]',
        b'[true,"x"]',
        b'[7,"' + b"x" * 9000 + b'"]',
    ],
)
def test_edition_that_no_add_has_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValueError):
        decode_edition(data)


@pytest.mark.parametrize(
    "line, packed",
    [
        (b'["h",5]', b"garbage"),
        (b'["h",5]', zlib.compress(b"\0" * 64_000_000)),
        (b'["h",5]', zlib.compress(b"\xff\xff\xff\xff" * 2)),
        (b'["h",5]', zlib.compress(b"\1\0\0\0")[:-3]),
        (b'["h",5]', zlib.compress(b"\1\0\0")),
        (b'["h h",5]', zlib.compress(b"")),
        (b'["h",0]', zlib.compress(b"")),
        (b'["h",65536]', zlib.compress(b"")),
        (b'["",5]', zlib.compress(b"")),
        (b'["\\u001b[31m",5]', zlib.compress(b"")),
    ],
)
def test_peer_that_no_add_has_is_refused(line: bytes, packed: bytes) -> None:
    with pytest.raises(InvalidValueError):
        decode_peer(line + b"\n" + packed)


@pytest.mark.parametrize("name", ["", "a b", "ä", "a/b", "a*", "x" * 101, "a\n"])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidValueError):
        check_name(name)
