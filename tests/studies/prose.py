"""What tests of the studies' prose share: a row of a table by its labels, and a number with its interval as pages write it."""

from __future__ import annotations

from typing import Any

import pandas

__all__ = ["interval", "row"]


def row(table: pandas.DataFrame, **labels: Any) -> pandas.Series:
    """The one row with these labels; an underscore stands for a space where no column has it."""
    found = table
    for name, value in labels.items():
        found = found[found[name.replace("_", " ") if name not in table else name] == value]
    assert len(found) == 1, labels
    return found.iloc[0]


def interval(row: pandas.Series, name: str, digits: int = 2) -> str:
    """Such as "1.20 [1.10, 1.30]"."""
    value, low, high = (f"{row[f'{name}{end}']:.{digits}f}" for end in ("", " low", " high"))
    return f"{value} [{low}, {high}]"
