"""A whole collection from three peers on this machine, beside those who copy one: curl, rsync, cp.

As many documents as there are RFCs, with as many bytes (`collection`). All take part on both cores, since
they are several programs each. Nothing is deleted before the row is over: ext4 looks long for an inode that
was not deleted lately. Imports what starts and makes them, and `results`.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.collection import BYTES, DOCUMENTS, make_collection, size_of
from bench.contestants import NGINX, Contestant, command, start_nginx, start_peer, start_server
from bench.load import LOOPBACK
from bench.machine import can_measure_memory, memory_bytes
from bench.report.results import OURS, Line
from bench.workshop import BenchError

if TYPE_CHECKING:
    from bench.run import Run
    from bench.workshop import Workshop

ROW = "mirror"
PEERS = 3
CURL, RSYNC, CP = "curl", "rsync", "cp"
AT_ONCE = 16
_MB = 1e6
_LOOK_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Copier:
    """Somebody who copies the collection: the words of the command, which go on with the folder to fill."""

    name: str
    words: list[str]


def measure(run: Run) -> list[Line]:
    """Measure how long it takes each to copy the collection, and the memory of ours."""
    workshop = run.workshop
    documents = run.sized(DOCUMENTS, at_least=30)
    collection = make_collection(workshop.path("collection"), documents)
    copiers = _copiers(workshop, collection)
    _check_room(workshop, len(copiers) * run.rounds * BYTES * documents // DOCUMENTS)
    peaks: list[float] = []

    def measure(copier: Copier) -> float:
        seconds, peak = _copy(workshop, copier, collection)
        if copier.name == OURS:
            peaks.append(peak)
        return seconds

    speed = Line(
        row=ROW,
        what=f"{documents:,} documents from {PEERS} peers, verified, onto the disk",
        unit="s",
        samples=run.interleave(copiers, measure),
        against=CURL,
        at_least=0.7,
        aim=0.5,
        is_upper=True,
        note=f"{size_of(collection) / _MB:.0f} MB; curl --parallel-max {AT_ONCE} from {NGINX}, unverified",
    )
    memory = Line(
        row=ROW,
        what="that mirror: memory of the whole process",
        unit="MB",
        samples={OURS: peaks},
        at_least=150.0,
        is_upper=True,
    )
    return [speed, memory] if can_measure_memory() else [speed]


def _copiers(workshop: Workshop, collection: Path) -> list[Copier]:
    index = start_server(workshop, is_free=True)
    for _ in range(PEERS):
        start_peer(workshop, _linked(workshop, collection), index, is_free=True)
    mirror = [*command(workshop), "mirror", "--all", "--json", "--server", f"{LOOPBACK}:{index.port}"]
    copiers = [Copier(OURS, [*mirror, "--library"])]
    nginx = start_nginx(workshop, collection, is_free=True)
    if nginx and (curl := _find(workshop, CURL)):
        copiers.append(Copier(CURL, [curl, *_curl_options(workshop, nginx, collection)]))
    if rsync := _find(workshop, RSYNC):
        copiers.append(Copier(RSYNC, [rsync, "-a", f"{collection}/"]))
    if cp := _find(workshop, CP):
        copiers.append(Copier(CP, [cp, "-r", f"{collection}/."]))
    return copiers


def _linked(workshop: Workshop, collection: Path) -> Path:
    """Give a peer a folder of its own, of the same files."""
    folder = workshop.path("library")
    folder.mkdir()
    for path in collection.iterdir():
        os.link(path, folder / path.name)
    return folder


def _find(workshop: Workshop, name: str) -> str | None:
    found = shutil.which(name)
    if not found:
        workshop.missing[name] = "it is not installed"
    return found


def _curl_options(workshop: Workshop, nginx: Contestant, collection: Path) -> list[str]:
    """Write down what curl fetches, under the names that it is to save it by."""
    urls = workshop.path("urls")
    lines = (
        f'url="http://{LOOPBACK}:{nginx.port}/{path.name}"\nremote-name\n' for path in collection.iterdir()
    )
    urls.write_text("".join(lines), encoding="utf-8")
    return ["-sS", "--parallel", "--parallel-max", str(AT_ONCE), "--config", str(urls), "--output-dir"]


def _check_room(workshop: Workshop, size: int) -> None:
    free = shutil.disk_usage(workshop.folder).free
    if free < 2 * size:
        raise BenchError(
            f"{ROW} writes {size / _MB:.0f} MB, too much for the {free / _MB:.0f} MB of the disk."
        )


def _copy(workshop: Workshop, copier: Copier, collection: Path) -> tuple[float, float]:
    """Copy the collection into a new folder, see that it is all there, and give seconds and most MB."""
    folder = workshop.path(f"copy-{copier.name}")
    folder.mkdir()
    os.sync()  # what others have left to write is not this one's
    begin = time.monotonic()
    program = workshop.start([*copier.words, str(folder)], is_free=True)
    peak = 0  # not that of wait4: it begins with what we had in memory when we started the program
    while program.process.poll() is None:
        peak = max(peak, memory_bytes(program.pid, peak=True) if can_measure_memory() else 0)
        time.sleep(_LOOK_SECONDS)
    seconds = time.monotonic() - begin
    copied = {path.name: path.stat().st_size for path in folder.glob("rfc*.txt")}
    if program.process.returncode or copied != {
        path.name: path.stat().st_size for path in collection.glob("rfc*.txt")
    }:
        raise BenchError(f"{copier.name} did not copy all of it:\n{program.output[-2000:]}")
    workshop.stop(program)
    return seconds, peak / _MB
