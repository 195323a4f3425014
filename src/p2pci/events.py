"""What the running parts tell whoever watches them: plain values, no text, no I/O.

Every part takes a `watch` callable for what happens now and then, and a `trace` for what happens at every
message. The faces in `cli/` turn these values into lines. `address` is the other end of a connection,
(host, port). Imports `errors` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from p2pci.errors import LibraryError

Address = tuple[str, int]
Servers = tuple[Address, ...]  # index servers that answer as one, or the only one


class Role(Enum):
    """Which of its conversations a part speaks of: serving an index or uploads, or asking them.

    UPKEEP is what a peer tells the index beyond 1.0 of what it has registered already: its copies of the
    documents, and the question whether others can reach it.
    """

    INDEX = auto()
    UPLOAD = auto()
    CLIENT = auto()
    UPKEEP = auto()
    DOWNLOAD = auto()


class Received(NamedTuple):
    """One message, or a part of one, as it came in; of documents the head alone."""

    role: Role
    address: Address
    data: bytes


class Sent(NamedTuple):
    """One message, or a part of one, as it went out; of documents the head alone."""

    role: Role
    address: Address
    data: bytes


class Connected(NamedTuple):
    """A connection was accepted."""

    address: Address


class AcceptingPaused(NamedTuple):
    """This process is nearly out of descriptors with so many connections: newcomers wait in the kernel."""

    connections: int


class AcceptingResumed(NamedTuple):
    """There are descriptors for newcomers again."""

    connections: int


class TurnedAway(NamedTuple):
    """A newcomer was told that there are too many already (clause P-4.15).

    `place` is the address, or in IPv6 the network of 64 bits, that has its share; "" when all are too many.
    """

    place: str


class Joined(NamedTuple):
    """A peer entered the index with its first valid ADD; `host` as published (clause P-4.7)."""

    host: str
    port: int


class Added(NamedTuple):
    """A record was added to the index, or given another title; not: its holder told of its copy."""

    number: int
    host: str


class Removed(NamedTuple):
    """A record was taken out of the index; its peer stays."""

    number: int
    host: str


class Left(NamedTuple):
    """A peer's connection ended; `records` of its records are gone."""

    host: str
    port: int
    records: int


class Uploaded(NamedTuple):
    """A document of `size` bytes went out whole."""

    address: Address
    number: int
    size: int


class MoreUploaded(NamedTuple):
    """So many more documents went out whole within a second, of `size` bytes together."""

    documents: int
    size: int


class Downloading(NamedTuple):
    """A download begins to connect to a holder."""

    number: int
    host: str
    port: int


class Progress(NamedTuple):
    """`done` of `size` bytes of a document have arrived."""

    number: int
    done: int
    size: int


class Downloaded(NamedTuple):
    """A document arrived whole and has its final name.

    Attributes:
        number: the RFC.
        path: of the file.
        size: in bytes.
        digest: its SHA-256.
        is_verified: whether that is what was announced; False when nobody announced any.
    """

    number: int
    path: Path
    size: int
    digest: bytes
    is_verified: bool


class NotDownloaded(NamedTuple):
    """A download of a peer ended without the document; whoever asked for it is told the same."""

    number: int
    reason: str


class SourceFailed(NamedTuple):
    """A holder did not deliver; the next one is tried, if there is one."""

    number: int
    host: str
    port: int
    reason: str


class SourceLeftOut(NamedTuple):
    """A holder lied or failed too often; a mirror takes nothing more from it."""

    host: str
    port: int
    reason: str


class Disagreement(NamedTuple):
    """The holders of a document announced different bytes.

    Attributes:
        number: the RFC.
        votes: each SHA-256 with the number of hosts that announced it, most first.
        taken: the SHA-256 that the document must have.
    """

    number: int
    votes: tuple[tuple[bytes, int], ...]
    taken: bytes | None


class LeftOut(NamedTuple):
    """A file on the shelf is not shared; the error says why."""

    error: LibraryError


class UploadListening(NamedTuple):
    """The upload server of a peer listens on `port`."""

    port: int


class Advertised(NamedTuple):
    """Host and port that a peer asks to be published under."""

    host: str
    port: int


class Registering(NamedTuple):
    """A document of the shelf is about to be registered; `position` counts from 1 to `total`."""

    number: int
    title: str
    position: int
    total: int


class NotRegistered(NamedTuple):
    """The index did not take a document; the others are registered all the same."""

    number: int
    reason: str


class Registered(NamedTuple):
    """The shelf is registered, `documents` of them."""

    documents: int


class Unregistering(NamedTuple):
    """A document that has left the shelf is about to be unregistered; `position` counts from 1 to `total`."""

    number: int
    position: int
    total: int


class Unregistered(NamedTuple):
    """So many documents that have left the shelf are registered no longer."""

    documents: int


class Rejoining(NamedTuple):
    """The index knows no REMOVE, so the peer leaves it and joins again without what has left the shelf."""


class FolderTrouble(NamedTuple):
    """The shelf's folder is gone or cannot be read: nothing of it is registered until it is back."""

    error: LibraryError


class FolderBack(NamedTuple):
    """The shelf's folder can be read again."""


class WatchingFailed(NamedTuple):
    """The system does not tell of changes in the folder; they are looked for every `rescan_seconds`.

    0 seconds: never.
    """

    reason: str
    rescan_seconds: float


class Reachable(NamedTuple):
    """The index server reached the upload server at the port that is published."""

    host: str
    port: int


class Unreachable(NamedTuple):
    """The index server could not reach the upload server: most likely nobody can."""

    host: str
    port: int


class IndexConnected(NamedTuple):
    """The connection to the index server stands; `port` is the index server's."""

    host: str
    port: int


class IndexLost(NamedTuple):
    """The index server went away; the next try is in `retry_seconds`."""

    reason: str
    retry_seconds: float


class IndexShared(NamedTuple):
    """An index server is one with others from now on: so many others, and `records` of all of them."""

    node: str
    others: int
    records: int


class IndexAlone(NamedTuple):
    """The Redis that an index server shares its records through is away; it answers from what it knows."""

    reason: str


class IndexFenced(NamedTuple):
    """An index server stood still for longer than its lease: it answers again when it has joined anew."""


class NameLeased(NamedTuple):
    """The name of an index server is taken still, by one that was killed perhaps: that is waited for."""

    node: str
    seconds: float


class NodeJoined(NamedTuple):
    """Another server of the shared index is there, with the records of so many peers."""

    node: str
    peers: int


class NodeLeft(NamedTuple):
    """Another server of the shared index has gone; `is_silent`: without a word, at the end of its lease."""

    node: str
    peers: int
    is_silent: bool


class SharedDamage(NamedTuple):
    """Something in the Redis of the shared index is none of ours, or damaged; it is left out."""

    node: str
    reason: str


SharingEvent = IndexShared | IndexAlone | IndexFenced | NameLeased | NodeJoined | NodeLeft | SharedDamage
Event = (
    Received
    | Sent
    | Connected
    | AcceptingPaused
    | AcceptingResumed
    | TurnedAway
    | Joined
    | Added
    | Removed
    | Left
    | Uploaded
    | MoreUploaded
    | Downloading
    | Progress
    | Downloaded
    | NotDownloaded
    | SourceFailed
    | SourceLeftOut
    | Disagreement
    | LeftOut
    | UploadListening
    | Advertised
    | Registering
    | NotRegistered
    | Registered
    | Unregistering
    | Unregistered
    | Rejoining
    | FolderTrouble
    | FolderBack
    | WatchingFailed
    | Reachable
    | Unreachable
    | IndexConnected
    | IndexLost
    | SharingEvent
)
Watcher = Callable[[Event], None]
