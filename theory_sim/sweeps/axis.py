"""Axes of a sweep, and the tables of fields from which its blocks make them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from theory_sim.errors import Fault, InputError, gathered, repr_of, shown
from theory_sim.experiment.field_kinds import fits_type, takes_list
from theory_sim.experiment.field_rules import named_once
from theory_sim.experiment.nested import TABLES

__all__ = ["OWN", "Axis", "first_repeated", "named_fields", "read_lists", "repeated"]


OWN: Final = {"schedule": "compare", "seed": "seeds", "name": "the sweep's own name", "engine": "engine"}
"""What no block varies, by what declares it instead."""


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Attributes
    ----------
    name : str
        A field, or "zip", "case", "random", "sobol" for several that vary together.
    fields : tuple of str
        Fields that vary along it.
    points : tuple of tuple
        Values of these fields, one tuple a point; None where a point leaves a field as it is.
    labelled : frozenset of str
        Fields whose value the label of every point that sets them has already.
    """

    name: str
    fields: tuple[str, ...]
    points: tuple[tuple[object, ...], ...]
    labelled: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.points)

    @property
    def is_schedule(self) -> bool:
        """Whether it is that of the compared schedules, whose labels have the fields of each."""
        return self.name == "schedule"

    @property
    def is_seed(self) -> bool:
        """Whether it is that of the seeds."""
        return self.name == "seed"

    def changes(self, at: int) -> dict[str, object]:
        """Fields that a point sets, with their values."""
        return {field: value for field, value in zip(self.fields, self.points[at], strict=True) if value is not None}


def named_fields(block: str, fields: object) -> dict[str, object]:
    """Fields of a block by the names that a file has; what is within a table such as observe has a name with points.

    Raises
    ------
    InputError
        If there are none, or one is given by two names.
    """
    if not isinstance(fields, Mapping) or not fields:
        raise InputError(f"{block} = {shown(repr_of(fields))}", "a table of fields, not empty",
                         f"such as [{block}] with a line for each field", fields=(block,))
    found: dict[str, object] = {}
    for name, value in named_once(fields).items():
        for path, each in _leaves(name, value, 2) if name in TABLES else ((name, value),):
            if path in found:
                raise InputError(f"{path} is given twice", "each field once", "leave one out", fields=(path,))
            found[path] = each
    return found


def _leaves(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    if depth and isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _leaves(f"{name}.{key}", below, depth - 1)
    else:
        yield name, value


def read_lists(fields: Mapping[str, object]) -> dict[str, tuple[object, ...]]:
    """Each field's list of values as a tuple of plain ones.

    Raises
    ------
    InputError
        With every field that has no list, or an empty one.
    """
    lists: dict[str, tuple[object, ...]] = {}
    faults: list[Fault] = []
    for field, values in fields.items():
        with gathered(faults):
            lists[field] = _read_list(field, values)
    if faults:
        raise InputError.of(faults)
    return lists


def _read_list(field: str, values: object) -> tuple[object, ...]:
    if not isinstance(values, (list, tuple, np.ndarray)) or len(values) == 0:
        raise InputError(f"{field} = {shown(repr_of(values))}", "a list of values, not empty", f"such as {field} = [0.1, 0.2]",
                         fields=(field,))
    if takes_list(field) and fits_type(field, values) and not fits_type(field, values[0]):
        raise InputError(f"{field} = {shown(repr_of(values))}", "a list of values, each of which is a list",
                         f"one more pair of brackets: {field} = {shown(repr_of([values]))}", fields=(field,))
    return tuple(value.item() if isinstance(value, np.generic) else value for value in values)


def repeated(values: Sequence[object]) -> bool:
    """Whether a value is listed twice."""
    return first_repeated(values) is not None


def first_repeated(values: Sequence[object]) -> int | None:
    """Place of the first value that was there before; None if each is listed once."""
    seen: set[object] = set()
    for place, value in enumerate(values):
        key = _hashable(value)
        if key in seen:
            return place
        seen.add(key)
    return None


def _hashable(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(each) for each in value)
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(each)) for key, each in value.items())
    return value if isinstance(value, Hashable) else repr(value)
