"""Intervals against values by hand, and one another: a share, a mean, a slope, a mean curve."""

from __future__ import annotations

import math

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.statistics.curves import mean_curve
from theory_sim.statistics.intervals import half_width, mean_interval, positive_mean_interval, share_interval, student_quantile
from theory_sim.statistics.power_laws import log_slope, median_slope


def test_a_share_by_hand_at_any_level() -> None:
    # Of n of n the lower end is ((1 - level) / 2)^(1/n).
    for n, level in ((10, 0.95), (4, 0.9), (20, 1 - 0.05 / 7)):
        share = share_interval(n, n, level)
        assert (share.value, share.high) == (1.0, 1.0)
        assert share.low == pytest.approx(((1 - level) / 2) ** (1 / n), rel=1e-9)
        assert share.censored == 0, "a count of shares, not of times"
    nothing = share_interval(0, 0)
    assert math.isnan(nothing.value) and (nothing.low, nothing.high, nothing.n) == (0.0, 1.0, 0)
    for successes, n, level in ((3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0.0)):
        with pytest.raises(InputError, match="a count from 0 to n"):
            share_interval(successes, n, level)


def test_a_mean_by_hand_at_any_level() -> None:
    # Of 1, 3 the standard error is 1; Student's quantile at one degree of freedom is tan(pi level / 2).
    for level in (0.5, 0.95, 1 - 0.05 / 20):
        found = mean_interval([1.0, 3.0, math.nan, math.inf], level)
        assert (found.value, found.n, found.censored) == (2.0, 2, 1)
        assert found.high - 2.0 == pytest.approx(math.tan(math.pi * level / 2), rel=1e-9) == 2.0 - found.low
        assert half_width(math.sqrt(2), 2, level) == pytest.approx(found.high - 2.0, rel=1e-12)
    assert student_quantile(1e9, 0.95) == pytest.approx(1.959964, rel=1e-5)


def test_a_slope_of_medians_and_its_interval() -> None:
    sizes, draws = np.array([10.0, 100.0, 1000.0]), np.random.default_rng(1)
    samples = [size**-0.5 * np.exp(0.1 * draws.standard_normal(30)) for size in sizes]
    slope, low, high = median_slope(sizes, samples)
    assert slope == log_slope(sizes, [np.median(sample) for sample in samples])
    assert low < slope < high and high - low < 0.1 and low < -0.5 < high  # and neither -1/4 nor -1
    assert median_slope(sizes, samples) == (slope, low, high), "a fixed seed"
    assert all(map(math.isnan, median_slope(sizes, [samples[0], samples[1], samples[2][:1]])[1:]))


def test_a_mean_curve_by_hand() -> None:
    curves = [(np.array([0.0, 2.0]), np.array([0.0, 4.0])), (np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 3.0]))]
    times, mean = mean_curve(curves)
    assert times.tolist() == [0.0, 1.0, 2.0] and mean.tolist() == [0.5, 1.5, 3.5]
    later = (np.array([0.5, 1.5]), np.array([2.0, 4.0]))
    times, mean = mean_curve([curves[0], later])
    assert times.tolist() == [0.5, 1.5] and mean.tolist() == [1.5, 3.5], "where all were recorded"


def test_the_mean_of_one_curve_is_the_curve() -> None:
    tau = np.linspace(0.0, 3900.0, 1301)
    peak = np.where(np.arange(1301) == 5, 6.24, 0.5)  # between the points of a coarser grid
    times, mean = mean_curve([(tau, peak)])
    np.testing.assert_array_equal(times, tau)
    np.testing.assert_array_equal(mean, peak)


def test_an_interval_of_what_is_positive_by_hand() -> None:
    found, plain = positive_mean_interval([1.0, 3.0]), mean_interval([1.0, 3.0])
    factor = math.exp(student_quantile(1) * 1.0 / 2.0)  # standard error 1, mean 2
    assert (found.value, found.n) == (2.0, 2) and plain.low < 0.0
    assert math.isclose(found.low, 2.0 / factor) and math.isclose(found.high, 2.0 * factor)
    assert positive_mean_interval([0.5, 0.9], most=1.0).high == 1.0
    assert positive_mean_interval([0.0, 0.0]) == mean_interval([0.0, 0.0])
    alone = positive_mean_interval([0.3], most=1.0)
    assert (alone.low, alone.high) == (0.0, 1.0) and positive_mean_interval([math.nan]).n == 0
    assert positive_mean_interval([1e-300, 1.0, 1.0]).low > 0.0
    assert positive_mean_interval([-3.0, 1.0]) == mean_interval([-3.0, 1.0]), "of a loss that may be negative"


@pytest.mark.parametrize(("draw", "student", "logarithm"), [("exponential", 0.884, 0.935), ("uniform", 0.935, 0.943)])
def test_it_holds_the_mean_more_often_than_students_of_skewed_values(draw: str, student: float, logarithm: float) -> None:
    """Shares of 2000 samples of 5 values, within 4 standard errors of what 20 000 others gave."""
    rng = np.random.default_rng(20261127)
    mean = {"exponential": 1.0, "uniform": 0.5}[draw]
    samples = getattr(rng, draw)(size=(2000, 5))
    for make, share in ((mean_interval, student), (positive_mean_interval, logarithm)):
        held = np.mean([found.low <= mean <= found.high for found in map(make, samples.tolist())])
        assert abs(held - share) < 4.0 * math.sqrt(share * (1.0 - share) / 2000), held
