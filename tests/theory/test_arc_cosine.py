"""THEORY §6: kernels against Monte Carlo over the neurons they are the limit of."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from theory_sim.theory import arc_cosine

SIZE = 400_000
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


@pytest.mark.parametrize(("rho", "cos_theta"), [(1.0, 0.3), (0.8, 0.9), (0.3, -0.5), (0.95, 1.0)])
def test_kernels_are_means_over_neurons(rho, cos_theta):
    rng = np.random.default_rng(11)
    early = rng.standard_normal((SIZE, 2))
    late = rho * early + math.sqrt(1 - rho**2) * rng.standard_normal((SIZE, 2))
    x, other = np.array([2.0, 0.0]), 1.5 * np.array([cos_theta, math.sqrt(1 - cos_theta**2)])
    both = (early @ x > 0) & (late @ other > 0)
    inner = float(x @ other)
    # A frequency of n draws has standard error at most 1/(2 sqrt(n)); five of them.
    bound = 5 * abs(inner) / (2 * math.sqrt(SIZE))
    assert arc_cosine.tangent_kernel(inner, cos_theta, rho) == pytest.approx(inner * both.mean(), abs=bound)
    flips = (early @ x > 0) != (late @ x > 0)
    assert arc_cosine.flip_probability(rho) == pytest.approx(flips.mean(), abs=5 / (2 * math.sqrt(SIZE)))
    products = np.maximum(early @ x, 0) * np.maximum(late @ other, 0) / (2.0 * 1.5)
    error = 5 * products.std() / math.sqrt(SIZE)
    assert arc_cosine.kappa_1(rho * cos_theta) == pytest.approx(products.mean(), abs=error)


@pytest.mark.parametrize("slopes", [(0.0, 1.0), (0.3, 1.0), (-0.6, 1.0), (1.0, 1.0), (0.5, -2.0)])
@pytest.mark.parametrize(("rho", "cos_theta"), [(1.0, 0.3), (0.8, 0.9), (-0.3, 0.5), (0.95, -0.99)])
def test_kernel_of_two_lines_is_the_sum_over_quadrants(slopes, rho, cos_theta):
    """Slopes of two neurons, times the normal law's mass where they have them, integrated numerically."""
    below, above = slopes
    overlap = rho * cos_theta
    under, _ = quad(lambda x: norm.pdf(x) * norm.cdf(-overlap * x / math.sqrt(1.0 - overlap**2)), -math.inf, 0.0, epsabs=1e-12)
    wanted = 1.7 * (under * (below**2 + above**2) + (1.0 - 2.0 * under) * below * above)
    found = arc_cosine.tangent_kernel(1.7, cos_theta, rho, arc_cosine.kernel_constants(below, above))
    assert found == pytest.approx(wanted, abs=1e-9)
    linear, arcsine = arc_cosine.kernel_constants(below, above)
    assert found == pytest.approx(1.7 * (linear + arcsine * math.asin(rho * cos_theta) / (2 * math.pi)), abs=1e-12)
    for twin in (arc_cosine.kernel_constants(below, 1.01 * above), arc_cosine.KernelConstants(linear, 1.01 * arcsine + 0.01)):
        assert arc_cosine.tangent_kernel(1.7, cos_theta, rho, twin) != pytest.approx(wanted, abs=1e-5)


def test_relu_is_two_lines_to_the_last_bit():
    cosine = np.linspace(-1.0, 1.0, 101)
    old = 1.3 * (np.pi - np.arccos(0.9 * cosine)) / (2.0 * np.pi)
    np.testing.assert_array_equal(arc_cosine.tangent_kernel(1.3, cosine, 0.9), old)
    np.testing.assert_array_equal(arc_cosine.tangent_kernel(1.3, cosine, 0.9, arc_cosine.kernel_constants(0.0, 1.0)), old)


@given(st.floats(-1, 1))
def test_kappa_1_is_the_integral_of_the_flip_kernel(cosine):
    # d kappa_1/dc = (pi - arccos c)/(2 pi), the tangent kernel per unit inner product.
    angle = 0.5 * math.acos(cosine) * (NODES + 1)  # from c to 1, in the angle, where it is smooth
    integral = 0.5 * math.acos(cosine) * WEIGHTS @ (np.sin(angle) * (math.pi - angle)) / (2 * math.pi)
    assert arc_cosine.kappa_1(cosine) == pytest.approx(0.5 - integral, abs=1e-12)


def test_rounding_beyond_one_is_forgiven():
    assert arc_cosine.tangent_kernel(1.0, 1.0, 1.0 + 1e-15) == 0.5
