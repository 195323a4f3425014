"""What the pages of a peer and of an index are made of alike: their static files, templates and queries.

Imports `errors`, `protocol`, starlette and jinja2.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from p2pci.errors import InvalidValueError
from p2pci.protocol.escaping import escape

_FOLDER = Path(__file__).parent


def static_files() -> Mount:
    """The address of scripts, styles and pictures, as the templates name it."""
    return Mount("/static", StaticFiles(directory=_FOLDER / "static"))


def templates() -> Environment:
    """The templates: what is put into them is text, and what they lack is an error."""
    loader = FileSystemLoader(_FOLDER / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def number_in_query(request: Request, name: str, *, default: int, least: int = 0, most: int) -> int:
    """Read a number of a request's query.

    Raises:
        InvalidValueError: it is none, too small or too large.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise InvalidValueError(
            f"{name}={escape(text)} is no number from {least} to {most}. Give one, or leave it out."
        )
    return int(text)
