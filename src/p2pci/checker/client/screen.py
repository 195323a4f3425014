"""What a client shows of the answers that it got (B-9). May import `target` and `desks`."""

from __future__ import annotations

import re

from p2pci.checker.cases import Deviation, Finding, lenient
from p2pci.checker.client.desks import Record
from p2pci.checker.client.target import Client
from p2pci.checker.program import shown, wait_until
from p2pci.checker.symptoms import Symptom


async def require_shown(client: Client, *records: Record, since: int) -> Finding | None:
    """Check that it shows these records, in their format; in another one is lenient.

    Args:
        client: the program under test.
        records: what it was answered.
        since: how much it had printed when it was told to ask.

    Raises:
        Deviation: it does not show one of them in time.
    """
    last = records[-1]
    await prints(client, *_facts(last), since=since)
    text = printed(client, since)
    for record in records:
        if not all(fact in text for fact in _facts(record)):
            raise Deviation(
                "a record of the answer is not shown",
                expected=record.line() + b"\r\n",
                received=client.program.printed_since(since)[-1000:],
                symptom=Symptom.NOT_SHOWN,
            )
    await prints(client, _line(last), since=since, seconds=client.wires.patience.quiet_seconds)
    text = printed(client, since)
    if all(_line(record) in text for record in records):
        return None
    return lenient("the records are shown, but not in the format of the answer")


def _facts(record: Record) -> tuple[str, ...]:
    return str(record.number), _squeezed(record.title), record.host, str(record.port)


def _line(record: Record) -> str:
    return _squeezed(record.line().decode())


async def require_said(client: Client, *words: str, since: int, answer: bytes) -> None:
    """Check that it tells its user of an error, by one of these words in any case.

    Raises:
        Deviation: it does not, in time.
    """
    seconds = client.wires.patience.answer_seconds
    if not await wait_until(
        lambda: any(word.lower() in printed(client, since).lower() for word in words), seconds=seconds
    ):
        raise Deviation(
            "the answer is not shown",
            expected=answer,
            received=client.program.printed_since(since)[-1000:],
            symptom=Symptom.NOT_SHOWN,
        )


async def prints(client: Client, *texts: str, since: int, seconds: float | None = None) -> bool:
    """Whether all of this is printed in time, by default that for an answer."""
    return await wait_until(
        lambda: all(text in printed(client, since) for text in texts),
        seconds=client.wires.patience.answer_seconds if seconds is None else seconds,
    )


def printed(client: Client, since: int) -> str:
    return _squeezed(shown(client.program.printed_since(since)))


def _squeezed(text: str) -> str:
    """Make every run of blanks and line ends one space: how a program lays its lines out is its own."""
    return re.sub(r"\s+", " ", text)
