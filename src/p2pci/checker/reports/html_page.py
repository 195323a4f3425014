"""What every page has around its content: nothing is loaded, nothing needs a script, one style for all.

May import its neighbours.
"""

from __future__ import annotations

from p2pci.checker.reports.html_style import STYLE
from p2pci.checker.reports.markup import Markup, tag

# Even if an escape were forgotten, a browser would load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(*content: Markup, title: str, style: str = "") -> str:
    """Write a page; `style` is what it needs beyond the style of all."""
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", Markup(STYLE), Markup(style)),
    )
    body = tag("body", tag("main", *content))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"
