"""What servers of a shared index write about themselves, as bytes; and read of others, trusting nothing.

Messages and editions are JSON; a peer's field is a line of JSON and the numbers of its editions, as
differences of 32 bits, compressed: half a byte a record. Whatever comes back is held to the grammar of the
wire and to bounds; InvalidValueError says that it is none of ours.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from operator import sub
from typing import Any, NamedTuple

from p2pci.errors import InvalidValueError
from p2pci.protocol.extensions import Copy
from p2pci.protocol.grammar import MAX_NUMBER, MAX_PORT, parse_host, parse_title

VERSION = 1
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
MAX_EDITION_BYTES = 8 * 1024
MAX_HELD = 4_000_000  # records of one peer
MAX_NAME_CHARACTERS = 100
_MAX_COPY_BYTES = 10**15 - 1  # fifteen digits, as on the wire
_MAX_SEQUENCE = 2**63
_WIDTH = 4


class Told(NamedTuple):
    """An edition as it is told to others: what a record has besides its holder."""

    number: int
    title: str
    copy: Copy | None


class Change(NamedTuple):
    """Editions that a peer holds now, or no longer, by their numbers."""

    serial: int
    host: str
    port: int
    added: Sequence[int]
    removed: Sequence[int]


class Changes(NamedTuple):
    """What changed on one server: new editions, what peers hold, peers that left, editions nobody holds."""

    editions: Mapping[int, Told]
    peers: Sequence[Change]
    left: Sequence[int]
    dropped: Sequence[int]


class Beat(NamedTuple):
    """Word that a server is there, with what it holds at this point of its messages."""

    digest: str


class Goodbye(NamedTuple):
    """Word that a server ends in order."""


class Again(NamedTuple):
    """A server asks another one to write all that it has anew: what is there is damaged."""

    whom: str


Content = Changes | Beat | Goodbye | Again


class Message(NamedTuple):
    """One message on the channel.

    Attributes:
        node: the name of the server that sent it.
        epoch: of that server.
        sequence: its own number for Changes, else that of the last Changes before it.
        content: what is told.
    """

    node: str
    epoch: str
    sequence: int
    content: Content


def encode_message(message: Message) -> bytes:
    kind, body = _plain_content(message.content)
    return _dump([VERSION, kind, message.node, message.epoch, message.sequence, *body])


def _plain_content(content: Content) -> tuple[str, list[Any]]:
    match content:
        case Changes(editions, peers, left, dropped):
            named = [[number, *_plain(told)] for number, told in editions.items()]
            return "changes", [named, peers, left, dropped]
        case Beat(digest):
            return "beat", [digest]
        case Goodbye():
            return "goodbye", []
        case Again(whom):
            return "again", [whom]


def decode_message(data: bytes) -> Message:
    if len(data) > MAX_MESSAGE_BYTES:
        raise InvalidValueError("A message is too long.")
    match _load(data):
        case [1, str(kind), str(node), str(epoch), sequence, *body]:
            check_name(node)
            check_name(epoch)
            return Message(node, epoch, _number(sequence, _MAX_SEQUENCE), _content(kind, body))
    raise InvalidValueError("A message has another form.")


def _content(kind: str, body: list[Any]) -> Content:
    match kind, body:
        case "changes", [list(editions), list(peers), list(left), list(dropped)]:
            named = dict(map(_numbered, editions))
            return Changes(named, list(map(_change, peers)), _numbers(left), _numbers(dropped))
        case "beat", [str(digest)]:
            return Beat(digest)
        case "goodbye", []:
            return Goodbye()
        case "again", [str(whom)]:
            return Again(whom)
    raise InvalidValueError("A message is of no kind that is known.")


def _numbered(value: Any) -> tuple[int, Told]:
    match value:
        case [number, *rest]:
            return _number(number, MAX_NUMBER), _told(rest)
    raise InvalidValueError("An edition has another form.")


def _change(value: Any) -> Change:
    match value:
        case [serial, host, port, list(added), list(removed)]:
            return Change(
                _number(serial, MAX_NUMBER), *_place(host, port), _numbers(added), _numbers(removed)
            )
    raise InvalidValueError("A change has another form.")


def encode_edition(told: Told) -> bytes:
    return _dump(_plain(told))


def decode_edition(data: bytes) -> Told:
    if len(data) > MAX_EDITION_BYTES:
        raise InvalidValueError("An edition is too long.")
    return _told(_load(data))


def _plain(told: Told) -> list[Any]:
    return [told.number, told.title, *((told.copy.size, told.copy.digest.hex()) if told.copy else ())]


def _told(value: Any) -> Told:
    match value:
        case [number, str(title)]:
            copy = None
        case [number, str(title), size, str(digest)] if len(digest) == 64:
            copy = Copy(_number(size, _MAX_COPY_BYTES), _hex(digest))
        case _:
            raise InvalidValueError("An edition has another form.")
    number = _number(number, MAX_NUMBER)
    if not number or title != title.strip(" \t"):
        raise InvalidValueError("An edition has a number or title that no ADD has.")
    return Told(number, parse_title(title.encode("utf-8", "surrogatepass")), copy)


def encode_peer(host: str, port: int, held: array[int]) -> bytes:
    """Write a peer and the numbers of its editions, which ascend."""
    steps = array("I", map(sub, held, array("I", [0]) + held[:-1]))
    if sys.byteorder == "big":
        steps.byteswap()
    return _dump([host, port]) + b"\n" + zlib.compress(steps.tobytes(), 1)


def decode_peer(data: bytes) -> tuple[str, int, array[int]]:
    """Read a peer: its host, its port, and the numbers of its editions."""
    line, _, packed = data[: MAX_HELD * _WIDTH].partition(b"\n")
    match _load(line[:1024]):
        case [host, port]:
            return *_place(host, port), _unpack(packed)
    raise InvalidValueError("A peer has another form.")


def _unpack(packed: bytes) -> array[int]:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, MAX_HELD * _WIDTH)
    except zlib.error as error:
        raise InvalidValueError("What a peer holds is damaged.") from error
    if unpacking.unconsumed_tail or not unpacking.eof or len(data) % _WIDTH:
        raise InvalidValueError("What a peer holds is damaged, or too much.")
    steps = array("I")
    steps.frombytes(data)
    if sys.byteorder == "big":
        steps.byteswap()
    try:
        return array("I", accumulate(steps))
    except OverflowError as error:
        raise InvalidValueError("What a peer holds has numbers that are too large.") from error


def check_name(name: str, *, kind: str = "server's name") -> str:
    """Let pass what may be a server's name, an epoch or a prefix: letters, digits and `. _ - : [ ]`.

    Raises:
        InvalidValueError: it is none.
    """
    fits = name.isascii() and name.translate(_NAME_SIGNS).isalnum()
    if not fits or len(name) > MAX_NAME_CHARACTERS:
        raise InvalidValueError(
            f"{name[:40]!r} is no {kind}. Give up to {MAX_NAME_CHARACTERS} letters, digits and ._-:[]."
        )
    return name


_NAME_SIGNS = {ord(sign): None for sign in "._-:[]"}


def _place(host: Any, port: Any) -> tuple[str, int]:
    if not isinstance(host, str) or not host.isascii() or not _number(port, MAX_PORT):
        raise InvalidValueError("A peer has no host and port.")
    return parse_host(host.encode()), port


def _number(value: Any, highest: int) -> int:
    if type(value) is int and 0 <= value <= highest:
        return value
    raise InvalidValueError("A number is none, or too large.")


def _numbers(values: list[Any]) -> array[int]:
    try:
        return array("I", values)
    except (TypeError, OverflowError) as error:
        raise InvalidValueError("A list of numbers has something else in it.") from error


def _hex(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise InvalidValueError("A digest is none.") from error


def _dump(value: Iterable[Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=list).encode()


def _load(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("What came is not JSON.") from error
