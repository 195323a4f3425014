"""Exit codes, and which error ends in which."""

from __future__ import annotations

from enum import IntEnum

from p2pci.errors import (
    InvalidValueError,
    NetworkError,
    NotFoundError,
    P2PCIError,
    ProtocolError,
    RefusedError,
)


class ExitStatus(IntEnum):
    """What a command ends with; documented in the README."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NETWORK = 4
    PROTOCOL = 5
    NONCONFORMANT = 6
    INTERRUPTED = 130


def exit_status_of(error: P2PCIError) -> ExitStatus:
    match error:
        case InvalidValueError():
            return ExitStatus.USAGE
        case NotFoundError():
            return ExitStatus.NOT_FOUND
        case NetworkError():
            return ExitStatus.NETWORK
        case ProtocolError() | RefusedError():
            return ExitStatus.PROTOCOL
        case _:
            return ExitStatus.FAILED
