"""Slopes of power laws, and their jackknife over runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.statistics.intervals import mean_interval
from theory_sim.statistics.power_laws import curvature_error, jackknife_slopes, log_slope

SIZES = (100, 400, 1600)


def test_a_slope_by_hand() -> None:
    assert log_slope(SIZES, [3.0, 1.5, 0.75]) == pytest.approx(-0.5)
    # Of three equal steps the least-squares slope is that between the ends.
    assert log_slope(SIZES, [8.0, 5.0, 2.0]) == pytest.approx(math.log(2 / 8) / math.log(16))
    assert math.isnan(log_slope(SIZES, [1.0, 0.0, 1.0])) and math.isnan(log_slope(SIZES, [1.0, math.inf, 1.0]))
    for sizes, values in (((10, 10), (1, 2)), ((0, 1), (1, 2)), ((1, 2), (1,)), ((5,), (1,))):
        with pytest.raises(InputError, match="two or more positive sizes"):
            log_slope(sizes, values)


def test_pseudo_values_against_the_definition() -> None:
    gaps = np.abs(np.random.default_rng(0).normal(size=(5, 3))) / np.sqrt(SIZES)
    found = jackknife_slopes(SIZES, gaps)
    slopes = []
    for without in range(5):
        rows = [gaps[i] for i in range(5) if i != without]
        slopes.append(log_slope(SIZES, [math.sqrt(sum(row[k] ** 2 for row in rows) / 4) for k in range(3)]))
    whole = log_slope(SIZES, [math.sqrt(sum(row[k] ** 2 for row in gaps) / 5) for k in range(3)])
    np.testing.assert_allclose(found, [5 * whole - 4 * slope for slope in slopes])


def test_runs_without_a_number_are_left_out() -> None:
    gaps = np.abs(np.random.default_rng(1).normal(size=(5, 3))) / np.sqrt(SIZES)
    gaps[2, 1] = math.inf
    found = jackknife_slopes(SIZES, gaps)
    assert math.isnan(found[2])
    np.testing.assert_allclose(np.delete(found, 2), jackknife_slopes(SIZES, np.delete(gaps, 2, axis=0)))
    assert np.isnan(jackknife_slopes(SIZES, gaps[:1])).all()


def test_its_interval_holds_the_slope() -> None:
    """200 samples of 60 runs with normal gaps: at level 0.999 at least 179 of the 95 % intervals hold the slope (binomial).

    The slopes -1/4 and -1 lie in few of them: the check tells them apart.
    """
    rng = np.random.default_rng(2)
    held = dict.fromkeys((-0.5, -0.25, -1.0), 0)
    for _ in range(200):
        gaps = rng.normal(size=(60, 3)) / np.sqrt(SIZES)
        interval = mean_interval(jackknife_slopes(SIZES, gaps))
        for slope in held:
            held[slope] += interval.low < slope < interval.high
    assert held[-0.5] >= 179
    assert held[-0.25] < 20 and held[-1.0] < 20


@pytest.mark.parametrize("bend", [-0.3, 0.0, 0.04])
def test_curvature_is_half_the_range_of_the_local_exponent(bend: float) -> None:
    """A parabola in the logarithms: its slope changes by 2 x bend x log(100 / 2); scatter about a line alone gives little."""
    sizes = np.array([2.0, 5.0, 11.0, 30.0, 100.0])
    x = np.log(sizes)
    local = -0.5 + 2 * bend * x[[0, -1]]
    found = curvature_error(sizes, 3.0 * np.exp(-0.5 * x + bend * x**2))
    assert found == pytest.approx(abs(local[1] - local[0]) / 2, abs=1e-12)
    assert math.isnan(curvature_error(sizes[:2], [1.0, 2.0])) and math.isnan(curvature_error(sizes, [1.0, 2.0, 3.0, -1.0, 5.0]))
