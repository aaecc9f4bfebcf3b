"""A text among tables whose lines end between words, not within a number."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.containers import Lines
from rich.text import Text

from theory_sim.terminal.wrapping import join_numbers, part_numbers

__all__ = ["Sentence"]


class Sentence(Text):
    """Rich's text, for a group: a number keeps its %, a range both ends. Alone, rich prints it as a plain text.

    Examples
    --------
    >>> from rich.console import Group
    >>> Console(width=40).print(Group(Sentence("exact 95% interval of the share: 0.16 to 1.00")))
    exact 95% interval of the share:
    0.16 to 1.00
    """

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """Lines of the given width."""
        joined = self.copy()
        joined.plain = join_numbers(self.plain)
        lines = Text.wrap(joined, console, width, **options)
        for line in lines:
            line.plain = part_numbers(line.plain).rstrip()
        return lines
