"""What is said in a measurement: made records, the requests about them, and their answers, as bytes.

The same peers and titles as in swarm.c, so that both can be mixed. Imports nothing of the benchmark.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LIST_ALL = b"LIST ALL P2P-CI/1.0\r\nHost: asker.lab\r\nPort: 1024\r\n\r\n"


class Exchange(NamedTuple):
    """A request and the answer that must come, byte for byte."""

    request: bytes
    answer: bytes


def port(peer: int) -> int:
    return 1024 + peer % 60000


def record(number: int, peer: int) -> str:
    """Write a record as its line in an answer, without the line end."""
    return f"RFC {number} Document number {number} of the made ones, measured peer{peer}.lab {port(peer)}"


def add(number: int, peer: int) -> bytes:
    return (
        f"ADD RFC {number} P2P-CI/1.0\r\nHost: peer{peer}.lab\r\nPort: {port(peer)}\r\n"
        f"Title: Document number {number} of the made ones, measured\r\n\r\n"
    ).encode()


def lookup(number: int) -> bytes:
    return f"LOOKUP RFC {number} P2P-CI/1.0\r\nHost: asker.lab\r\nPort: 1024\r\nTitle: \r\n\r\n".encode()


def get(number: int, *, host: str = "127.0.0.1", keeps_alive: bool = False) -> bytes:
    connection = "Connection: keep-alive\r\n" if keeps_alive else ""
    return f"GET RFC {number} P2P-CI/1.0\r\nHost: {host}\r\nOS: Linux\r\n{connection}\r\n".encode()


def found(records: Iterable[str]) -> bytes:
    """Write the answer that has these records."""
    lines = "".join(f"{record}\r\n" for record in records)
    return f"P2P-CI/1.0 200 OK\r\n\r\n{lines}\r\n".encode()


def adds(peers: range, numbers: range) -> Iterator[Exchange]:
    """Give the ADDs of peers, in turn, each of which adds these documents."""
    for number in numbers:
        for peer in peers:
            yield Exchange(add(number, peer), found([record(number, peer)]))


def write_exchanges(path: Path, exchanges: Iterable[Exchange]) -> Path:
    """Write the file that load.c reads."""
    with path.open("wb") as file:
        for request, answer in exchanges:
            file.write(struct.pack("=II", len(request), len(answer)) + request + answer)
    return path
