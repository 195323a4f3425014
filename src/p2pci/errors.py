"""Every error that p2pci raises on purpose.

    P2PCIError
    ├── InvalidValueError          a value that may not go into a message (also a ValueError)
    ├── ProtocolError              the other side said something that is not P2P-CI/1.0
    │   └── WrongDocumentError     a holder sent other bytes than were announced
    ├── DisagreementError          holders announced different bytes, and none has a majority
    ├── RefusedError               the other side answered 400, 505 or another error
    ├── NotFoundError              nobody has the document, or the holder answered 404
    ├── NetworkError
    │   ├── CannotConnectError     nobody answers at that address
    │   ├── CannotListenError      the port is taken, or not ours to take
    │   ├── TurnedAwayError        the index has no room for us
    │   ├── ConnectionLostError    the connection ended in the middle of something
    │   ├── DeadlineError          the other side was silent for too long
    │   ├── SharedIndexError       the Redis of a shared index refuses us, or another server has our name
    │   │   ├── StoreAwayError     it is not reached, for now
    │   │   └── LeaseLostError     it no longer takes what we write for that of a live server
    │   └── ProgramError           a program that we started for a test is of no use
    ├── LibraryError               the folder or a file in it cannot be read or written
    │   └── NotOnShelfError        the shelf has no such document (answered with 404)
    ├── BundleError                a bundle is damaged, or is none
    └── NotInstalledError          what was asked for needs an optional package

Each carries its facts as attributes and builds its own text: the first line says what happened, the
last sentence what to do. This module imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class P2PCIError(Exception):
    """Root of the tree; catch it to catch everything that p2pci raises on purpose."""


class InvalidValueError(P2PCIError, ValueError):
    """A number, host, port or title that the protocol does not carry (clauses P-1.36 to P-1.39)."""


class ProtocolError(P2PCIError):
    """The other side broke the protocol; what it sent cannot be trusted any further."""


class WrongDocumentError(ProtocolError):
    """A holder sent, or is about to send, other bytes than were announced; they are not kept.

    Attributes:
        source: host and port as people write them.
    """

    def __init__(self, source: str, *, announced: bytes | None, found: bytes) -> None:
        self.source = source
        expected = announced.hex() if announced else "another one"
        super().__init__(
            f"{source} has other bytes than were announced: their SHA-256 is {found.hex()}, not {expected}. "
            "They are not kept; another holder is asked."
        )


class DisagreementError(P2PCIError):
    """Holders announced different bytes under one number, and none has the majority of hosts.

    Attributes:
        number: the RFC.
        votes: SHA-256 and how many hosts announced it, most first.
    """

    def __init__(self, number: int, *, votes: Sequence[tuple[bytes, int]]) -> None:
        self.number = number
        self.votes = votes
        said = "; ".join(f"{hosts} host(s): {digest.hex()}" for digest, hosts in votes)
        super().__init__(
            f"The holders of RFC {number} disagree about its SHA-256. {said}. "
            "Find out which is right, and take it with `p2pci get --accept SHA-256`."
        )


class RefusedError(P2PCIError):
    """The other side answered with an error code.

    Attributes:
        code: the number of the status line, such as 400 or 505.
        request: the first line of what was asked.
        reason: what the other side gave as its reason, perhaps "".
    """

    def __init__(self, code: int, *, request: str, reason: str = "") -> None:
        self.code = code
        self.request = request
        self.reason = reason
        advice = {
            400: "Check the values of the request; with --trace every message is shown.",
            505: "The other side speaks another version of P2P-CI; this program speaks 1.0.",
        }.get(code, "This is not a code of P2P-CI/1.0; with --trace every message is shown.")
        super().__init__(f"'{request}' was answered with {code}. {reason or advice}")


class NotFoundError(P2PCIError):
    """Nobody has the document.

    Attributes:
        number: the RFC that was asked for.
    """

    def __init__(self, number: int, *, where: str = "nobody has it") -> None:
        self.number = number
        super().__init__(f"RFC {number} was not found: {where}. LIST shows what there is.")


class NetworkError(P2PCIError):
    """The network or the other machine failed."""


class CannotConnectError(NetworkError):
    """No connection could be made.

    Attributes:
        address: host and port as people write them; of several servers all.
        reason: why, in a few words.
        is_known: False where no machine has the host's name.
    """

    def __init__(self, address: str, *, reason: str, is_known: bool = True) -> None:
        self.address = address
        self.reason = reason
        self.is_known = is_known
        advice = (
            "Check the address, that it is running there, and that no firewall is between."
            if is_known
            else "Check how the name is spelled, or give its IP address."
        )
        super().__init__(f"Cannot connect to {address}: {reason}. {advice}")


class CannotListenError(NetworkError):
    """No listening socket could be opened.

    Attributes:
        address: host and port as people write them.
    """

    def __init__(self, address: str, *, reason: str, is_ours: bool = True) -> None:
        """`is_ours` is False where it is the host that is not this machine's."""
        self.address = address
        advice = (
            "Stop what uses it, or choose another address or port (port 0 takes any free one)."
            if is_ours
            else "Give an address of this machine, or none to listen on all that it has."
        )
        super().__init__(f"Cannot listen on {address}: {reason}. {advice}")


class TurnedAwayError(NetworkError):
    """An index server has as many connections as it takes, of all or of those from here (clause P-4.15).

    Attributes:
        address: host and port as people write them.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"The index at {address} answered 400 and closed: it is full, or takes no more from this "
            "address. Try again later, or have its --max-connections or --max-per-address raised."
        )


class ConnectionLostError(NetworkError):
    """The connection ended before the answer did."""


class DeadlineError(NetworkError):
    """The other side did not answer within its time."""


class SharedIndexError(NetworkError):
    """Several servers cannot be one index: their Redis refuses us, or another one has our name."""


class StoreAwayError(SharedIndexError):
    """The Redis of a shared index is not reached, or not for now."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The Redis of the shared index is away: {reason}. It is being tried again.")


class LeaseLostError(SharedIndexError):
    """The lease ended under which a server's records are there, or another server has taken its name."""

    def __init__(self) -> None:
        super().__init__("Redis was not told of us in time. All that we hold is written there anew.")


class ProgramError(NetworkError):
    """A program that was started for a test did not start, ended too early, or does not listen.

    Attributes:
        output: the last lines that it printed, made fit to be shown; perhaps "".
    """

    def __init__(self, what: str, *, output: str = "") -> None:
        self.output = output
        super().__init__(what + (f"\nIts last lines:\n{output}" if output else ""))


class BusyError(P2PCIError):
    """Too much is asked for at once, or who asked has left before it was done."""


class NotInstalledError(P2PCIError):
    """Something was asked for that needs a package which does not come with the others.

    Attributes:
        package: its name.
    """

    def __init__(self, what: str, *, package: str, extra: str) -> None:
        self.package = package
        super().__init__(f"{what} needs {package}, which is not installed: pip install 'p2pci[{extra}]'")


class LibraryError(P2PCIError):
    """A folder or file of the shelf cannot be read or written.

    Attributes:
        path: the folder or file.
    """

    def __init__(self, path: Path, *, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


class NotOnShelfError(LibraryError):
    """The shelf has no such document, or what has its name is not a regular file."""


class BundleError(P2PCIError):
    """A bundle is damaged, or is none.

    Attributes:
        source: its name.
    """

    def __init__(self, source: str, *, reason: str) -> None:
        self.source = source
        super().__init__(f"{source}: {reason}")
