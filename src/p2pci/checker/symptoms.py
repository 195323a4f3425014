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
    NOT_CONNECTED = (
        "The checker plays the index server, on this machine: have your program connect to localhost and to "
        "the port of --listen, from its command line or with the start lines of the script."
    )
    STAYS = (
        "Your program left its menu, and its connection stays. Close the socket when the user leaves, and "
        "let no thread keep the process alive (in Python daemon=True, in Java setDaemon)."
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
    NO_REQUEST = (
        "What was typed led to no request. Where the program waits is in what it printed last: does the "
        "script type all that the menu asks for, in that order? Else: is what the program sends flushed?"
    )
    NOT_HERE = (
        "The program says that it has no such document. Does it have the one behind --have, in the folder "
        "that it reads? Look there first: most cases get this document."
    )
    SLOW = "Something came, but so slowly that it was given up. Does the program sleep, or send byte by byte?"
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
    RESET_KEEPS_RECORDS = (
        "Records outlive a peer that was reset. recv or sendall raises ConnectionResetError then: "
        "remove the peer and its records in a finally, so that it happens whichever way the loop ends."
    )
    TAKES_OTHERS = (
        "When one peer left, records of others went too, or not all of its own. Remove exactly what this "
        "connection added; and never remove from a list while you loop over it: build a new one."
    )
    WRONG_PORT = (
        "The port in a record is the upload port, which the header Port tells; it is not the port that "
        "accept gives, which is only the other end of this connection."
    )
    TITLE_CUT_AT_BLANK = (
        "The title is cut at a blank. Titles have several words: take everything behind 'Title: ' up to the "
        "end of the line."
    )
    TITLE_CUT_AT_COLON = (
        "The title is cut at a colon. Split a header line at its first colon alone: line.split(':', 1)."
    )
    NO_CHECK = (
        "A request that is not as written was carried out. Check the words of the request line and the "
        "headers before anything else, and answer 400 Bad Request where something is missing or wrong."
    )
    NO_VERSION_CHECK = (
        "The last word of the request line is the version. Compare it first, and answer anything but "
        "P2P-CI/1.0 with 505 P2P-CI Version Not Supported."
    )
    FALLS_OVER = (
        "The connection ended without an answer: most likely an exception (IndexError, ValueError, KeyError) "
        "while the request was taken apart. Catch it there, and answer 400 Bad Request."
    )
    LOST_UPDATES = (
        "Records got lost when several peers added at once. Threads share your lists: take a lock around "
        "everything that reads or changes them."
    )
    HELD_UP_BY_READER = (
        "A peer that does not read holds up the others. Collect the answer under the lock, but send it after "
        "the lock is released: sendall waits as long as the other side does not read."
    )
    MIXED_UP = (
        "A peer got an answer that was not its own. Keep buffer and request in variables of the connection's "
        "own thread, not in global ones."
    )
    FINDS_TOO_MUCH = (
        "Other documents were found, too. Compare numbers as numbers: int(a) == int(b), not with in or "
        "startswith."
    )
    ONLY_FIRST = (
        "Only one of the records came. Go on to the end of the list: collect every record that fits, and "
        "return behind the loop, not inside it."
    )
    SENT_TWICE = (
        "More came than one answer. One request gets one answer: return after an error, do not go on to the "
        "next check."
    )
    HEADERS_UNASKED = (
        "An answer of the index server has no headers: status line, blank line, records, blank line. Date, "
        "OS and the like belong to the answer of a peer that sends a document."
    )
    ENDLESS = "The program sends without end. Does a loop write again and again what was asked once?"
    GARBAGE = "This is no answer of P2P-CI. Is it really this program that listens on that port?"

    # Of holders, which answer one GET and close

    CLOSED_UNANSWERED = (
        "The connection was closed without an answer. Mostly an exception ended whatever served it: look "
        "for one in the program's own output. A request that is wrong is answered with 400, a document that "
        "is not there with 404; both are answers, and then comes the close."
    )
    RESETS = (
        "The connection was reset, and with it the kernel throws away what was sent but not read yet. That "
        "happens when a socket is closed while bytes lie unread in it: after sending, shut down the sending "
        "side (shutdown(SHUT_WR), shutdownOutput), read until nothing comes, then close."
    )
    STAYS_OPEN = (
        "The connection stays open after the answer. The holder closes it after sending: call close on the "
        "connected socket (not on the listening one) also when nothing went wrong."
    )
    CUT_SHORT = (
        "Fewer bytes came than belong to the document. send may take only some of what it is given: use "
        "sendall, or write in a loop, flush, and close only then."
    )
    TEXT_MODE = (
        "The document's bytes were changed under way. Text mode changes line ends and whatever is not of its "
        "encoding: open the file as bytes ('rb', FileInputStream), and send these as they are."
    )
    STRIPPED = (
        "Bytes are missing at the beginning or the end of the document. The first line of an RFC is usually "
        "empty: do not strip the text, and do not take its empty line for the one that ends your headers."
    )
    COUNTS_CHARACTERS = (
        "Content-Length counts bytes, not characters, and line ends as they are in the file: take the "
        "length of the bytes that you send, or the size of the file if you send it unchanged."
    )
    SENDS_MORE = (
        "More comes than Content-Length says. Send the document's bytes and nothing behind them, no further "
        "CR LF either (println and print add one)."
    )
    BLANK_LINE_MISSING = (
        "The blank line between headers and document is missing: after the last header send CR LF once more, "
        "also when the document itself begins with an empty line."
    )
    HEADER_MISSING = (
        "An answer to GET has five headers: Date, OS, Last-Modified, Content-Length, Content-Type."
    )
    HEADERS_SORTED = (
        "Write the headers one after the other as in the protocol, not out of a map that sorts or shuffles "
        "them: simple clients take them by their place."
    )
    HEADER_UNASKED = (
        "Send the five headers and no others: simple clients take them by their place, and anything more "
        "must have been asked for by the request."
    )
    HEADER_SPELLED = (
        "Write the names of headers exactly as in the protocol, hyphens and capitals too: many programs "
        "compare them letter by letter."
    )
    DATE_WRONG = (
        "Date is the moment at which the answer is sent, made anew for every answer, in GMT (in Python: "
        "email.utils.formatdate(usegmt=True))."
    )
    MODIFIED_WRONG = (
        "Last-Modified belongs to the file, not to the answer: take it from the file system "
        "(os.path.getmtime, File.lastModified), never the time of now."
    )
    OS_EMPTY = "OS names your system and its release, such as `Linux 6.1.0` (platform.system, os.name)."
    LENGTH_WRONG = "Content-Length is the number of the document's bytes, in decimal digits and nothing else."
    STATUS_NOT_FIRST = (
        "The first line of an answer is its status line, such as `P2P-CI/1.0 200 OK`: nothing stands "
        "before it."
    )
    IGNORES_VERSION = (
        "Look at the last word of the request line before anything else: `P2P-CI/` and another number than "
        "1.0 is answered with 505 P2P-CI Version Not Supported."
    )
    IGNORES_NUMBER = (
        "Look whether you have the document with exactly that number; if not, answer 404 Not Found and send "
        "no data (catch the error of opening a file that is not there)."
    )
    ACCEPTS_ANYTHING = (
        "Check the request line word by word before you act on it: GET, RFC, a number, P2P-CI/1.0, four "
        "words and no others. Whatever differs is answered with 400 Bad Request."
    )
    DATA_WITH_ERROR = (
        "An error is the status line and a blank line, with nothing behind them: no page of explanation, "
        "and no document."
    )
    NUMBER_IS_PATH = (
        "What comes from outside must not become part of a path: check that the number is digits alone "
        "(in Python: isascii and isdecimal), make an integer of it, and look that up among what you share."
    )
    HEADERS_BY_PLACE = (
        "Headers were taken by their place or their exact form. Split each line at its first colon, take "
        "blanks off both sides, and find headers by name, capitals or not."
    )
    NOT_LISTENING = (
        "Nothing accepts connections there. Is the program running, and is that its port? When it "
        "ended with `Address already in use`, set SO_REUSEADDR on its listening socket before bind."
    )
