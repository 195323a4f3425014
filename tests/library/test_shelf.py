"""What is on a shelf."""

import os
import shutil
import socket
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from p2pci.errors import LibraryError, NotOnShelfError
from p2pci.library import Document, FileState, Shelf
from p2pci.protocol.extensions import Copy
from tests.library.conftest import Restricted
from tests.library.layouts import of_1992, of_2011

INDEX = """
0123 Listed Title. A. Example. May 1971. (Format: TXT)

0124 Other. A. Example. May 1971. (Format: TXT)
"""


def content(shelf: Shelf, number: int) -> bytes:
    with shelf.open(number) as document:
        return document.read(1 << 20)


def test_scan_gives_the_documents_ascending_with_what_is_known_of_them(folder: Path, shelf: Shelf) -> None:
    for number in (3457, 9, 123):
        (folder / f"rfc{number}.txt").write_text(of_2011(number, f"Title of {number}"))
    state = FileState.of((folder / "rfc9.txt").stat())
    digest = sha256((folder / "rfc9.txt").read_bytes()).digest()

    found = shelf.scan()

    assert list(found) == [9, 123, 3457]
    assert found[9] == Document(9, "rfc9.txt", state, "Title of 9", digest)
    assert found[9].copy == Copy(state.size, digest)
    assert shelf.title(3457) == "Title of 3457"


def test_missing_folder_is_made(tmp_path: Path) -> None:
    with Shelf(tmp_path / "new" / "rfcs") as shelf:
        assert shelf.scan() == {}
    assert (tmp_path / "new" / "rfcs").is_dir()


def test_file_in_place_of_the_folder_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "rfcs").write_text("a file")

    for path in (tmp_path / "rfcs", tmp_path / "rfcs" / "below"):
        with pytest.raises(
            LibraryError, match=r"cannot be used as the shelf: .* not a folder\. Choose another folder"
        ):
            Shelf(path)


def test_folder_that_may_not_be_made_or_read_is_an_error_that_says_what_to_do(
    public_folder: Path, restricted: Restricted
) -> None:
    locked = public_folder / "locked"
    locked.mkdir()
    locked.chmod(0)

    said = restricted(
        """
for path in (folder / "locked", folder / "locked" / "new"):
    try:
        Shelf(path)
    except LibraryError as error:
        print(error)
""",
        public_folder,
    )

    assert said.count("permission is denied. Change the permissions or choose another folder.") == 2


def test_only_regular_files_with_names_of_documents_are_on_the_shelf(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_text("A document\n")
    (folder / "rfc2.txt").mkdir()
    (folder / "rfc3.txt").symlink_to(folder / "rfc1.txt")
    (folder / "rfc4.txt").symlink_to("/etc/passwd")
    os.mkfifo(folder / "rfc5.txt")
    (folder / "notes.txt").write_text("Notes\n")
    (folder / ".rfc6.txt.0123456789abcdef.tmp").write_text("Half\n")
    (folder / "rfc7.txt").symlink_to("nowhere")

    assert list(shelf.scan()) == [1]
    assert shelf.unreadable == []
    for number in range(2, 8):
        assert number not in shelf
        with pytest.raises(NotOnShelfError):
            shelf.open(number)


def test_fifo_with_a_writer_is_not_read(folder: Path, shelf: Shelf) -> None:
    os.mkfifo(folder / "rfc5.txt")
    os.mkfifo(folder / "rfc-index.txt")
    both_ends = os.open(folder / "rfc5.txt", os.O_RDWR)
    try:
        assert shelf.scan() == {}
        with pytest.raises(NotOnShelfError, match="not a regular file"):
            shelf.open(5)
    finally:
        os.close(both_ends)


def test_socket_is_not_on_the_shelf(folder: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("rfc5.txt")

        assert shelf.scan() == {}
        with pytest.raises(NotOnShelfError):
            shelf.open(5)


def test_canonical_name_wins_over_other_spellings_and_the_smallest_over_the_rest(
    folder: Path, shelf: Shelf
) -> None:
    for name in ("rfc07.txt", "rfc7.txt", "RFC007.TXT", "rfc008.txt", "rfc08.txt"):
        (folder / name).write_text(f"{name}\n")

    found = shelf.scan()

    assert [document.name for document in found.values()] == ["rfc7.txt", "rfc008.txt"]
    assert content(shelf, 7) == b"rfc7.txt\n"
    assert content(shelf, 8) == b"rfc008.txt\n"


def test_link_with_the_canonical_name_hides_no_other_spelling(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").symlink_to("/etc/passwd")
    (folder / "RFC07.txt").write_text("Seven\n")

    assert shelf.scan()[7].name == "RFC07.txt"
    assert content(shelf, 7) == b"Seven\n"


def test_titles_come_from_the_index_file_where_it_has_them(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc-index.txt").write_text(INDEX)
    (folder / "rfc123.txt").write_text(of_1992(123, "Own Title"))
    (folder / "rfc125.txt").write_text(of_1992(125, "Own Title"))

    found = shelf.scan()

    assert {number: document.title for number, document in found.items()} == {
        123: "Listed Title",
        125: "Own Title",
    }


def test_titles_follow_the_index_file(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc123.txt").write_text(of_1992(123, "Own Title"))
    titles = [shelf.scan()[123].title]
    for text in (INDEX, INDEX.replace("Listed", "Corrected")):
        (folder / "rfc-index.txt").write_text(text)
        titles.append(shelf.scan()[123].title)
    (folder / "rfc-index.txt").unlink()
    titles.append(shelf.scan()[123].title)

    assert titles == ["Own Title", "Listed Title", "Corrected Title", "Own Title"]


def test_index_file_that_is_none_is_reported_and_the_documents_speak(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc-index.txt").mkdir()
    (folder / "rfc123.txt").write_text(of_1992(123, "Own Title"))

    assert shelf.scan()[123].title == "Own Title"
    assert [error.path.name for error in shelf.unreadable] == ["rfc-index.txt"]


def test_second_scan_reads_only_what_changed(folder: Path, shelf: Shelf) -> None:
    paths = [folder / f"rfc{number}.txt" for number in (1, 2, 3)]
    for path in paths:
        path.write_text("Title One\n")
        os.utime(path, (1e9, 1e9))
    shelf.scan()
    for path in paths:
        before = path.stat()
        path.write_text("Title Two\n")  # as long as before
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(paths[1], ns=(0, 1))
    (folder / "other").write_text("Title Two\n")
    os.utime(folder / "other", ns=(0, paths[2].stat().st_mtime_ns))
    (folder / "other").replace(paths[2])

    found = shelf.scan()

    assert {number: document.title for number, document in found.items()} == {
        1: "Title One",  # same size, time and inode: not read again
        2: "Title Two",
        3: "Title Two",
    }


def test_scan_forgets_what_is_gone(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_text("One\n")
    (folder / "rfc2.txt").write_text("Two\n")
    shelf.scan()
    (folder / "rfc1.txt").unlink()

    assert 1 not in shelf
    assert list(shelf.scan()) == [2]
    assert shelf.title(1) == ""


def test_result_of_a_scan_is_the_callers(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_text("One\n")
    shelf.scan().clear()

    assert shelf.title(1) == "One"


def test_files_may_come_and_go_while_the_folder_is_scanned(folder: Path, shelf: Shelf) -> None:
    stays = folder / "rfc1.txt"
    stays.write_text("Stays\n")
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            for number in range(2, 40):
                (folder / f"rfc{number}.txt").write_text("Comes\n")
            for number in range(2, 40):
                (folder / f"rfc{number}.txt").unlink()

    other = threading.Thread(target=churn)
    other.start()
    try:
        for _ in range(100):
            found = shelf.scan()
            assert found[1].title == "Stays"
            assert {document.title for document in found.values()} <= {"Stays", "Comes", ""}
            assert shelf.unreadable == []
    finally:
        done.set()
        other.join()


def test_scans_and_looks_of_several_threads_do_not_disturb_each_other(folder: Path, shelf: Shelf) -> None:
    for number in range(1, 301):
        (folder / f"rfc0{number}.txt").write_text("Title\n")
    seen: list[int] = []

    def scan_and_look() -> None:
        for _ in range(40):
            seen.append(len(shelf.scan()))
            assert 999 not in shelf  # which lists the folder beside the scans of the others

    threads = [threading.Thread(target=scan_and_look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [300] * (4 * 40)


def test_file_that_may_not_be_read_is_left_out_and_reported(
    public_folder: Path, restricted: Restricted
) -> None:
    (public_folder / "rfc1.txt").write_text("One\n")
    (public_folder / "rfc2.txt").write_text("Two\n")
    (public_folder / "rfc2.txt").chmod(0)

    said = restricted(
        """
with Shelf(folder) as shelf:
    print(list(shelf.scan()))
    print(*shelf.unreadable)
    try:
        shelf.open(2)
    except NotOnShelfError as error:
        print(error)
""",
        public_folder,
    ).splitlines()

    assert said[0] == "[1]"
    assert said[1].startswith(f"{public_folder}/rfc2.txt: cannot be read: permission is denied. ")
    assert "Permission denied. Put a readable, regular file in its place." in said[2]


def test_every_call_on_a_deleted_folder_is_a_library_error(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    shelf.scan()
    incoming = shelf.receive(8)
    shutil.rmtree(folder)

    calls = (shelf.scan, lambda: shelf.open(7), lambda: 7 in shelf, lambda: shelf.receive(8), incoming.commit)
    for call in calls:
        with pytest.raises(LibraryError, match="no longer there"):
            call()


def test_every_call_on_a_closed_shelf_is_a_library_error(folder: Path) -> None:
    shelf = Shelf(folder)
    shelf.close()
    shelf.close()

    for call in (shelf.scan, lambda: shelf.open(7), lambda: shelf.receive(8)):
        with pytest.raises(LibraryError, match="the shelf is closed"):
            call()


def test_shelf_of_a_relative_path_survives_a_change_of_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    with Shelf(Path("rfcs")) as shelf:
        monkeypatch.chdir("/")

        assert shelf.path == folder
        assert list(shelf.scan()) == [7]


def test_no_descriptor_is_left_open(folder: Path) -> None:
    (folder / "rfc7.txt").write_bytes(b"Seven\n")
    (folder / "rfc8.txt").mkdir()
    (folder / "rfc-index.txt").write_text(INDEX)

    def use() -> None:
        with Shelf(folder) as shelf:
            shelf.scan()
            shelf.scan()
            assert 7 in shelf
            assert 8 not in shelf
            shelf.receive(9).discard()
            with shelf.receive(10) as incoming:
                incoming.commit()

    use()
    with os.scandir("/dev/fd") as listing:
        before = len(list(listing))
    use()
    with os.scandir("/dev/fd") as listing:
        assert len(list(listing)) == before


def test_look_gives_the_states_of_what_a_scan_would_regard(folder: Path, shelf: Shelf) -> None:
    for name in ("rfc1.txt", "RFC02.TXT", "rfc-index.txt", "notes.txt", ".rfc3.txt.0123456789abcdef.tmp"):
        (folder / name).write_text("Text\n")
    (folder / "rfc4.txt").symlink_to("rfc1.txt")

    found = shelf.look()

    assert found == {
        name: FileState.of((folder / name).stat()) for name in ("rfc1.txt", "RFC02.TXT", "rfc-index.txt")
    }
    assert shelf.documents == {}


def test_what_is_left_alone_stays_as_it_was_known(folder: Path, shelf: Shelf) -> None:
    names = ("rfc1.txt", "rfc2.txt", "rfc3.txt", "rfc4.txt", "rfc-index.txt")
    for name in names[:3]:
        (folder / name).write_text("Old\n")
    known = shelf.scan()
    (folder / "rfc1.txt").write_text("Half of a new")
    (folder / "rfc2.txt").unlink()
    (folder / "rfc3.txt").write_text("New\n")
    (folder / "rfc4.txt").write_text("Half of anoth")
    (folder / "rfc-index.txt").write_text("0003 Half of an index. A. Writer. June 1990. (Status: UNKNOWN)\n")

    found = shelf.scan(left_alone={name for name in names if name != "rfc3.txt"})

    assert {number: document.title for number, document in found.items()} == {1: "Old", 2: "Old", 3: "New"}
    assert found[1] == known[1]
    assert shelf.documents == found
    assert {number: document.title for number, document in shelf.scan().items()} == {
        1: "Half of a new",
        3: "Half of an index",
        4: "Half of anoth",
    }


def test_better_name_that_is_left_alone_does_not_hide_the_document(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc07.txt").write_text("Seven\n")
    shelf.scan()
    (folder / "rfc7.txt").write_text("Sev")

    assert shelf.scan(left_alone={"rfc7.txt"})[7].name == "rfc07.txt"


def test_scan_goes_on_with_the_folder_that_took_the_place(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_text("One\n")
    shelf.scan()
    folder.rename(folder.with_name("old"))

    with pytest.raises(LibraryError, match="no longer there"):
        shelf.look()
    with pytest.raises(LibraryError, match="no longer there"):
        shelf.scan()
    assert shelf.documents == {}

    folder.mkdir()
    (folder / "rfc2.txt").write_text("Two\n")
    assert list(shelf.look()) == ["rfc2.txt"]
    assert list(shelf.scan()) == [2]
    assert 1 not in shelf
    with shelf.receive(3) as incoming:
        incoming.write(b"Three\n")
        incoming.commit()
    assert (folder / "rfc3.txt").read_text() == "Three\n"


def test_documents_are_the_callers_to_keep(folder: Path, shelf: Shelf) -> None:
    (folder / "rfc1.txt").write_text("One\n")
    shelf.scan()
    shelf.documents.clear()

    assert list(shelf.documents) == [1]
