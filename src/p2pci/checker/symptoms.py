"""What typical faults look like on the wire, and what to tell a beginner about each. Plain data.

Imports nothing of the project.
"""

from __future__ import annotations

from enum import Enum


class Symptom(Enum):
    """A fault by its look; the value is the hint."""

    READS_UNTIL_EOF = (
        "Your program answers only after the other side closes: it reads until the end of the stream instead "
        "of the blank line that ends a request."
    )
    LF_ONLY = (
        r"println and print end lines with LF alone; the protocol wants CR LF: write \r\n yourself, at the "
        "end of every line."
    )
    ONE_RECV = (
        "One recv is not one message: TCP may deliver half a request, or two at once. Keep what you read in "
        "a buffer, and take whole requests out of it, up to the blank line."
    )
    SILENT = (
        "Nothing came back. Does the program flush what it writes, and does it wait for something that the "
        "protocol does not send?"
    )
    CLOSES_EARLY = (
        "The connection was closed although nobody left. Serve a connection in a loop, until its other end "
        "closes; a request that is wrong is answered, and no reason to go."
    )
    ONE_AT_A_TIME = (
        "A second connection is served only after the first has ended. Give each connection a thread or task "
        "of its own, right after accept."
    )
    DIED = (
        "The program no longer accepts connections: an error in one connection must not end the others. "
        "Catch errors where a connection is served."
    )
    NO_BLANK_LINE = (
        "The answer lacks its closing blank line, so that nobody knows where it ends. Send CR LF once more."
    )
    KEEPS_RECORDS = (
        "Records outlive their peer. When recv gives nothing, or fails, the peer has left: remove it and all "
        "its records, whichever way the connection ended."
    )
    ENDLESS = "The program sends without end. Does a loop write again and again what was asked once?"
    GARBAGE = "This is no answer of P2P-CI. Is it really this program that listens on that port?"
