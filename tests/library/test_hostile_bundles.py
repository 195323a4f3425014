"""Bundles from somebody who means ill, or through a network that does: verified documents, or words."""

import gzip
import io
import lzma
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from p2pci.errors import BundleError
from p2pci.library import Shelf
from p2pci.library.bundle import Fate, Import
from p2pci.library.bundle.importing import MAX_PASSED_OVER_BYTES
from p2pci.library.bundle.manifest import MAX_MANIFEST_BYTES
from tests.library.bundles import (
    DOCUMENTS,
    Change,
    bundle_of,
    documents_in,
    exported,
    fields,
    file_member,
    fill,
    imported,
    manifest,
    tar_of,
)
from tests.library.test_incoming import names

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

MIB = 1024 * 1024
GOOD = bundle_of(DOCUMENTS)


def as_type(kind: bytes, linkname: str = "") -> Change:
    def change(info: tarfile.TarInfo) -> None:
        info.type = kind
        info.linkname = linkname
        if not info.isreg():
            info.size = 0

    return change


HOSTILE = {
    "another path": file_member("../evil", b"x"),
    "absolute path": file_member("/tmp/evil", b"x"),
    "listed name, another way": file_member("./rfcs/rfc1.txt", DOCUMENTS[1]),
    "unlisted document": file_member("rfcs/rfc2.txt", b"x"),
    "listed twice": file_member("rfcs/rfc1.txt", DOCUMENTS[1]),
    "second list": file_member("manifest.json", b"{}"),
    "soft link": file_member("rfcs/rfc2.txt", b"", as_type(tarfile.SYMTYPE, "/etc/passwd")),
    "hard link": file_member("rfcs/rfc2.txt", b"", as_type(tarfile.LNKTYPE, "/etc/passwd")),
    "folder": file_member("rfcs", b"", as_type(tarfile.DIRTYPE)),
    "device": file_member("rfcs/rfc2.txt", b"", as_type(tarfile.CHRTYPE)),
    "block device": file_member("rfcs/rfc2.txt", b"", as_type(tarfile.BLKTYPE)),
    "fifo": file_member("rfcs/rfc2.txt", b"", as_type(tarfile.FIFOTYPE)),
    "contiguous file": file_member("rfcs/rfc2.txt", b"x", as_type(tarfile.CONTTYPE)),
    "sparse file": file_member("rfcs/rfc2.txt", b"x", as_type(tarfile.GNUTYPE_SPARSE)),
    "escape in the name": file_member("rfcs/\x1b[31m", b"x"),
}


@pytest.mark.parametrize("member", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("is_first", [False, True])
def test_what_the_list_does_not_name_ends_the_import(
    folder: Path, member: tuple[tarfile.TarInfo, bytes], *, is_first: bool
) -> None:
    before = {path: path.stat() for path in folder.parent.iterdir() if path != folder}
    if is_first:
        data = tar_of([member, *([member] if member[0].name == "manifest.json" else [])])
    else:
        data = bundle_of(DOCUMENTS, member)

    fates, error = imported(data, folder)

    assert isinstance(error, BundleError)
    assert str(error).startswith("b.tar: ")
    assert documents_in(folder) == ({} if is_first else DOCUMENTS)
    assert set(fates) == (set() if is_first else set(DOCUMENTS))
    assert names(folder) == sorted(f"rfc{number}.txt" for number in documents_in(folder))
    assert {path: path.stat() for path in folder.parent.iterdir() if path != folder} == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE])
def test_listed_name_must_be_a_plain_file(folder: Path, kind: bytes) -> None:
    listed = manifest([fields(7, b"")])
    link = file_member("rfcs/rfc7.txt", b"", as_type(kind, "/etc/passwd"))
    _, error = imported(tar_of([file_member("manifest.json", listed), link]), folder)

    assert "which is no plain file. Do not trust it" in str(error)
    assert names(folder) == []


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_extra_headers_are_refused_unread(folder: Path, form: int) -> None:
    """They could give a listed name another path or size, or be gigabytes themselves."""

    def long(info: tarfile.TarInfo) -> None:
        info.pax_headers = {"path": "../evil", "size": "5", "GNU.sparse.realsize": "99999999999"}
        info.linkname = "x" * 200

    members = [file_member("manifest.json", manifest([fields(7, b"Seven\n")]))]
    members.append(file_member("rfcs/rfc7.txt", b"Seven\n", long))
    fates, error = imported(tar_of(members, form=form), folder)

    assert isinstance(error, BundleError)
    assert (fates, names(folder)) == ({}, [])


LISTED = fields(7, b"Seven\n")
NO_LISTS = {
    "no JSON": b"{",
    "another JSON": b"[1]",
    "endless JSON": b"[" * 100_000,
    "large number": b'{"version":' + b"9" * 10_000 + b"}",
    "no UTF-8": b'{"format": "\xff"}',
    "another format": manifest([], format="tar"),
    "another version": manifest([], version=2),
    "no documents": manifest(None),
    "documents are none": manifest([1, "x"]),
    "number 0": manifest([fields(0, b"")]),
    "number beyond": manifest([fields(4_294_967_296, b"")]),
    "another name": manifest([LISTED | {"name": "rfcs/rfc8.txt"}]),
    "path as name": manifest([LISTED | {"name": "../rfc7.txt"}]),
    "negative size": manifest([LISTED | {"size": -1}]),
    "size true": manifest([LISTED | {"size": True}]),
    "short digest": manifest([LISTED | {"sha256": "00"}]),
    "digest in other digits": manifest([LISTED | {"sha256": "\u0660" * 64}]),
    "no digest": manifest([{key: value for key, value in LISTED.items() if key != "sha256"}]),
    "title is none": manifest([LISTED | {"title": None}]),
    "twice": manifest([LISTED, LISTED]),
    "far too large a document": manifest([LISTED | {"size": MAX_PASSED_OVER_BYTES + 1}]),
}


@pytest.mark.parametrize("listed", NO_LISTS.values(), ids=NO_LISTS)
def test_list_that_is_none_ends_the_import_before_it_begins(folder: Path, listed: bytes) -> None:
    members = [file_member("manifest.json", listed), file_member("rfcs/rfc7.txt", b"Seven\n")]
    fates, error = imported(tar_of(members), folder)

    assert isinstance(error, BundleError)
    assert str(error)[-1] == "."
    assert (fates, names(folder)) == ({}, [])


@pytest.mark.parametrize("number", [True, "7", 7.0, None])
def test_number_that_is_none_makes_no_name(folder: Path, number: object) -> None:
    name = f"rfcs/rfc{number}.txt"
    listed = manifest([LISTED | {"number": number, "name": name}])
    members = [file_member("manifest.json", listed), file_member(name, b"Seven\n")]

    assert isinstance(imported(tar_of(members), folder)[1], BundleError)
    assert names(folder) == []


def test_size_in_the_tar_must_be_that_of_the_list(folder: Path) -> None:
    for data in (b"Seve", b"Seven\n and more"):
        members = [file_member("manifest.json", manifest([LISTED])), file_member("rfcs/rfc7.txt", data)]
        assert isinstance(imported(tar_of(members), folder)[1], BundleError)
    assert names(folder) == []


def test_document_with_wrong_bytes_is_left_out_and_the_others_stay(folder: Path) -> None:
    data = GOOD.replace(b"Seven\n", b"Sewen\n", 1)

    fates, error = imported(data, folder)

    assert (fates[7], error) == (Fate.REFUSED, None)
    assert names(folder) == ["rfc1.txt", "rfc3457.txt", "rfc42.txt"]


def test_wrong_bytes_replace_nothing(folder: Path) -> None:
    fill(folder, {7: b"ours\n"})
    imported(GOOD.replace(b"Seven\n", b"Sewen\n", 1), folder, replaces=True)

    assert (folder / "rfc7.txt").read_bytes() == b"ours\n"
    assert not list(folder.glob("*.orig"))


def test_missing_documents_are_told(folder: Path) -> None:
    listed = manifest([fields(number, data) for number, data in DOCUMENTS.items()])
    _, error = imported(
        tar_of([file_member("manifest.json", listed), file_member("rfcs/rfc1.txt", b"One\n")]), folder
    )

    assert "documents of its list are missing" in str(error)
    assert names(folder) == ["rfc1.txt"]


def test_bundle_that_is_cut_off_anywhere_leaves_whole_documents(tmp_path: Path) -> None:
    for length in range(0, len(GOOD), 97):
        folder = tmp_path / str(length)
        folder.mkdir()
        _, error = imported(GOOD[:length], folder)
        kept = documents_in(folder)
        assert kept.items() <= DOCUMENTS.items()
        assert names(folder) == sorted(f"rfc{number}.txt" for number in kept)
        assert error is not None or kept == DOCUMENTS


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_compressed_bundle_that_is_cut_off_or_damaged_is_told(folder: Path, pack: object) -> None:
    assert callable(pack)
    data: bytes = pack(GOOD)
    for broken in (data[:8], data[: len(data) // 2], data[:100] + b"\xff" * 40 + data[140:]):
        _, error = imported(broken, folder)
        assert isinstance(error, BundleError)
        assert documents_in(folder).items() <= DOCUMENTS.items()


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("is_listed", [False, True])
def test_few_bytes_that_unpack_to_many_cost_no_memory(folder: Path, pack: object, *, is_listed: bool) -> None:
    """64 MiB of zeros as a document that is too large, or as one that nobody listed."""
    assert callable(pack)
    large = 64 * MIB
    listed = manifest([LISTED | {"size": large}] if is_listed else [])
    head = tar_of([file_member("manifest.json", listed)]).rstrip(b"\0")
    head += bytes(-len(head) % 512)
    info = tarfile.TarInfo("rfcs/rfc7.txt")
    info.size = large
    bomb = pack(head + info.tobuf(tarfile.USTAR_FORMAT) + bytes(large))
    assert len(bomb) < MIB

    tracemalloc.start()
    fates, error = imported(bomb, folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert isinstance(error, BundleError)
    assert (fates, names(folder)) == ({7: Fate.REFUSED} if is_listed else {}, [])
    assert peak < 16 * MIB  # xz keeps 8 MiB of what it unpacked


def test_list_that_is_too_long_is_not_read(folder: Path) -> None:
    info = tarfile.TarInfo("manifest.json")
    info.size = MAX_MANIFEST_BYTES + 1
    _, error = imported(info.tobuf(tarfile.USTAR_FORMAT), folder)

    assert "its list is too long to be one" in str(error)


def test_xz_that_wants_all_the_memory_is_refused(folder: Path) -> None:
    """As `xz --lzma2=dict=1GiB` would make it: the size stands in one byte, behind it its check sum."""
    data = lzma.compress(GOOD)
    block = data[12:16] + bytes([36]) + data[17:20]
    greedy = data[:12] + block + zlib.crc32(block).to_bytes(4, "little") + data[24:]
    assert lzma.decompress(greedy) == GOOD

    assert isinstance(imported(greedy, folder)[1], BundleError)
    assert names(folder) == []


def test_memory_does_not_grow_with_the_documents(tmp_path: Path) -> None:
    documents = {number: bytes([number]) * (8 * MIB) for number in range(1, 5)}
    (tmp_path / "b.tar").write_bytes(exported(fill(tmp_path / "from", documents)))
    tracemalloc.start()
    with (tmp_path / "b.tar").open("rb") as file, Shelf(tmp_path / "to") as shelf:
        assert len(list(Import(file, source="b.tar").run(shelf))) == 4
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * MIB


MUTATION = st.tuples(
    st.integers(0, len(GOOD) - 1), st.integers(0, 600), st.binary(max_size=600), st.booleans()
)


@settings(deadline=None, max_examples=300)
@given(mutations=st.lists(MUTATION, min_size=1, max_size=4), form=st.sampled_from(["", "gz", "xz"]))
def test_any_mutation_ends_in_verified_documents_or_an_error(
    mutations: list[tuple[int, int, bytes, bool]], form: str
) -> None:
    data = {"": bytes, "gz": gzip.compress, "xz": lzma.compress}[form](GOOD)  # type: ignore[operator]
    for start, length, by, is_overwriting in mutations:
        at = start % (len(data) or 1)
        data = data[:at] + by + data[at + (len(by) if is_overwriting else length) :]
    folder = Path(tempfile.mkdtemp())
    try:
        fates, error = imported(data, folder)
        kept = documents_in(folder)
        assert kept.items() <= DOCUMENTS.items()
        assert names(folder) == sorted(f"rfc{number}.txt" for number in kept)
        assert {number for number, fate in fates.items() if fate is Fate.ADDED} == set(kept)
        if error:
            assert str(error)[-1] == "."
        else:
            assert Fate.REFUSED in fates.values() or kept == DOCUMENTS
    finally:
        shutil.rmtree(folder)


def test_disk_that_is_full_is_an_error_and_leaves_whole_documents(folder: Path) -> None:
    """Files may not grow past 1 kB here, as if the disk were full then."""
    code = """
import sys
from pathlib import Path
from tests.library.bundles import imported
fates, error = imported(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]))
print(sorted(fates), error)
"""
    (folder.parent / "b.tar").write_bytes(GOOD)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder.parent / "b.tar"), str(folder)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    assert done.stdout.startswith("[1] ")
    assert f"{folder}: cannot be written to: files may not be that large. Raise" in done.stdout
    assert names(folder) == ["rfc1.txt"]


def test_bundle_may_come_one_byte_at_a_time(folder: Path) -> None:
    class Dripping(io.RawIOBase):
        def __init__(self) -> None:
            self._rest = GOOD

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            assert isinstance(buffer, memoryview)
            piece, self._rest = self._rest[:1], self._rest[1:]
            buffer[: len(piece)] = piece
            return len(piece)

    with Shelf(folder) as shelf:
        results = list(Import(io.BufferedReader(Dripping()), source="b.tar").run(shelf))
    assert len(results) == len(DOCUMENTS)
    assert documents_in(folder) == DOCUMENTS
