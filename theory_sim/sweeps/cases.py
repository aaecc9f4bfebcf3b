"""Conditional fields: alternatives of which each has fields of its own, and schedules with fields of their own.

In the table of an alternative a list is several values, and each combination an alternative; anything else is one value.
Alternatives follow each other on one axis, so that their numbers add up, and a field varies only where something reads it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from theory_sim.errors import Fault, InputError, gathered, nearest, repr_of, shown
from theory_sim.sweeps.axis import Axis, first_repeated, named_fields, read_lists, repeated
from theory_sim.sweeps.block import Block

__all__ = ["Cases", "Variant", "labelled_fields", "make_variants"]


@dataclass(frozen=True)
class Cases(Block):
    """Alternatives, each with fields of its own: one axis that has the combinations of each after those of the one before.

    Attributes
    ----------
    cases : sequence of mapping
        Field to its value or, in a list, its values. A field that a case does not name stays as it is.

    Examples
    --------
    >>> cases = Cases([{"optimiser": "gradient-descent"}, {"optimiser": "heavy-ball", "momentum": [0.5, 0.9]}])
    >>> [axis.points for axis in cases.axes()]
    [(('gradient-descent', None), ('heavy-ball', 0.5), ('heavy-ball', 0.9))]
    """

    kind: ClassVar[str] = "case"
    together: ClassVar[bool] = True

    cases: Sequence[Mapping[str, object]]

    @classmethod
    def of(cls, content: Any) -> Cases:
        return cls(content)  # looked at when its axis is made

    def tables(self) -> list[dict[str, object]]:
        (axis,) = self.axes()
        return [{name: [value] if isinstance(value, (list, tuple)) else value for name, value in axis.changes(at).items()}
                for at in range(len(axis))]

    def axes(self) -> tuple[Axis, ...]:
        """One axis for all fields."""
        if not isinstance(self.cases, (list, tuple)) or not self.cases:
            raise InputError(f"case = {shown(repr_of(self.cases))}", "tables of fields, not empty",
                             "write [[case]] and a line for each field, once for each case", fields=("case",))
        points: list[dict[str, object]] = []
        faults: list[Fault] = []
        for case in self.cases:
            with gathered(faults):
                points += _combinations(named_fields(self.kind, case))
        if faults:
            raise InputError.of(faults)
        fields = tuple(dict.fromkeys(name for point in points for name in point))
        if (at := first_repeated(points)) is not None:
            raise InputError(f"case {shown(_told(points[at]))} twice", "each case once",
                             "remove one of the two; seeds repeat a run", fields=tuple(points[at]))
        return (Axis(self.kind, fields, tuple(tuple(point.get(name) for name in fields) for point in points)),)


@dataclass(frozen=True)
class Variant:
    """A schedule to be compared, with values of fields that are its own.

    Attributes
    ----------
    label : str
        Its place on the axis of schedules: the schedule's name, followed by its fields if it has any.
    schedule : str
    fields : mapping
        Values that these fields have under it.
    labelled : tuple of str
        Those of the fields whose values the label has.
    """

    label: str
    schedule: str
    fields: Mapping[str, object] = field(default_factory=dict)
    labelled: tuple[str, ...] = ()


def make_variants(compare: Sequence[object]) -> tuple[Variant, ...]:
    """Schedules to be compared, of names and of tables such as {schedule = "step", step_tau = [10.0, 20.0]}.

    Raises
    ------
    InputError
        With everything that is wrong with the list: entries that are neither, or that come twice.
    """
    variants: list[Variant] = []
    faults: list[Fault] = []
    for entry in compare:
        with gathered(faults):
            variants += [Variant(entry, entry)] if isinstance(entry, str) else _variants_of(entry)
    labels = [variant.label for variant in variants]
    if not faults and repeated(labels):
        faults.append(Fault(f"compare = {shown(repr_of(labels))}", "each named once", "remove the repeated one", ("compare",)))
    if faults:
        raise InputError.of(faults)
    return tuple(variants)


def _variants_of(entry: object) -> list[Variant]:
    """Variants of a table; with a ``label`` they are called by it, and by what varies."""
    rule, fix = "names of schedules, or tables with schedule", 'such as compare = ["S", {schedule = "step", step_tau = [10.0]}]'
    if not isinstance(entry, Mapping) or not isinstance(entry.get("schedule"), str):
        keys = list(entry) if isinstance(entry, Mapping) else []
        close = [key for key in keys if key != "schedule" and nearest(key, ["schedule"], "")]
        fix = f"did you mean schedule for {close[0]}?" if close else fix
        raise InputError(f"{shown(repr_of(entry))} in compare", rule, fix, fields=("compare",))
    schedule, label = entry["schedule"], entry.get("label", entry["schedule"])
    if not isinstance(label, str) or not label.strip() or not label.isprintable():
        raise InputError(f"label = {shown(repr_of(label))}", "a text for tables and figures", "give a short one",
                         fields=("compare.label",))
    fields = {name: value for name, value in entry.items() if name not in ("schedule", "label")}
    if not fields:
        return [Variant(label, schedule)]
    named = named_fields("compare", fields)
    told = [name for name in named if "label" not in entry or isinstance(named[name], (list, tuple))]
    return [Variant(" ".join([label, *(f"{name}={_text(point[name])}" for name in told)]), schedule, point, tuple(told))
            for point in _combinations(named)]


def labelled_fields(variants: Sequence[Variant]) -> frozenset[str]:
    """Fields that stand in the label of every variant that sets them."""
    set_by = [(name, variant) for variant in variants for name in variant.fields]
    return frozenset(name for name, _ in set_by) - {name for name, variant in set_by if name not in variant.labelled}


def _combinations(fields: Mapping[str, object]) -> list[dict[str, object]]:
    """Each combination of the values of lists, the other values in each."""
    lists = read_lists({name: value if isinstance(value, (list, tuple)) else [value] for name, value in fields.items()})
    return [dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values())]


def _told(point: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {_text(value)}" for name, value in point.items())


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
