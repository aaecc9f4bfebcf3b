"""How the fields of a sweep vary: every combination, side by side, or points drawn from laws.

Each block gives one or more axes; a sweep is the product of its axes. Drawn points do not depend on how many are drawn, so
that a larger count extends a smaller one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import named_once

__all__ = ["Axis", "Block", "Law", "Product", "Random", "Sobol", "Zip", "make_block", "repeated"]

Array = NDArray[np.float64]
# Sobol's points fill space evenly in powers of two; scipy warns otherwise.
_MOST_POINTS: Final = 2**20


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Attributes
    ----------
    name : str
        A field, or "zip", "random", "sobol" for several that vary together.
    fields : tuple of str
        Fields that vary along it.
    points : tuple of tuple
        Values of these fields, one tuple a point.
    """

    name: str
    fields: tuple[str, ...]
    points: tuple[tuple[object, ...], ...]

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True)
class Law:
    """Law of a drawn field: uniform between two ends, on a linear or a logarithmic scale, or one of several values.

    Attributes
    ----------
    low, high : float
        Ends of the range.
    scale : {"linear", "log"}
        What is uniform: the value, or its logarithm.
    values : tuple
        Instead of a range: values of equal probability.
    whole : bool
        Whether values of the range are rounded to whole numbers; by itself for fields that hold such.
    """

    low: float = math.nan
    high: float = math.nan
    scale: Literal["linear", "log"] = "linear"
    values: tuple[object, ...] = ()
    whole: bool = False

    @classmethod
    def of(cls, field: str, given: object) -> Law:
        """Law from a list of two ends, a table {low, high, scale}, or a table {values}.

        Raises
        ------
        InputError
            If it is none of these, or the ends are not increasing (on a logarithmic scale: positive).
        """
        if isinstance(given, Law):
            return given
        rule = "[low, high], {low = ..., high = ..., scale = \"log\"} or {values = [...]}"
        fix = f"such as {field} = [0.1, 0.5]"
        if isinstance(given, (list, tuple)) and len(given) == 2:
            given = {"low": given[0], "high": given[1]}
        if not isinstance(given, Mapping) or set(given) - {"low", "high", "scale", "values", "whole"}:
            raise InputError(f"{field} = {given!r}", f"the law of a drawn field is {rule}", fix, fields=(field,))
        if "values" in given:
            values = given["values"]
            if len(given) > 1 or not isinstance(values, (list, tuple)) or not values:
                raise InputError(f"{field} = {dict(given)!r}", "values = [...], not empty and alone", fix, fields=(field,))
            return cls(values=tuple(values))
        law = cls(**{"whole": _is_whole(field), **given})
        ends = (law.low, law.high)
        numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) and math.isfinite(end) for end in ends)
        if not numbers or not ends[0] < ends[1] or law.scale not in ("linear", "log"):
            raise InputError(f"{field} = {dict(given)!r}", f"{rule} with low < high", fix, fields=(field,))
        if law.scale == "log" and law.low <= 0:
            raise InputError(f"{field} from {law.low:g} on a logarithmic scale", "low above 0", "raise low or leave scale out",
                             fields=(field,))
        return law

    def at(self, share: float) -> object:
        """Value below which the share of the law lies."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        low, high = (math.log(self.low), math.log(self.high)) if self.scale == "log" else (self.low, self.high)
        value = low + share * (high - low)
        value = math.exp(value) if self.scale == "log" else value
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else value


@dataclass(frozen=True)
class Product:
    """Every combination of the listed values.

    Attributes
    ----------
    fields : mapping
        Field to its values; each field is an axis of its own.
    """

    fields: Mapping[str, Sequence[object]]

    def axes(self) -> tuple[Axis, ...]:
        """One axis a field."""
        return tuple(Axis(field, (field,), tuple((value,) for value in _listed(field, values)))
                     for field, values in _some("product", self.fields).items())


@dataclass(frozen=True)
class Zip:
    """Values taken side by side: the first of each field, then the second.

    Attributes
    ----------
    fields : mapping
        Field to its values, all lists of one length.
    """

    fields: Mapping[str, Sequence[object]]

    def axes(self) -> tuple[Axis, ...]:
        """One axis for all fields."""
        lists = {field: _listed(field, values) for field, values in _some("zip", self.fields).items()}
        lengths = {field: len(values) for field, values in lists.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"zip of {', '.join(f'{n} values of {field}' for field, n in lengths.items())}",
                             "lists of one length", "lengthen the short one, or use product", fields=tuple(lengths))
        return (Axis("zip", tuple(lists), tuple(zip(*lists.values(), strict=True))),)


@dataclass(frozen=True)
class Random:
    """Independent points.

    Attributes
    ----------
    laws : mapping
        Field to `Law`, or to what `Law.of` reads.
    count : int
        Number of points.
    seed : int
        Seed of the draw.
    """

    laws: Mapping[str, object]
    count: int
    seed: int = 0

    def axes(self) -> tuple[Axis, ...]:
        """One axis for all fields."""
        return (_drawn("random", self, lambda width: np.random.default_rng(self.seed).random((self.count, width))),)


@dataclass(frozen=True)
class Sobol:
    """Points that fill the box of the laws evenly: a scrambled Sobol sequence (scipy.stats.qmc).

    Attributes
    ----------
    laws : mapping
        Field to `Law`, or to what `Law.of` reads.
    count : int
        Number of points, a power of two.
    seed : int
        Seed of the scrambling.
    """

    laws: Mapping[str, object]
    count: int
    seed: int = 0

    def axes(self) -> tuple[Axis, ...]:
        """One axis for all fields."""

        def points(width: int) -> Array:
            from scipy.stats import qmc

            if self.count & (self.count - 1):
                raise InputError(f"sobol with count = {self.count}", "a power of two: other counts are not balanced",
                                 f"count = {1 << (self.count.bit_length() - 1)} or {1 << self.count.bit_length()}",
                                 fields=("count",))
            drawn: Array = qmc.Sobol(width, scramble=True, rng=np.random.default_rng(self.seed)).random(self.count)
            return drawn

        return (_drawn("sobol", self, points),)


Block = Product | Zip | Random | Sobol


def _is_whole(field: str) -> bool:
    known = Experiment.model_fields.get(field)
    return known is not None and known.annotation in (int, int | None)


def _drawn(name: str, block: Random | Sobol, shares: Callable[[int], Array]) -> Axis:
    laws = {field: Law.of(field, law) for field, law in _some(name, block.laws).items()}
    for label, value, least in (("count", block.count, 1), ("seed", block.seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST_POINTS:
            raise InputError(f"{name} with {label} = {value!r}", f"a whole number from {least} to {_MOST_POINTS}",
                             f"fix {label}", fields=(label,))
    points = tuple(tuple(law.at(float(share)) for law, share in zip(laws.values(), row, strict=True))
                   for row in shares(len(laws)))
    return Axis(name, tuple(laws), points)


def _some(name: str, fields: object) -> Mapping[str, object]:
    if not isinstance(fields, Mapping) or not fields:
        raise InputError(f"{name} = {fields!r}", "a table of fields, not empty", f"such as [{name}] with a line for each field",
                         fields=(name,))
    return named_once(fields)


def _listed(field: str, values: object) -> tuple[object, ...]:
    if not isinstance(values, (list, tuple, np.ndarray)) or len(values) == 0:
        raise InputError(f"{field} = {values!r}", "a list of values, not empty", f"such as {field} = [0.1, 0.2]",
                         fields=(field,))
    plain = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
    if repeated(plain):
        raise InputError(f"{field} = {list(plain)}", "each value once", "remove the repeated one; seeds repeat a run",
                         fields=(field,))
    return plain


def repeated(values: Sequence[object]) -> bool:
    """Whether a value is listed twice."""
    try:
        return len(set(values)) < len(values)
    except TypeError:  # lists, such as pieces
        return any(values[i] == values[j] for i in range(len(values)) for j in range(i))


def make_block(kind: str, table: object) -> Block:
    """Block from a table of a file: fields and, for random and sobol, count and seed.

    Raises
    ------
    InputError
        If the kind is unknown or the table is not one.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"{kind} = {table!r}", "a table of fields", f"write [{kind}] and a line for each field",
                         fields=(kind,))
    if kind in ("product", "zip"):
        return Product(dict(table)) if kind == "product" else Zip(dict(table))
    laws = {field: law for field, law in table.items() if field not in ("count", "seed")}
    if "count" not in table:
        raise InputError(f"[{kind}] without count", "count = number of points", "add count", fields=(kind,))
    return (Random if kind == "random" else Sobol)(laws, table["count"], table.get("seed", 0))
