"""Names with points, such as observe.kernels.every_tau: one value of a table in place of the whole table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from theory_sim.errors import ExperimentError, repr_of, shown

__all__ = ["TABLES", "set_nested"]

TABLES: Final = ("observe",)
"""Fields that are tables."""


def set_nested(changes: Mapping[str, object], tables: Mapping[str, object]) -> dict[str, object]:
    """Changes with the tables as a whole in place of their parts.

    Parameters
    ----------
    changes : mapping
        New values by name; one with points is within a table: {"observe.kernels.every_tau": 5.0}.
    tables : mapping
        Present content of `TABLES`.

    Raises
    ------
    ExperimentError
        If a table is changed as a whole and in part.
    """
    whole = {name: value for name, value in changes.items() if name.partition(".")[0] not in TABLES or "." not in name}
    parts = {name: value for name, value in changes.items() if name not in whole}
    for name, value in parts.items():
        top, _, below = name.partition(".")
        if top in changes:
            raise ExperimentError(f"{top} = {shown(repr_of(changes[top]))} and {name}", "a table as a whole or in part",
                                  "leave one out", fields=(top, name))
        whole.setdefault(top, tables.get(top) or {})
        whole[top] = _put(whole[top], below.split("."), value)
    return whole


def _put(table: object, path: list[str], value: object) -> object:
    """Copy of a table with a value at a path; what is no table on the way to it gives way."""
    if not path:
        return value
    present = dict(table) if isinstance(table, Mapping) else {}
    return {**present, path[0]: _put(present.get(path[0]), path[1:], value)}
