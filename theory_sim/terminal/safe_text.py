"""Text from files of others, as a terminal or a page may show it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

__all__ = ["SafePart", "safe_text"]

# Letters that turn the direction of the text around them, outside of their own name too.
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe_text(text: str) -> str:
    r"""A text without control letters, which a terminal obeys, and without those that turn the text around them.

    Ends of lines and tabs stay.

    Examples
    --------
    >>> safe_text("wiped \x1b[2J or not")
    'wiped �[2J or not'
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():  # as mostly
        return text
    return "".join(letter if letter in "\n\t" or not (letter in _TURNS or unicodedata.category(letter) in ("Cc", "Cs"))
                   else "\N{REPLACEMENT CHARACTER}" for letter in text)


class SafePart:
    """What rich prints, with safe text; its colours are rich's own.

    Parameters
    ----------
    part : object
        A table or anything else that rich lays out.
    """

    def __init__(self, part: Any) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._part, options):
            yield segment if segment.control else segment._replace(text=safe_text(segment.text))
