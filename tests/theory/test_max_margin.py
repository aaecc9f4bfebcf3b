"""THEORY §10: the max-margin classifier of P at d to infinity, against trained ones and by another route."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theory import trained
from theory_sim.errors import InputError
from theory_sim.theory.max_margin import max_margin
from theory_sim.theory.overlap import averaging_overlap


def reached(a: np.ndarray) -> tuple[float, float]:
    """Margin and overlap of a trained one."""
    theta = trained.max_margin(a)
    return float((a @ theta).min() / np.linalg.norm(theta)), trained.overlap(theta)


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, np.ndarray]:
    """At delta = 1/2, g_0 = 1, from d = 100, 200, 400; and the half-widths of the 99.9 % intervals."""
    return trained.at_infinite_d(reached, 0.5, 1.0, seeds=(1200, 800, 200))


def gaps(seen, delta: float, g_0: float) -> np.ndarray:
    """How far the formulas are from what was trained, in half-widths: margin and overlap."""
    means, halves = seen
    found = max_margin(delta, g_0)
    return np.abs(np.array([found.margin, found.overlap]) - means) / halves


@pytest.mark.tier2
def test_trained_classifiers(seen):
    assert np.all(seen[1] < [0.02, 0.004])
    assert np.all(gaps(seen, 0.5, 1.0) < 1)


@pytest.mark.tier2  # as what they are held against
@pytest.mark.parametrize(
    ("delta", "g_0"), [(0.55, 1.0), (0.45, 1.0), (0.5, 1.1), (0.5, 0.9)], ids=["delta+10%", "delta-10%", "g_0+0.1", "g_0-0.1"]
)
def test_moved_parameters_are_refuted(seen, delta, g_0):
    assert np.all(gaps(seen, delta, g_0) > 1)


@pytest.mark.tier2
def test_the_law_of_v_matters(seen):
    """With v replaced by its mean the same variational problem has another answer, which the check refutes."""
    means, halves = seen
    other = by_grid(0.5, np.array([1.0 + math.sqrt(2 / math.pi)]), np.ones(1))
    assert np.all(np.abs(np.array(other) - means) > halves)


def test_trained_on_more_with_less_signal():
    seen = trained.at_infinite_d(reached, 1.5, 0.2, seeds=(200, 200), dimensions=(40, 80))
    assert np.all(gaps(seen, 1.5, 0.2) < 1)
    assert np.all(gaps(seen, 1.8, 0.2) > 1)


def by_grid(delta: float, v: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Margin and overlap from the definition: the largest kappa that min over rho of a quadrature over v and G admits."""
    from scipy.optimize import brentq, minimize_scalar

    g = np.linspace(-9, 9, 901)
    density = np.exp(-g * g / 2) / math.sqrt(2 * math.pi) * 0.02

    def largest(rho: float) -> float:
        side = math.sqrt(1 - rho * rho)
        across = rho * v[:, None] + side * g

        def over(kappa: float) -> float:
            return delta * float(weight @ (np.maximum(kappa - across, 0) ** 2 @ density)) - side * side

        return brentq(over, -20, 50, xtol=1e-11)

    found = minimize_scalar(lambda rho: -largest(rho), bounds=(0, 0.9999), method="bounded", options={"xatol": 1e-9})
    return -found.fun, found.x


@pytest.mark.parametrize(("delta", "g_0"), [(0.5, 1.0), (2.8, 1.0), (0.1, 0.2)])
def test_against_the_definition(delta, g_0):
    nodes, weight = np.polynomial.legendre.leggauss(40)
    x = 4.5 * (nodes + 1)
    weight = 4.5 * weight * 2 * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    margin, overlap = by_grid(delta, g_0 + x, weight)
    found = max_margin(delta, g_0)
    assert float(found.margin) == pytest.approx(margin, abs=2e-4)
    assert float(found.overlap) == pytest.approx(overlap, abs=2e-4)


def test_few_and_many_examples():
    """Without competition for directions averaging and max-margin agree; in the end the margin is that of w*."""
    few = max_margin(1e-3)
    assert float(few.overlap) == pytest.approx(averaging_overlap(1e-3, 1), rel=1e-3)
    assert float(few.margin) == pytest.approx(1 / math.sqrt(1e-3), rel=1e-2)
    many = max_margin(1e4, [0.0, 1.0])
    np.testing.assert_allclose(many.margin, [0.0, 1.0], atol=2e-4)
    assert np.all(many.overlap > 1 - 1e-7)


@settings(max_examples=20)
@given(st.floats(1e-3, 5e3), st.floats(1.05, 2), st.floats(0, 9), st.floats(0.05, 1))
def test_more_examples_or_signal_help(delta, factor, g_0, more):
    found = max_margin([delta, factor * delta, delta], [g_0, g_0, g_0 + more])
    assert found.overlap.shape == (3,)
    assert found.overlap[1] > found.overlap[0] and found.margin[1] < found.margin[0]
    assert found.overlap[2] > found.overlap[0] and found.margin[2] > found.margin[0]
    assert found.margin[0] > g_0, "w* itself has the margin g_0"


@pytest.mark.parametrize(("delta", "g_0"), [(0.0, 1.0), (math.nan, 1.0), (1e5, 1.0), (0.5, -0.1), (0.5, 11.0), ([0.5, -1], 1)])
def test_senseless_input_is_refused(delta, g_0):
    with pytest.raises(InputError, match="<="):
        max_margin(delta, g_0)
