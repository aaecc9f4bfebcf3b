"""THEORY §10: the error of a direction on P by three independent routes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.errors import InputError
from theory_sim.theory.overlap import P_error, averaging_overlap


def draw_P(n: int, d: int, g0: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Examples and labels of P with w* the first axis (THEORY §1)."""
    y = rng.choice([-1.0, 1.0], n)
    z = rng.standard_normal((n, d)) / math.sqrt(d)
    z[:, 0] = y * np.abs(z[:, 0])
    z[:, 0] += y * g0 / math.sqrt(d)
    return z, y


@pytest.mark.parametrize(("overlap", "g0"), [(0.0, 1.0), (0.4, 1.0), (0.8, 0.2), (-0.5, 1.0), (0.7, 0.0)])
def test_error_of_drawn_examples(overlap, g0):
    n = 200_000
    x, y = draw_P(n, 3, g0, np.random.default_rng(3))
    w = np.array([overlap, math.sqrt(1 - overlap**2), 0.0])
    seen = float(np.mean(y * (x @ w) < 0))
    assert P_error(overlap, g0) == pytest.approx(seen, abs=5 / (2 * math.sqrt(n)))


@given(st.floats(-0.9999, 0.9999))
def test_without_a_gap_the_error_is_an_angle(overlap):
    assert P_error(overlap, 0.0) == pytest.approx(math.acos(overlap) / math.pi, rel=1e-10)


@given(st.floats(-0.999, 0.999), st.floats(0.0, 3.0))
def test_error_against_a_bivariate_normal(overlap, g0):
    from scipy.integrate import quad
    from scipy.stats import norm

    k = overlap / math.sqrt(1 - overlap**2)
    value, _ = quad(lambda g: 2 * norm.pdf(g) * norm.cdf(-k * (g0 + g)), 0, 10, epsabs=1e-15, epsrel=1e-11, limit=200,
                    points=[0.01, 0.1, 1.0])
    assert P_error(overlap, g0) == pytest.approx(value, rel=1e-8, abs=1e-14)


@pytest.mark.parametrize("gap", [1e-2, 1e-3])
def test_tiny_errors_keep_their_digits(gap):
    import mpmath

    with mpmath.workdps(40):
        c = mpmath.mpf(1 - gap)
        k = c / mpmath.sqrt(1 - c * c)
        exact = mpmath.quad(lambda g: 2 * mpmath.npdf(g) * mpmath.ncdf(-k * (1 + g)), [0, 0.02, 0.1, 0.5, 2, 8])
    assert P_error(1 - gap) == pytest.approx(float(exact), rel=1e-10)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 2))
def test_error_falls_with_the_overlap_and_flips_with_its_sign(c, other, g0):
    low, high = min(c, other), max(c, other)
    assert P_error(high, g0) <= P_error(low, g0) * (1 + 1e-12)
    assert P_error(c, g0) + P_error(-c, g0) == pytest.approx(1.0, abs=1e-12)


def test_shapes_ends_and_nan():
    errors = P_error([[0.0, 1.0, -1.0], [math.nan, 0.3, 1.0 + 1e-12]])
    assert errors.shape == (2, 3)
    assert errors[0] == pytest.approx([0.5, 0.0, 1.0])
    assert math.isnan(errors[1, 0])
    assert errors[1, 2] == 0.0


@pytest.mark.parametrize(("overlap", "g0"), [(1.1, 1.0), (0.5, -1.0), (0.5, math.nan)])
def test_bad_input(overlap, g0):
    with pytest.raises(InputError):
        P_error(overlap, g0)


def test_averaging_overlap_is_seen():
    d, n, g0 = 400, 800, 1.0
    seen = []
    for seed in range(20):
        x, y = draw_P(n, d, g0, np.random.default_rng(seed))
        mean = y @ x
        seen.append(mean[0] / np.linalg.norm(mean))
    # The closed form is of leading order in d: allow 5 standard errors and 2/d.
    bound = 5 * np.std(seen) / math.sqrt(20) + 2 / d
    assert averaging_overlap(n, d, g0) == pytest.approx(np.mean(seen), abs=bound)
