"""THEORY §8: separation of Q from kernels, quadrature and limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.theory import separation
from theory_sim.theory.arc_cosine import tangent_kernel

RADII = st.floats(0.01, 2.0)


def kernel(rho: float, x: np.ndarray, other: np.ndarray) -> float:
    inner = float(x @ other)
    return float(tangent_kernel(inner, inner / np.linalg.norm(x) / np.linalg.norm(other), rho))


@given(RADII, st.floats(0, 1))
def test_weights_are_second_differences_of_the_kernel(r, rho):
    z, zeta = np.array([1.0, 0.0]), np.array([0.0, r])
    for source, weight in ((z, separation.delta), (z + zeta, separation.delta_pm)):
        h = kernel(rho, source, z + zeta) + kernel(rho, source, z - zeta) - 2 * kernel(rho, source, z)
        assert weight(rho, r) == pytest.approx(h, abs=1e-7)  # arccos has infinite slope at one


@given(RADII)
def test_frozen_patterns(r):
    assert separation.delta(1.0, r) == pytest.approx(-math.atan(r) / math.pi, abs=1e-7)
    assert separation.delta_pm(1.0, r) == pytest.approx(r * r * math.atan(r) / math.pi, abs=1e-7)
    assert -separation.net_weight(1.0, r) == pytest.approx(separation.frozen_weight(r), abs=1e-7)


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.9])
def test_moving_patterns_are_second_order(rho):
    r = 1e-3
    expected = -rho * r * r / (2 * math.pi * math.sqrt(1 - rho**2))
    assert separation.delta(rho, r) == pytest.approx(expected, rel=1e-4)
    assert separation.delta_pm(rho, r) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("r", [0.05, 0.099, 0.101, 0.3, 0.5, 1.0])
def test_J_is_the_integral_over_ages(r):
    from scipy.integrate import quad

    # With rho = exp(-lambda u) the integral over ages, times lambda, is one over rho in [0, 1];
    # rho = cos(a) takes the square roots at rho = 1 away.
    def value(angle: float) -> float:
        return abs(float(separation.net_weight(math.cos(angle), r))) * math.sin(angle)

    integral, error = quad(value, 0, math.pi / 2, points=[r], limit=400, epsabs=1e-13)
    assert separation.J(r) == pytest.approx(integral, rel=1e-7, abs=10 * error)


def test_J_for_small_r():
    for r in (1e-2, 1e-4):
        assert separation.J(r) == pytest.approx(2 * r**3 / (3 * math.pi), rel=2 * r)


@pytest.mark.tier2
@given(st.floats(1e-6, 1e6))
def test_G_is_a_mean_over_ages_of_the_small_r_weight(motion):
    # Substituting y = Y t^2 makes the integrand smooth; weights are relative to r/pi at age zero.
    nodes, weights = np.polynomial.legendre.leggauss(400)
    t = 0.5 * (nodes + 1)
    # The integrand falls on the scale t ~ 1/sqrt(Y): cluster the nodes there.
    u = np.expm1(t * math.log1p(math.sqrt(motion)))
    y = u * u
    # 4 sqrt(1+y) - 3 sqrt(y) - sqrt(y+4), each difference taken without cancellation.
    kept = 4 / (np.sqrt(1 + y) + np.sqrt(y)) - 4 / (np.sqrt(y + 4) + np.sqrt(y))
    mean = (0.5 * kept) @ (0.5 * weights * 2 * u * (1 + u)) * math.log1p(math.sqrt(motion)) / motion
    assert separation.frozen_fraction(motion) == pytest.approx(mean, rel=1e-9)


def test_G_is_the_limit_of_the_net_weight():
    r, decorrelation = 1e-3, 1e-6  # rho = 1 - decorrelation * age; s = 2 (1 - rho) = Y age r^2
    kept = -separation.net_weight(1 - decorrelation, r) * math.pi / r
    y = 2 * decorrelation / r**2
    assert kept == pytest.approx((4 * math.sqrt(1 + y) - 3 * math.sqrt(y) - math.sqrt(y + 4)) / 2, rel=1e-3)


def test_G_limits():
    assert separation.frozen_fraction(0.0) == 1.0
    assert separation.frozen_fraction(1e-8) == pytest.approx(1 - 1e-4, abs=1e-7)
    assert separation.frozen_fraction(1e10) == pytest.approx(4 / 3e10, rel=1e-4)


def test_stationary_start_gives_the_second_form_of_Y():
    from theory_sim.theory.noise_law import tau_stationary

    tau = tau_stationary(16.0, 5e-4, 0.0079)
    motion = separation.pattern_motion(0.5, 0.0079, tau, 0.3, 216.0)
    # The stationary variance holds 2 - eta_1 lambda where the short form has 2.
    assert motion == pytest.approx(2 * (0.5 / 16) * 5e-4 * 216.0 / 0.09 * (1 - 16 * 5e-4 / 2), rel=1e-12)


def test_motion_without_noise():
    assert separation.pattern_motion(1.0, 0.0, 0.0, 0.3, 100.0) == 0.0
    assert separation.pattern_motion(1.0, 0.1, 0.0, 0.3, 100.0) == math.inf
