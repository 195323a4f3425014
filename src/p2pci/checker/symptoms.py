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
    NO_BLANK_LINE_ENDS_REQUEST = (
        "The server waits for the blank line that ends a request: send CR LF once more after the last "
        "header, and flush."
    )
    ENDS_ON_ERROR = (
        "Your program ended, or gave its connection up, although nobody left it. An answer or a download "
        "that fails is shown to the user, and the menu comes again: catch the error where the action is done."
    )
    HANGS_ON_ANSWER = (
        "Your program no longer asks: it probably still waits for the end of the last answer. An answer ends "
        "at the blank line after its records; the connection stays open, so its end never comes."
    )
    NO_UPLOAD_SERVER = (
        "Nobody answers on the port that you report. Bind the upload server first (port 0 takes a free one), "
        "ask the socket for its port with getsockname, and report that one."
    )
    NOT_SHOWN = (
        "What the server answered is not on the screen. Print each line of it as it came, before or after "
        "you work with it, and flush."
    )
    STOPS_AT_ONE_RECV = (
        "recv gives what is there, not all that was sent: call it until Content-Length bytes of the document "
        "are there (or the blank line, for a head), whatever the sizes of the pieces."
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
