"""Sequential linear programming for the nearest point: problems with known answers, a grid, and what cannot be met."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from proofs_check.suggestion.nearest import nearest
from proofs_check.suggestion.shifted import all_slacks
from theory_sim import Experiment

Floats = NDArray[np.float64]


def test_linear_slacks_by_hand() -> None:
    """x + 2 y >= 3 and x - y >= -1 are nearest at (1, 1), by the largest coordinate; with y fixed at most 1/2, farther."""
    def slacks(x: Floats) -> Floats:
        return np.array([x[0] + 2 * x[1] - 3, x[0] - x[1] + 1])

    found = nearest(slacks, np.zeros(2), 5.0, step=1e-4, iterations=50)
    assert found is not None and found.short == 0.0
    np.testing.assert_allclose(found.shifts, [1.0, 1.0], atol=1e-3)
    bounded = nearest(lambda x: np.append(slacks(x), 0.5 - x[1]), np.zeros(2), 5.0, step=1e-4, iterations=50)
    assert bounded is not None and bounded.reach == pytest.approx(2.0, abs=1e-3)


def curved(x: Floats) -> Floats:
    return np.array([x[0] + np.sin(x[1]) - 1.0, np.exp(-x[0]) - 0.4 + 0.1 * x[1]])


@pytest.mark.parametrize("start", [(0.0, 0.0), (1.0, -1.0), (-1.0, 2.0)])
def test_curved_slacks_against_a_grid(start: tuple[float, float]) -> None:
    found = nearest(curved, np.array(start), 3.0, step=1e-4, iterations=60)
    a, b = np.meshgrid(np.linspace(-2, 2, 401), np.linspace(-2, 2, 401))
    best = np.maximum(np.abs(a), np.abs(b))[curved(np.array([a, b])).min(axis=0) >= 0].min()
    assert found is not None and found.short == 0.0
    assert abs(found.reach - best) <= 0.011  # a step of the grid


def test_what_cannot_be_met_ends_at_the_best_compromise() -> None:
    found = nearest(lambda x: np.array([x[0] - 1.0, -x[0]]), np.zeros(1), 5.0, step=1e-4, iterations=50)
    assert found is not None and found.short == pytest.approx(0.5, abs=1e-3)
    assert nearest(lambda x: None, np.zeros(1), 5.0, step=1e-4, iterations=50) is None
    # The far side of a bound: reachable only outside of it.
    far = nearest(lambda x: x - 2.0, np.zeros(1), 1.0, step=1e-4, iterations=50)
    assert far is not None and far.reach <= 1.0 + 1e-9 and far.short == pytest.approx(1.0, abs=1e-3)


def test_where_there_are_no_slacks_the_search_stays_away() -> None:
    """Nothing is known beyond 0.7, and 0.5 is enough."""
    found = nearest(lambda x: x - 0.5 if x[0] < 0.7 else None, np.zeros(1), 5.0, step=0.3, iterations=50)
    assert found is not None and found.short == 0.0 and found.reach == pytest.approx(0.5, abs=1e-3)


def test_a_first_step_that_is_too_long_is_shortened() -> None:
    """From 0.1 the slope of x^2 - 1/4 points to 1.3, where there are no slacks; the answer is 1/2."""
    found = nearest(lambda x: None if x[0] > 1.0 else x**2 - 0.25, np.array([0.1]), 3.0, step=1e-6, iterations=40,
                    first_step=2.0)
    assert found is not None and found.short == 0 and found.shifts[0] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_requirements_are_the_same_ones_where_the_precision_changes(dtype: str) -> None:
    """A search crosses to parameters that only float64 resolves; its slacks are then those of the same requirements."""
    experiment = Experiment.preset("quick").replace(dtype=dtype)
    here, finer = (all_slacks(experiment, "all", {"lambda_": shift}, 0.25) for shift in (0.0, -6.0))
    assert here is not None and finer is not None
    assert list(here) == list(finer)


def test_a_search_ends_where_nothing_nearer_than_what_is_known_is_promised() -> None:
    looks: list[float] = []

    def slacks(x: np.ndarray) -> np.ndarray:
        looks.append(float(x[0]))
        return x - 1.0  # met from 1 on

    for known, met in ((2.0, True), (0.5, False)):
        looks.clear()
        found = nearest(slacks, np.full(1, 0.9), 5.0, step=1e-4, iterations=50, known=known)
        assert found is not None and (found.short == 0.0) is met
        assert met or len(looks) == 2, "the start and its difference alone"
