"""The standard streams of this process: missing ones replaced, and an end without a last complaint."""

from __future__ import annotations

import os
import sys


def open_missing_streams() -> None:
    """Give the standard streams that this process was started without an end that leads nowhere.

    Else the sockets would be opened under their numbers.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - kept open


def flush_output() -> None:
    """Write what is buffered; what cannot be written is dropped, so that the exit code stays what it is."""
    try:
        sys.stdout.flush()
    except OSError:
        drop_output()


def drop_output() -> None:
    """Write to nowhere from now on: its reader has gone, and what is buffered must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
