"""What is kept of a peer's events is bounded, and says what happened."""

from __future__ import annotations

from pathlib import Path

from p2pci import events
from p2pci.events import Role
from p2pci.web.peer.chronicle import Chronicle
from p2pci.web.peer.messages import MAX_ALL_CHARS, MAX_MESSAGE_CHARS, MAX_MESSAGES, Messages
from p2pci.web.peer.transfers import MAX_KEPT, Stage, Transfers

HOLDER = ("192.0.2.1", 7)


def test_messages_are_a_ring() -> None:
    messages = Messages()
    for number in range(MAX_MESSAGES + 10):
        messages.take(events.Sent(Role.CLIENT, HOLDER, b"%d" % number), time=0)
    assert messages.position == MAX_MESSAGES + 10
    kept = messages.after(0, limit=10**6)
    assert (len(kept), kept[0].text, kept[-1].position) == (MAX_MESSAGES, "10", MAX_MESSAGES + 10)
    assert [message.text for message in messages.after(MAX_MESSAGES + 8, limit=1)] == [f"{MAX_MESSAGES + 9}"]


def test_long_messages_are_cut_and_push_out_others() -> None:
    messages = Messages()
    for _ in range(2 * MAX_ALL_CHARS // MAX_MESSAGE_CHARS):
        messages.take(events.Received(Role.CLIENT, HOLDER, b"x" * 1_000_000), time=0)
    kept = messages.after(0, limit=10**6)
    assert len(kept) == MAX_ALL_CHARS // MAX_MESSAGE_CHARS
    assert (len(kept[0].text), kept[0].left_out) == (MAX_MESSAGE_CHARS, 1_000_000 - MAX_MESSAGE_CHARS)


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    messages = Messages()
    messages.take(events.Received(Role.UPLOAD, HOLDER, b"GET \xff\r\n\r\n"), time=0)
    assert messages.after(0, limit=1)[0].text == "GET \\xff\n\n"


def test_transfers_are_bounded_and_those_under_way_are_kept() -> None:
    transfers = Transfers()
    transfers.ask(1, time=0)
    for number in range(2, 2 * MAX_KEPT):
        transfers.take(events.Downloading(number, *HOLDER), time=0)
        transfers.take(events.Downloaded(number, Path("x"), 5, b"", is_verified=True), time=0)
        transfers.take(events.Uploaded(HOLDER, number, 5), time=0)
    assert 1 in transfers.incoming
    assert len(transfers.incoming) <= MAX_KEPT
    assert (len(transfers.outgoing), transfers.sent_documents) == (MAX_KEPT, 2 * MAX_KEPT - 2)
    assert transfers.under_way == 1


def test_transfer_goes_from_one_holder_to_the_next() -> None:
    transfers = Transfers()
    transfers.take(events.Downloading(7, *HOLDER), time=1)
    transfers.take(events.Progress(7, 3, 9), time=2)
    transfers.take(events.SourceFailed(7, *HOLDER, "it is slow."), time=3)
    transfers.take(events.Downloading(7, "192.0.2.2", 8), time=4)
    incoming = transfers.incoming[7]
    assert (incoming.stage, incoming.source, incoming.done) == (Stage.COMING, "192.0.2.2:8", 3)
    assert incoming.troubles == ("192.0.2.1:7: it is slow.",)


def test_health_follows_the_events() -> None:
    chronicle = Chronicle()
    stirred: list[str] = []
    chronicle.stir = stirred.append
    chronicle.watch(events.IndexLost("it closed.", 2.0))
    assert (chronicle.health.index_lost, stirred) == ("it closed.", ["health"])
    chronicle.watch(events.Reachable(*HOLDER))
    chronicle.watch(events.IndexConnected("h", 1))
    assert (chronicle.health.index_lost, chronicle.health.reachable) == ("", None)
    chronicle.trace(events.Sent(Role.CLIENT, HOLDER, b"x"))
    chronicle.watch(events.Uploaded(HOLDER, 1, 1))
    assert stirred[-2:] == ["log", "transfers"]
