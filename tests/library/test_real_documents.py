"""Titles read from documents alone, against what an index file says they are.

Compared are case-folded words: runs of anything but letters and digits count as one blank. Articles are
left out, because the index is free with them: of its entries below 500 not one begins with one, and
others have one more than their document. What differs then in the real sample is the index's own: words put
right, in another order or added, and a title that the document says is lost.
P2PCI_TEST_RFCS names a folder of real documents with their rfc-index.txt; without it the test makes documents
in the same layouts and an index of them.
"""

import os
import re
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from p2pci.library import Shelf
from p2pci.library.names import document_name, document_number
from p2pci.library.rfc_index import TextIndex
from p2pci.library.titles import HEAD_BYTES, title_from_text
from tests.library.layouts import LAYOUTS

PROMISE = 0.98
TOPICS = [
    "Host Names",
    "the NETWORK Clock",
    "Mail over IEEE 802.1X",
    "Non-ASCII Text",
    "RFC 33",
    "a Very Large Catalogue",
]
FORMS = [
    "On {}",
    "A Protocol for {} (Version 2.0)",
    "The {} Option: Requirements and Applicability of a New Kind of It",
]


def made_sample(folder: Path) -> Path:
    """A few hundred documents of every layout, and an index of them."""
    titles = [form.format(topic) for form in FORMS for topic in TOPICS]
    made = enumerate(((layout, title) for layout in LAYOUTS.values() for title in titles), 7001)
    entries = []
    for number, (layout, title) in made:
        (folder / document_name(number)).write_text(layout(number, title), encoding="utf-8")
        entries.append(f"{number:04} {title}. A. Example, B. Sample, Ed.. May 1999. (Format: TXT)\n")
    (folder / "rfc-index.txt").write_text("\n".join(entries), encoding="utf-8")
    return folder


@pytest.fixture(name="sample", scope="module")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("P2PCI_TEST_RFCS")
    if not named:
        return made_sample(tmp_path_factory.mktemp("made"))
    return shutil.copytree(named, tmp_path_factory.mktemp("real") / "rfcs")  # a shelf writes into its folder


def words(title: str) -> str:
    plain = re.sub(r"[\W_]+", " ", title.casefold()).strip()
    return re.sub(r"\b(?:the|an?) ", "", plain)


def documents(folder: Path) -> dict[int, Path]:
    return {number: path for path in folder.iterdir() if (number := document_number(path.name)) is not None}


def test_titles_from_documents_agree_with_the_index(sample: Path) -> None:
    index = TextIndex((sample / "rfc-index.txt").read_bytes())
    entries = {number: index.entry(number) for number in sorted(documents(sample))}
    listed = {number: entry.title for number, entry in entries.items() if entry}
    found = {
        number: title_from_text(documents(sample)[number].read_bytes()[:HEAD_BYTES]) for number in listed
    }
    wrong = {number: title for number, title in found.items() if words(title) != words(listed[number])}

    for number, title in wrong.items():
        print(f"RFC {number}: document {title!r}, index {listed[number]!r}")
    agreement = 1 - len(wrong) / len(found)
    print(f"{len(found) - len(wrong)} of {len(found)} titles agree with the index: {agreement:.1%}")
    assert len(found) >= 250
    assert agreement >= PROMISE


def test_every_document_of_the_sample_is_on_the_shelf_with_a_title(sample: Path) -> None:
    with Shelf(sample) as shelf:
        found = shelf.scan()

    assert list(found) == sorted(documents(sample))
    assert all(document.title for document in found.values())
    assert {number: document.state.size for number, document in found.items()} == {
        number: path.stat().st_size for number, path in documents(sample).items()
    }
    for number, path in documents(sample).items():
        assert found[number].digest == sha256(path.read_bytes()).digest()
