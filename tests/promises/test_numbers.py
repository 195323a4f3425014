"""Row 4: a number is ASCII digits and nothing else, whatever int() takes."""

from __future__ import annotations

from tests.promises.running import Served
from tests.server.wire_client import BAD_REQUEST, add, lookup
from tests.upload.caller import get

NO_NUMBERS = (
    *("1_000", "+5", "-1", "0x7", "0b1", "١٢", "１２", "²", "7.0", "1e3", "7L", "0", "000", "", "７"),  # noqa: RUF001 - that is what they are
    *(
        "4294967296",
        "00000000007",
        "18446744073709551617",
        "9" * 5000,
        "7\u00a0",
        "\u200b7",
        "--7",
        "7,",
        "NaN",
    ),
)
PORTS = (*NO_NUMBERS, "65536", "99999", "100000")


def test_number_that_is_none_is_400(index: Served) -> None:
    client = index.peer()
    for number in NO_NUMBERS:
        for request in (add(7), lookup(7)):
            wrong = request.replace(b"RFC 7 ", b"RFC %b " % number.encode())
            assert index.says_all(wrong) == BAD_REQUEST, number
        index.is_good_to(client)
    assert index.records() == []


def test_port_that_is_none_is_400(index: Served) -> None:
    for port in PORTS:
        for request in (add(7), lookup(7)):
            wrong = request.replace(b"Port: 5", b"Port: %b" % port.encode())
            assert index.says_all(wrong) == BAD_REQUEST, port
    assert index.records() == []


def test_number_of_a_document_that_is_none_is_400(holder: Served) -> None:
    for number in NO_NUMBERS:
        wrong = get(7).replace(b"RFC 7 ", b"RFC %b " % number.encode())
        assert holder.says_all(wrong) == b"P2P-CI/1.0 400 Bad Request\r\n\r\n", number
