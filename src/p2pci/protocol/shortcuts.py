"""Patterns for requests as canonical clients send them, tried before the rules for speed alone.

What matches is read as the rules would read it; what does not goes the long way. May import `grammar`,
`messages` and `extensions`.
"""

from __future__ import annotations

import binascii
import re

from p2pci.protocol.extensions import PLAIN_GET, Copy, GetOptions, Options, encode_options
from p2pci.protocol.grammar import MAX_NUMBER

LOOKUP_START = b"LOOKUP RFC "
ADD_START = b"ADD RFC "
BLANK_LINE = b"\r\n\r\n"
# What stands in a key for the sender's lines: where nothing is told of copies, and where it may be.
PLAIN_MARK, COPY_MARK = b"\0", b"\1"

_COPY = rb"Size: [0-9]{1,15}\r\nRepr-Digest: sha-256=:[A-Za-z0-9+/]{43}=:\r\n"

# method, digits, sender, title, copy
match_request = re.compile(
    rb"(?:(ADD|LOOKUP) RFC ([0-9]{1,10})|LIST ALL) P2P-CI/1\.0\r\n"
    rb"(Host: [\x21-\x7e]{1,255}\r\nPort: [0-9]{1,5})\r\n"
    rb"(?:Title: ([\x20-\x7e]{0,512})\r\n(" + _COPY + rb")?)?\r\n"
).match

_GET = re.compile(
    rb"GET RFC ([0-9]{1,10}) P2P-CI/1\.0\r\n"
    rb"Host: [\x21-\x7e]{1,255}\r\n"
    rb"OS: [\x20-\x7e]{0,512}\r\n"
    rb"(Want-Repr-Digest: sha-256=1\r\n)?(Connection: keep-alive\r\n)?\r\n"
).match
# By whether the digest is wanted and whether more will come: as values, since each has its head.
_GET_OPTIONS = [
    [PLAIN_GET, GetOptions(keeps_alive=True)],
    [GetOptions(wants_digest=True), GetOptions(wants_digest=True, keeps_alive=True)],
]
_ADD_KEY = re.compile(
    rb"([0-9]{1,10})(?:\0|(\x01))([\x20-\x7e]{0,512})"
    rb"(?(2)(?:\r\nSize: ([0-9]{1,15})\r\nRepr-Digest: sha-256=:([A-Za-z0-9+/]{43}=):)?)"
).fullmatch


def read_get(data: bytes, position: int = 0) -> tuple[int, GetOptions, int] | None:
    """Read a canonical GET that begins at a position, whatever follows; None for others.

    Returns:
        Its number, its options, and where it ends.
    """
    found = _GET(data, position)
    if not found or not 0 < (number := int(found[1])) <= MAX_NUMBER:
        return None
    return number, _GET_OPTIONS[found[2] is not None][found[3] is not None], found.end()


def read_add_key(key: bytes) -> tuple[int, str, Copy | None] | None:
    """Read a key of `RequestReader.take_adds`: what is told of a document, from digits to the blank line.

    The sender's lines, which are the same in all of them, are a mark there: COPY_MARK where the feature
    digest is agreed, else PLAIN_MARK. None when it is of no canonical ADD.
    """
    found = _ADD_KEY(key)
    if not found or not 0 < (number := int(found[1])) <= MAX_NUMBER:
        return None
    copy = Copy(int(found[4]), binascii.a2b_base64(found[5])) if found[4] else None
    return number, found[3].decode().strip(" "), copy


def write_add_key(number: int, title: str, copy: Copy | None) -> bytes:
    """Write the key of an ADD as we send it."""
    if copy is None:
        return b"%d%b%b" % (number, PLAIN_MARK, title.encode())
    lines = encode_options(Options(copy=copy)).removesuffix(b"\r\n")
    return b"%d%b%b\r\n%b" % (number, COPY_MARK, title.encode(), lines)


def read_copy(lines: bytes) -> Copy:
    """Read the two lines about a copy that `match_request` found."""
    size, digest, _ = lines.split(b"\r\n")
    return Copy(int(size[len(b"Size: ") :]), binascii.a2b_base64(digest[len(b"Repr-Digest: sha-256=:") : -1]))
