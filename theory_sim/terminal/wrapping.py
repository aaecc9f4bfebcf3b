"""Lines for standard error: as wide as the reader's terminal, each continued below its text; whole where no reader is known."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from typing import Final

from theory_sim.terminal.safe_text import safe_text, with_names_on_one_line

__all__ = ["filled", "join_numbers", "part_numbers", "say_aside", "wrapped"]

_LEAST: Final = 40
_DEEPEST: Final = 13
_UNITS: Final = "%|s|min|h|ms|B|KB|MB|GB|KiB|MiB|GiB|nats?|times"
_UNBROKEN: Final = re.compile(
    rf"(?<=\d) (?=(?:{_UNITS})(?![\w/]))|(?<=\d) (?=to -?\d)|(?<=\d to) (?=-?\d)"
    r"|(?<=[=<>≤≥±]) (?=[-+]?[\d.]\S{0,23}(?:\s|$))|(?<=[\w)]) (?=[<>]?=? ?[-+]?\.?\d)(?=[<>=])|(?<=[\w)]) (?=[≤≥±] [-+]?\d)")
"""Spaces at which no line ends: those of "15 %", "3 min", "0.16 to 1.00", "tau = 1000", "> 50"; long numbers break."""
_JOINED: Final = "\ue000"  # of private use, so that a no-break space of a path stays


def say_aside(text: str) -> None:
    """Say something beside the result, on standard error: a note, a warning, a finding."""
    print(safe_text(wrapped(with_names_on_one_line(text))), file=sys.stderr, flush=True)


def wrapped(text: str) -> str:
    """A text whose lines fit standard error, if that is a terminal or COLUMNS is set; else as it is, a line for each.

    Words, such as paths, stay whole. A line continues under the text after its head, as "warning:" or "  rule:".

    Examples
    --------
    >>> import os
    >>> os.environ["COLUMNS"] = "44"
    >>> print(wrapped("theory-sim: d = 0\\n  rule: a whole number from one to ten million, inclusive"))
    theory-sim: d = 0
      rule: a whole number from one to ten
            million, inclusive
    >>> del os.environ["COLUMNS"]
    """
    width = _width()
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _fitted(line, max(width, _LEAST)))


def filled(text: str, width: int, *, first: str = "", later: str = "") -> list[str]:
    """Lines of a text; a number keeps its %, a range both ends, and a word that is longer than a line stays whole.

    Parameters
    ----------
    text : str
        One line.
    width : int
        Columns.
    first, later : str
        What the first line and each of the others begin with.

    Examples
    --------
    >>> filled("of Q within 7 % on 26 of 26, median 2 %", 14)
    ['of Q within', '7 % on 26 of', '26, median 2 %']
    """
    lines = textwrap.wrap(join_numbers(text), width, initial_indent=first, subsequent_indent=later,
                          break_long_words=False, break_on_hyphens=False)
    return [part_numbers(line) for line in lines]


def join_numbers(text: str) -> str:
    """The text with a letter in place of each space at which no line may end; `part_numbers` takes it out again."""
    return _UNBROKEN.sub(_JOINED, text)


def part_numbers(text: str) -> str:
    """The text with its spaces, as before `join_numbers`."""
    return text.replace(_JOINED, " ")


def _fitted(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    head = re.match(r" *(?:[\w-]+: )?", line)
    assert head is not None
    margin = " " * (head.end() if 0 < head.end() <= _DEEPEST else 4)
    return filled(line, width, later=margin) or [line]


def _width() -> int | None:
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else None
    except (OSError, ValueError, AttributeError):
        return None
