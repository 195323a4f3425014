"""The limits of an origin. Imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginLimits:
    """How long an origin is waited for, and how much is taken from it.

    Attributes:
        connect_seconds: until the connection stands.
        stall_seconds: without a byte.
        whole_seconds: for one document, from asking to its last byte.
        max_bytes: of one document.
        max_redirects: for one document.
    """

    connect_seconds: float = 10.0
    stall_seconds: float = 30.0
    whole_seconds: float = 900.0
    max_bytes: int = 64 * 1024 * 1024
    max_redirects: int = 5
