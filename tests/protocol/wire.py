"""Wire transcripts: how their files are read, and the sides that they are played against.

The form of the files is told in `transcripts/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from p2pci.errors import ProtocolError
from p2pci.protocol.answers import AnswerEnded, AnswerReader, AnswerStarted
from p2pci.protocol.documents import DocumentHead, DocumentHeadReader
from p2pci.protocol.extensions import Copy, Feature, Options, parse_features
from p2pci.protocol.messages import Add, IndexRequest, ListAll, Lookup, Record, Refusal, Remove, Request
from p2pci.protocol.requests import RequestReader, Wait
from p2pci.protocol.rules import Conversation

FOLDER = Path(__file__).parent / "transcripts"

_ESCAPE = re.compile(r"\\(?:([rnt\\])|x([0-9a-f]{2}))")
_REPEATED = re.compile(r"\\\(((?:[^*\\]|\\.)+)\*(\d+)\)")
_LETTERS = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}


class Turn(NamedTuple):
    """What is done to a side (segments and happenings, in order) and all that must come back."""

    done: list[tuple[str, str]]
    expected: list[str]


class Case(NamedTuple):
    """One transcript; its title begins with the clauses that it shows."""

    title: str
    turns: list[Turn]


class Side(Protocol):
    """A reader as a transcript sees it; each method gives the lines that come back."""

    def feed(self, data: bytes) -> list[str]: ...

    def happen(self, what: str) -> list[str]: ...

    def rest(self) -> list[str]:
        """Give what is told once, at the end of a turn."""
        ...


def load(name: str) -> list[Case]:
    """Read the cases of one file."""
    cases: list[Case] = []
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        mark, text = line[:2], line[2:]
        if mark == "# ":
            cases.append(Case(text, []))
        elif mark in {"> ", "! "}:
            turns = cases[-1].turns
            if not turns or turns[-1].expected:
                turns.append(Turn([], []))
            turns[-1].done.append((mark[0], text))
        elif mark == "< ":
            cases[-1].turns[-1].expected.append(_repeat(text))
        elif line and mark != "; ":
            raise ValueError(f"{name}: {line!r} is no line of a transcript.")
    return cases


def _repeat(text: str) -> str:
    return _REPEATED.sub(lambda found: found[1] * int(found[2]), text)


def unescape(text: str) -> bytes:
    """Turn the text behind a `> ` into the bytes that it stands for."""
    text = _repeat(text)
    parts: list[bytes] = []
    position = 0
    for found in _ESCAPE.finditer(text):
        parts.append(text[position : found.start()].encode())
        parts.append(_LETTERS[found[1]] if found[1] else bytes.fromhex(found[2]))
        position = found.end()
    return b"".join((*parts, text[position:].encode()))


Segmentation = Callable[[list[bytes]], list[bytes]]


def as_written(segments: list[bytes]) -> list[bytes]:
    return segments


def at_once(segments: list[bytes]) -> list[bytes]:
    return [b"".join(segments)]


def byte_by_byte(segments: list[bytes]) -> list[bytes]:
    return [bytes([byte]) for byte in b"".join(segments)]


def play(turn: Turn, side: Side, segmentation: Segmentation) -> list[str]:
    """Do one turn to `side`; neighbouring segments are cut anew by `segmentation`."""
    came = [line for step in _steps(turn, segmentation) for line in _do(step, side)]
    return came + side.rest() or ["waits"]


def _steps(turn: Turn, segmentation: Segmentation) -> Iterator[bytes | str]:
    segments: list[bytes] = []
    for mark, text in turn.done:
        if mark == ">":
            segments.append(unescape(text))
            continue
        yield from segmentation(segments)
        segments = []
        yield text
    yield from segmentation(segments)


def _do(step: bytes | str, side: Side) -> list[str]:
    return side.feed(step) if isinstance(step, bytes) else side.happen(step)


class RequestSide:
    """A server that reads requests. It may happen: `half-close`, and `agree` with features."""

    def __init__(self, conversation: Conversation) -> None:
        self._reader = RequestReader(conversation)
        self._is_over = False

    def feed(self, data: bytes) -> list[str]:
        self._reader.receive_data(data)
        return list(self._read())

    def happen(self, what: str) -> list[str]:
        if what.startswith("agree "):
            self._reader.agreed |= parse_features(what.removeprefix("agree ").encode())
            return []
        assert what == "half-close"
        self._reader.receive_eof()
        return list(self._read())

    def rest(self) -> list[str]:
        return []

    def _read(self) -> Iterator[str]:
        while True:
            match self._reader.next_event():
                case Wait.NEED_DATA:
                    return
                case Wait.CLOSED:
                    if not self._is_over:
                        yield "end"
                    self._is_over = True
                    return
                case Refusal(status, _, closes):
                    self._is_over = closes
                    yield f"{status:d} {'closed' if closes else 'kept'}"
                case request:
                    yield show(request)


def show(request: Request) -> str:
    """Write a request without what it does not ask for."""
    fields = request._asdict()
    options = fields.pop("options", None)
    shown = [f"{name}={value!r}" for name, value in fields.items()]
    if options:
        defaults = type(options)()._asdict()
        asked = {name: value for name, value in options._asdict().items() if value != defaults[name]}
        shown += [f"{name}={_show_option(value)}" for name, value in asked.items()]
    return f"{type(request).__name__}({', '.join(shown)})"


def _show_option(value: object) -> str:
    if isinstance(value, frozenset):
        return ",".join(feature.value.decode() for feature in Feature if feature in value)
    return f"{value.size}/{value.digest.hex()}" if isinstance(value, Copy) else repr(value)


# What the client asks before the answer of a transcript; `ask …` names it.
_ASKED: dict[str, IndexRequest] = {
    "ask ADD": Add(7, "Mac.lan", 63235, "Seven"),
    "ask LOOKUP": Lookup(7, "Mac.lan", 63235, ""),
    "ask LIST": ListAll("Mac.lan", 63235),
    "ask LOOKUP for copies": Lookup(7, "Mac.lan", 63235, "", Options(wants_copies=True)),
    "ask LIST for counts": ListAll("Mac.lan", 63235, Options(holders=2)),
    "ask LIST for copies and counts": ListAll("Mac.lan", 63235, Options(wants_copies=True, holders=2)),
    "ask REMOVE": Remove(7, "Mac.lan", 63235),
}


class AnswerSide:
    """Our client. It may happen: one of _ASKED, and `silence` of 2 s."""

    def __init__(self) -> None:
        self._reader = AnswerReader()

    def feed(self, data: bytes) -> list[str]:
        self._reader.receive_data(data)
        return list(self._read())

    def happen(self, what: str) -> list[str]:
        if what != "silence":
            self._reader.expect(_ASKED[what])
            return []
        if not self._reader.may_end_by_silence:
            return ["waits for the deadline"]
        return [_ended(self._reader.end_by_silence())]

    def rest(self) -> list[str]:
        return []

    def _read(self) -> Iterator[str]:
        while True:
            try:
                event = self._reader.next_event()
            except ProtocolError:
                yield "protocol error"
                continue
            match event:
                case Wait():
                    return
                case AnswerStarted(code):
                    yield str(code)
                case AnswerEnded():
                    yield _ended(event)
                case Record(number, title, host, port, copy, holders):
                    told = f" {_show_option(copy)}" if copy else ""
                    yield f"{number} {title!r} {host} {port}{told}" + (f" of {holders}" if holders else "")


def _ended(event: AnswerEnded) -> str:
    return "complete" if event.complete else "incomplete"


class DocumentSide:
    """Our downloader. It may happen: `close`, the holder's."""

    def __init__(self) -> None:
        self._reader = DocumentHeadReader()
        self._is_over = False
        self._is_broken = False
        self._body = b""

    def feed(self, data: bytes) -> list[str]:
        if self._is_over:
            self._body += data
            return []
        self._reader.receive_data(data)
        return self._read(self._reader.next_event)

    def happen(self, what: str) -> list[str]:
        assert what == "close"
        return [] if self._is_over else self._read(self._reader.parse)

    def rest(self) -> list[str]:
        body, self._body = self._body, b""
        return [f"behind it {body!r}"] if body and not self._is_broken else []

    def _read(self, step: Callable[[], DocumentHead | Wait]) -> list[str]:
        try:
            event = step()
        except ProtocolError:
            self._is_over = self._is_broken = True
            return ["protocol error"]
        if isinstance(event, Wait):
            return []
        self._is_over = True
        self._body = self._reader.body
        return [f"{event.code} of {'no' if event.size is None else event.size} bytes"]
