"""Documents on their way to the shelf."""

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from p2pci.errors import InvalidValueError, LibraryError
from p2pci.library import Shelf
from p2pci.library.readings import READINGS_NAME
from tests.library.conftest import Restricted
from tests.library.layouts import of_2011

DAY_SECONDS = 86_400


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != READINGS_NAME)


def test_document_has_its_name_only_when_it_is_whole(folder: Path, shelf: Shelf) -> None:
    text = of_2011(3457, "On Arrival").encode()

    with shelf.receive(3457) as incoming:
        incoming.write(text[:100])
        incoming.write(bytearray(text[100:]))
        incoming.write(memoryview(b""))
        assert not (folder / "rfc3457.txt").exists()
        assert 3457 not in shelf
        assert [name.startswith(".rfc3457.txt.") and name.endswith(".tmp") for name in names(folder)] == [
            True
        ]
        path = incoming.commit()

    assert path == folder / "rfc3457.txt"
    assert path.read_bytes() == text
    assert names(folder) == ["rfc3457.txt"]


def test_committed_document_is_on_the_shelf_without_a_scan(shelf: Shelf) -> None:
    with shelf.receive(3457) as incoming:
        incoming.write(of_2011(3457, "On Arrival").encode())
        incoming.commit()

    assert 3457 in shelf
    assert shelf.title(3457) == "On Arrival"
    assert shelf.scan()[3457].title == "On Arrival"


def test_empty_document_can_be_saved(folder: Path, shelf: Shelf) -> None:
    with shelf.receive(1) as incoming:
        incoming.commit()

    assert (folder / "rfc1.txt").read_bytes() == b""


def test_leaving_without_a_commit_leaves_nothing(folder: Path, shelf: Shelf) -> None:
    with suppress(KeyError), shelf.receive(1) as incoming:
        incoming.write(b"half")
        raise KeyError

    assert names(folder) == []


def test_discard_twice_is_discard_once_and_nothing_follows_it(folder: Path, shelf: Shelf) -> None:
    incoming = shelf.receive(1)
    incoming.discard()
    incoming.discard()

    for call in (lambda: incoming.write(b"more"), incoming.commit):
        with pytest.raises(ValueError, match="committed or discarded"):
            call()
    assert names(folder) == []


def test_discard_after_a_commit_leaves_the_document(folder: Path, shelf: Shelf) -> None:
    incoming = shelf.receive(1)
    incoming.write(b"One\n")
    incoming.commit()
    incoming.discard()

    with pytest.raises(ValueError, match="committed or discarded"):
        incoming.commit()
    assert (folder / "rfc1.txt").read_bytes() == b"One\n"


def test_older_copy_is_replaced_at_the_commit_and_not_before(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_text("Old\n")
    shelf.scan()

    with shelf.receive(1) as incoming:
        incoming.write(b"New and longer\n")
        assert (folder / "rfc1.txt").read_text() == "Old\n"
        assert shelf.title(1) == "Old"
        incoming.commit()

    assert (folder / "rfc1.txt").read_text() == "New and longer\n"
    assert shelf.title(1) == "New and longer"


def test_copy_in_another_spelling_keeps_its_name(folder: Path, shelf: Shelf) -> None:
    (folder / "RFC07.TXT").write_text("Old\n")
    shelf.scan()

    with shelf.receive(7) as incoming:
        incoming.write(b"New\n")
        assert incoming.commit() == folder / "RFC07.TXT"

    assert names(folder) == ["RFC07.TXT"]
    assert (folder / "RFC07.TXT").read_text() == "New\n"


def test_link_with_the_name_is_replaced_and_its_target_untouched(
    folder: Path, shelf: Shelf, tmp_path: Path
) -> None:
    (tmp_path / "target").write_text("target")
    (folder / "rfc7.txt").symlink_to(tmp_path / "target")

    with shelf.receive(7) as incoming:
        incoming.write(b"New\n")
        incoming.commit()

    assert (tmp_path / "target").read_text() == "target"
    assert not (folder / "rfc7.txt").is_symlink()


def test_folder_with_the_name_is_an_error_that_says_what_to_do(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").mkdir()

    with shelf.receive(7) as incoming:
        incoming.write(b"New\n")
        with pytest.raises(LibraryError, match=r"rfc7\.txt: cannot be saved: a folder has that name\. Move"):
            incoming.commit()

    assert names(folder) == ["rfc7.txt"]


def test_two_downloads_of_one_document_do_not_mix(folder: Path, shelf: Shelf) -> None:
    with shelf.receive(7) as first, shelf.receive(7) as second:
        first.write(b"first\n")
        second.write(b"second\n")
        second.commit()
        first.commit()

    assert names(folder) == ["rfc7.txt"]
    assert (folder / "rfc7.txt").read_bytes() == b"first\n"


def test_permissions_are_those_of_the_umask(folder: Path, shelf: Shelf) -> None:
    before = os.umask(0o027)
    try:
        with shelf.receive(7) as incoming:
            incoming.commit()
    finally:
        os.umask(before)

    assert (folder / "rfc7.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("number", [0, -1, 4_294_967_296])
def test_number_out_of_range_cannot_be_received(number: int, folder: Path, shelf: Shelf) -> None:
    with pytest.raises(InvalidValueError):
        shelf.receive(number)
    assert names(folder) == []


def test_full_disk_is_an_error_that_says_what_to_do_and_leaves_nothing(
    public_folder: Path, restricted: Restricted
) -> None:
    public_folder.chmod(0o777)

    said = restricted(
        """
with Shelf(folder) as shelf, shelf.receive(7) as incoming:
    incoming.write(b"x" * 900)
    try:
        incoming.write(b"x" * 900)
    except LibraryError as error:
        print(error)
""",
        public_folder,
        max_file_bytes=1000,
    )

    expected = f"{public_folder}/rfc7.txt: cannot be saved: files may not be that large. Raise the limit"
    assert said.startswith(expected)
    assert names(public_folder) == []


def test_folder_that_may_not_be_written_is_served_and_refuses_in_words(
    public_folder: Path, restricted: Restricted
) -> None:
    (public_folder / "rfc1.txt").write_text("One\n")
    public_folder.chmod(0o555)

    said = restricted(
        """
with Shelf(folder) as shelf:
    print(list(shelf.scan()))
    try:
        shelf.receive(7)
    except LibraryError as error:
        print(error)
""",
        public_folder,
    ).splitlines()

    assert said[0] == "[1]"
    assert said[1].startswith(f"{public_folder}/rfc7.txt: cannot be saved: permission is denied. Change")


def test_leftovers_older_than_a_day_are_deleted_when_the_shelf_is_opened(folder: Path) -> None:
    now = time.time()
    old = folder / ".rfc7.txt.0123456789abcdef.tmp"
    old_index = folder / ".rfc-index.txt.0123456789abcdef.tmp"
    young = folder / ".rfc8.txt.0123456789abcdef.tmp"
    others = [folder / ".rfc9.txt.tmp", folder / "rfc9.txt", folder / ".rfc9.txt.0123456789abcdef.tmp.txt"]
    for path in (old, old_index, young, *others):
        path.touch()
        os.utime(path, (now, now - DAY_SECONDS - 60))
    os.utime(young, (now, now - DAY_SECONDS + 60))

    with Shelf(folder) as shelf:
        assert list(shelf.scan()) == [9]

    assert names(folder) == sorted(path.name for path in (young, *others))


def test_names_that_are_received_are_names_that_are_cleaned_up(folder: Path) -> None:
    with Shelf(folder) as shelf:
        shelf.receive(4_294_967_295)  # as after a crash: neither committed nor discarded
    (leftover,) = folder.iterdir()
    os.utime(leftover, (0, 0))

    with Shelf(folder):
        assert names(folder) == []
