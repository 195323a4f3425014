"""Bundles that are as they should be: written, read, and read again."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest

from p2pci.errors import BundleError, LibraryError
from p2pci.library import Shelf
from p2pci.library.bundle import Export, Fate, Import, hidden_until_whole, read_earlier
from p2pci.library.bundle.importing import BATCH_BYTES, IN_MEMORY_BYTES
from p2pci.library.folder import HAS_LOCKS
from tests.library.bundles import DOCUMENTS, bundle_of, documents_in, exported, fill, imported
from tests.library.layouts import of_2011

NAMES = ["b.tar", "b.tar.gz", "b.tgz", "b.tar.xz", "B.TAR.XZ"]


@pytest.mark.parametrize("name", NAMES)
def test_documents_arrive_as_they_were(tmp_path: Path, folder: Path, name: str) -> None:
    data = exported(fill(tmp_path / "from"), name=name)

    assert imported(data, folder) == (dict.fromkeys(DOCUMENTS, Fate.ADDED), None)
    assert documents_in(folder) == DOCUMENTS


@pytest.mark.parametrize("name", NAMES)
def test_bundle_is_a_tar_that_tar_unpacks(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(exported(fill(tmp_path / "from"), name=name))
    subprocess.run(["tar", "xf", name], cwd=tmp_path, check=True)

    assert documents_in(tmp_path / "rfcs") == DOCUMENTS


@pytest.mark.parametrize("name", NAMES)
def test_same_documents_make_the_same_bundle(tmp_path: Path, name: str) -> None:
    first, second = (fill(tmp_path / name) for name in ("first", "second"))
    for folder in (first, second):
        for path in folder.iterdir():
            os.utime(path, (1_000_000_000, 1_000_000_000))

    assert exported(first, name=name) == exported(second, name=name)


def test_members_are_sorted_by_number_and_keep_only_the_time(tmp_path: Path) -> None:
    folder = fill(tmp_path / "from")
    os.utime(folder / "rfc7.txt", (1_234_567_890.7, 1_234_567_890.7))
    os.utime(folder / "rfc42.txt", (-5, -5))
    (folder / "rfc1.txt").chmod(0o600)

    with tarfile.open(fileobj=io.BytesIO(exported(folder))) as archive:
        members = archive.getmembers()

    numbers = sorted(DOCUMENTS)
    assert [member.name for member in members] == ["manifest.json", *(f"rfcs/rfc{n}.txt" for n in numbers)]
    kinds = {(member.uid, member.gid, member.uname, member.gname, member.mode) for member in members}
    assert kinds == {(0, 0, "", "", 0o644)}
    times = {member.name: member.mtime for member in members}
    assert (times["rfcs/rfc7.txt"], times["rfcs/rfc42.txt"]) == (1_234_567_890, 0)


def test_list_tells_each_document(tmp_path: Path) -> None:
    text = of_2011(3457, "On Arrival — ü").encode()
    with tarfile.open(fileobj=io.BytesIO(exported(fill(tmp_path / "from", {3457: text})))) as archive:
        file = archive.extractfile("manifest.json")
        assert file
        stored = json.load(file)

    assert (stored["format"], stored["version"]) == ("p2pci bundle", 1)
    assert stored["documents"] == [
        {
            "number": 3457,
            "name": "rfcs/rfc3457.txt",
            "size": len(text),
            "sha256": hashlib.sha256(text).hexdigest(),
            "title": "On Arrival — ü",
        }
    ]


def test_names_in_a_bundle_are_canonical_whatever_the_files_are_called(tmp_path: Path, folder: Path) -> None:
    (fill(tmp_path / "from", {}) / "RFC07.TXT").write_bytes(b"Seven\n")

    assert imported(exported(tmp_path / "from"), folder)[0] == {7: Fate.ADDED}
    assert documents_in(folder) == {7: b"Seven\n"}


def test_bundle_that_others_put_together_in_another_order_is_taken(folder: Path) -> None:
    backwards = dict(sorted(DOCUMENTS.items(), reverse=True))
    assert imported(bundle_of(backwards), folder) == (dict.fromkeys(DOCUMENTS, Fate.ADDED), None)


def test_what_the_shelf_has_is_passed_over(tmp_path: Path, folder: Path) -> None:
    data = exported(fill(tmp_path / "from"))
    fill(folder, {1: DOCUMENTS[1]})
    before = (folder / "rfc1.txt").stat()

    fates, error = imported(data, folder)

    assert (fates.pop(1), set(fates.values()), error) == (Fate.PRESENT, {Fate.ADDED}, None)
    assert (folder / "rfc1.txt").stat() == before
    assert set(imported(data, folder)[0].values()) == {Fate.PRESENT}


def test_what_differs_stays_as_it_is(tmp_path: Path, folder: Path) -> None:
    data = exported(fill(tmp_path / "from"))
    fill(folder, {7: b"ours\n"})

    assert imported(data, folder)[0][7] is Fate.DIFFERENT
    assert documents_in(folder) == DOCUMENTS | {7: b"ours\n"}


def test_what_differs_is_replaced_when_asked_and_kept_beside(tmp_path: Path, folder: Path) -> None:
    data = exported(fill(tmp_path / "from"))
    fill(folder, {7: b"ours\n"})

    assert imported(data, folder, replaces=True)[0][7] is Fate.REPLACED
    assert documents_in(folder) == DOCUMENTS
    assert (folder / "rfc7.txt.orig").read_bytes() == b"ours\n"


def test_document_that_comes_while_the_bundle_is_taken_in_is_not_replaced(
    tmp_path: Path, folder: Path
) -> None:
    last = BATCH_BYTES // IN_MEMORY_BYTES + 1
    documents = {number: bytes([number]) * IN_MEMORY_BYTES for number in range(1, last + 1)}
    with Shelf(folder) as shelf:
        results = Import(io.BytesIO(bundle_of(documents)), source="b.tar").run(shelf)
        assert next(results).entry.number == 1
        fill(folder, {last: b"ours\n"})
        assert [result.fate for result in results][-2:] == [Fate.ADDED, Fate.DIFFERENT]

    assert documents_in(folder) == documents | {last: b"ours\n"}


@pytest.mark.parametrize("replaces", [False, True])
@pytest.mark.parametrize(
    "text,fate", [(b"ours\n", Fate.DIFFERENT), (bytes([1]) * IN_MEMORY_BYTES, Fate.PRESENT)]
)
def test_document_that_comes_while_the_same_waits_for_its_name_stays(
    folder: Path, text: bytes, fate: Fate, *, replaces: bool
) -> None:
    class Meanwhile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 2 * IN_MEMORY_BYTES and not documents_in(folder):
                assert len(list(folder.glob(".rfc*.tmp"))) >= 1
                fill(folder, {1: text})
            return super().read(size)

    documents = {number: bytes([number]) * IN_MEMORY_BYTES for number in (1, 2, 3)}
    with Shelf(folder) as shelf:
        bundle = Import(Meanwhile(bundle_of(documents)), source="b.tar")
        fates = [result.fate for result in bundle.run(shelf, replaces=replaces)]

    assert fates == [fate, Fate.ADDED, Fate.ADDED]
    assert documents_in(folder) == documents | {1: text}
    assert not list(folder.glob(".rfc*.tmp"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each file is synced by itself")
def test_many_documents_wait_for_the_disk_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)

    fates, _ = imported(bundle_of({number: b"%d" % number for number in range(1, 101)}), folder)

    assert set(fates.values()) == {Fate.ADDED}
    assert len(synced) == 1  # the folder, for its names


def test_document_that_is_too_large_is_left_out_and_the_others_are_taken(folder: Path) -> None:
    with Shelf(folder) as shelf:
        bundle = Import(io.BytesIO(bundle_of(DOCUMENTS)), source="b.tar", max_document_bytes=1799)
        results = {result.entry.number: result for result in bundle.run(shelf)}

    assert {number for number, result in results.items() if result.fate is Fate.REFUSED} == {7, 3457}
    assert results[7].reason.startswith("it has 1800 bytes, 1799 are allowed. ")
    assert documents_in(folder) == {number: DOCUMENTS[number] for number in (1, 42)}


@pytest.mark.parametrize("replaces", [False, True])
def test_what_has_the_name_and_is_no_document_stays_and_is_told(
    tmp_path: Path, folder: Path, *, replaces: bool
) -> None:
    data = exported(fill(tmp_path / "from"))
    (folder / "rfc1.txt").symlink_to(tmp_path / "elsewhere")
    (folder / "rfc7.txt").mkdir()

    fates, error = imported(data, folder, replaces=replaces)

    assert (fates[1], fates[7], fates[42], error) == (Fate.REFUSED, Fate.REFUSED, Fate.ADDED, None)
    assert (folder / "rfc1.txt").is_symlink()
    assert not (tmp_path / "elsewhere").exists()
    assert not list(folder.glob("*.orig"))


def test_after_an_import_the_shelf_knows_every_digest(tmp_path: Path, folder: Path) -> None:
    imported(exported(fill(tmp_path / "from")), folder)

    with Shelf(folder) as shelf, shelf.open(7) as document:
        assert document.digest == hashlib.sha256(DOCUMENTS[7]).digest()


@pytest.mark.parametrize("name", ["b.tar", "b.tar.xz"])
@pytest.mark.parametrize("is_list", [False, True])
def test_only_what_an_earlier_bundle_lacks_goes_in(tmp_path: Path, name: str, *, is_list: bool) -> None:
    folder = fill(tmp_path / "from")
    bundle = exported(folder, name=name)
    (tmp_path / name).write_bytes(bundle)
    subprocess.run(["tar", "xf", name], cwd=tmp_path, check=True)
    earlier = (tmp_path / "manifest.json").read_bytes() if is_list else bundle
    fill(folder, {7: b"Seven anew\n", 8: b"Eight\n"})

    later = exported(folder, earlier=read_earlier(io.BytesIO(earlier), source=name))

    assert imported(later, tmp_path / "to")[0] == {7: Fate.ADDED, 8: Fate.ADDED}


def test_nothing_new_is_a_bundle_without_documents(tmp_path: Path, folder: Path) -> None:
    source = fill(tmp_path / "from")
    earlier = read_earlier(io.BytesIO(exported(source)), source="b.tar")

    assert imported(exported(source, earlier=earlier), folder) == ({}, None)


def test_document_that_changed_since_the_scan_is_left_out_and_told(tmp_path: Path, folder: Path) -> None:
    source = fill(tmp_path / "from")
    with Shelf(source) as shelf:
        export = Export(shelf)
        (source / "rfc1.txt").write_bytes(b"One, and more of it\n")
        (source / "rfc7.txt").write_bytes(b"seven\n" * 300)
        (source / "rfc42.txt").unlink()
        file = io.BytesIO()
        export.write(file, name="b.tar")

    assert [error.path.name for error in export.left_out] == ["rfc1.txt", "rfc7.txt", "rfc42.txt"]
    assert "changed while it was read. Export it" in str(export.left_out[0])
    assert imported(file.getvalue(), folder) == ({3457: Fate.ADDED}, None)
    for number in (1, 7):
        (source / f"rfc{number}.txt").unlink()
    assert file.getvalue() == exported(source)


def test_bundle_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    path = tmp_path / "new" / "b.tar"
    with hidden_until_whole(path) as file:
        file.write(b"data")
        assert [entry.name.startswith(".b.tar.") for entry in path.parent.iterdir()] == [True]
    assert path.read_bytes() == b"data"

    with suppress(KeyError), hidden_until_whole(path) as file:
        file.write(b"half")
        raise KeyError
    assert [entry.name for entry in path.parent.iterdir()] == ["b.tar"]
    assert path.read_bytes() == b"data"


@pytest.mark.skipif(not HAS_LOCKS, reason="nothing tells there whether another program still writes it")
def test_what_a_killed_run_left_is_deleted_and_what_another_still_writes_is_not(tmp_path: Path) -> None:
    abandoned = [f".may.tar.xz.{7:016x}.tmp", f".{'long' * 49}.tar.{8:016x}.tmp"]
    others = [f".rfc7.txt.{7:016x}.tmp", ".may.tar.tmp", f"may.tar.{7:016x}.tmp"]
    for name in (*abandoned, *others):
        (tmp_path / name).touch()

    with hidden_until_whole(tmp_path / "june.tar"), hidden_until_whole(tmp_path / "july.tar"):
        pass

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "june.tar", "july.tar"])


def test_bundle_with_a_long_name_has_it(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 240}.tar"
    with hidden_until_whole(path):
        pass
    assert path.exists()


def test_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(LibraryError, match=r"new: there is no such folder\. Make it, or choose another\."),
        hidden_until_whole(tmp_path / "new" / "b.tar"),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_bundle_replaces_no_folder_or_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(LibraryError, match="no file that could be replaced"), hidden_until_whole(path):
            pass


def test_link_to_a_bundle_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    with hidden_until_whole(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_folder_that_may_not_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(LibraryError, match=r"cannot be written: it, or what is above it, is not a folder\."),
        hidden_until_whole(tmp_path / "file" / "b.tar"),
    ):
        pass


def test_earlier_bundle_may_be_no_bundle(tmp_path: Path) -> None:
    for data in (b"", b"{", b"{}", b"PK\3\4" * 500, bytes(1024)):
        with pytest.raises(BundleError):
            read_earlier(io.BytesIO(data), source="b.tar")
