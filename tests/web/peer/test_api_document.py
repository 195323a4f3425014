"""The examples of docs/api.md about a peer, asked of a real one, one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.web.peer.conftest import Page

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"
ANYTHING = "…"
_EXAMPLE = re.compile(
    r"```http\n(\w+) (\S+)(?: until (\w+) is (\d+))?\n(.*?)```\n\n```json\n(.*?)```", re.DOTALL
)


class Example(NamedTuple):
    """A request with its body, what is waited for, and the answer."""

    method: str
    path: str
    until: dict[str, int]
    body: str
    answer: Any


def examples(part: str) -> Iterator[Example]:
    """Give those below a heading."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"## {part}")[2].partition("\n## ")[0]
    for method, path, key, value, body, answer in _EXAMPLE.findall(text):
        until = {key: int(value)} if key else {}
        yield Example(method, path, until, body.strip() or "{}", json.loads(answer))


def differences(expected: Any, found: Any, *, at: str = "") -> list[str]:
    """Where an answer is not what the document says."""
    if expected == ANYTHING:
        return []
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{at}.{key}" for key in expected.keys() ^ found.keys()]
        both = expected.keys() & found.keys()
        return missing + [
            each for key in both for each in differences(expected[key], found[key], at=f"{at}.{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [each for row, (one, other) in pairs for each in differences(one, other, at=f"{at}[{row}]")]
    return [] if expected == found else [f"{at}: {found!r} is not {expected!r}"]


async def test_answers_are_those_of_the_document(page: Page) -> None:
    asked = list(examples("A peer"))
    assert len(asked) >= 11
    for example in asked:
        if example.until:
            found = await page.until(example.path, **example.until)
        elif example.method == "GET":
            found = await page.get(example.path)
        else:
            answer = await page.post(example.path, example.body)
            assert answer.status == 200
            found = answer.json
        assert differences(example.answer, found) == [], example.path
