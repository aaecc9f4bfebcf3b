"""Lines for standard error: as wide as the reader's terminal, each continued below its text; whole where no reader is known."""

from __future__ import annotations

import os
import re
import shlex
import sys
import textwrap
from collections.abc import Sequence
from typing import Final

from theory_sim.terminal.safe_text import safe_text, with_names_on_one_line

__all__ = ["Steps", "filled", "join_numbers", "part_numbers", "say_aside", "say_steps", "with_commands", "wrapped"]

Steps = Sequence[tuple[str, str]]
"""What to type: a text, which ends in a colon, and the command behind it; without a command, the text alone."""

_LEAST: Final = 40
_DEEPEST: Final = 13
_UNITS: Final = "%|s|min|h|ms|B|KB|MB|GB|KiB|MiB|GiB|nats?|times"
_BOUND: Final = r"(?:[-+]?[\d.][\d.e+-]{0,11}|no bound|infinite)"
_TERM: Final = r"\S{1,12}(?:\s|$)"
_UNBROKEN: Final = re.compile(
    rf"(?<=\d) (?=(?:{_UNITS})(?![\w/]))|(?<=\d) (?=to -?\d)|(?<=\d to) (?=-?\d)"
    rf"|(?<=\d) (?=(?:of|at) \d)|(?<=\d (?:of|at)) (?=\d)"
    rf"|(?<=[\d%]) (?=\[{_BOUND}, |\({_BOUND}(?:-| to ))|(?<=\d,) (?={_BOUND}[])])|(?<=no) (?=bound[],)])"
    r"|(?<=[=<>≤≥±]) (?=[-+]?[\d.]\S{0,23}(?:\s|$))|(?<=[\w)]) (?=[<>]?=? ?[-+]?\.?\d)(?=[<>=])|(?<=[\w)]) (?=[≤≥±] [-+]?\d)"
    rf"|(?<=[\w)\]}}]) (?=(?:[<>]=?|[≤≥]|->) {_TERM})|(?<= [<>≤≥]) (?={_TERM})|(?<= (?:[<>]=|->)) (?={_TERM})"
    r"|(?<=\(\w,) (?=\w\))|(?<=\(\w) (?=[-+] \w{1,6}\))|(?<=\(\w [-+]) (?=\w{1,6}\))")
"""Spaces at which no line ends: those of "15 %", "3 min", "0.16 to 1.00", "7.9 [7.5, 8.3]", "2 of 5", "92 at 0.45",
"tau = 1000", "> 50", "s <= i < t", "D(s, t)", "(1 - q)"; long numbers and terms break."""
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


def say_steps(steps: Steps) -> None:
    """Say on standard error what to type; see `with_commands`."""
    print(safe_text(with_commands([(with_names_on_one_line(text), command) for text, command in steps], _width())),
          file=sys.stderr, flush=True)


def with_commands(steps: Steps, width: int | None) -> str:
    """Texts with a command behind each, on one line if all of it fits; else a line each, or the command below its text.

    What is longer than a line even there is broken as a shell reads it, so that it can be copied. ``width`` None is no width.

    Examples
    --------
    >>> print(with_commands([("1 of 2 runs done; continue with:", "theory-sim run --preset quick --compare L-S,S")], 40))
    1 of 2 runs done; continue with:
      theory-sim run --preset quick \\
        --compare L-S,S
    """
    whole = ", ".join(f"{text} {command}".strip() for text, command in steps)
    if width is None or len(whole) <= width:
        return whole
    width = max(width, _LEAST)
    lines = []
    for text, command in steps:
        if len(line := f"{text} {command}".strip()) <= width:
            lines.append(line)
        else:
            lines += [*_fitted(text, width), *_command_lines(command, width)]
    return "\n".join(lines)


def _command_lines(command: str, width: int) -> list[str]:
    """A command two columns in; its later lines are continued by a backslash, and never begin with the value of an option."""
    lines: list[str] = []
    for part in _parts(command):
        if lines and len(lines[-1]) + 1 + len(part) + 2 <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(f"{'    ' if lines else '  '}{part}")
    return [*(f"{line} \\" for line in lines[:-1]), *lines[-1:]]


def _parts(command: str) -> list[str]:
    """Words of a command as a shell needs them; an option stays with its value, and the program with its verb."""
    parts: list[str] = []
    for word in map(shlex.quote, shlex.split(command)):
        verb = len(parts) == 1 and " " not in parts[0]
        if parts and not word.startswith("-") and (verb or re.fullmatch(r"--?[\w-]+", parts[-1])):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


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
    ['of Q within', '7 % on', '26 of 26,', 'median 2 %']
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
