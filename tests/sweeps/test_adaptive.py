"""Adaptive grids: the points that come next, the labels between points, and the same diagram as of the full grid."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sweeps.tiny import TINY
from theory_sim import Experiment
from theory_sim.cli.sweeps import with_levels
from theory_sim.engines import Engine
from theory_sim.errors import InputError
from theory_sim.sweeps.adaptive import Adaptive, Grid, Point
from theory_sim.sweeps.axis import Axis
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.phase import phase_diagram
from theory_sim.sweeps.refinement import Refinement, get_saved, refined
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.spacing import halved
from theory_sim.sweeps.status import SweepStatus
from theory_sim.sweeps.store import SweepStore
from theory_sim.trajectory import Trajectory

BASE = Experiment(max_tau=800.0, eta_2=0.1)
RADII, DECAYS = [0.1, 0.3, 0.9], [1e-5, 1e-4, 1e-3]
Law = Callable[[float, float], object]


def grid(levels: int, points: tuple[Point, ...] = ()) -> Grid:
    axes = [Axis(name, (name,), tuple((float(value),) for value in range(4))) for name in ("r", "g0")]
    return Grid.of(Adaptive("r", "g0", levels, points), axes)


def followed(law: Law, levels: int) -> Grid:
    """The grid at the end, of points that a law labels."""
    points: tuple[Point, ...] = ()
    while True:
        now = grid(levels, points)
        more = now.next_points({point: law(now.x[point[0]], now.y[point[1]]) for point in now.points})
        if not more:
            return now
        assert not set(more) & set(now.points)
        points += tuple(more)


def missed(law: Law, found: Grid) -> int:
    """Places of the finest grid whose label is not that of the point that stands for them."""
    numbers = found.nearest_points()
    labels = [law(found.x[i], found.y[j]) for i, j in found.points]
    return sum(labels[numbers[i, j]] != law(found.x[i], found.y[j])
               for i, j in itertools.product(range(len(found.x)), range(len(found.y))))


@given(st.floats(-1, 4), st.floats(-1, 4), st.floats(0, 6.28), st.integers(1, 4))
def test_a_straight_boundary_is_that_of_the_full_grid(x0: float, y0: float, angle: float, levels: int) -> None:
    def half_plane(x: float, y: float) -> bool:
        return (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle) > 0

    found = followed(half_plane, levels)
    assert missed(half_plane, found) == 0
    if levels == 4:
        assert len(found.points) < 0.45 * len(found.x) * len(found.y)


def test_a_tongue_that_enters_a_cell_through_its_side_is_followed() -> None:
    """Its corners are outside of the tongue: the finer neighbour's points on the side show it."""
    def tongue(x: float, y: float) -> bool:
        return x < 1.0 or (x < 1.8 and abs(y - 1.5) < 0.2)

    assert missed(tongue, followed(tongue, 4)) == 0


def test_an_island_within_a_coarse_cell_is_missed() -> None:
    def island(x: float, y: float) -> bool:
        return np.hypot(x - 1.5, y - 1.5) < 0.3

    found = followed(island, 4)
    assert len(found.points) == 16 and missed(island, found) > 0
    everything = {(i, j): "" for i, j in grid(1).points}
    assert grid(1).next_points(everything, frozenset([(0, 0)])) == [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)]  # undecided


def test_a_place_between_points_is_that_of_the_nearest_corner() -> None:
    """Of the cell that was not halved, or of the smaller one in which it lies."""
    coarse = grid(2)
    numbers, of = coarse.nearest_points(), {point: number for number, point in enumerate(coarse.points)}
    for place, corner in (((1, 1), (0, 0)), ((3, 1), (4, 0)), ((1, 3), (0, 4)), ((3, 3), (4, 4)), ((4, 4), (4, 4))):
        assert numbers[place] == of[corner]
    halved_once = grid(2, ((0, 2), (2, 0), (2, 2), (2, 4), (4, 2)))
    assert halved_once.points[halved_once.nearest_points()[1, 3]] == (0, 2) != halved_once.points[numbers[1, 3]]


def test_values_between_are_those_of_fewer_levels_too() -> None:
    for values in ([0.1, 0.2, 0.3], [1e-5, 1e-4, 1e-3]):
        assert halved(values, 1, whole=False) == halved(values, 3, whole=False)[::4]
    assert halved([1e-5, 1e-3], 1, whole=False) == [1e-5, 1e-4, 1e-3] and halved([0.1, 0.4], 1, whole=False) == [0.1, 0.25, 0.4]
    assert halved([10, 21], 1, whole=True) == [10, 16, 21]


def declared(levels: int, **changes: object) -> Sweep:
    return Sweep("a", BASE.replace(**changes), (Product({"r": RADII, "lambda": DECAYS}),), ("L-S", "S"), (0,),
                 (Engine("closure"),), Adaptive("r", "lambda", levels))  # fmt: skip


def test_the_declaration_keeps_its_points() -> None:
    sweep = declared(2)
    more = Sweep.of({**sweep.table(), "adaptive": {"x": "r", "y": "lambda", "levels": 2, "points": [[1, 2], [4, 3]]}})
    assert [axis.name for axis in more.axes()] == ["adaptive", "engine", "schedule", "seed"] and len(more) == 22
    assert more.axes()[0].points[-1] == (0.3, halved(DECAYS, 2, whole=False)[3]) and Sweep.of(more.table()) == more
    assert [run.id for run in more][: len(sweep)] == [run.id for run in sweep]
    finer = refined(more, 3)
    assert [run.id for run in finer] == [run.id for run in more] and finer.adaptive is not None
    assert finer.adaptive.points == ((2, 4), (8, 6))
    with pytest.raises(InputError, match="as many, or more"):
        refined(more, 1)
    plain = Sweep("a", BASE, (Product({"r": RADII, "lambda": DECAYS, "g0": [1.0]}),))
    assert refined(plain, 2).adaptive == Adaptive("r", "lambda", 2) and get_saved(plain) is None


@pytest.mark.parametrize(("adaptive", "said"), [
    ({"x": "r", "y": "lamda", "levels": 1}, "did you mean 'lambda'"), ({"x": "r", "y": "r", "levels": 1}, "two fields"),
    ({"x": "r", "y": "lambda", "levels": 9}, "from 1 to 8"), ({"x": "r", "y": "lambda"}, "from 1 to 8"),
    ({"x": "r", "y": "lambda", "level": 1}, "did you mean 'levels'"), ({"x": "r", "y": "d", "levels": 2}, "values that differ"),
    ({"x": "r", "y": "g0", "levels": 1}, "increasing numbers"), ([], "a table with x, y and levels"),
    ({"x": 3, "y": [], "levels": 1}, "a field that a product varies"),
    ({"x": "r", "y": "lambda", "levels": 1, "points": [[99, 0]]}, "points that are not on the grid"),
    ({"x": "r", "y": "lambda", "levels": 1, "points": [[0, 0]]}, "points that are not on the grid"),
    ({"x": "r", "y": "lambda", "levels": 1, "points": [[0.5, 0]]}, "pairs of whole numbers"),
])  # fmt: skip
def test_bad_refinements_are_refused(adaptive: object, said: str) -> None:
    table = {"name": "x", "product": {"r": RADII, "lambda": DECAYS, "d": [10, 12], "g0": [2.0, 1.0]}, "adaptive": adaptive}
    with pytest.raises(InputError, match=said):
        Sweep.of(table)


@pytest.mark.slow
def test_the_diagram_is_that_of_the_full_grid(tmp_path: Path) -> None:
    coarse = Sweep("a", BASE, (Product({"r": [0.1, 0.8], "lambda": [1e-5, 1e-3]}),), ("L-S", "S"), (0,), (Engine("closure"),),
                   Adaptive("r", "lambda", 2))  # fmt: skip
    few = SweepStore.create(tmp_path / "few", coarse)
    assert run_sweep(few, workers=0).failed == 0
    saved = get_saved(few.sweep)
    assert saved is not None and saved.full_points == 25 and 9 < saved.points < 25
    x, y = halved([0.1, 0.8], 2, whole=False), halved([1e-5, 1e-3], 2, whole=False)
    full = SweepStore.create(tmp_path / "full", Sweep("a", BASE, (Product({"r": x, "lambda": y}),), ("L-S", "S"), (0,),
                                                      (Engine("closure"),)))  # fmt: skip
    run_sweep(full, workers=0)
    adaptive, whole = (phase_diagram(collect(store), "r", "lambda") for store in (few, full))
    np.testing.assert_array_equal(adaptive.values, whole.values)
    assert len(np.unique(whole.values)) > 1
    assert (adaptive.x.tolist(), adaptive.y.tolist()) == (x, y) and adaptive.agreements == whole.agreements


@pytest.mark.alternating
def test_an_interrupted_refinement_resumes_bitwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are tiny, so the order is a planted one; interrupted in the first round and in later ones, the bytes agree."""
    def planted(self: Refinement, id: str) -> str:
        e = Trajectory.load(self._store.run_path(id)).experiment
        return "P first" if e.r > 0.5 or e.lambda_ > 5e-4 else "Q first"

    monkeypatch.setattr(Refinement, "_order", planted)
    sweep = Sweep("a", TINY, (Product({"r": [0.2, 0.9], "lambda": [1e-5, 1e-3]}),), ("S",), (0,), (Engine("closure"),),
                  Adaptive("r", "lambda", 2))  # fmt: skip
    whole, broken = (SweepStore.create(tmp_path / name, sweep) for name in ("whole", "broken"))
    run_sweep(whole, workers=0)
    assert 9 < len(whole.sweep) < 25 and whole.status().pending == 0
    stopped = []
    for after in (4, 6, 11):
        def stop(status: SweepStatus, after: int = after) -> None:
            if status.done >= after:
                signal.raise_signal(signal.SIGINT)

        run_sweep(broken, workers=0, progress=stop)
        broken = SweepStore(tmp_path / "broken")  # as another process finds it
        stopped.append((broken.status().done, len(broken.sweep)))
    assert stopped[0] == (4, 9), "all of the coarse grid done: the next round is pending"
    assert 4 < stopped[1][0] < stopped[2][0] < len(whole.sweep) and stopped[2][1] > 9
    run_sweep(broken, workers=0)
    for store in (whole, broken):
        summary = collect(store)
    for name in ("sweep.toml", "summary/summary.csv"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    diagram = phase_diagram(summary, "r", "lambda", "h")
    assert diagram.computed is not None and diagram.computed.sum() == len(whole.sweep) and not np.isnan(diagram.values).any()
    turned = phase_diagram(summary, "lambda", "r", "h")
    np.testing.assert_array_equal(turned.values, diagram.values.T)
    np.testing.assert_array_equal(turned.computed, diagram.computed.T)


@pytest.mark.parametrize(("before", "after", "factor"), [(1, 1, 1), (1, 2, 2), (1, 4, 8), (2, 5, 8)])
def test_points_stay_where_they_are_on_a_finer_grid(before: int, after: int, factor: int) -> None:
    finer = Adaptive("r", "lambda", before, ((0, 1), (2, 3))).with_levels(after)
    assert finer.levels == after and finer.points == ((0, factor), (2 * factor, 3 * factor))


def test_levels_of_the_command_line_replace_those_of_the_file() -> None:
    """None leaves the sweep as it is; a fault is told by the option's name."""
    grid = Product({"r": [0.1, 0.2, 0.4], "lambda": [1e-5, 1e-4, 1e-3]})
    plain = Sweep("map", Experiment(), (grid,), ("L-S", "S"), seeds=(0,))
    once = with_levels(plain, 1)
    assert with_levels(plain, None) is plain and with_levels(once, None) is once
    assert once.adaptive == Adaptive("r", "lambda", 1) and with_levels(once, 3).adaptive == Adaptive("r", "lambda", 3)
    finer = replace(once, adaptive=Adaptive("r", "lambda", 2, ((1, 1),)))
    with pytest.raises(InputError, match="--adaptive"):
        with_levels(finer, 1)
