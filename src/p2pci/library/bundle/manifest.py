"""The list that a bundle begins with: its documents with their sizes and digests, as JSON.

    {"format": "p2pci bundle", "version": 1, "documents": [
      {"number": 1, "name": "rfcs/rfc1.txt", "size": 21088, "sha256": "53e1…", "title": "Host Software"}]}

Imports its package's `archive`, its floor's `names`, and errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple, Self

from p2pci.errors import BundleError
from p2pci.library.bundle.archive import ArchiveReader
from p2pci.library.names import document_name

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
"""Ten times the list of all RFCs; JSON of so many bytes takes up to 400 MB once it is read."""

_FORMAT = "p2pci bundle"
_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Entry(NamedTuple):
    """A document of a bundle.

    Attributes:
        number: of the RFC.
        size: in bytes.
        digest: its SHA-256.
        title: for people who look into the list; nothing relies on it.
    """

    number: int
    size: int
    digest: bytes
    title: str

    @property
    def name(self) -> str:
        """Of its file in the bundle."""
        return f"rfcs/{document_name(self.number)}"

    @classmethod
    def restore(cls, fields: dict[str, object]) -> Self:
        """Make an entry of what a list says.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        number, size, digest, title = (fields[key] for key in ("number", "size", "sha256", "title"))
        # bool is a kind of int, and would be a part of a name.
        if type(number) is not int or type(size) is not int or size < 0 or not isinstance(title, str):
            raise ValueError("a number, size or title is none")
        if not (isinstance(digest, str) and _SHA256.fullmatch(digest)):
            raise ValueError("a sha256 is none")
        entry = cls(number, size, bytes.fromhex(digest), title)
        if fields["name"] != entry.name:
            raise ValueError("a name is not that of its number")
        return entry


def encode_manifest(entries: Iterable[Entry]) -> bytes:
    documents = [
        {
            "number": entry.number,
            "name": entry.name,
            "size": entry.size,
            "sha256": entry.digest.hex(),
            "title": entry.title,
        }
        for entry in entries
    ]
    # One document a line: people look into it, and compare two of them.
    lines = ",\n".join(json.dumps(document, ensure_ascii=False) for document in documents)
    return f'{{"format": "{_FORMAT}", "version": {_VERSION}, "documents": [\n{lines}\n]}}\n'.encode()


def decode_manifest(data: bytes, *, source: str) -> dict[int, Entry]:
    """Read a list: its entries by number, in its order.

    Raises:
        BundleError: it is none, or not one of ours.
    """
    damaged = BundleError(source, reason="its list is damaged, or is none. Export it again.")
    try:
        stored = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise damaged from error
    if not isinstance(stored, dict) or stored.get("format") != _FORMAT:
        raise damaged
    if stored.get("version") != _VERSION:
        raise BundleError(source, reason="its list is of another version. Update p2pci, here or there.")
    try:
        entries = [Entry.restore(fields) for fields in stored["documents"]]
    except (ValueError, TypeError, KeyError) as error:
        raise damaged from error
    by_number = {entry.number: entry for entry in entries}
    if len(by_number) != len(entries):
        raise BundleError(source, reason="its list names a document twice. Export it again.")
    return by_number


def read_manifest(archive: ArchiveReader) -> dict[int, Entry]:
    """Read the list at the beginning of a bundle.

    Raises:
        BundleError: it does not begin with one.
        LibraryError: the disk failed.
    """
    member = archive.next_member()
    if member is None or member.name != MANIFEST_NAME:
        raise BundleError(archive.source, reason=f"it is no bundle: {MANIFEST_NAME} does not come first.")
    if member.size > MAX_MANIFEST_BYTES:
        raise BundleError(archive.source, reason="its list is too long to be one. Export fewer documents.")
    return decode_manifest(archive.read(member.size), source=archive.source)


def read_earlier(file: BinaryIO, *, source: str) -> dict[int, bytes]:
    """Read what an earlier bundle, or its list alone, had: the digests by number.

    Raises:
        BundleError: it is neither.
        LibraryError: the disk failed.
    """
    archive = ArchiveReader(file, source=source)
    if archive.begins_with(b"{"):
        data = archive.read_rest(MAX_MANIFEST_BYTES)
        entries = decode_manifest(data, source=source)
    else:
        entries = read_manifest(archive)
    return {number: entry.digest for number, entry in entries.items()}
