"""The command mirror: everything that the swarm has and a folder lacks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from p2pci.cli.display import escape, show_json, show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.log import Log
from p2pci.cli.places import cache_folder
from p2pci.cli.printing import PeerPrinter
from p2pci.cli.questions import tracer
from p2pci.cli.terminal import Terminal
from p2pci.dialing import show_address
from p2pci.library import Shelf
from p2pci.mirror import Mirror

if TYPE_CHECKING:
    from pathlib import Path

    from p2pci.events import Servers
    from p2pci.mirror import MirrorOptions, Plan, Selection
    from p2pci.origin import Origin

SCREEN_SECONDS = 0.2
LINE_SECONDS = 5.0
SHOWN = 20
MEGABYTE = 1_000_000


async def mirror_documents(
    servers: Servers,
    selection: Selection,
    *,
    folder: Path,
    options: MirrorOptions,
    origin: Origin | None,
    is_dry: bool,
    is_json: bool,
    is_traced: bool,
) -> ExitStatus:
    """Fetch what is selected and lacking; interrupted and run again it goes on."""
    terminal = Terminal()
    with Shelf(folder, spare=cache_folder()) as shelf:
        mirror = Mirror(
            servers[0],
            shelf,
            spare_indexes=servers[1:],
            options=options,
            origin=origin,
            watch=None if is_json else PeerPrinter(Log(terminal), shows_all=True).watch,
            trace=tracer(is_json=is_json) if is_traced else None,
        )
        run = _Run(mirror, shelf, terminal=terminal, is_json=is_json)
        try:
            plan = await mirror.plan(selection)
            run.show_plan(plan, is_dry=is_dry)
            if not is_dry:
                await run.fetch(plan)
            return run.finish(plan, is_dry=is_dry)
        except asyncio.CancelledError:
            terminal.complain("Interrupted. What has come is saved; run it again to go on.")
            raise
        finally:
            await mirror.close()
            if origin:
                await origin.close()


class _Run:
    """One run of the command: what is shown of a mirror."""

    def __init__(self, mirror: Mirror, shelf: Shelf, *, terminal: Terminal, is_json: bool) -> None:
        self._mirror = mirror
        self._shelf = shelf
        self._terminal = terminal
        self._is_json = is_json
        self._begun = asyncio.get_running_loop().time()

    def show_plan(self, plan: Plan, *, is_dry: bool) -> None:
        """Say what is to come; when nothing is going to, each document of it."""
        self._say(
            f"[MIRROR] {len(plan.wanted)} document(s) to fetch, {_megabytes(plan.size)}; "
            f"{plan.present} are in {show_path(self._shelf.path)} already."
        )
        if plan.outside:
            self._say(f"[MIRROR] {len(plan.outside)} that nobody has are asked of the origin.")
        for offer in plan.differing:
            self._say(f"[MIRROR] RFC {offer.number} is here with other bytes than the swarm has.")
        for offer in plan.disputed:
            self._say(f"[MIRROR] The holders of RFC {offer.number} disagree; --accept takes one of these:")
            for digest, hosts in offer.votes:
                self._say(f"  {hosts} host(s): {digest.hex()}")
        if is_dry:
            for offer in sorted(plan.wanted, key=lambda offer: offer.number):
                self._say(f"RFC {offer.number}\t{escape(offer.title)}\t{offer.holders} holder(s)")

    async def fetch(self, plan: Plan) -> None:
        """Fetch what is planned, and show how far it is."""
        self._begun = asyncio.get_running_loop().time()
        showing = asyncio.create_task(self._show_progress(plan))
        try:
            await self._mirror.run(plan)
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing

    async def _show_progress(self, plan: Plan) -> None:
        seconds = SCREEN_SECONDS if self._terminal.is_screen else LINE_SECONDS
        while not self._is_json:
            await asyncio.sleep(seconds)
            line = f"[MIRROR] {self._progress(plan)}"
            if self._terminal.is_screen:
                self._terminal.show_status(line)
            else:
                self._terminal.print(line)

    def _progress(self, plan: Plan) -> str:
        rate = self._mirror.size / max(self._seconds, 0.001)
        left = (plan.size - self._mirror.size) / rate if rate and plan.size else 0.0
        shares = ", ".join(
            f"{escape(show_address(source.address))} {source.documents}"
            for source in self._mirror.sources[:4]
        )
        total = len(plan.wanted) + len(plan.outside)
        done = self._mirror.documents + self._mirror.meanwhile
        return (
            f"{done} of {total} documents, {_megabytes(self._mirror.size)}, "
            f"{_megabytes(rate)}/s, {max(left, 0):.0f} s left; {shares or 'no source yet'}"
        )

    @property
    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._begun

    def finish(self, plan: Plan, *, is_dry: bool) -> ExitStatus:
        """Say what became of it."""
        mirror = self._mirror
        missing = {} if is_dry else mirror.failed
        if self._is_json:
            self._terminal.print(show_json(self._report(plan, is_dry=is_dry)))
        elif not is_dry:
            self._say_outcome()
        for reason, numbers in _by_reason(missing).items():
            self._terminal.complain(f"RFC {_some(numbers)}: {escape(reason)}")
        had = mirror.documents + mirror.meanwhile + len(mirror.absent)
        lacking = 0 if is_dry else len(plan.wanted) + len(plan.outside) - had
        if missing and lacking > len(missing):
            self._terminal.complain(
                f"{lacking} document(s) are still missing. Run it again; --keep-going goes on at once."
            )
        if missing or plan.disputed:
            return ExitStatus.FAILED
        if not (plan.wanted or plan.outside or plan.present):
            self._terminal.complain("Nobody has any of what was asked for. `p2pci list` shows what there is.")
            return ExitStatus.NOT_FOUND
        return ExitStatus.DONE

    def _say_outcome(self) -> None:
        mirror, seconds = self._mirror, self._seconds
        if mirror.absent:
            self._say(f"[MIRROR] {len(mirror.absent)} are not at the origin either.")
        self._say(
            f"[MIRROR] {mirror.documents} document(s) fetched, {_megabytes(mirror.size)} in {seconds:.1f} s, "
            f"{_megabytes(mirror.size / max(seconds, 0.001))}/s."
        )
        if mirror.meanwhile:
            self._say(f"[MIRROR] {mirror.meanwhile} more had come here another way meanwhile, and stay.")
        for source in mirror.sources[:SHOWN]:
            where = escape(show_address(source.address))
            self._say(f"  {where}: {source.documents} document(s), {_megabytes(source.size)}")
        if len(mirror.sources) > SHOWN:
            self._say(f"  … and {len(mirror.sources) - SHOWN} more")
        if mirror.unverified:
            self._say(
                f"[MIRROR] {len(mirror.unverified)} of them unverified, since no holder told a SHA-256: "
                f"{_some(mirror.unverified)}"
            )

    def _report(self, plan: Plan, *, is_dry: bool) -> dict[str, object]:
        mirror = self._mirror
        return {
            "wanted": len(plan.wanted) + len(plan.outside),
            **({"numbers": self._numbers(plan)} if is_dry else {}),
            "documents": mirror.documents,
            "bytes": mirror.size,
            "seconds": round(self._seconds, 3),
            "present": plan.present,
            "meanwhile": mirror.meanwhile,
            "unverified": mirror.unverified,
            "differing": [offer.number for offer in plan.differing],
            "disputed": {
                offer.number: [{"sha256": digest.hex(), "hosts": hosts} for digest, hosts in offer.votes]
                for offer in plan.disputed
            },
            "absent": mirror.absent,
            "failed": [{"number": number, "reason": reason} for number, reason in mirror.failed.items()],
            "sources": [
                {
                    "host": source.address[0],
                    "port": source.address[1],
                    "documents": source.documents,
                    "bytes": source.size,
                }
                for source in mirror.sources
            ],
        }

    def _numbers(self, plan: Plan) -> list[int]:
        return sorted([*(offer.number for offer in plan.wanted), *plan.outside])

    def _say(self, text: str) -> None:
        if not self._is_json:
            self._terminal.print(text)


def _megabytes(size: float) -> str:
    return f"{size / MEGABYTE:.1f} MB"


def _by_reason(missing: dict[int, str]) -> dict[str, list[int]]:
    """Put together what failed for one reason: an index that is gone is said once, not for each document."""
    numbers: dict[str, list[int]] = {}
    for number, reason in missing.items():
        numbers.setdefault(reason, []).append(number)
    return numbers


def _some(numbers: list[int]) -> str:
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(map(str, numbers[:SHOWN])) + more
