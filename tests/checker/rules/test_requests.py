"""What is not as written in a request is found, and nothing else."""

from __future__ import annotations

import pytest

from p2pci.checker.cases import Level
from p2pci.checker.messages import SeenRequest
from p2pci.checker.reading import read_request
from p2pci.checker.rules import lint_request

ADD = b"ADD RFC 123 P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\nTitle: A Proferred Official ICP\r\n\r\n"
LOOKUP = b"LOOKUP RFC 3457 P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\nTitle: \r\n\r\n"
LIST = b"LIST ALL P2P-CI/1.0\r\nHost: Mac.lan\r\nPort: 63235\r\n\r\n"
GET = b"GET RFC 3457 P2P-CI/1.0\r\nHost: Mac.lan\r\nOS: Darwin 24.3.0\r\n\r\n"


def read(data: bytes) -> SeenRequest:
    found = read_request(data, is_over=True)
    assert found
    return found[0]


@pytest.mark.parametrize(
    "request_bytes",
    [
        ADD,
        LOOKUP,
        LIST,
        GET,
        ADD.replace(b"\r\n\r\n", b"\r\nFeatures: pipeline, digest\r\n\r\n"),
        ADD.replace(b"Mac.lan", b"2001:db8::7"),
        LIST.replace(b"LIST ALL", b"REMOVE RFC 7"),
        LIST.replace(b"Port: 63235\r\n", b"Port: 63235\r\nPort: 63235\r\n"),
    ],
    ids=["add", "lookup", "list", "get", "features", "ipv6", "remove", "twice"],
)
def test_request_as_written_has_no_lapse(request_bytes: bytes) -> None:
    assert list(lint_request(read(request_bytes))) == []


@pytest.mark.parametrize(
    "request_bytes,clause,level,expected,received",
    [
        (b"EXIT\r\n\r\n", "P-1.3", Level.MUST, b"ADD, LOOKUP, LIST or GET", b"EXIT"),
        (
            ADD.replace(b"RFC ", b"RFC"),
            "P-1.3",
            Level.MUST,
            b"ADD RFC 1 P2P-CI/1.0\r\n",
            b"ADD RFC123 P2P-CI/1.0\r\n",
        ),
        (
            GET.replace(b"1.0", b"1.1"),
            "P-1.3",
            Level.MUST,
            b"GET RFC 3457 P2P-CI/1.0\r\n",
            b"GET RFC 3457 P2P-CI/1.1\r\n",
        ),
        (
            LIST.replace(b"LIST", b"list"),
            "P-1.3",
            Level.MUST,
            b"LIST ALL P2P-CI/1.0\r\n",
            b"list ALL P2P-CI/1.0\r\n",
        ),
        (LIST.replace(b"\r\n\r\n", b"\r\nhello\r\n\r\n"), "P-1.3", Level.MUST, b"Name: value", b"hello"),
        (
            LOOKUP.replace(b"Title: \r\n", b""),
            "B-14",
            Level.MUST,
            b"Title: ...\r\n",
            LOOKUP.replace(b"Title: \r\n", b""),
        ),
        (
            GET.replace(b"OS: Darwin 24.3.0\r\n", b""),
            "B-12",
            Level.MUST,
            b"OS: ...\r\n",
            GET.replace(b"OS: Darwin 24.3.0\r\n", b""),
        ),
        (LIST.replace(b"Host", b"HOST"), "P-1.4", Level.SHOULD, b"Host:", b"HOST:"),
        (
            b"LIST ALL P2P-CI/1.0\r\nPort: 63235\r\nHost: Mac.lan\r\n\r\n",
            "P-1.4",
            Level.SHOULD,
            b"Host, Port",
            b"Port, Host",
        ),
        (LIST.replace(b"63235", b"99999"), "P-1.5", Level.MUST, b"Port: 63235", b"Port: 99999"),
        (GET.replace(b"Darwin 24.3.0", b""), "P-1.5", Level.SHOULD, b"OS: Linux 6.1", b"OS: "),
        (ADD.replace(b" 123", b" 0123"), "P-1.6", Level.INFO, b"123", b"0123"),
        (LIST.replace(b"Host: ", b"Host:"), "P-1.6", Level.INFO, b"Host: Mac.lan", b"Host:Mac.lan"),
        (
            LIST.replace(b"LIST ", b"LIST  "),
            "P-1.6",
            Level.INFO,
            b"LIST ALL P2P-CI/1.0",
            b"LIST  ALL P2P-CI/1.0",
        ),
        (GET.replace(b"3457", b"0"), "P-1.38", Level.INFO, b"1 to 4294967295", b"0"),
        (LIST.replace(b"Mac.lan", b"[::1]"), "P-1.10", Level.INFO, b"Host: 192.0.2.7", b"Host: [::1]"),
        (LIST.replace(b"Mac.lan", b"m:80"), "P-1.10", Level.INFO, b"Host: 192.0.2.7", b"Host: m:80"),
        (LIST.replace(b"Mac.lan", b""), "P-1.10", Level.INFO, b"Host: 192.0.2.7", b"Host: "),
        (LOOKUP.replace(b"Title: ", b"Title: \xff"), "P-1.39", Level.INFO, b"Title: ...", b"Title: \xff"),
        (
            LIST.replace(b"ALL P2P-CI/1.0\r\n", b"ALL P2P-CI/1.0\n"),
            "B-15",
            Level.MUST,
            b"LIST ALL P2P-CI/1.0\r\n",
            b"LIST ALL P2P-CI/1.0\n",
        ),
        (LIST[:-2], "B-15", Level.MUST, LIST, LIST[:-2]),
    ],
)
def test_lapse_is_found_and_nothing_else(
    request_bytes: bytes, clause: str, level: Level, expected: bytes, received: bytes
) -> None:
    lapses = list(lint_request(read(request_bytes)))
    assert [(lapse.clause, lapse.level, lapse.expected, lapse.received) for lapse in lapses] == [
        (clause, level, expected, received)
    ]
    assert lapses[0].what


@pytest.mark.parametrize(
    "data", [b"\x00\xff \x80 \r\n", b"GET\r\n", b": \r\n\r\n", b" " * 50 + b"x", b"ADD RFC \xb2 P"]
)
def test_garbage_is_linted_without_an_error(data: bytes) -> None:
    assert list(lint_request(read(data)))
