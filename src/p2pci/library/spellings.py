"""The other names that documents have in people's folders, `rfc0123.txt` and `RFC123.TXT`, by number.

A folder is looked through again only when it has changed: else each question for a document that is not
there, of which anybody may ask thousands, would cost a look at all that are. Imports its floor's `folder`,
`names` and `readings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pci.library.names import document_name, document_number
from p2pci.library.readings import is_settled

if TYPE_CHECKING:
    from p2pci.library.folder import Folder


class Spellings:
    """The names of one folder; may be used by several threads."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._found: dict[int, list[str]] = {}
        self._looked_at = (0, 0)  # the folder, and when it had been changed last

    def of(self, number: int) -> list[str]:
        """The names that a document may have besides its canonical one, in order.

        Raises:
            OSError: the folder cannot be read.
        """
        state = self._folder.state(".")
        now = (state.st_ino, state.st_mtime_ns)
        found = self._found
        if now != self._looked_at:
            found = self._look()
            if is_settled(state.st_mtime_ns):  # else a name may come in the same tick
                self._found, self._looked_at = found, now
        return found.get(number, [])

    def _look(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for name, _ in sorted(self._folder.regular_files(_is_other_name)):
            number = document_number(name)
            if number is not None:
                found.setdefault(number, []).append(name)
        return found


def _is_other_name(name: str) -> bool:
    number = document_number(name)
    return number is not None and name != document_name(number)
