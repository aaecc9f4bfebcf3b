"""THEORY §6: kernels against Monte Carlo over the neurons they are the limit of."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.theory import arc_cosine

SIZE = 400_000


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


@given(st.floats(-1, 1))
def test_kappa_1_is_the_integral_of_the_flip_kernel(cosine):
    # d kappa_1/dc = (pi - arccos c)/(2 pi), the tangent kernel per unit inner product.
    nodes, weights = np.polynomial.legendre.leggauss(200)
    angle = 0.5 * math.acos(cosine) * (nodes + 1)  # from c to 1, in the angle, where it is smooth
    integral = 0.5 * math.acos(cosine) * weights @ (np.sin(angle) * (math.pi - angle)) / (2 * math.pi)
    assert arc_cosine.kappa_1(cosine) == pytest.approx(0.5 - integral, abs=1e-12)


def test_rounding_beyond_one_is_forgiven():
    assert arc_cosine.tangent_kernel(1.0, 1.0, 1.0 + 1e-15) == 0.5
