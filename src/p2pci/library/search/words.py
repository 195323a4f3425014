"""Text as the index sees it: a document without the furniture of its pages, folded, in words.

A word is a run of letters and digits, whatever their case and accents: what SQLite's tokenizer `unicode61`
makes of a text that is in NFC. Folding keeps every letter at its place, so that what is found in a folded
text is found in the text. Imports its package's `pages` and the floor's `titles`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from p2pci.library.search.pages import without_furniture
from p2pci.library.titles import decode_document

MAX_BYTES = 16 * 1024 * 1024
"""No more of a document is indexed; the longest RFC has a few."""

WORD = re.compile(r"[^\W_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def text_of(data: bytes) -> str:
    """The text of a document, in NFC, without what its pages repeat."""
    return compose(decode_document(without_furniture(data)))


def compose(text: str) -> str:
    """Give an accent and its letter one place, as they have in the index."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Write a text in small letters without accents, each at its place."""
    if not text.isascii():
        text = _NOT_ASCII.sub(lambda found: _fold_letter(found[0]), text)
    return text.lower()


def words_in(text: str) -> list[str]:
    """The words of a text, folded."""
    return WORD.findall(fold(compose(text)))


@cache
def _fold_letter(letter: str) -> str:
    return unicodedata.normalize("NFD", letter.lower())[0]
