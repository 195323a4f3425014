"""File names of documents: `rfc3457.txt` and back.

People's folders also hold `rfc0123.txt` and `RFC123.TXT`, so these are read as meant; only
`rfc3457.txt` is ever written. Imports errors alone.
"""

from __future__ import annotations

import re

from p2pci.errors import InvalidValueError

MAX_NUMBER = 4_294_967_295
"""The largest number that a request can carry."""

# ASCII alone: `int()` and `\\d` also take the digits of other scripts.
_NAME = re.compile(r"rfc0*([1-9][0-9]{0,9})\.txt", re.ASCII | re.IGNORECASE)


def document_number(name: str) -> int | None:
    """The number of the document that a file of this name holds, 1 to MAX_NUMBER; None for any other file."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    number = int(match[1])
    return number if number <= MAX_NUMBER else None


def document_name(number: int) -> str:
    """The name under which a document is saved, such as `rfc3457.txt`.

    Raises:
        InvalidValueError: the number is not between 1 and MAX_NUMBER.
    """
    if not 1 <= number <= MAX_NUMBER:
        raise InvalidValueError(f"There is no RFC {number}. Give a number from 1 to {MAX_NUMBER}.")
    return f"rfc{number}.txt"
