"""Rules 2 to 7 of clause P-1.26: a whole head becomes a request, or is refused.

May import `grammar`, `messages` and `extensions`.
"""

from __future__ import annotations

from enum import Enum

from p2pci.errors import InvalidValueError
from p2pci.protocol.extensions import Feature, Features, parse_get_options, parse_options
from p2pci.protocol.grammar import BLANKS, VERSION, Status, parse_host, parse_number, parse_port, parse_title
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Refusal, Remove, Request


class Conversation(Enum):
    """Which of the two conversations a reader serves; the value is the methods that it takes."""

    P2S = (b"ADD", b"LOOKUP", b"LIST")
    P2P = (b"GET",)


class RuleBroken(Exception):  # noqa: N818 - never leaves this package
    """Carries a Refusal from the rule that found it to `RequestReader.next_event`."""

    def __init__(self, reason: str, *, status: Status = Status.BAD_REQUEST, closes: bool = False) -> None:
        super().__init__(reason)
        self.refusal = Refusal(status, reason, closes)


def parse_head(lines: list[bytes], conversation: Conversation, agreed: Features) -> Request:
    """Apply rules 2 to 7 to a whole head, in their order; the first that fails decides.

    Args:
        lines: of the head, without line ends and without the blank one.
        conversation: whose methods are served.
        agreed: on this connection before (clause P-5.4).

    Raises:
        RuleBroken: with the refusal to answer.
    """
    words = lines[0].split()
    _check_version(words)
    _check_words(words, conversation, agreed)
    headers = _parse_headers(lines[1:])
    try:
        return _parse_values(words, headers, agreed)
    except InvalidValueError as error:
        raise RuleBroken(str(error)) from error


def _check_version(words: list[bytes]) -> None:
    """Rule 2 (P-1.32, P-1.33); what is no P2P-CI is cut off, so that no body behind it runs as requests."""
    version = words[-1] if words else b""
    if not version.startswith(b"P2P-CI/"):
        raise RuleBroken("This is not P2P-CI. End the request line with P2P-CI/1.0.", closes=True)
    if version != VERSION:
        raise RuleBroken("Only version 1.0 is spoken here.", status=Status.VERSION_NOT_SUPPORTED)


def _check_words(words: list[bytes], conversation: Conversation, agreed: Features) -> None:
    """Rule 3 (P-1.34)."""
    method = words[0]
    is_agreed = method == b"REMOVE" and conversation is Conversation.P2S and Feature.REMOVE in agreed
    if method not in conversation.value and not is_agreed:
        served = ", ".join(name.decode() for name in conversation.value)
        raise RuleBroken(f"The method is not served here. Served are {served}, in upper case.")
    fits = words[1:-1] == [b"ALL"] if method == b"LIST" else len(words) == 4 and words[1] == b"RFC"
    if not fits:
        raise RuleBroken("The request line has the wrong words. Write ADD, LOOKUP or GET RFC n, or LIST ALL.")


def _parse_headers(lines: list[bytes]) -> dict[bytes, bytes]:
    """Rule 4 (P-1.35); names come back in lower case, values without the blanks around them."""
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if line[0] in BLANKS or not colon or not (name := name.rstrip(BLANKS).lower()):
            raise RuleBroken("A header line is not `Name: value`. Start each with its name and a colon.")
        if name in headers and name in (b"host", b"port", b"title"):
            raise RuleBroken("A header came twice. Send Host, Port and Title once.")
        headers[name] = value.strip(BLANKS)
    return headers


def _parse_values(words: list[bytes], headers: dict[bytes, bytes], agreed: Features) -> Request:
    """Rules 5 to 7 (P-1.36 to P-1.41): host, port, number, title; then what is asked for beyond 1.0."""
    method = words[0]
    host = parse_host(headers.get(b"host", b""))
    if method == b"GET":
        number, os = parse_number(words[2]), headers.get(b"os", b"").decode("utf-8", "replace")
        return Get(number, host, os, parse_get_options(headers))
    port = parse_port(headers.get(b"port", b""))
    number = 0 if method == b"LIST" else parse_number(words[2])
    title = parse_title(headers.get(b"title", b""))
    options = parse_options(headers, agreed)
    match method:
        case b"LIST":
            return ListAll(host, port, options)
        case b"ADD":
            return Add(number, host, port, title, options)
        case b"REMOVE":
            return Remove(number, host, port)
        case _:
            return Lookup(number, host, port, title, options)
