"""A collection of documents as large as that of all RFCs.

Made from real ones where P2PCI_TEST_RFCS names some. Imports nothing of the benchmark.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from pathlib import Path

DOCUMENTS = 9312
BYTES = 504_000_000

_SEED = 9312
_WORD = re.compile(rb"[A-Za-z]{4,}")
_RARE = 2  # times in all documents; such words are others in each document that is made
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def make_collection(folder: Path, documents: int, *, is_varied: bool = False) -> Path:
    """Make documents that are all different, with sizes like those of RFCs, in a new folder.

    Args:
        folder: where to.
        documents: how many; their bytes are that share of BYTES.
        is_varied: rare words differ from document to document, so that there are as many as in real ones.
    """
    folder.mkdir()
    size = BYTES * documents // DOCUMENTS
    chance = random.Random(_SEED)
    texts = _real_texts() or _made_texts(chance)
    rare = _rare_places(texts) if is_varied else [[] for _ in texts]
    chosen = [chance.randrange(len(texts)) for _ in range(documents)]
    factor = size / sum(len(texts[which]) for which in chosen)
    for number, which in enumerate(chosen, start=1):
        text = _vary(texts[which], rare[which], chance)
        wanted = max(100, int(len(text) * factor))
        fitted = (text * (wanted // len(text) + 1))[:wanted]
        (folder / f"rfc{number}.txt").write_bytes(b"%10d\n" % number + fitted[11:])
    return folder


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("rfc*.txt"))


def _real_texts() -> list[bytes]:
    source = os.environ.get("P2PCI_TEST_RFCS")
    return [path.read_bytes() for path in sorted(Path(source).glob("rfc[0-9]*.txt"))] if source else []


def _made_texts(chance: random.Random) -> list[bytes]:
    return [b"A line of a made document.\n" * int(chance.lognormvariate(7.2, 0.9)) for _ in range(300)]


def _rare_places(texts: list[bytes]) -> list[list[int]]:
    """Where in each text a rare word ends."""
    counts = Counter(word for text in texts for word in _WORD.findall(text))
    return [[found.end() for found in _WORD.finditer(text) if counts[found[0]] <= _RARE] for text in texts]


def _vary(text: bytes, ends: list[int], chance: random.Random) -> bytes:
    """Give rare words other last letters."""
    varied = bytearray(text)
    for end in ends:
        varied[end - 2 : end] = bytes(chance.choices(_LETTERS, k=2))
    return bytes(varied)
