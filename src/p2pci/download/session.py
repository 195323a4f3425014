"""Many downloads of one session: from which holders, in which order, and what is remembered of them.

A holder that fails is tried again after the others and after a pause; one that has not got the document, or
sends other bytes than were announced, is left out. Imports its package's modules, `dialing`, `protocol`,
`events` and `errors`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from p2pci.download.fetching import Manner, fetch
from p2pci.download.limits import DownloadLimits
from p2pci.download.votes import count_votes, elect
from p2pci.errors import (
    ConnectionLostError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    RefusedError,
)
from p2pci.events import Disagreement, SourceFailed
from p2pci.protocol.extensions import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.events import Address, Downloaded, Event, Watcher
    from p2pci.library import Shelf
    from p2pci.protocol.messages import Record

MAX_SOURCES = 32
"""Holders of one document that are tried: an index may tell of a million that there are not (P-5.32)."""


HOLDERS_WANTED = Options(wants_copies=True, holders=MAX_SOURCES)
"""What to ask an index for before a download, as far as it knows that."""


class Source(NamedTuple):
    """A holder as the index told of it; `digest` is what it announced, if it did."""

    address: Address
    digest: bytes | None = None


class Downloads:
    """The downloads of one session into one shelf.

    Args:
        shelf: where documents are saved.
        is_foreign: whether the index server is on another machine: then holders under a loopback or
            link-local address are not dialled, since they would be this one.
        watch: told of what happens to each download.
        trace: told of Sent and Received, heads alone.
        limits: see DownloadLimits.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        is_foreign: bool,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: DownloadLimits | None = None,
    ) -> None:
        self._shelf = shelf
        self._is_foreign = is_foreign
        self._watch = watch
        self._trace = trace
        self._limits = limits or DownloadLimits()
        self._failures: Counter[Address] = Counter()

    async def get(
        self,
        number: int,
        records: Sequence[Record],
        *,
        knows_features: bool,
        accepts: bytes | None = None,
    ) -> Downloaded:
        """Download a document from the first of its holders that delivers it (clause P-4.17).

        Args:
            number: the RFC.
            records: of its holders, as the index told.
            knows_features: whether that index knows section 5, so that its holders may.
            accepts: the SHA-256 that it must have, whatever most holders announce.

        Raises:
            NotFoundError: there is no holder, or every one answered 404.
            DisagreementError: the holders announced different bytes, and none has a majority.
            NetworkError: none delivered it.
            LibraryError: the document cannot be saved; no other holder would help.
        """
        digest = self._choose_digest(number, records, accepts=accepts)
        sources = self._choose_sources(records, digest=digest)
        attempt = _Attempt(number, digest, asks_digest=knows_features)
        deadline = asyncio.get_running_loop().time() + self._limits.give_up_seconds
        for pause_seconds in (0.0, *self._limits.pauses_seconds):
            if not sources or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(pause_seconds)
            downloaded = await self._try_each(attempt, sources, deadline=deadline)
            if downloaded:
                return downloaded
            sources = [source for source in sources if source.address not in attempt.left_out]
        raise _summary(attempt)

    def _choose_digest(
        self, number: int, records: Sequence[Record], *, accepts: bytes | None
    ) -> bytes | None:
        votes = count_votes(records)
        digest = accepts or elect(number, votes)
        if len(votes) > 1:
            self._tell(Disagreement(number, tuple(votes), digest))
        return digest

    def _choose_sources(self, records: Sequence[Record], *, digest: bytes | None) -> list[Source]:
        """Choose holders of the right bytes, by chance, but those that failed before last."""
        sources = dict.fromkeys(  # no set: the same chance is to choose the same holders
            Source((record.host, record.port), record.copy.digest if record.copy else None)
            for record in records
        )
        fitting = [source for source in sources if source.digest in (digest, None) or not digest]
        random.shuffle(fitting)  # always the same first one would carry the whole room
        fitting.sort(key=lambda source: (self._failures[source.address], source.digest is None))
        return fitting[:MAX_SOURCES]

    async def _try_each(
        self, attempt: _Attempt, sources: Sequence[Source], *, deadline: float
    ) -> Downloaded | None:
        for source in sources:
            if attempt.failures and asyncio.get_running_loop().time() > deadline:
                return None
            try:
                downloaded = await fetch(
                    attempt.number,
                    source.address,
                    shelf=self._shelf,
                    manner=self._manner(attempt, source.address),
                    watch=self._watch,
                    trace=self._trace,
                    limits=self._limits,
                )
            except (NetworkError, NotFoundError, ProtocolError, RefusedError) as error:
                self._note_failure(attempt, source.address, error)
            else:
                del self._failures[source.address]
                return downloaded
        return None

    def _manner(self, attempt: _Attempt, address: Address) -> Manner:
        is_plain = address in attempt.plain
        return Manner(
            digest=attempt.digest,
            asks_digest=attempt.asks_digest and not is_plain,
            resumes=not is_plain,
            is_foreign=self._is_foreign,
        )

    def _note_failure(self, attempt: _Attempt, address: Address, error: Exception) -> None:
        attempt.failures[address] = error
        if isinstance(error, NotFoundError | ProtocolError | RefusedError):
            attempt.left_out.add(address)
        if isinstance(error, ConnectionLostError):
            attempt.plain.add(address)  # perhaps a program of 1.0 that broke at what it does not know
        if not isinstance(error, NotFoundError):
            self._failures[address] += 1
        self._tell(SourceFailed(attempt.number, *address, str(error)))

    def _tell(self, event: Event) -> None:
        if self._watch:
            self._watch(event)


class _Attempt:
    """A document that is to come, and what its holders said so far."""

    def __init__(self, number: int, digest: bytes | None, *, asks_digest: bool) -> None:
        self.number = number
        self.digest = digest
        self.asks_digest = asks_digest
        self.failures: dict[Address, Exception] = {}
        self.left_out: set[Address] = set()
        self.plain: set[Address] = set()


def _summary(attempt: _Attempt) -> NotFoundError | NetworkError:
    failures = [error for error in attempt.failures.values() if not isinstance(error, NotFoundError)]
    if not failures:
        where = "its holders answered 404" if attempt.failures else "there is nobody to fetch it from"
        return NotFoundError(attempt.number, where=where)
    error = NetworkError(
        f"None of {len(attempt.failures)} holder(s) delivered RFC {attempt.number}; the last: {failures[-1]}"
    )
    error.__cause__ = failures[-1]
    return error
