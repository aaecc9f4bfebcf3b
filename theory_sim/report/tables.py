"""The terminal's tables as data, so that a report says the same words and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from theory_sim.report.content import Grid, Lines
from theory_sim.terminal.tables import HeadedTable

__all__ = ["blocks_of"]


def blocks_of(part: Any) -> list[Grid | Lines]:
    """Tables and paragraphs of what a terminal would show, in its order.

    Parameters
    ----------
    part : Group, Table, Text, Padding or str

    Raises
    ------
    TypeError
        If it is anything else, which would be lost.
    """
    blocks: list[Grid | Lines] = []
    for each in _leaves(part):
        if isinstance(each, Table):
            blocks.append(_grid(each))
            continue
        lines = tuple(line for line in _text(each).split("\n") if line.strip())
        if lines and blocks and isinstance(blocks[-1], Lines):
            blocks[-1] = Lines(blocks[-1].lines + lines)
        elif lines:
            blocks.append(Lines(lines))
    return blocks


def _leaves(part: Any) -> Iterator[Table | Text | str]:
    if isinstance(part, Group):
        for each in part.renderables:
            yield from _leaves(each)
    elif isinstance(part, Padding):
        yield from _leaves(part.renderable)
    elif isinstance(part, (Table, Text, str)):
        yield part
    else:
        raise TypeError(f"{type(part).__name__} in a table")


def _grid(table: Table) -> Grid:
    columns = [[_markup(cell) for cell in column.cells] for column in table.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    title = table.heading if isinstance(table, HeadedTable) else _markup(table.title)
    return Grid(title, [_markup(column.header) for column in table.columns], rows)


def _markup(cell: Any) -> str:
    """Text of a title or a cell, which rich reads as markup."""
    return _plain(cell) if isinstance(cell, str) else _text(cell or "")


@lru_cache(4096)  # the explorer asks for nearly the same cells at each move
def _plain(markup: str) -> str:
    return Text.from_markup(markup).plain


def _text(part: Text | str) -> str:
    return part.plain if isinstance(part, Text) else part
