"""The limits of downloads. Imports nothing of the project."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """How long holders are waited for, and how much is taken from them.

    Attributes:
        connect_seconds: until a connection stands.
        head_seconds: until the head of an answer is whole; a holder lets a GET wait 30 s for a slot
            (clause P-4.16).
        stall_seconds: without a byte of a document, or with fewer than min_bytes_per_second.
        min_bytes_per_second: what a holder has to send, on average over `stall_seconds`.
        max_bytes: of one document.
        pauses_seconds: before each further round over the holders that failed.
        give_up_seconds: after which no other holder of the document is tried any more.
    """

    connect_seconds: float = 10.0
    head_seconds: float = 35.0
    stall_seconds: float = 30.0
    min_bytes_per_second: float = 100.0
    max_bytes: int = 64 * 1024 * 1024
    pauses_seconds: tuple[float, ...] = (0.5, 2.0)
    give_up_seconds: float = 300.0
