"""Answers learned by asking once, and checked: an order of records that is no promise is taken as it comes.

Imports `programs`, `wording` and `load`.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from bench.load import LOOPBACK
from bench.programs import BenchError
from bench.wording import Exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWER_SECONDS = 60.0
_BATCH = 100


def learn(port: int, expected: Sequence[Exchange]) -> list[Exchange]:
    """Ask everything once, and give the answers with their lines in the order in which they came.

    Args:
        port: of a server on this machine, which answers several requests in one segment.
        expected: requests, with answers that have the right lines in any order.

    Raises:
        BenchError: an answer has other lines.
    """
    learned: list[Exchange] = []
    with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as connection:
        for first in range(0, len(expected), _BATCH):
            batch = expected[first : first + _BATCH]
            connection.sendall(b"".join(exchange.request for exchange in batch))
            learned += [
                _check(exchange, read_exactly(connection, len(exchange.answer))) for exchange in batch
            ]
    return learned


def _check(expected: Exchange, answer: bytes) -> Exchange:
    if sorted(answer.split(b"\r\n")) != sorted(expected.answer.split(b"\r\n")):
        raise BenchError(f"{expected.request!r} was answered {answer[:300]!r}, not {expected.answer[:300]!r}")
    return Exchange(expected.request, answer)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes.

    Raises:
        BenchError: the connection ended, or nothing came for too long.
    """
    answer = bytearray()
    while len(answer) < size:
        try:
            data = connection.recv(min(size - len(answer), 1 << 20))
        except TimeoutError:
            data = b""
        if not data:
            raise BenchError(f"{size} bytes were to come, and {len(answer)} came: {bytes(answer[:300])!r}")
        answer += data
    return bytes(answer)


def request_all(port: int, requests: Sequence[bytes], *, answer_bytes: int) -> bytes:
    """Send requests on a connection of their own, and read so many bytes of answers."""
    with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(b"".join(requests))
        return read_exactly(connection, answer_bytes)
