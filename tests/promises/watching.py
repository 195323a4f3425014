"""What the system tells of a running program: its memory, descriptors and threads."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 1024 * 1024
MORE_BYTES = 64 * MIB  # what a program may take more, whatever is done to it


def memory_bytes(pid: int) -> int:
    return _status(pid, "VmRSS") * 1024


def peak_bytes(pid: int) -> int:
    """The most memory that it ever had."""
    return _status(pid, "VmHWM") * 1024


def processor_seconds(pid: int) -> float:
    """How long it has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads(pid: int) -> int:
    return _status(pid, "Threads")


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise AssertionError(f"/proc/{pid}/status has no {name}")
