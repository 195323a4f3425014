"""Which documents of a shelf are shared, by number: all, some, or all but some.

Imports nothing of the project.
"""

from __future__ import annotations

from dataclasses import dataclass

Numbers = tuple[range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What may be shared.

    Attributes:
        only: these numbers; every one when there are none.
        hidden: these are not, whatever `only` says.
    """

    only: Numbers = ()
    hidden: Numbers = ()

    def __contains__(self, number: int) -> bool:
        if any(number in some for some in self.hidden):
            return False
        return not self.only or any(number in some for some in self.only)


ALL = Sharing()
