"""What a peer knows and does, as JSON can have it, and its health in words.

Text from the wire stays as it came: a program wants it so, and the page shows it as text alone. Times are
seconds since 1970. Imports `library`, `dialing`, `events`, `upload` and its package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from p2pci.dialing import show_address
from p2pci.protocol.addresses import is_loopback
from p2pci.web.peer.transfers import Stage

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from p2pci.events import Address
    from p2pci.library import Document, Entry
    from p2pci.library.search.index import Hit
    from p2pci.mirror import Offer
    from p2pci.peer import Peer
    from p2pci.upload import Sending
    from p2pci.web.peer.chronicle import Chronicle
    from p2pci.web.peer.fetching import MirrorRun
    from p2pci.web.peer.messages import Message
    from p2pci.web.peer.reading import Reading
    from p2pci.web.peer.swarm import Holding
    from p2pci.web.peer.transfers import Incoming, Outgoing, Transfers

Json = dict[str, Any]
TitleOf = Callable[[int], str]
SHOWN_TRANSFERS = 50
SHOWN_FAILURES = 20


def health(peer: Peer, chronicle: Chronicle) -> Json:
    """Say how the peer is, to programs and, in `sentences`, to people."""
    documents = peer.shelf.documents
    known = chronicle.health
    return {
        "index": show_address(peer.servers[0]),
        "index_connected": not known.index_lost,
        "published_as": show_address(peer.identity),
        "reachable": known.reachable[1] if known.reachable else None,
        "folder": str(peer.shelf.path),
        "documents": len(documents),
        "bytes": sum(document.state.size for document in documents.values()),
        "search": _search(peer),
        "sentences": [{"level": level, "text": text} for level, text in _sentences(peer, chronicle)],
    }


def _search(peer: Peer) -> Json | None:
    if peer.search is None:
        return None
    progress = peer.search.progress
    return {
        "running": progress.is_running,
        "documents": progress.documents,
        "of_documents": progress.of_documents,
        "problem": str(progress.problem) if progress.problem else "",
    }


def _sentences(peer: Peer, chronicle: Chronicle) -> Iterable[tuple[str, str]]:
    known = chronicle.health
    index, here = show_address(peer.servers[0]), show_address(peer.identity)
    if known.index_lost:
        yield "bad", f"The index at {index} is away: {known.index_lost} It is tried again by itself."
    else:
        yield "good", f"The index at {index} knows this peer and what it shares."
        yield _reachability(here, known.reachable, is_local=is_loopback(peer.identity[0]))
    if known.folder_trouble:
        yield "bad", f"The shelf cannot be read: {known.folder_trouble} Nothing of it is shared meanwhile."
    if known.watching_trouble:
        reason = known.watching_trouble
        yield "warn", f"The folder is looked at now and then, since the system tells of no changes: {reason}"
    for error in peer.shelf.unreadable[:SHOWN_FAILURES]:
        yield "warn", f"Not shared: {error}"
    for number, reason in list(known.not_registered.items())[:SHOWN_FAILURES]:
        yield "warn", f"The index did not take RFC {number}: {reason}"
    if peer.search and (problem := peer.search.progress.problem):
        yield "warn", f"The texts cannot all be searched: {problem}"
    if not peer.document_count:
        yield "warn", f"Nothing is shared yet. Fetch something, or put rfcN.txt into {peer.shelf.path}."


def _reachability(here: str, reachable: tuple[Address, bool] | None, *, is_local: bool) -> tuple[str, str]:
    if reachable is None:
        if is_local:
            return "good", f"Programs on this machine can reach you at {here}."
        return "soft", f"You are published as {here}. Whether others reach you there was not tried."
    where = show_address(reachable[0])
    if reachable[1]:
        return "good", f"Others can reach you at {where}."
    advice = "Open that port in the firewall, or start with --advertise."
    return "warn", f"Others cannot reach you at {where}: you can fetch, they cannot fetch from you. {advice}"


def document_row(number: int, offer: Offer | None, document: Document | None) -> Json:
    """Tell of a document of the swarm, or the shelf, or both."""
    title = (offer.title if offer else "") or (document.title if document else "")
    return {
        "number": number,
        "title": title,
        "here": document is not None,
        "holders": offer.holders if offer else 0,
        "bytes": document.state.size if document else offer.size if offer else None,
        "disputed": bool(offer and offer.is_disputed),
    }


def hit_row(hit: Hit, offer: Offer | None, document: Document | None) -> Json:
    """Tell of a document that was found."""
    row = document_row(hit.number, offer, document)
    row["title"] = row["title"] or hit.title
    row["snippet"] = [{"text": part.text, "hit": part.is_hit} for part in hit.snippet]
    return row


def entry_facts(entry: Entry | None) -> Json:
    """Tell what is known about a document; `of_itself` at least, where no index file tells more."""
    if entry is None:
        return {}
    return {
        "status": entry.status,
        "date": entry.date,
        "authors": list(entry.authors),
        "obsoletes": list(entry.obsoletes),
        "obsoleted_by": list(entry.obsoleted_by),
        "updates": list(entry.updates),
        "updated_by": list(entry.updated_by),
        "also": list(entry.also),
    }


def text_of(reading: Reading, here: Container[int]) -> Json:
    """A document's lines, sections and references; `here` are those it names that are on the shelf."""
    text = reading.text
    named = {reference.number for reference in text.references if reference.number}
    return {
        "lines": text.lines,
        "sections": [
            {
                "number": section.number,
                "label": section.label,
                "title": section.title,
                "line": section.line,
                "level": section.level,
            }
            for section in text.sections
        ],
        "references": [
            {
                "line": reference.line,
                "start": reference.start,
                "stop": reference.stop,
                "number": reference.number,
                "section": reference.section,
            }
            for reference in text.references
        ],
        "here": sorted(number for number in named if number in here),
        "left_out": reading.left_out,
    }


def transfers(
    kept: Transfers, title_of: TitleOf, *, sending: Sequence[Sending], run: MirrorRun | None
) -> Json:
    """What is on its way, and was lately: what still comes or goes first, else the newest."""
    incoming = sorted(
        kept.incoming.values(),
        key=lambda each: (each.stage not in (Stage.ASKED, Stage.COMING), -each.began),
    )
    outgoing = [
        *(_going(each, title_of) for each in sending[:SHOWN_TRANSFERS]),
        *(_gone(each, title_of) for each in list(kept.outgoing)[: -SHOWN_TRANSFERS - 1 : -1]),
    ]
    return {
        "under_way": kept.under_way,
        "incoming": [_incoming(each, title_of) for each in incoming[:SHOWN_TRANSFERS]],
        "outgoing": outgoing[:SHOWN_TRANSFERS],
        "received": {"documents": kept.received_documents, "bytes": kept.received_bytes},
        "sent": {"documents": kept.sent_documents, "bytes": kept.sent_bytes},
        "mirror": _mirror(run, title_of) if run else None,
    }


def _incoming(each: Incoming, title_of: TitleOf) -> Json:
    return {
        "number": each.number,
        "title": title_of(each.number),
        "stage": each.stage.value,
        "began": each.began,
        "source": each.source,
        "done": each.done,
        "bytes": each.size,
        "verified": each.is_verified,
        "troubles": each.troubles[-SHOWN_FAILURES:],
        "error": each.error,
    }


def _going(each: Sending, title_of: TitleOf) -> Json:
    return {
        "stage": "going",
        "time": each.began,
        "to": show_address(each.address),
        "number": each.number,
        "title": title_of(each.number),
        "documents": 1,
        "done": each.sent,
        "bytes": each.size,
    }


def _gone(each: Outgoing, title_of: TitleOf) -> Json:
    return {
        "stage": "done",
        "time": each.time,
        "to": each.address,
        "number": each.number,
        "title": title_of(each.number),
        "documents": each.documents,
        "done": each.size,
        "bytes": each.size,
    }


def _mirror(run: MirrorRun, title_of: TitleOf) -> Json:
    return {
        "stage": run.stage.value,
        "began": run.began,
        "seconds": round(run.seconds, 1),
        "documents": run.documents,
        "of_documents": run.total,
        "bytes": run.size,
        "of_bytes": run.total_bytes,
        "sources": [
            {"address": show_address(address), "documents": documents, "bytes": size}
            for address, documents, size in run.sources[:SHOWN_TRANSFERS]
        ],
        "arrived": [{"number": number, "title": title_of(number)} for number in run.arrived],
        "failed": [
            {"number": number, "error": error} for number, error in list(run.failed.items())[:SHOWN_FAILURES]
        ],
        "disputed": run.disputed[:SHOWN_FAILURES],
        "error": run.error,
    }


def peers(holdings: Iterable[Holding], own: Container[Address]) -> list[Json]:
    """Who holds what, the most first."""
    return [
        {
            "address": show_address(each.address),
            "documents": each.documents,
            "is_this_peer": each.address in own,
        }
        for each in holdings
    ]


def message(each: Message) -> Json:
    """One message of the log."""
    return {
        "position": each.position,
        "time": each.time,
        "sent": each.is_sent,
        "conversation": each.role,
        "address": each.address,
        "text": each.text,
        "left_out": each.left_out,
    }
