"""Documents kept in memory: the same bytes as the file's, or none."""

from __future__ import annotations

import os
from pathlib import Path

from p2pci.library import Shelf
from p2pci.protocol.extensions import PLAIN_GET
from p2pci.upload.heads import Facts
from p2pci.upload.kept import KeptDocuments

LONG_AGO = 1_000_000_000.0


def write(shelf: Shelf, number: int, data: bytes, *, modified: float = LONG_AGO) -> Path:
    path = shelf.path / f"rfc{number}.txt"
    path.write_bytes(data)
    os.utime(path, (modified, modified))
    return path


def keep(cache: KeptDocuments, shelf: Shelf, number: int) -> None:
    with shelf.open(number) as document:
        facts = Facts(document.size, document.modified, None)
        cache.keep(number, document, facts=facts, data=document.read(1000))


def kept_bytes(cache: KeptDocuments, number: int) -> bytes | None:
    kept = cache.get(number)
    return bytes(kept.data) if kept else None


def test_document_is_kept_while_its_file_is_the_same(shelf: Shelf) -> None:
    cache = KeptDocuments(shelf.state, max_bytes=1000)
    write(shelf, 7, b"seven")
    assert cache.get(7) is None
    keep(cache, shelf, 7)
    kept = cache.get(7)
    assert kept is not None
    assert (kept.facts, bytes(kept.data)) == (Facts(5, LONG_AGO, None), b"seven")
    assert b"Content-Length: 5\r\n" in kept.head_end(PLAIN_GET)


def test_changed_file_is_not_answered_from_memory(shelf: Shelf) -> None:
    cache = KeptDocuments(shelf.state, max_bytes=1000)
    path = write(shelf, 7, b"seven")
    keep(cache, shelf, 7)
    write(shelf, 7, b"SEVEN", modified=LONG_AGO + 1)
    assert cache.get(7) is None
    keep(cache, shelf, 7)
    assert kept_bytes(cache, 7) == b"SEVEN"
    path.unlink()
    assert cache.get(7) is None


def test_file_replaced_by_one_of_the_same_size_and_time_is_noticed(shelf: Shelf) -> None:
    cache = KeptDocuments(shelf.state, max_bytes=1000)
    path = write(shelf, 7, b"seven")
    keep(cache, shelf, 7)
    write(shelf, 8, b"SEVEN").rename(path)
    assert cache.get(7) is None


def test_file_changed_just_now_is_not_kept(shelf: Shelf) -> None:
    """It may change once more without a change of its time, which has a grain."""
    cache = KeptDocuments(shelf.state, max_bytes=1000)
    (shelf.path / "rfc7.txt").write_bytes(b"seven")
    keep(cache, shelf, 7)
    assert cache.get(7) is None


def test_part_of_a_document_is_not_kept(shelf: Shelf) -> None:
    cache = KeptDocuments(shelf.state, max_bytes=10_000)
    write(shelf, 7, b"x" * 1001)
    keep(cache, shelf, 7)
    assert cache.get(7) is None


def test_oldest_documents_make_room(shelf: Shelf) -> None:
    cache = KeptDocuments(shelf.state, max_bytes=10)
    for number in (1, 2, 3):
        write(shelf, number, b"%d%d%d%d" % (number, number, number, number))
        keep(cache, shelf, number)
    assert [kept_bytes(cache, number) for number in (1, 2, 3)] == [None, b"2222", b"3333"]
    write(shelf, 4, b"more than ten")
    keep(cache, shelf, 4)
    assert [kept_bytes(cache, number) for number in (2, 3, 4)] == [b"2222", b"3333", None]


def test_document_under_another_spelling_is_kept_too(shelf: Shelf) -> None:
    cache = KeptDocuments(shelf.state, max_bytes=1000)
    (shelf.path / "RFC0007.TXT").write_bytes(b"seven")
    os.utime(shelf.path / "RFC0007.TXT", (LONG_AGO, LONG_AGO))
    shelf.scan()
    keep(cache, shelf, 7)
    assert kept_bytes(cache, 7) == b"seven"
