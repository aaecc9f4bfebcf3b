"""Text from files of others, as a terminal or a page may show it."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

__all__ = ["SafePart", "one_line", "safe_text", "with_names_on_one_line"]

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


def one_line(name: str) -> str:
    r"""A name, in which an end of a line is spelled.

    Examples
    --------
    >>> print(one_line("runs/two\nlines"))
    runs/two\nlines
    """
    return name.replace("\n", "\\n")


def with_names_on_one_line(text: str) -> str:
    """A text in which names that were typed, or that lead to this folder, do not end a line.

    A path may hold an end of a line, which is legal: what is said of it would read as two things said.
    """
    typed = [argument for argument in sys.argv[1:] if "\n" in argument]
    try:
        here = os.getcwd()
    except OSError:  # removed in the meantime
        here = ""
    if not typed and "\n" not in here:  # as nearly always
        return text
    names = {name for argument in (*typed, here) for name in argument.split("/") if "\n" in name and name.strip()}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, one_line(name))
    return text


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
