"""Titles and digests kept from one run to the next: right, or read again."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from p2pci.library import Shelf
from p2pci.library.readings import READINGS_NAME
from tests.library.indexes import text_index

LONG_AGO = 1_000_000_000


def write(path: Path, text: str, *, modified: float = LONG_AGO) -> Path:
    path.write_text(text)
    os.utime(path, (modified, modified))
    return path


def scanned(folder: Path, *, spare: Path | None = None) -> dict[int, tuple[str, bytes]]:
    """Give titles and digests as a shelf finds them that is opened anew."""
    with Shelf(folder, spare=spare) as shelf:
        return {number: (document.title, document.digest) for number, document in shelf.scan().items()}


def expected(title: str) -> tuple[str, bytes]:
    return title, sha256(f"{title}\n".encode()).digest()


def change_unseen(path: Path, text: str) -> None:
    """Write other bytes of the same length, and keep size, time and inode."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def unwritable(folder: Path) -> Path:
    """A folder in which nothing can be made, not even by root: a folder has the name."""
    (folder / READINGS_NAME).mkdir()
    return folder


def test_file_that_has_not_changed_is_not_read_again(folder: Path) -> None:
    path = write(folder / "rfc7.txt", "Title One\n")
    assert scanned(folder) == {7: expected("Title One")}
    change_unseen(path, "Title Two\n")
    assert scanned(folder) == {7: expected("Title One")}  # or it was read
    write(path, "Title Two\n", modified=LONG_AGO + 1)
    assert scanned(folder) == {7: expected("Title Two")}


def test_title_is_read_only_when_no_index_has_one(folder: Path) -> None:
    path = write(folder / "rfc7.txt", "Title One\n")
    write(folder / "rfc-index.txt", text_index({7: "Listed"}))
    digest = expected("Title One")[1]
    assert scanned(folder) == {7: ("Listed", digest)}
    change_unseen(path, "Title Two\n")
    (folder / "rfc-index.txt").unlink()
    assert scanned(folder) == {7: ("Title Two", digest)}  # or the title was read before


def test_file_changed_just_now_is_read_again(folder: Path) -> None:
    path = folder / "rfc7.txt"
    path.write_text("Title One\n")
    assert scanned(folder) == {7: expected("Title One")}
    change_unseen(path, "Title Two\n")
    assert scanned(folder) == {7: expected("Title Two")}


def test_downloaded_file_is_not_read_at_all(folder: Path) -> None:
    with Shelf(folder) as shelf:
        shelf.scan()
        with shelf.receive(7) as incoming:
            incoming.write(b"Title ")
            incoming.write(b"One\n")
            incoming.commit()
        assert shelf.title(7) == "Title One"
        with shelf.open(7) as document:
            assert document.digest == expected("Title One")[1]
        change_unseen(folder / "rfc7.txt", "Title Two\n")
        assert shelf.scan()[7].title == "Title One"
    assert scanned(folder) == {7: expected("Title One")}


def test_what_left_the_folder_is_forgotten(folder: Path) -> None:
    write(folder / "rfc7.txt", "Seven\n")
    write(folder / "rfc8.txt", "Eight\n")
    scanned(folder)
    (folder / "rfc7.txt").unlink()
    scanned(folder)
    assert list(json.loads((folder / READINGS_NAME).read_text())["files"]) == ["rfc8.txt"]


def test_folder_that_cannot_be_written_has_its_readings_elsewhere(unwritable: Path, tmp_path: Path) -> None:
    spare = tmp_path / "spare" / "here"
    path = write(unwritable / "rfc7.txt", "Title One\n")
    assert scanned(unwritable, spare=spare) == {7: expected("Title One")}
    change_unseen(path, "Title Two\n")
    assert scanned(unwritable, spare=spare) == {7: expected("Title One")}
    assert len(list(spare.iterdir())) == 1
    assert scanned(unwritable) == {7: expected("Title Two")}
    other = tmp_path / "other"
    other.mkdir()
    write(other / "rfc7.txt", "Title One\n")
    scanned(other, spare=spare)  # which has its own
    assert len(list(spare.iterdir())) == 1


def test_nowhere_to_keep_them_is_no_error(unwritable: Path, tmp_path: Path) -> None:
    write(unwritable / "rfc7.txt", "Seven\n")
    write(tmp_path / "file", "no folder")
    for spare in (None, tmp_path / "file"):
        assert scanned(unwritable, spare=spare) == {7: expected("Seven")}


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 2, "files": {"rfc7.txt": [6, 1, 1, "Wrong", "00"]}}',
        '{"version": 1}',
        '{"version": 1, "files": []}',
        '{"version": 1, "files": {"rfc7.txt": []}}',
        '{"version": 1, "files": {"rfc7.txt": [SIZE, TIME, INODE, "Wrong", "00"]}}',
        '{"version": 1, "files": {"rfc7.txt": [SIZE, TIME, INODE, "Wrong", "zz"]}}',
        '{"version": 1, "files": {"rfc7.txt": [SIZE, TIME, null, "Wrong", "00"]}}',
        "[" * 100_000,
    ],
)
def test_what_is_not_understood_is_read_anew(folder: Path, stored: str) -> None:
    state = write(folder / "rfc7.txt", "Seven\n").stat()
    facts = {"SIZE": state.st_size, "TIME": state.st_mtime_ns, "INODE": state.st_ino}
    for name, value in facts.items():
        stored = stored.replace(name, str(value))
    (folder / READINGS_NAME).write_text(stored)
    assert scanned(folder) == {7: expected("Seven")}


def test_readings_that_are_a_link_are_not_followed(folder: Path, tmp_path: Path) -> None:
    write(folder / "rfc7.txt", "Title One\n")
    scanned(folder)
    (folder / READINGS_NAME).rename(tmp_path / "elsewhere")
    (folder / READINGS_NAME).symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    change_unseen(folder / "rfc7.txt", "Title Two\n")
    assert scanned(folder) == {7: expected("Title Two")}
    assert (tmp_path / "elsewhere").read_bytes() == before
