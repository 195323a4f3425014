"""HTML that is escaped by how it is made: only what `tag` gave goes into a page as it is.

Text that could act on a reader's eyes (controls, turned directions) is escaped too.
"""

from __future__ import annotations

from html import escape as escape_html

from p2pci.protocol.escaping import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | bool) -> Markup:
    """Write an element; a child that is no Markup is text.

    Args:
        name: of the element.
        children: what is in it, in this order.
        attributes: `class_` for `class`; True for one without a value, False for none.
    """
    written = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{''.join(map(_as_markup, children))}</{name}>")


def _as_markup(child: str) -> str:
    return child if isinstance(child, Markup) else escape_html(escape(child))


def _attribute(name: str, value: str | bool) -> str:  # noqa: FBT001 - a value, not a switch
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{escape_html(escape(value))}"'
