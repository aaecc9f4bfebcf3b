"""On which line of a TOML text each key stands.

tomllib tells no lines. A statement is what it reads once its last line is there, and not before: so the text is read again
statement by statement, by tomllib itself, and no second grammar is needed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["Path", "key_lines"]

Path = tuple[str | int, ...]
"""Names that lead to a key, with numbers from 0 in arrays of tables."""
# How a statement of several lines ends; a comment may come after. Elsewhere it need not be read again.
_ENDS: Final = ("]", "}", '"""', "'''")
# Letters that are read again at most: a file that asks for more loses the lines below, not the reader's time.
_MOST_READ: Final = 1_000_000


def key_lines(text: str) -> dict[Path, int]:
    """First line, counted from 1, of each key and table of a TOML text; ``text`` must be TOML.

    Keys of inline tables are at the line on which their statement begins. Keys after a statement of so many lines that it
    would take seconds to find its end are left out.
    """
    lines: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    for number, statement, content in _statements(text):
        if statement.lstrip().startswith("["):
            table = _header(content, arrays)
            found: Iterator[Path] = iter([table[:length] for length in range(1, len(table) + 1)])
        else:
            found = (table + path for path in _paths(content))
        for path in found:
            lines.setdefault(path, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Number of the first line, text and content of each statement by itself."""
    pending: list[str] = []
    length, left = 0, _MOST_READ
    for number, line in enumerate(text.split("\n"), start=1):
        pending.append(line)
        length = length + len(line) if len(pending) > 1 else len(line)
        if len(pending) > 1 and not (line.rstrip().endswith(_ENDS) or "#" in line):
            continue
        try:
            content = tomllib.loads("\n".join(pending))
        except (ValueError, RecursionError):
            left -= length
            if left < 0:
                return
            continue
        if content:
            yield number - len(pending) + 1, pending[0], content
        pending = []


def _header(content: Mapping[str, Any], arrays: dict[Path, int]) -> Path:
    """Path of a table that a header opens; an array of tables is counted on."""
    path: Path = ()
    value: Any = content
    while value:
        (name, value), = value.items()
        path += (name,)
        if isinstance(value, list):
            arrays[path] = arrays.get(path, -1) + 1
            value = None
        if path in arrays:
            path += (arrays[path],)
    return path


def _paths(content: Any) -> Iterator[Path]:
    """Path of every key of a table, those of tables in it included."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield (name,)
            yield from ((name, *below) for below in _paths(value))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            if isinstance(value, Mapping):
                yield from ((number, *below) for below in _paths(value))
