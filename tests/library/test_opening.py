"""Documents opened by their number."""

import os
from pathlib import Path

import pytest

from p2pci.errors import LibraryError, NotOnShelfError
from p2pci.library import Shelf


def content(shelf: Shelf, number: int) -> bytes:
    with shelf.open(number) as document:
        return document.read(1 << 20)


def test_open_document_tells_size_and_time_and_is_read_in_pieces(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_bytes(b"0123456789")
    os.utime(folder / "rfc1.txt", (1_000_000_000.5, 1_000_000_000.5))

    with shelf.open(1) as document:
        assert (document.size, document.modified) == (10, 1_000_000_000.5)
        assert [document.read(4) for _ in range(4)] == [b"0123", b"4567", b"89", b""]
    with pytest.raises(ValueError, match="closed"):
        document.read(1)
    document.close()


def test_open_document_stays_readable_when_its_name_and_its_shelf_go(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_bytes(b"0123456789")
    with shelf.open(1) as document:
        (folder / "rfc1.txt").unlink()
        shelf.close()

        assert document.read(100) == b"0123456789"


def test_folder_is_looked_through_once_for_what_is_not_there(
    folder: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "rfc0007.txt").write_bytes(b"Seven\n")
    os.utime(folder, (1e9, 1e9))  # it has been at rest
    looks: list[int] = []
    scandir = os.scandir

    def look(descriptor: int) -> object:
        looks.append(descriptor)
        return scandir(descriptor)

    monkeypatch.setattr(os, "scandir", look)
    for number in range(100, 200):
        with pytest.raises(NotOnShelfError):
            shelf.open(number)
    assert content(shelf, 7) == b"Seven\n"
    assert len(looks) == 1
    (folder / "RFC150.TXT").write_bytes(b"New\n")
    assert content(shelf, 150) == b"New\n"
    assert content(shelf, 7) == b"Seven\n"


@pytest.mark.parametrize("name", ["rfc7.txt", "rfc0007.txt", "RFC7.TXT"])
def test_file_that_came_after_the_scan_is_served(name: str, folder: Path, shelf: Shelf) -> None:
    shelf.scan()
    (folder / name).write_bytes(b"Seven\n")

    assert 7 in shelf
    assert content(shelf, 7) == b"Seven\n"


def test_file_renamed_to_another_spelling_is_served(folder: Path, shelf: Shelf) -> None:
    (folder / "RFC7.TXT").write_bytes(b"Seven\n")
    shelf.scan()
    (folder / "RFC7.TXT").rename(folder / "rfc07.txt")

    assert content(shelf, 7) == b"Seven\n"


def test_link_put_in_place_of_a_known_document_is_not_followed(
    folder: Path, shelf: Shelf, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    shelf.scan()
    (folder / "rfc7.txt").unlink()
    (folder / "rfc7.txt").symlink_to(tmp_path / "secret")

    with pytest.raises(NotOnShelfError, match="is no document"):
        shelf.open(7)


@pytest.mark.parametrize("number", [0, -1, 8, 4_294_967_296, 10**30])
def test_number_that_nobody_has_is_not_on_the_shelf(number: int, folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    (folder / "rfc0.txt").write_bytes(b"Zero\n")
    (folder / "rfc4294967296.txt").write_bytes(b"Large\n")

    assert number not in shelf
    with pytest.raises(NotOnShelfError, match="no such document"):
        shelf.open(number)


@pytest.mark.parametrize("text", ["7", "../secret", "7.txt/../../secret", "/etc/passwd"])
def test_text_never_becomes_a_path(text: str, folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    (folder.parent / "secret").write_text("secret")

    assert text not in shelf
    with pytest.raises(TypeError):
        shelf.open(text)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        shelf.receive(text)  # type: ignore[arg-type]


def test_folder_put_at_the_place_of_the_shelf_is_not_served(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    shelf.scan()
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    (folder / "rfc7.txt").write_bytes(b"Another seven\n")
    (folder / "rfc8.txt").write_bytes(b"Eight\n")

    assert content(shelf, 7) == b"Seven\n"
    with pytest.raises(LibraryError, match="no longer there"):
        shelf.open(8)
