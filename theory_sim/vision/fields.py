"""Tables of a file as frozen dataclasses: unknown keys and wrong kinds are told by their names."""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from theory_sim.errors import Fault, InputError, nearest, repr_of, shown

__all__ = ["read_fields", "to_table"]

T = TypeVar("T")
_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def read_fields(kind: type[T], table: object, where: str, **given: Any) -> T:
    """A dataclass from a table of a file.

    Parameters
    ----------
    kind : type
        Frozen dataclass; fields of int, float, str, bool, these or None, and tuples of int, are read by their kind.
    table : object
        What the file has.
    where : str
        Name of the table, for messages.
    **given
        Fields that are read already.

    Raises
    ------
    InputError
        With all faults.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"{where} = {shown(repr_of(table))}", "a table", f"write [{where}]", fields=[where])
    hints = typing.get_type_hints(kind)
    names = [each.name for each in fields(kind) if each.name not in given]  # type: ignore[arg-type]
    faults: list[Fault] = []
    values = dict(given)
    for name, value in table.items():
        if name not in names:
            faults.append(Fault(f"{where}: {shown(name)}", f"one of {', '.join(names)}", nearest(name, names),
                                (f"{where}.{name}",)))
            continue
        try:
            values[name] = _read(hints[name], value)
        except ValueError as error:
            faults.append(Fault(f"{where}: {name} = {shown(repr_of(value))}", str(error), f"change {name}",
                                (f"{where}.{name}",)))
    if faults:
        raise InputError.of(faults)
    try:
        return kind(**values)
    except TypeError:
        lacking = [each for each in names if each not in values]
        raise InputError(f"{where} without {' or '.join(lacking)}", f"{', '.join(lacking)} in it", "add it",
                         fields=[where]) from None


def _read(hint: Any, value: object) -> Any:
    """A value as a field's kind has it; ValueError with the rule for another."""
    choices = typing.get_args(hint)
    if type(None) in choices:
        (inner,) = [each for each in choices if each is not type(None)]
        return _read(inner, value)
    if typing.get_origin(hint) is tuple and choices[0] in _WORDS:
        if not isinstance(value, (list, tuple)) or not all(type(each) is choices[0] for each in value):
            raise ValueError(f"a list, of {_WORDS[choices[0]]} each")
        return tuple(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint not in _WORDS:
        return value  # of a shape of its own, which its dataclass looks at
    if type(value) is not hint or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(_WORDS[hint])
    return value


def to_table(thing: Any) -> dict[str, Any]:
    """Fields of a dataclass for a file: those that are not None, tuples as lists."""
    found = {each.name: getattr(thing, each.name) for each in fields(thing)}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
