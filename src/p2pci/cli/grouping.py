"""A group of commands whose help lists them by what people do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REST = "Other"
_WHOLE = 1000  # letters: a first sentence is wrapped, never cut off


class SectionedGroup(click.Group):
    """A group that lists its commands under headings; what is under none comes last.

    Args:
        sections: names of commands by heading, in the order of the help; a command need not exist.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, with one column of names for all headings."""
        shown = {name: command for name in self.list_commands(ctx) if (command := self._shown(ctx, name))}
        column = max(map(len, shown), default=0)
        placed = {name for names in self.sections.values() for name in names}
        rest = [name for name in shown if name not in placed]
        headings = {title: list(names) for title, names in self.sections.items()}
        headings[_REST] = [*headings.get(_REST, []), *rest]
        for title, names in headings.items():
            rows = [
                (name.ljust(column), shown[name].get_short_help_str(_WHOLE))
                for name in names
                if name in shown
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _shown(self, context: click.Context, name: str) -> click.Command | None:
        command = self.get_command(context, name)
        return None if command is None or command.hidden else command
