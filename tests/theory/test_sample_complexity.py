"""THEORY §10: both bounds on the examples that P takes, against integrals, Bessel functions and drawn examples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.errors import InputError
from theory_sim.theory.overlap import averaging_overlap
from theory_sim.theory.sample_complexity import (
    averaging_shortfall,
    information_per_example,
    samples_lower_bound,
    samples_upper_bound,
)


def test_information_at_known_points():
    assert information_per_example(math.inf, 1.0) == pytest.approx(1.9910, abs=5e-5)  # THEORY §10
    assert information_per_example([2, 50, math.inf], 0.0) == pytest.approx(math.log(2))  # one bit without a gap


@given(st.floats(2, 1e6), st.floats(1.001, 10), st.floats(0.01, 3))
def test_information_grows_with_the_dimension_to_its_limit(d, factor, g_0):
    low, high = information_per_example([d, factor * d], g_0)
    assert low < high * (1 + 1e-12) and high <= information_per_example(math.inf, g_0) * (1 + 1e-12)


def test_information_bounds_the_information_that_one_example_carries_along_w():
    """Two dimensions, by quadrature: mutual information of u = y x_1 and a uniform direction, from the densities."""
    d, g_0 = 2, 1.0
    step = 0.04
    axis = np.arange(-6, 6, step) + step / 2
    x, y = np.meshgrid(axis, axis)

    def density(angle: float) -> np.ndarray:
        along = x * math.cos(angle) + y * math.sin(angle) - g_0 / math.sqrt(d)
        across = -x * math.sin(angle) + y * math.cos(angle)
        return np.where(along > 0, 2 * d / (2 * math.pi) * np.exp(-d / 2 * (along**2 + across**2)), 0.0)

    mixture = np.mean([density(a) for a in np.linspace(0, 2 * math.pi, 200, endpoint=False)], axis=0)
    p = density(0.3)
    seen = p > 0
    mutual = float(np.sum(p[seen] * np.log(p[seen] / mixture[seen])) * step**2)
    assert 0.5 < mutual < information_per_example(d, g_0)


@pytest.mark.parametrize("d", [2, 3, 10, 400])
@pytest.mark.parametrize("c", [0.1, 0.5, 0.9])
def test_lower_bound_is_below_the_one_with_the_exact_bessel_ratio(d, c):
    """-(d-1)/2 log(1 - c^2) is at most the supremum of kappa c - log of the normaliser, near it for large d."""
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln, ive

    def negative(kappa: float) -> float:
        v = d / 2 - 1
        return -(kappa * c - (gammaln(d / 2) + v * math.log(2 / kappa) + math.log(ive(v, kappa)) + kappa))

    start = (d - 1) * c / (1 - c * c)
    exact = -minimize_scalar(negative, bounds=(start / 10, 10 * start), method="bounded").fun
    stated = float(samples_lower_bound(d, c)) * d * float(information_per_example(d))
    assert 0.4 * exact < stated <= exact * (1 + 1e-9)
    if d == 400:
        assert stated == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("d", "n", "g_0"), [(2, 1, 0.0), (5, 3, 1.0), (20, 20, 1.0), (20, 60, 0.2)])
def test_averaging_reaches_what_the_upper_bound_promises(d, n, g_0):
    rng, repeats = np.random.default_rng(5), 20_000
    along = np.abs(rng.standard_normal((repeats, n))).sum(1) / math.sqrt(d) + n * g_0 / math.sqrt(d)
    across = np.linalg.norm(rng.standard_normal((repeats, d - 1)), axis=1) * math.sqrt(n / d)
    overlaps = along / np.hypot(along, across)
    mu = g_0 + math.sqrt(2 / math.pi)
    promised = math.sqrt(n * mu**2 / (n * mu**2 + d - 1)) - float(averaging_shortfall(d))
    assert overlaps.mean() > promised - 5 * overlaps.std() / math.sqrt(repeats)
    assert promised == pytest.approx(overlaps.mean(), abs=0.02 + 2 * float(averaging_shortfall(d)))
    if promised > 0:
        assert float(samples_upper_bound(promised, g_0, d=d)) * d == pytest.approx(n, rel=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0, 3), st.sampled_from([2.0, 5.0, 100.0, math.inf]))
def test_lower_is_below_upper(c, g_0, d):
    lower, upper = float(samples_lower_bound(d, c, g_0)), float(samples_upper_bound(c, g_0, d=d))
    if math.isfinite(d) and math.isfinite(upper):
        upper = math.ceil(d * upper) / d  # the upper bound speaks of whole numbers of examples
    assert lower < upper


def test_upper_bound_in_the_limit_is_averaging():
    delta = float(samples_upper_bound(0.7, 0.5))
    assert averaging_overlap(1000 * delta, 1000, 0.5) == pytest.approx(0.7, rel=1e-12)
    assert math.isinf(float(samples_upper_bound(0.9, 1.0, d=2)))  # 0.9 + 0.156 > 1: nothing is promised


@pytest.mark.parametrize(
    "call",
    [lambda: information_per_example(1), lambda: information_per_example(10, -0.1), lambda: samples_lower_bound(10, 1.0),
     lambda: samples_lower_bound(10, [0.5, -0.1]), lambda: samples_upper_bound(math.nan), lambda: averaging_shortfall(1.5),
     lambda: samples_upper_bound(0.5, math.inf)],
)  # fmt: skip
def test_senseless_input_is_refused(call):
    with pytest.raises(InputError):
        call()
