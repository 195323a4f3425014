"""This machine: its cores, and what the page says about it. Linux knows most; elsewhere less is told."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WANTED_FILES = 24_000
SPARE_FILES = 200


def cores() -> tuple[int, int] | None:
    """Give the core that serves and the one that loads; None where a process cannot be held to a core."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


@contextmanager
def on_cores(*cores: int | None) -> Iterator[None]:
    """Run here, and let what is started here run, on these cores; None where that cannot be chosen."""
    chosen = {core for core in cores if core is not None}
    if not chosen:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_many_files() -> int:
    """Raise the limit of open files for this process and its children, and say what it is then."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (max(hard, WANTED_FILES), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            break
        except (OSError, ValueError):
            continue  # only root may go above the hard limit
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_connections(wanted: int) -> int:
    """Give as many connections as one process may have here, at most so many."""
    return max(1, min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES))


def describe() -> dict[str, str]:
    """Say what was measured on, for the page."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{memory_bytes / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "uvloop": package_version("uvloop"),
        "pyroaring": package_version("pyroaring"),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = re.findall(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return names[0].strip() if names else platform.machine()


def package_version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def program_version(*command: str) -> str:
    """Give the first version number that a program says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    numbers = re.findall(r"\d+\.\d+(?:\.\d+)?", done.stdout + done.stderr)
    return numbers[0] if numbers else "unknown"


def can_measure_memory() -> bool:
    return sys.platform == "linux"


def memory_bytes(pid: int, *, peak: bool = False) -> int:
    """Give what a process has in memory, or had at most since `forget_peak`; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    name = "VmHWM" if peak else "VmRSS"
    found = re.search(rf"^{name}:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def forget_peak(pid: int) -> None:
    """Let the highest memory of a process be counted from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def processor_seconds(pid: int) -> float:
    """Tell how long a process has run on a core; Linux only."""
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
