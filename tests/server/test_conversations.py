"""Every conversation of `conversations.txt`, over real sockets and byte for byte."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.protocol.wire import unescape
from tests.server.running import RunningServer
from tests.server.wire_client import VERSION_NOT_SUPPORTED, WirePeer

SCRIPT = Path(__file__).with_name("conversations.txt")


class Line(NamedTuple):
    """What one connection does or must receive; `number` is the line in the file."""

    number: int
    who: str
    mark: str
    text: str


class Conversation(NamedTuple):
    title: str
    lines: list[Line]


def load() -> list[Conversation]:
    conversations: list[Conversation] = []
    for number, line in enumerate(SCRIPT.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("# "):
            conversations.append(Conversation(line[2:], []))
        elif line and not line.startswith(";"):
            assert line[1:3] in {"> ", "| ", "< ", "! "}, f"line {number} is none of a conversation"
            conversations[-1].lines.append(Line(number, line[0], line[1], line[3:]))
    return conversations


CONVERSATIONS = load()


@pytest.mark.parametrize("conversation", [pytest.param(each, id=each.title) for each in CONVERSATIONS])
def test_conversation(server: RunningServer, conversation: Conversation) -> None:
    peers: dict[str, WirePeer] = {}
    ended: set[str] = set()
    for line in conversation.lines:
        peer = peers.get(line.who) or peers.setdefault(line.who, server.peer())
        if line.mark == "!":
            happen(peer, line.text)
            ended.add(line.who)
        else:
            talk(peer, line)
    for who, peer in peers.items():
        if who not in ended:
            has_reasons = any(
                line.who == who and re.search(r"Features:.*reason", line.text) for line in conversation.lines
            )
            assert_still_there(peer, has_reasons=has_reasons)
            peer.leaves()


def assert_still_there(peer: WirePeer, *, has_reasons: bool) -> None:
    """An answer comes, and nothing before it."""
    answer = VERSION_NOT_SUPPORTED
    if has_reasons:
        answer = answer[:-4] + b"Reason: Only version 1.0 is spoken here.\r\n" + answer[-4:]
    peer.asks(b"STILL THERE P2P-CI/2\n\n", answer)


def talk(peer: WirePeer, line: Line) -> None:
    data = unescape(line.text)
    match line.mark:
        case ">":
            peer.says(data)
        case "|":
            peer.says(*(bytes([byte]) for byte in data))
        case _:
            peer.hears(data)


def happen(peer: WirePeer, what: str) -> None:
    match what:
        case "half-close":
            peer.half_closes()
        case "leave":
            peer.leaves()
        case _:
            assert what == "closed"
            peer.hears_the_end()


def test_titles_are_unique_and_begin_with_a_clause() -> None:
    titles = [conversation.title for conversation in CONVERSATIONS]
    assert len(titles) == len(set(titles))
    assert all(title.startswith("P-") for title in titles)
