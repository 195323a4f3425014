"""What a shell may complete: numbers of documents, known by the names in a folder or by its index file.

A shell waits for this at each press of a key: nothing is imported that need not be, no document is opened,
and of an index file only the numbers are looked for.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from p2pci.cli.settings import SETTINGS_FILE, load_settings
from p2pci.errors import P2PCIError

# As library.names reads them; to import that floor takes longer than all that is done here.
_NAME = re.compile(r"rfc0*([1-9][0-9]{0,9})\.txt", re.ASCII | re.IGNORECASE)
_INDEX_FORMS = {
    "rfc-index.txt": re.compile(rb"^0*([1-9][0-9]{0,9})[ \t]", re.MULTILINE),
    "rfc-index.xml": re.compile(rb"<rfc-entry>\s{0,40}<doc-id>RFC0{0,9}([1-9][0-9]{0,9})<"),
}
_MAX_INDEX_BYTES = 64 * 1024 * 1024
_FOLDERS = {"library": ("P2PCI_LIBRARY", "rfcs"), "output": ("", ".")}


def complete_shelf_number(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The documents of the command's folder."""
    return _items(_numbers_of_names(_folder(context, "library")), incomplete)


def complete_listed_number(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What an index file lists, in the folder that is saved into, or in the shelf."""
    for name in ("output", "library"):
        if numbers := _numbers_of_index(_folder(context, name)):
            return _items(numbers, incomplete)
    return []


def _folder(context: click.Context, parameter: str) -> Path:
    """The folder that a command would use: the settings file is not read yet when a shell asks."""
    given = context.params.get(parameter)
    if given and context.get_parameter_source(parameter) != ParameterSource.DEFAULT:
        return Path(given)
    variable, default = _FOLDERS[parameter]
    try:
        settings = load_settings(Path(SETTINGS_FILE)).get(context.info_name or "", {})
    except (P2PCIError, OSError):
        settings = {}
    return Path(os.environ.get(variable) or settings.get(parameter, default))


def _items(numbers: set[int], incomplete: str) -> list[CompletionItem]:
    fitting = (number for number in sorted(numbers) if str(number).startswith(incomplete))
    return [CompletionItem(str(number)) for number in fitting]


def _numbers_of_names(folder: Path) -> set[int]:
    try:
        with os.scandir(folder) as entries:
            return {int(match[1]) for entry in entries if (match := _NAME.fullmatch(entry.name))}
    except OSError:
        return set()


def _numbers_of_index(folder: Path) -> set[int]:
    for name, form in _INDEX_FORMS.items():
        path = folder / name
        try:
            if path.is_file() and path.stat().st_size <= _MAX_INDEX_BYTES:
                return set(map(int, form.findall(path.read_bytes())))
        except OSError:
            continue
    return set()
