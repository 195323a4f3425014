"""Documents of our own on pages, in layouts that documents have had: what a reader must take away again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PAGE_LINES = 40

Layout = Callable[[int], tuple[list[str], list[str]]]
"""Gives the foot of a page, and the head of the next one."""


def modern(page: int) -> tuple[list[str], list[str]]:
    head = f"RFC {7000}{'A Made Document':^45}May 2016"
    return [f"Example{'Standards Track':^50}[Page {page}]"], [head]


def two_lined(page: int) -> tuple[list[str], list[str]]:
    """As in RFC 793: sides change, the document's name below the date."""
    date, name = "September 1981", "A Made Document"
    if page % 2:
        return [f"{f'[Page {page}]':>72}"], [f"{date:<72}", f"{name:>72}"]
    return [f"[Page {page}]"], [f"{date:>72}", f"{name:<72}"]


def numbers_alone(page: int) -> tuple[list[str], list[str]]:
    return [f"-{page}-"], []


def number_on_top(page: int) -> tuple[list[str], list[str]]:
    return [], [f"{page + 1:>36}"]


def name_alone(page: int) -> tuple[list[str], list[str]]:
    return [f"{f'[Page {page}]':>72}"], ["RFC 7000"]


LAYOUTS: dict[str, Layout] = {
    layout.__name__: layout for layout in (modern, two_lined, numbers_alone, number_on_top, name_alone)
}


def on_pages(lines: Sequence[str], layout: Layout) -> str:
    """Put a text on pages; where a paragraph ends there, a page may end with it."""
    pages = [list(lines[start : start + PAGE_LINES]) for start in range(0, len(lines), PAGE_LINES)]
    text: list[str] = []
    for page, content in enumerate(pages, 1):
        foot, head = layout(page)
        text += [*content, "", "", "", *foot]
        if page < len(pages):
            text += ["\f", *head, "", ""]
    return "\n".join(text) + "\n"


def made_document() -> list[str]:
    """A document with contents, sections, an appendix, a list, a drawing and a table over a page's end."""
    lines = ["Example Working Group", "Request for Comments: 7000", "Category: Informational", ""]
    lines += [f"{'A Made Document':^72}".rstrip(), "", "Abstract", "", "   What this is.", ""]
    lines += ["Table of Contents", ""]
    lines += [f"   {number}.  {title} {'.' * (50 - len(title))} {number}" for number, title in TITLES]
    lines += [f"   Appendix A.  {APPENDIX} {'.' * 20} 9", ""]
    for number, title in TITLES:
        lines += [f"{number}.  {title}", "", *_prose(number), "", "   1.  An item of a list", ""]
        lines += [f"{number}.1.  Part of {title}", "", *_drawing(), "", *_prose(number), ""]
    lines += [f"Appendix A.  {APPENDIX}", "", *_prose(9), "", "Author's Address", "", "   A. Example", ""]
    return lines[:-1]


TITLES = [(1, "Introduction"), (2, "The Shelf"), (3, "Security Considerations")]
APPENDIX = "More of It"


def _prose(seed: int) -> list[str]:
    """Paragraphs whose lines are full, and end in no full stop where they go on."""
    line = "   the words of this sentence go on and on until the line is full,"
    return [
        f"   This is paragraph {seed}, and it begins in a line that is quite full",
        *[line] * 11,
        "   and end.",
    ]


def _drawing() -> list[str]:
    box = "      +-----------+       +-----------+"
    return [box, *["      |           | ----> |           |"] * 9, box]
