"""The page of an index server for people: the facts of `stats`, worded and drawn.

All text goes through jinja2's escaping, and through ours, which shows what cannot be seen. Imports its
package, `web`, `dialing`, `protocol` and starlette.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from p2pci.dialing import show_address
from p2pci.protocol.escaping import escape
from p2pci.web.framing import templates
from p2pci.web.index.charts import bars, curve
from p2pci.web.index.stats import Facts, Pages

CODES = ("200", "400", "404", "505")
MIN_HISTORY_SECONDS, HISTORY_SECONDS = 60.0, 3600.0
PAGES = (("/stats", "Stats"), ("/stats.json", "JSON"), ("/metrics", "Metrics"))
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class StatsPage:
    """Writes the page."""

    def __init__(self) -> None:
        environment = templates()
        environment.filters |= {
            "address": lambda peer: escape(show_address((peer["host"], peer["port"]))),
            "number": lambda number: f"{number:,.0f}",
            "rate": lambda rate: f"{rate:,.0f}" if rate >= 10 or rate == int(rate) else f"{rate:.1f}",
            "seen": escape,
            "size": show_size,
            "utc": lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds"),
        }
        self._template = environment.get_template("index.html")

    def show(self, facts: Facts, pages: Pages) -> Response:
        """Write the page with these facts."""
        seconds = min(HISTORY_SECONDS, max(MIN_HISTORY_SECONDS, facts["time"] - facts["since"]))
        page = self._template.render(
            kind="index",
            pages=PAGES,
            page="/stats",
            change_token="",
            facts=facts,
            codes=CODES,
            copies=bars(
                (show_group(group["from"], group["to"]), group["documents"])
                for group in facts["documents"]["by_holders"]
            ),
            times=bars(
                (show_bound(time["up_to_seconds"]), time["batches"]) for time in facts["answer_times"]
            ),
            rates=curve(facts["rates"], seconds=seconds),
            connections=curve(
                [(sample["time"], sample["connections"]) for sample in facts["history"]],
                seconds=seconds,
            ),
            ago=lambda time: show_duration(facts["time"] - time),
            link=lambda **changes: _link(pages, changes),
            history=show_history(seconds),
            later=_later(facts, pages),
        )
        return HTMLResponse(page)


def _link(pages: Pages, changes: dict[str, Any]) -> str:
    """Give the address of the page with other parts of the lists."""
    values = {**pages._asdict(), **changes}
    given = {name: value for name, value in values.items() if value != getattr(Pages(), name)}
    return "/stats" + (f"?{urlencode(given)}" if given else "")


def _later(facts: Facts, pages: Pages) -> int | None:
    """Give where the next page of peers begins; None behind the last one."""
    following = pages.peers + pages.size
    return following if following < facts["peers"]["count"] else None


def show_group(low: int, high: int | None) -> str:
    """Name a group of numbers of copies."""
    if high is None:
        return f"{low:,} or more"
    return f"{low} copy" if high == 1 else f"{low} copies" if low == high else f"{low}–{high}"


def show_bound(seconds: float | None) -> str:
    """Name a bound of answer times; None is behind the last one."""
    if seconds is None:
        return "longer"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"≤ {seconds / size:.3g} {unit}"
    return f"≤ {seconds / 1e-9:.0f} ns"


def show_size(size: float) -> str:
    """Write a number of bytes for people."""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def show_history(seconds: float) -> str:
    """Name the time that the charts show."""
    if seconds >= HISTORY_SECONDS:
        return "The last hour"
    minutes = int(seconds // 60)
    return f"The last {minutes} minutes" if minutes > 1 else "The last minute"


def show_duration(seconds: float) -> str:
    """Write a duration for people, in its two largest units."""
    seconds = max(0, int(seconds))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if days < 1 else f"{days} d {hours % 24} h"
