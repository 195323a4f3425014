"""Index files in a folder: which of two counts, bad ones, and a new one in the place of the old."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pci.errors import LibraryError
from p2pci.library import Entry, Shelf
from p2pci.library.folder import Folder
from p2pci.library.listing import TEXT_NAME, XML_NAME, Listing
from tests.library.conftest import Restricted
from tests.library.indexes import text_index, xml_index
from tests.library.layouts import of_1992


@pytest.fixture
def listing(folder: Path) -> Listing:
    return Listing(Folder(folder))


def title(listing: Listing, number: int = 7) -> str:
    entry = listing.entry(number)
    return entry.title if entry else ""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def put(folder: Path, name: str, text: str, *, modified: float) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    os.utime(folder / name, (modified, modified))


def test_folder_without_index_files_lists_nothing(listing: Listing) -> None:
    assert title(listing) == ""
    listing.refresh()

    assert (listing.name, listing.problems, listing.entry(7)) == ("", [], None)


@pytest.mark.parametrize(
    "text_age,xml_age,counts", [(200, 100, TEXT_NAME), (100, 200, XML_NAME), (100, 100, XML_NAME)]
)
def test_newer_of_two_counts_and_of_the_same_age_the_xml(
    folder: Path, listing: Listing, text_age: float, xml_age: float, counts: str
) -> None:
    put(folder, TEXT_NAME, text_index({7: TEXT_NAME}), modified=text_age)
    put(folder, XML_NAME, xml_index({7: XML_NAME}), modified=xml_age)

    listing.refresh()

    assert (listing.name, title(listing), listing.problems) == (counts, counts, [])


def test_entries_follow_the_files(folder: Path, listing: Listing) -> None:
    seen = []
    steps: list[Callable[[], None]] = [
        lambda: put(folder, XML_NAME, xml_index({7: "Old"}), modified=100),
        lambda: put(folder, TEXT_NAME, text_index({7: "New"}), modified=200),
        lambda: put(folder, XML_NAME, xml_index({7: "Newer"}), modified=300),
        (folder / XML_NAME).unlink,
        (folder / TEXT_NAME).unlink,
    ]
    for step in steps:
        step()
        listing.refresh()
        seen.append((listing.name, title(listing)))

    assert seen == [(XML_NAME, "Old"), (TEXT_NAME, "New"), (XML_NAME, "Newer"), (TEXT_NAME, "New"), ("", "")]


def test_file_that_did_not_change_is_not_read_again(folder: Path, listing: Listing) -> None:
    for name in (TEXT_NAME, XML_NAME):
        text = {TEXT_NAME: text_index({7: "One"}), XML_NAME: xml_index({7: "One"})}[name]
        put(folder, name, text, modified=100)
        listing.refresh()
        put(folder, name, text.replace("One", "Two"), modified=100)
        listing.refresh()

        assert title(listing) == "One"
        (folder / name).unlink()


BROKEN = {
    "empty text": (TEXT_NAME, b""),
    "text of another kind": (TEXT_NAME, b"<html>404 Not Found</html>"),
    "binary text": (TEXT_NAME, bytes(range(256)) * 100),
    "empty XML": (XML_NAME, b""),
    "XML cut off": (XML_NAME, xml_index({7: "x"}).encode()[:-5]),
    "XML of another kind": (XML_NAME, b"<html></html>"),
    "XML with entities": (XML_NAME, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    "XML in the form of the text": (XML_NAME, text_index({7: "x"}).encode()),
}


@pytest.mark.parametrize("name,data", BROKEN.values(), ids=BROKEN)
def test_broken_index_is_left_out_in_words_and_the_documents_speak(
    folder: Path, shelf: Shelf, name: str, data: bytes
) -> None:
    (folder / name).write_bytes(data)
    (folder / "rfc7.txt").write_text(of_1992(7, "Own Title"))
    for _ in range(2):
        assert shelf.scan()[7].title == "Own Title"

        assert [str(error).partition(": ")[0] for error in shelf.unreadable] == [str(folder / name)]
        assert str(shelf.unreadable[0]).endswith(". Put a good one there, or remove it.")
    assert (shelf.listing.name, shelf.entry(7)) == ("", None)


def test_other_index_counts_where_the_newer_is_broken(folder: Path, shelf: Shelf) -> None:
    put(folder, TEXT_NAME, text_index({7: "Listed"}), modified=100)
    put(folder, XML_NAME, "<broken", modified=200)
    (folder / "rfc7.txt").write_text(of_1992(7, "Own Title"))

    assert shelf.scan()[7].title == "Listed"
    assert [error.path.name for error in shelf.unreadable] == [XML_NAME]


def test_too_large_a_file_is_not_read(folder: Path, listing: Listing) -> None:
    for name in (TEXT_NAME, XML_NAME):
        with (folder / name).open("wb") as file:
            file.truncate(64 * 1024 * 1024 + 1)

    listing.refresh()

    assert [error.path.name for error in listing.problems] == [XML_NAME, TEXT_NAME]
    assert all(
        "cannot be used: it is larger than 67108864 bytes. " in str(error) for error in listing.problems
    )


@pytest.mark.parametrize("name", [TEXT_NAME, XML_NAME])
def test_what_is_no_file_is_left_out(folder: Path, listing: Listing, name: str) -> None:
    for make in (Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")):
        make(folder / name)
        listing.refresh()

        assert [error.path.name for error in listing.problems] == [name]
        (folder / name).rename(folder / f"{name}.{len(names(folder))}")


def test_index_that_may_not_be_read_counts_once_it_may(public_folder: Path, restricted: Restricted) -> None:
    (public_folder / TEXT_NAME).write_text(text_index({7: "Listed"}))
    (public_folder / TEXT_NAME).chmod(0)

    said = restricted(
        """
with Shelf(folder) as shelf:
    shelf.scan()
    print(*shelf.unreadable)
""",
        public_folder,
    )

    assert said.startswith(f"{public_folder}/{TEXT_NAME}: cannot be read: permission is denied. ")


def test_entry_of_a_document_that_is_not_on_the_shelf(folder: Path, shelf: Shelf) -> None:
    (folder / XML_NAME).write_text(xml_index({7: "Seven"}))
    shelf.scan()

    assert shelf.entry(7) == Entry(7, title="Seven")
    assert shelf.entry(8) is None


def test_number_not_issued_leaves_a_document_its_own_title(folder: Path, shelf: Shelf) -> None:
    (folder / TEXT_NAME).write_text(text_index({8: "Eight"}) + "\n0007 Not Issued.\n")
    (folder / "rfc7.txt").write_text(of_1992(7, "Own Title"))

    assert shelf.scan()[7].title == "Own Title"


def test_new_index_takes_the_place_of_the_old_with_its_age(folder: Path, listing: Listing) -> None:
    (folder / TEXT_NAME).write_text("no index")
    assert listing.modified() is None

    path = listing.replace(text_index({7: "New"}).encode(), modified=1e9)
    listing.refresh()

    assert (path, title(listing), listing.modified()) == (folder / TEXT_NAME, "New", 1e9)
    assert names(folder) == [TEXT_NAME]


def test_what_is_no_index_replaces_none(folder: Path, listing: Listing) -> None:
    (folder / TEXT_NAME).write_text(text_index({7: "Old"}))

    with pytest.raises(
        LibraryError, match=r"rfc-index\.txt: cannot be replaced by what came: it has not one"
    ):
        listing.replace(b"<html></html>", modified=None)
    listing.refresh()

    assert (title(listing), names(folder)) == ("Old", [TEXT_NAME])


def test_folder_that_refuses_a_new_index_keeps_the_old(public_folder: Path, restricted: Restricted) -> None:
    (public_folder / TEXT_NAME).write_text(text_index({7: "Old"}))

    said = restricted(
        f"""
with Shelf(folder) as shelf:
    try:
        shelf.listing.replace({text_index({7: "New"}).encode()!r}, modified=None)
    except LibraryError as error:
        print(error)
""",
        public_folder,
    )

    assert said.startswith(f"{public_folder}/{TEXT_NAME}: cannot be saved: permission is denied. ")
    assert names(public_folder) == [TEXT_NAME]


def test_full_disk_leaves_neither_name_nor_leftover(public_folder: Path, restricted: Restricted) -> None:
    public_folder.chmod(0o777)

    said = restricted(
        f"""
with Shelf(folder) as shelf:
    try:
        shelf.listing.replace({text_index({7: "New"}).encode()!r} * 1000, modified=None)
    except LibraryError as error:
        print(error)
""",
        public_folder,
        max_file_bytes=10_000,
    )

    assert "rfc-index.txt: cannot be saved: files may not be that large. " in said
    assert names(public_folder) == []


def test_folder_in_the_place_of_the_index_is_an_error_in_words(folder: Path, listing: Listing) -> None:
    (folder / TEXT_NAME).mkdir()

    with pytest.raises(LibraryError, match=r"cannot be saved: "):
        listing.replace(text_index({7: "New"}).encode(), modified=None)
    assert names(folder) == [TEXT_NAME]
