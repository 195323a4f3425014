"""Exit codes, which error ends in which, and the one place where an error becomes a sentence."""

from __future__ import annotations

import signal
import sys
from enum import IntEnum
from typing import TYPE_CHECKING

from p2pci.cli.streams import drop_output, flush_output, open_missing_streams
from p2pci.errors import (
    InvalidValueError,
    NetworkError,
    NotFoundError,
    P2PCIError,
    ProtocolError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class ExitStatus(IntEnum):
    """What a command ends with; documented in docs/commands.md."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NETWORK = 4
    PROTOCOL = 5
    NONCONFORMANT = 6
    INTERRUPTED = 130


def _end(number: int, _frame: object) -> None:
    """End in order on SIGTERM, where no event loop sees to it."""
    raise SystemExit(128 + number)


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


def run_to_exit(command: Callable[[], ExitStatus]) -> ExitStatus:
    """Run a command; an error of ours ends in its sentence on standard error and in its exit code."""
    open_missing_streams()
    signal.signal(signal.SIGTERM, _end)
    try:
        return command()
    except P2PCIError as error:
        from p2pci.cli.display import escape  # only now: most commands end without

        print("\n".join(map(escape, str(error).split("\n"))), file=sys.stderr)
        return exit_status_of(error)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return ExitStatus.FAILED
    except OSError as error:
        drop_output()
        print(
            f"The output cannot be written: {error.strerror or error}. Write it elsewhere.", file=sys.stderr
        )
        return ExitStatus.FAILED
    finally:
        flush_output()
