"""Dates, read in any of the forms that programs write: those of the course text are no HTTP dates (Q-10).

Imports nothing of the project.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

# Of an HTTP date, such as `Sun, 26 Apr 2026 21:30:16 GMT` (RFC 9110, section 5.6.7).
_HTTP_DATE = re.compile(
    rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] "
    rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT"
).fullmatch


def is_http_date(value: bytes) -> bool:
    return bool(_HTTP_DATE(value))


def read_date(value: bytes) -> float | None:
    """Read a date as seconds since 1970; None when it is in no form that is known here.

    A date without a zone is taken for GMT, so that it can be wrong by the hours of a zone.
    """
    text = value.decode("utf-8", "replace")
    try:
        moment = _read_words(text) or datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _read_words(text: str) -> datetime | None:
    """Read a date with the name of a month: of mail, of HTTP, of C, of Java."""
    parts = parsedate_tz(text)
    if not parts:
        return None
    return datetime(*parts[:6], tzinfo=UTC) - timedelta(seconds=parts[9] or 0)
