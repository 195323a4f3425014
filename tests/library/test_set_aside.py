"""The present copy of a document, kept beside the one that replaces it."""

import os
from pathlib import Path

import pytest

from p2pci.errors import LibraryError
from p2pci.library import Shelf
from tests.library.conftest import Restricted
from tests.library.test_incoming import names


def replace(shelf: Shelf, number: int, data: bytes) -> None:
    with shelf.receive(number) as incoming:
        incoming.write(data)
        shelf.set_aside(number)
        incoming.commit()


def test_copy_is_kept_as_orig_and_has_its_name_until_the_commit(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Old\n")

    assert shelf.set_aside(7) == folder / "rfc7.txt.orig"
    assert (folder / "rfc7.txt").read_bytes() == b"Old\n"
    replace(shelf, 7, b"New\n")

    assert names(folder) == ["rfc7.txt", "rfc7.txt.orig"]
    assert (folder / "rfc7.txt").read_bytes() == b"New\n"
    assert (folder / "rfc7.txt.orig").read_bytes() == b"Old\n"


def test_copy_that_was_put_aside_before_a_crash_is_not_kept_twice(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Old\n")

    assert shelf.set_aside(7) == shelf.set_aside(7)
    assert names(folder) == ["rfc7.txt", "rfc7.txt.orig"]


def test_copies_that_were_put_aside_are_never_overwritten(folder: Path, shelf: Shelf) -> None:
    for data in (b"first\n", b"second\n", b"third\n", b"fourth\n"):
        replace(shelf, 7, data)

    kept = {path.name: path.read_bytes() for path in folder.glob("*.orig*")}
    assert kept == {"rfc7.txt.orig": b"first\n", "rfc7.txt.orig2": b"second\n", "rfc7.txt.orig3": b"third\n"}


def test_copy_in_another_spelling_is_kept_under_the_canonical_name(folder: Path, shelf: Shelf) -> None:
    (folder / "RFC07.TXT").write_bytes(b"Old\n")
    shelf.scan()
    replace(shelf, 7, b"New\n")

    assert names(folder) == ["RFC07.TXT", "rfc7.txt.orig"]


def test_what_is_put_aside_is_not_shared(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Old\n")
    shelf.set_aside(7)
    (folder / "rfc7.txt").unlink()

    assert shelf.scan() == {}
    assert 7 not in shelf


def test_nothing_is_put_aside_where_there_is_no_document(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").mkdir()
    (folder / "rfc8.txt").symlink_to("/etc/hosts")

    assert [shelf.set_aside(number) for number in (7, 8, 9)] == [None, None, None]
    assert not list(folder.glob("*.orig"))


def test_file_without_a_second_name_is_renamed_but_over_nothing(
    public_folder: Path, restricted: Restricted
) -> None:
    """The kernel gives files of others no second name, as FAT gives none at all."""
    guard = Path("/proc/sys/fs/protected_hardlinks")
    if os.geteuid() != 0 or not guard.exists() or guard.read_text().strip() != "1":
        pytest.skip("needs files of others, and a kernel that guards them")
    public_folder.chmod(0o777)
    (public_folder / "rfc7.txt").write_bytes(b"Old\n")
    (public_folder / "rfc7.txt.orig").write_bytes(b"Older\n")

    said = restricted("with Shelf(folder) as shelf:\n    print(shelf.set_aside(7).name)\n", public_folder)

    assert said == "rfc7.txt.orig2\n"
    kept = {path.name: path.read_bytes() for path in public_folder.iterdir()}
    assert kept == {"rfc7.txt.orig": b"Older\n", "rfc7.txt.orig2": b"Old\n"}


def test_folder_that_may_not_be_written_is_an_error_in_words(
    public_folder: Path, restricted: Restricted
) -> None:
    (public_folder / "rfc7.txt").write_bytes(b"Old\n")
    public_folder.chmod(0o555)
    code = """
with Shelf(folder) as shelf:
    try:
        shelf.set_aside(7)
    except LibraryError as error:
        print(error)
"""
    assert "rfc7.txt: cannot be put aside: permission is denied. Change" in restricted(code, public_folder)


def test_closed_shelf_puts_nothing_aside(folder: Path) -> None:
    with Shelf(folder) as shelf:
        replace(shelf, 7, b"Old\n")
    with pytest.raises(LibraryError):
        shelf.set_aside(7)
