"""A grid over two fields that is refined only near boundaries: which points it has, and which come next.

Cells of the coarse grid are halved along both fields, again and again. A point is a pair of numbers, its place along x and y
on the finest grid. What comes next depends on the labels of the points alone, never on when or where they were computed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import Fault, InputError, nearest, repr_of, shown
from theory_sim.experiment.field_kinds import takes_whole_number
from theory_sim.experiment.field_rules import named_once
from theory_sim.sweeps.axis import Axis, repeated
from theory_sim.sweeps.spacing import halved

__all__ = ["Adaptive", "Grid", "make_adaptive"]

_KEYS: Final = ("x", "y", "levels", "points")
_MOST_LEVELS: Final = 8
_MOST_POINTS: Final = 1_000_000

Point = tuple[int, int]


@dataclass(frozen=True)
class Adaptive:
    """Two fields of a product over which a sweep is refined where the learning order changes.

    Attributes
    ----------
    x, y : str
        The fields; their values in the product, increasing numbers, are the coarse grid.
    levels : int
        How often a cell may be halved along both fields: the finest is 2^levels times finer.
    points : tuple of (int, int)
        Points that were added to the coarse grid: places along x and y on the finest grid.

    Examples
    --------
    >>> from theory_sim import Adaptive, Experiment, Product, Sweep
    >>> grid = Product({"r": [0.1, 0.2, 0.4], "lambda": [1e-5, 1e-4, 1e-3]})
    >>> sweep = Sweep("map", Experiment(), (grid,), ("L-S", "S"), adaptive=Adaptive("r", "lambda", levels=2))
    """

    x: str
    y: str
    levels: int
    points: tuple[Point, ...] = ()

    def with_levels(self, levels: int) -> Adaptive:
        """The same points on a grid of other levels; InputError if one of them is not on it."""
        if levels < self.levels and self.points:
            raise InputError(f"{levels} levels of a sweep that was refined with {self.levels}", "as many, or more",
                             "raise them, or begin another folder", fields=("adaptive.levels",))
        factor = 2 ** max(levels - self.levels, 0)
        return replace(self, levels=levels, points=tuple((i * factor, j * factor) for i, j in self.points))

    def table(self) -> dict[str, object]:
        """What a file has of it."""
        points = {"points": [list(point) for point in self.points]} if self.points else {}
        return {"x": self.x, "y": self.y, "levels": self.levels, **points}

    def merged(self, axes: Sequence[Axis]) -> tuple[Axis, ...]:
        """Axes of a sweep with one axis of points in place of those of both fields.

        Raises
        ------
        InputError
            If they have no such axes, or these cannot be halved so often.
        """
        grid = Grid.of(self, axes)
        axis = Axis("adaptive", (self.x, self.y), tuple((grid.x[i], grid.y[j]) for i, j in grid.points))
        rest = [each for each in axes if each.fields != (self.y,)]
        return tuple(axis if each.fields == (self.x,) else each for each in rest)


@dataclass(frozen=True)
class Grid:
    """The finest grid, and the points of it that are there.

    Attributes
    ----------
    x, y : tuple of float
        Values along both fields on the finest grid.
    step : int
        Size of a coarse cell.
    points : tuple of (int, int)
        The coarse grid's, then the added ones.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    step: int
    points: tuple[Point, ...]

    @classmethod
    def of(cls, adaptive: Adaptive, axes: Sequence[Axis]) -> Grid:
        """Grid of a sweep whose blocks have these axes."""
        levels = adaptive.levels
        if isinstance(levels, bool) or not isinstance(levels, int) or not 1 <= levels <= _MOST_LEVELS:
            raise InputError(f"levels = {shown(repr_of(levels))}", f"a whole number from 1 to {_MOST_LEVELS}", "change levels",
                             fields=("adaptive.levels",))
        if adaptive.x == adaptive.y:
            raise InputError(f"x = y = {adaptive.x}", "two fields", "choose another for one of them", fields=("adaptive.y",))
        x, y = (_fine(name, field, levels, axes) for name, field in (("x", adaptive.x), ("y", adaptive.y)))
        if len(x) * len(y) > _MOST_POINTS:
            raise InputError(f"{len(x)} x {len(y)} points on the finest grid", f"at most {_MOST_POINTS}", "lower levels",
                             fields=("adaptive.levels",))
        step = 2**levels
        points = [*itertools.product(range(0, len(x), step), range(0, len(y), step)), *adaptive.points]
        if any(not (0 <= i < len(x) and 0 <= j < len(y)) for i, j in points) or repeated(points):
            raise InputError("points that are not on the grid, or twice", "points that theory-sim added", "leave points out",
                             fields=("adaptive.points",))
        return cls(x, y, step, tuple(points))

    def next_points(self, labels: Mapping[Point, object], undecided: frozenset[Point] = frozenset()) -> list[Point]:
        """Points to be added: of every cell whose points differ, or of which one is undecided, the middle and those half-way.

        Parameters
        ----------
        labels : mapping
            Label of every point that is there.
        undecided : set
            Points without one label, as where seeds disagree.
        """
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels.values()))}
        codes = np.full((len(self.x), len(self.y)), -1)
        for point, label in labels.items():
            codes[point] = numbers[label]
        open_ = np.zeros(codes.shape, dtype=bool)
        for point in undecided:
            open_[point] = True
        wanted: set[Point] = set()
        cells = list(self._coarse_cells())
        while cells:
            i, j, size = cells.pop()
            within = (slice(i, i + size + 1), slice(j, j + size + 1))
            found = np.unique(codes[within][codes[within] >= 0])
            if size == 1 or (len(found) < 2 and not open_[within].any()):
                continue
            half = size // 2
            around = list(itertools.product((i, i + half, i + size), (j, j + half, j + size)))
            lacking = [point for point in around if codes[point] < 0]
            wanted.update(lacking)
            if not lacking:  # else once they are known
                cells += _quarters(i, j, size)
        return sorted(wanted)

    def nearest_points(self) -> NDArray[np.int_]:
        """For every place of the finest grid, (x, y), the number of its own point, or of the nearest corner of its cell.

        All points of a cell that was not halved have one label: so have the places between them, as far as one knows.
        """
        numbers = np.full((len(self.x), len(self.y)), -1)
        for number, point in enumerate(self.points):
            numbers[point] = number
        there = numbers >= 0
        cells = list(self._coarse_cells())
        while cells:
            i, j, size = cells.pop()
            half = size // 2
            if size > 1 and there[i + half, j + half]:
                cells += _quarters(i, j, size)
                continue
            for a, b in itertools.product(range(size + 1), repeat=2):
                if not there[i + a, j + b]:
                    numbers[i + a, j + b] = numbers[i + size * (2 * a > size), j + size * (2 * b > size)]
        return numbers

    def computed(self) -> NDArray[np.bool_]:
        """Which places of the finest grid, (x, y), are points."""
        there = np.zeros((len(self.x), len(self.y)), dtype=bool)
        for point in self.points:
            there[point] = True
        return there

    def _coarse_cells(self) -> Iterator[tuple[int, int, int]]:
        """First place along x and y, and size, of each."""
        for i, j in itertools.product(range(0, len(self.x) - 1, self.step), range(0, len(self.y) - 1, self.step)):
            yield i, j, self.step


def _quarters(i: int, j: int, size: int) -> list[tuple[int, int, int]]:
    half = size // 2
    return [(a, b, half) for a in (i, i + half) for b in (j, j + half)]


def _fine(name: str, field: str, levels: int, axes: Sequence[Axis]) -> tuple[float, ...]:
    """Values of a field on the finest grid."""
    single = {axis.name: axis for axis in axes if axis.fields == (axis.name,)}
    if field not in single:
        raise InputError(f"{name} = {shown(repr_of(field))} under adaptive", "a field that a product varies",
                         nearest(field, single, f"one of {', '.join(single) or 'those that you vary in [product]'}"),
                         fields=(f"adaptive.{name}",))
    values: list[Any] = [point[0] for point in single[field].points]
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    if not numbers or len(values) < 2 or any(b <= a for a, b in itertools.pairwise(values)):
        raise InputError(f"{field} = {shown(repr_of(values))} with adaptive {name}", "two or more increasing numbers",
                         "sort them, or leave [adaptive] out", fields=(field,))
    if (len(values) - 1) * 2**levels >= _MOST_POINTS:
        raise InputError(f"{len(values)} values of {field} halved {levels} times", f"at most {_MOST_POINTS} points in all",
                         "lower levels, or take fewer values", fields=(field, "adaptive.levels"))
    fine = halved(values, levels, whole=takes_whole_number(field))
    if any(b <= a for a, b in itertools.pairwise(fine)):
        raise InputError(f"{field} = {shown(repr_of(values))} halved {levels} times", "values that differ",
                         "lower levels, or take values further apart", fields=(field, "adaptive.levels"))
    return tuple(fine)


def make_adaptive(table: object) -> Adaptive:
    """Adaptive refinement from what a file has of it.

    Raises
    ------
    InputError
        With all that is wrong with it.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"adaptive = {shown(repr_of(table))}", "a table with x, y and levels",
                         'such as adaptive = {x = "r", y = "lambda", levels = 2}', fields=("adaptive",))
    faults = [Fault(f"unknown key {shown(repr_of(key))} under adaptive", f"one of {', '.join(_KEYS)}", nearest(key, _KEYS),
                    (f"adaptive.{key}",)) for key in table if key not in _KEYS]
    faults += [Fault(f"{key} = {shown(repr_of(table.get(key)))} under adaptive", "a field that a product varies",
                     f"such as {key} = \"r\"", (f"adaptive.{key}",))
               for key in ("x", "y") if not isinstance(table.get(key), str)]
    points = table.get("points", [])
    if not isinstance(points, list) or not all(isinstance(point, list) and [type(each) for each in point] == [int, int]
                                               for point in points):
        faults.append(Fault(f"points = {shown(repr_of(points))}", "pairs of whole numbers", "leave points out",
                            ("adaptive.points",)))
    if faults:
        raise InputError.of(faults)
    x, y = (next(iter(named_once({table[key]: None}))) for key in ("x", "y"))  # lambda for lambda_
    return Adaptive(x, y, table.get("levels", 0), tuple((i, j) for i, j in points))
