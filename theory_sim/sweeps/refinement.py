"""What an adaptive sweep computes next, from what its runs have shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.observe.learning_order import order_of_patterns
from theory_sim.sweeps.adaptive import Adaptive, Grid, Point
from theory_sim.sweeps.axis import Axis
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.theory.crossings import LEVELS
from theory_sim.trajectory import Trajectory

__all__ = ["Refinement", "Saved", "get_saved", "grid_of", "refined"]

_FAILED: Final = "failed"


@dataclass(frozen=True)
class Saved:
    """What an adaptive sweep has of the full grid at its finest resolution.

    Attributes
    ----------
    points, full_points : int
        Points of the sweep, and of the full grid.
    runs, full_runs : int
        The same in runs.
    """

    points: int
    full_points: int
    runs: int
    full_runs: int

    @property
    def share(self) -> float:
        """Share of the full grid's runs that are not needed."""
        return 1.0 - self.runs / self.full_runs


def grid_of(sweep: Sweep) -> Grid:
    """Grid of an adaptive sweep."""
    assert sweep.adaptive is not None
    return Grid.of(sweep.adaptive, [axis for block in sweep.blocks for axis in block.axes()])


def get_saved(sweep: Sweep) -> Saved | None:
    """What an adaptive sweep has of its full grid so far; None of another sweep."""
    if sweep.adaptive is None:
        return None
    grid = grid_of(sweep)
    full, runs = len(grid.x) * len(grid.y), len(set(sweep.ids()))
    return Saved(len(grid.points), full, runs, runs // len(grid.points) * full)


def refined(sweep: Sweep, levels: int) -> Sweep:
    """The sweep with so many levels of refinement, over the fields that it names or the only two that have several numbers.

    Raises
    ------
    InputError
        If there are not two such fields, or they cannot be halved so often.
    """
    if sweep.adaptive is not None:
        return replace(sweep, adaptive=sweep.adaptive.with_levels(levels))
    numbers = [axis.name for axis in sweep.varied_axes() if _has_numbers(axis)]
    if len(numbers) != 2:
        raise InputError(f"{len(numbers)} fields of several numbers: {', '.join(numbers) or 'none'}",
                         "an adaptive sweep is refined over two", 'say which in the file: [adaptive] with x = "r", y = "d"')
    return replace(sweep, adaptive=Adaptive(numbers[0], numbers[1], levels))


def _has_numbers(axis: Axis) -> bool:
    return axis.fields == (axis.name,) and len(axis) > 1 and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for (value,) in axis.points)


class Refinement:
    """Follows an adaptive sweep from one round of runs to the next.

    Parameters
    ----------
    store : SweepStore
        The sweep.
    """

    def __init__(self, store: SweepStore) -> None:
        self._store = store
        self._orders: dict[str, str] = {}

    def wider(self) -> Sweep | None:
        """The sweep with the points that come next; None if there are none, or it is not adaptive."""
        sweep = self._store.sweep
        if sweep.adaptive is None:
            return None
        more = grid_of(sweep).next_points(*self._labels(sweep))
        return replace(sweep, adaptive=replace(sweep.adaptive, points=(*sweep.adaptive.points, *more))) if more else None

    def _labels(self, sweep: Sweep) -> tuple[dict[Point, object], frozenset[Point]]:
        """Of each point the orders at the first level at all its places; and points at which seeds show several."""
        names = [axis.name for axis in sweep.axes()]
        orders = np.full([len(axis) for axis in sweep.axes()], "", dtype="<U14")
        states = self._store.states()
        for run in sweep:
            orders[run.index] = self._order(run.id) if states[run.id] == "done" else _FAILED
        by_point = np.moveaxis(orders, names.index("adaptive"), 0)
        by_point = by_point.reshape(by_point.shape[0], -1, by_point.shape[-1])
        points = grid_of(sweep).points
        shown = [[tuple(sorted(set(seeds.tolist()) - {_FAILED})) or (_FAILED,) for seeds in places] for places in by_point]
        undecided = frozenset(point for point, sets in zip(points, shown, strict=True) if any(len(each) > 1 for each in sets))
        return {point: tuple(sets) for point, sets in zip(points, shown, strict=True)}, undecided

    def _order(self, id: str) -> str:
        if id not in self._orders:
            levels = order_of_patterns(Trajectory.load(self._store.run_path(id))).levels
            self._orders[id] = next(level.order for level in levels if level.logistic_level == LEVELS[0])
        return self._orders[id]
