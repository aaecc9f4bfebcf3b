"""How the fields of a sweep vary: every combination, side by side, or points drawn from laws.

Each block gives one or more axes; a sweep is the product of its axes. Drawn points do not depend on how many are drawn, so
that a larger count extends a smaller one.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import Fault, InputError, nearest, repr_of, shown
from theory_sim.experiment.field_kinds import takes_whole_number
from theory_sim.sweeps.axis import Axis, first_repeated, named_fields, read_lists, repeated
from theory_sim.sweeps.block import Block, require_table, values_by_field

__all__ = ["Law", "Product", "Random", "Sobol", "Zip"]

Array = NDArray[np.float64]
# Sobol's points fill space evenly in powers of two; scipy warns otherwise.
_MOST_POINTS: Final = 2**20


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
            raise InputError(f"{field} = {_short(given)}", f"the law of a drawn field is {rule}", fix, fields=(field,))
        if "values" in given:
            values = given["values"]
            if len(given) > 1 or not isinstance(values, (list, tuple)) or not values:
                raise InputError(f"{field} = {_short(dict(given))}", "values = [...], not empty and alone", fix,
                                 fields=(field,))
            return cls(values=tuple(values))
        law = cls(**{"whole": takes_whole_number(field), **given})
        ends = (law.low, law.high)
        numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) and math.isfinite(end) for end in ends)
        if not numbers or not ends[0] < ends[1] or law.scale not in ("linear", "log"):
            raise InputError(f"{field} = {_short(dict(given))}", f"{rule} with low < high", fix, fields=(field,))
        if law.scale == "log" and law.low <= 0:
            raise InputError(f"{field} from {law.low:g} on a logarithmic scale", "low above 0", "raise low or leave scale out",
                             fields=(field,))
        return law

    def table(self) -> dict[str, object]:
        """What a file has of it."""
        if self.values:
            return {"values": list(self.values)}
        return {key: value for key, value in asdict(self).items() if key != "values"}

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
class Product(Block):
    """Every combination of the listed values.

    Attributes
    ----------
    fields : mapping
        Field to its values; each field is an axis of its own.

    Examples
    --------
    >>> from theory_sim import Experiment, Product, Sweep
    >>> len(Sweep("all", Experiment(), (Product({"r": [0.2, 0.4], "d": [100, 200, 400]}),)))
    6
    """

    kind: ClassVar[str] = "product"

    fields: Mapping[str, Sequence[object]]

    @classmethod
    def of(cls, content: Any) -> Product:
        return cls(dict(require_table(cls.kind, content)))

    def tables(self) -> list[dict[str, object]]:
        return [values_by_field(self.axes())]

    def axes(self) -> tuple[Axis, ...]:
        """One axis a field."""
        lists = read_lists(named_fields(self.kind, self.fields))
        faults = [Fault(f"{field} = {shown(repr_of(list(values)))}", "each value once",
                        "remove the repeated one; seeds repeat a run", (field,))
                  for field, values in lists.items() if repeated(values)]
        if faults:
            raise InputError.of(faults)
        return tuple(Axis(field, (field,), tuple((value,) for value in values)) for field, values in lists.items())


@dataclass(frozen=True)
class Zip(Block):
    """Values taken side by side: the first of each field, then the second.

    Attributes
    ----------
    fields : mapping
        Field to its values, all lists of one length. A value may come again, a point may not.

    Examples
    --------
    >>> from theory_sim import Experiment, Sweep, Zip
    >>> len(Sweep("side-by-side", Experiment(), (Zip({"eta_1": [16.0, 8.0], "tau_xi": [0.008, 0.011]}),)))
    2
    """

    kind: ClassVar[str] = "zip"

    fields: Mapping[str, Sequence[object]]

    @classmethod
    def of(cls, content: Any) -> Zip:
        return cls(dict(require_table(cls.kind, content)))

    def tables(self) -> list[dict[str, object]]:
        return [values_by_field(self.axes())]

    def axes(self) -> tuple[Axis, ...]:
        """One axis for all fields."""
        lists = read_lists(named_fields(self.kind, self.fields))
        lengths = {field: len(values) for field, values in lists.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"zip of {', '.join(f'{n} values of {field}' for field, n in lengths.items())}",
                             "lists of one length", "lengthen the short one, or use product", fields=tuple(lengths))
        points = tuple(zip(*lists.values(), strict=True))
        if (at := first_repeated(points)) is not None:
            told = ", ".join(f"{field} = {value}" for field, value in zip(lists, points[at], strict=True))
            raise InputError(f"zip has {shown(told)} twice", "each point once", "remove one of the two; seeds repeat a run",
                             fields=tuple(lists))
        return (Axis(self.kind, tuple(lists), points),)


@dataclass(frozen=True)
class _Drawn(Block):
    """Points drawn from laws; a subclass says by which shares of these."""

    laws: Mapping[str, object]
    count: int
    seed: int = 0

    @classmethod
    def of(cls, content: Any) -> Self:
        table = require_table(cls.kind, content)
        laws = {field: law for field, law in table.items() if field not in ("count", "seed")}
        if "count" not in table:
            close = next((field for field in laws if nearest(field, ["count"], "")), None)
            fix = f"add count, or write count for {close}" if close else "add count"
            raise InputError(f"[{cls.kind}] without count", "count = number of points", fix, fields=(close or cls.kind,))
        return cls(laws, table["count"], table.get("seed", 0))

    def tables(self) -> list[dict[str, object]]:
        laws: dict[str, object] = {field: Law.of(field, law).table() for field, law in self.laws.items()}
        return [{"count": self.count, "seed": self.seed, **laws}]

    def axes(self) -> tuple[Axis, ...]:
        """One axis for all fields."""
        laws = {field: Law.of(field, law) for field, law in named_fields(self.kind, self.laws).items()}
        for label, value, least in (("count", self.count, 1), ("seed", self.seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST_POINTS:
                raise InputError(f"{self.kind} with {label} = {_short(value)}",
                                 f"a whole number from {least} to {_MOST_POINTS}", f"fix {label}", fields=(label,))
        points = tuple(tuple(law.at(float(share)) for law, share in zip(laws.values(), row, strict=True))
                       for row in self._shares(len(laws)))
        return (Axis(self.kind, tuple(laws), points),)

    @abstractmethod
    def _shares(self, width: int) -> Array:
        """Numbers from 0 to 1, (count, width)."""


@dataclass(frozen=True)
class Random(_Drawn):
    """Independent points.

    Attributes
    ----------
    laws : mapping
        Field to `Law`, or to what `Law.of` reads.
    count : int
        Number of points.
    seed : int
        Seed of the draw.

    Examples
    --------
    >>> from theory_sim import Experiment, Random, Sweep
    >>> len(Sweep("drawn", Experiment(), (Random({"r": {"low": 0.2, "high": 0.5}, "q0": {"values": [0.3, 0.5]}}, count=5),)))
    5
    """

    kind: ClassVar[str] = "random"

    def _shares(self, width: int) -> Array:
        return np.random.default_rng(self.seed).random((self.count, width))


@dataclass(frozen=True)
class Sobol(_Drawn):
    """Points that fill the box of the laws evenly: a scrambled Sobol sequence (scipy.stats.qmc).

    Attributes
    ----------
    laws : mapping
        Field to `Law`, or to what `Law.of` reads.
    count : int
        Number of points, a power of two.
    seed : int
        Seed of the scrambling.

    Examples
    --------
    >>> from theory_sim import Experiment, Sobol, Sweep
    >>> box = {"r": {"low": 0.1, "high": 0.5, "scale": "log"}, "g0": [0.5, 2.0]}
    >>> len(Sweep("box", Experiment(), (Sobol(box, count=8),)))
    8
    """

    kind: ClassVar[str] = "sobol"

    def _shares(self, width: int) -> Array:
        from scipy.stats import qmc

        if self.count & (self.count - 1):
            raise InputError(f"sobol with count = {self.count}", "a power of two: other counts are not balanced",
                             f"count = {1 << (self.count.bit_length() - 1)} or {1 << self.count.bit_length()}",
                             fields=("count",))
        drawn: Array = qmc.Sobol(width, scramble=True, rng=np.random.default_rng(self.seed)).random(self.count)
        return drawn


def _short(value: object) -> str:
    return shown(repr_of(value))
