"""What we send, to the byte, and what we refuse to send (P-1.3 to P-1.10, P-2.1 to P-2.12)."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from p2pci.errors import InvalidValueError, P2PCIError
from p2pci.protocol.answers import END, OK_HEAD, encode_error
from p2pci.protocol.grammar import (
    DEFAULT_PORT,
    Status,
    encode_host,
    encode_number,
    encode_port,
    encode_title,
    parse_host,
    parse_number,
    parse_port,
    parse_title,
)
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Record, Request, encode_record, encode_request

ENORMOUS = pytest.param(10**5000, id="enormous")  # more digits than int() or str() take
BAD_NUMBERS = [0, -1, 2**32, 10**10, ENORMOUS]
BAD_PORTS = [0, -1, 65536, ENORMOUS]
BAD_HOSTS = ["", " ", "a b", "a\tb", "a\r\nb", "a\n", "h" * 256, "\x7f", "\ud800", "é" * 64, "a..é", "é b"]
BAD_TITLES = [
    *["a\r\nHost: x", "a\nb", "a\rb", "a\tb", "a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\x9fb"],
    *["a\u2028b", "a\u2029b", "t" * 513, "é" * 513, "\ud800", "a\n", "\x0ca"],
]


def test_well_known_port() -> None:
    """B-1."""
    assert DEFAULT_PORT == 7734


def test_add() -> None:
    """P-1.3, P-1.4, P-1.6."""
    assert encode_request(Add(123, "Mac.lan", 63235, "A Proferred Official ICP")) == (
        b"ADD RFC 123 P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\nTitle: A Proferred Official ICP\r\n\r\n"
    )


def test_lookup_with_the_title() -> None:
    """P-1.8."""
    assert encode_request(Lookup(3457, "Mac.lan", 63235, "Requirements for IPsec")) == (
        b"LOOKUP RFC 3457 P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\nTitle: Requirements for IPsec\r\n\r\n"
    )


def test_lookup_without_a_title_keeps_the_blank_behind_the_colon() -> None:
    """P-1.8."""
    assert encode_request(Lookup(3457, "Mac.lan", 63235, "")) == (
        b"LOOKUP RFC 3457 P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\nTitle: \r\n\r\n"
    )


def test_list() -> None:
    """P-1.3: without a Title."""
    assert encode_request(ListAll("Mac.lan", 63235)) == (
        b"LIST ALL P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\n\r\n"
    )


def test_get() -> None:
    """P-1.3, P-1.5: without a Port."""
    assert encode_request(Get(3457, "Mac.lan", "Darwin 24.3.0")) == (
        b"GET RFC 3457 P2P-CI/1.0\r\nHost: Mac.lan\r\nOS: Darwin 24.3.0\r\n\r\n"
    )


@pytest.mark.parametrize(
    "host,wire",
    [
        ("Mac.lan", b"Mac.lan"),
        ("192.0.2.7", b"192.0.2.7"),
        ("2001:db8::7", b"2001:db8::7"),
        ("bücher.example", b"xn--bcher-kva.example"),
        ("h" * 255, b"h" * 255),
    ],
)
def test_hosts_that_we_send(host: str, wire: bytes) -> None:
    """P-1.10."""
    assert encode_host(host) == wire


def test_blanks_around_a_title_are_no_part_of_it() -> None:
    assert encode_title(" \tSeven  words ") == b"Seven  words"
    assert encode_title("é" * 512) == "é".encode() * 512


@pytest.mark.parametrize(
    "record,line",
    [
        (
            Record(123, "A Proferred Official ICP", "Mac.lan", 63235),
            b"RFC 123 A Proferred Official ICP Mac.lan 63235\r\n",
        ),
        (Record(7, "", "h", 5), b"RFC 7  h 5\r\n"),
        (Record(4294967295, "Größe", "::1", 65535), "RFC 4294967295 Größe ::1 65535\r\n".encode()),
    ],
)
def test_record_line(record: Record, line: bytes) -> None:
    """P-2.2; an empty title stands between two blanks (P-1.20)."""
    assert encode_record(record) == line


def test_answer_with_records() -> None:
    """P-2.1, P-2.8."""
    assert OK_HEAD + encode_record(Record(7, "Seven", "h", 5)) + END == (
        b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 Seven h 5\r\n\r\n"
    )


@pytest.mark.parametrize(
    "status,wire",
    [
        (Status.BAD_REQUEST, b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"),
        (Status.NOT_FOUND, b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n"),
        (Status.VERSION_NOT_SUPPORTED, b"P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n\r\n"),
    ],
)
def test_error_is_an_answer_of_zero_records(status: Status, wire: bytes) -> None:
    """P-2.8, P-2.11, P-2.12, A-17, A-18: three CRLF, for those who wait for them."""
    assert encode_error(status) == wire


def test_empty_answer_is_an_answer_of_zero_records() -> None:
    """P-2.12, A-17, A-18."""
    assert OK_HEAD + END == b"P2P-CI/1.0 200 OK\r\n\r\n\r\n"


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_bad_number_is_never_sent(number: int) -> None:
    """P-1.38."""
    for request in (Add(number, "h", 5, ""), Lookup(number, "h", 5, ""), Get(number, "h", "")):
        refuses(request)
    with pytest.raises(InvalidValueError):
        encode_record(Record(number, "Seven", "h", 5))


@pytest.mark.parametrize("port", BAD_PORTS)
def test_bad_port_is_never_sent(port: int) -> None:
    """P-1.37."""
    for request in (Add(7, "h", port, ""), Lookup(7, "h", port, ""), ListAll("h", port)):
        refuses(request)
    with pytest.raises(InvalidValueError):
        encode_record(Record(7, "Seven", "h", port))


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_bad_host_is_never_sent(host: str) -> None:
    """P-1.36."""
    for request in (Add(7, host, 5, ""), Lookup(7, host, 5, ""), ListAll(host, 5), Get(7, host, "")):
        refuses(request)
    with pytest.raises(InvalidValueError):
        encode_record(Record(7, "Seven", host, 5))


@pytest.mark.parametrize("title", BAD_TITLES)
def test_bad_title_or_os_is_never_sent(title: str) -> None:
    """P-1.39."""
    for request in (Add(7, "h", 5, title), Lookup(7, "h", 5, title), Get(7, "h", title)):
        refuses(request)
    with pytest.raises(InvalidValueError):
        encode_record(Record(7, title, "h", 5))


def refuses(request: Request) -> None:
    with pytest.raises(InvalidValueError) as caught:
        encode_request(request)
    assert isinstance(caught.value, P2PCIError)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 700


@given(st.integers(), st.text(max_size=300), st.integers(), st.text(max_size=600))
def test_what_may_not_be_sent_is_refused_with_one_error(
    number: int, host: str, port: int, title: str
) -> None:
    for request in (
        Add(number, host, port, title),
        Lookup(number, host, port, title),
        Get(number, host, title),
    ):
        try:
            wire = encode_request(request)
        except InvalidValueError:
            continue
        assert wire.endswith(b"\r\n\r\n")
        assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")


@given(st.binary(max_size=40))
def test_values_are_read_or_refused(value: bytes) -> None:
    for parse in (parse_number, parse_port, parse_host, parse_title):
        try:
            parse(value)
        except InvalidValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 - whether it is raised is up to the value


@given(st.text(max_size=40))
def test_values_that_are_written_are_read_the_same(text: str) -> None:
    for encode, parse in ((encode_host, parse_host), (encode_title, parse_title)):
        try:
            wire = encode(text)
        except InvalidValueError:
            continue
        assert encode(parse(wire)) == wire


def test_numbers_and_ports_are_plain_decimal() -> None:
    """P-1.6."""
    assert (encode_number(7), encode_number(2**32 - 1)) == (b"7", b"4294967295")
    assert (encode_port(1), encode_port(65535)) == (b"1", b"65535")
