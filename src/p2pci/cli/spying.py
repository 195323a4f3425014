"""The command spy: what two foreign programs say to each other, and what in it is not as written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pci.checker.cases import Level
from p2pci.checker.overhearing import Overheard
from p2pci.checker.spy import Spy
from p2pci.cli.display import escape, show_json_line, show_message
from p2pci.cli.exits import ExitStatus
from p2pci.cli.running import ending_signals
from p2pci.cli.terminal import Terminal
from p2pci.dialing import show_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from p2pci.checker.rules import Lapse
    from p2pci.events import Address

SHOWN_LINES = 40  # of one message; a LIST may have a million

_MARKS = {Level.MUST: "✘", Level.SHOULD: "✘", Level.OPEN: "?", Level.INFO: "~"}


async def spy_on(target: Address, *, bind: str | None, port: int, is_json: bool) -> ExitStatus:
    """Pass connections on to `target`, and print what goes through, until SIGINT or SIGTERM."""
    terminal = Terminal()

    def tell(number: int, heard: Overheard | str) -> None:
        terminal.report(_as_json(number, heard) if is_json else _as_text(number, heard))

    with ending_signals() as ending:
        async with Spy(target, host=bind, port=port, ear=tell) as spy:
            to = show_address(target)
            terminal.complain(f"Listening on port {spy.port}, passing on to {to}. Ctrl-C ends it.")
            await ending
    return ExitStatus.DONE


def _as_text(number: int, heard: Overheard | str) -> str:
    if isinstance(heard, str):
        return f"[{number}] * {escape(heard)}"
    lines = show_message(heard.data).split("\n")
    shown = [f"[{number}] {heard.side.value} {line}".rstrip() for line in lines[:SHOWN_LINES]]
    if len(lines) > SHOWN_LINES:
        shown.append(f"[{number}] {heard.side.value} … {len(lines) - SHOWN_LINES} lines more")
    if heard.body_bytes is not None:
        shown.append(f"[{number}] {heard.side.value} ({heard.body_bytes} bytes of data)")
    if heard.trouble:
        shown.append(f"[{number}]   ✘ cannot be read: {escape(heard.trouble)}")
    return "\n".join(shown + [f"[{number}]   {line}" for line in _lapse_lines(heard.lapses)])


def _lapse_lines(lapses: Iterable[Lapse]) -> Iterator[str]:
    """Tell each kind of lapse once: what is wrong with a line of a LIST mostly is with all of them."""
    kinds: dict[tuple[str, str], list[Lapse]] = {}
    for lapse in lapses:
        kinds.setdefault((lapse.clause, lapse.what), []).append(lapse)
    for first, *others in kinds.values():
        more = f", and {len(others)} times more" if len(others) > 1 else ", and once more" if others else ""
        yield _lapse_line(first) + more


def _lapse_line(lapse: Lapse) -> str:
    expected = f", as in {_quote(lapse.expected)}" if lapse.expected else ""
    return f"{_MARKS[lapse.level]} {lapse.clause}: {lapse.what}: {_quote(lapse.received)}{expected}"


def _quote(data: bytes) -> str:
    text = ascii(data.decode("utf-8", "backslashreplace"))
    return text if len(text) <= 80 else text[:78] + "…'"


def _as_json(number: int, heard: Overheard | str) -> str:
    if isinstance(heard, str):
        return show_json_line({"connection": number, "event": heard})
    return show_json_line(
        {
            "connection": number,
            "from": heard.side.name.lower(),
            "message": heard.data.decode("utf-8", "backslashreplace"),
            "body_bytes": heard.body_bytes,
            "trouble": heard.trouble,
            "lapses": [_lapse_as_json(lapse) for lapse in heard.lapses],
        }
    )


def _lapse_as_json(lapse: Lapse) -> dict[str, str]:
    return {
        "clause": lapse.clause,
        "level": lapse.level.value,
        "what": lapse.what,
        "expected": lapse.expected.decode("utf-8", "backslashreplace"),
        "received": lapse.received.decode("utf-8", "backslashreplace"),
    }
