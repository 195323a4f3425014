"""Bundles for tests: good ones from a shelf, and others put together by hand."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from p2pci.errors import P2PCIError
from p2pci.library import Shelf
from p2pci.library.bundle import Export, Fate, Import

DOCUMENTS = {1: b"One\n", 7: b"Seven\n" * 300, 42: b"", 3457: bytes(range(256)) * 8}

Change = Callable[[tarfile.TarInfo], None]


def fill(folder: Path, documents: Mapping[int, bytes] = DOCUMENTS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in documents.items():
        (folder / f"rfc{number}.txt").write_bytes(data)
    return folder


def documents_in(folder: Path) -> dict[int, bytes]:
    """What a folder has under the final names of documents."""
    return {int(path.name[3:-4]): path.read_bytes() for path in folder.glob("rfc*.txt")}


def exported(folder: Path, *, name: str = "b.tar", earlier: Mapping[int, bytes] | None = None) -> bytes:
    file = io.BytesIO()
    with Shelf(folder) as shelf:
        Export(shelf, earlier=earlier).write(file, name=name)
    return file.getvalue()


def imported(
    data: bytes, folder: Path, *, replaces: bool = False, max_document_bytes: int = 1 << 20
) -> tuple[dict[int, Fate], P2PCIError | None]:
    """What became of each document, and the error that ended it, if one did."""
    fates: dict[int, Fate] = {}
    with Shelf(folder) as shelf:
        try:
            bundle = Import(io.BytesIO(data), source="b.tar", max_document_bytes=max_document_bytes)
            for result in bundle.run(shelf, replaces=replaces):
                fates[result.entry.number] = result.fate
        except P2PCIError as error:
            return fates, error
    return fates, None


def fields(number: int, data: bytes, **changes: object) -> dict[str, object]:
    """A document as the list has it."""
    digest = hashlib.sha256(data).hexdigest()
    entry = {
        "number": number,
        "name": f"rfcs/rfc{number}.txt",
        "size": len(data),
        "sha256": digest,
        "title": "",
    }
    return entry | changes


def manifest(documents: object, **changes: object) -> bytes:
    return json.dumps({"format": "p2pci bundle", "version": 1, "documents": documents} | changes).encode()


def file_member(name: str, data: bytes, change: Change | None = None) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    if change:
        change(info)
    return info, data


def tar_of(members: Iterable[tuple[tarfile.TarInfo, bytes]], *, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar as Python's own module writes it, in a form that may have extra headers."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return file.getvalue()


def bundle_of(documents: Mapping[int, bytes], *extra: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A good bundle put together by hand, with more members at its end."""
    listed = manifest([fields(number, data) for number, data in documents.items()])
    good = [file_member(f"rfcs/rfc{number}.txt", data) for number, data in documents.items()]
    return tar_of([file_member("manifest.json", listed), *good, *extra])
