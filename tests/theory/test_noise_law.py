"""THEORY §5: the noise law against its definition, its recursion and simulated noise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.errors import InputError
from theory_sim.theory import noise_law

RATES = st.lists(st.floats(0.01, 20.0), min_size=1, max_size=12)
LAMBDAS = st.floats(1e-5, 0.04)


def influence(rates: list[float], lambda_: float, tau_xi: float, tau_0: float, t: int) -> np.ndarray:
    """Coefficients of (U_0, xi_0, xi_1, ...) in the noise at step t: §4's explicit sum."""
    row = np.zeros(len(rates) + 1)
    row[0] = tau_0 * math.prod(1 - g * lambda_ for g in rates[:t])
    for s in range(t):
        row[s + 1] = -rates[s] * math.prod(1 - g * lambda_ for g in rates[s + 1 : t]) * tau_xi
    return row


@given(RATES, LAMBDAS, st.floats(0.01, 2.0), st.floats(0.01, 2.0), st.data())
def test_levels_and_correlation_are_those_of_the_explicit_sum(rates, lambda_, tau_xi, tau_0, data):
    s = data.draw(st.integers(0, len(rates)))
    t = data.draw(st.integers(0, len(rates)))
    rows = [influence(rates, lambda_, tau_xi, tau_0, step) for step in (s, t)]
    levels = noise_law.noise_levels(rates, lambda_=lambda_, tau_xi=tau_xi, tau_0=tau_0)
    assert levels[[s, t]] == pytest.approx([np.linalg.norm(row) for row in rows], rel=1e-12)
    expected = rows[0] @ rows[1] / (np.linalg.norm(rows[0]) * np.linalg.norm(rows[1]))
    assert noise_law.correlation(rates, s, t, lambda_, tau_xi, tau_0) == pytest.approx(expected, rel=1e-11)


@given(RATES, LAMBDAS, st.data())
def test_decay_leaves_its_first_step_out(rates, lambda_, data):
    t = data.draw(st.integers(1, len(rates)))
    s = data.draw(st.integers(0, t - 1))
    expected = math.prod(1 - g * lambda_ for g in rates[s + 1 : t])
    assert noise_law.decay(rates, s, t, lambda_) == pytest.approx(expected, rel=1e-13)


@given(st.floats(0.01, 100.0), st.floats(1e-4, 0.019), st.floats(0.001, 3.0))
def test_the_stationary_level_is_a_fixed_point(rate, lambda_, tau_xi):
    stable = noise_law.tau_stationary(rate, lambda_, tau_xi)
    levels = noise_law.noise_levels([rate] * 3, lambda_=lambda_, tau_xi=tau_xi, tau_0=stable)
    assert levels == pytest.approx(np.full(4, stable), rel=1e-12)


@given(st.floats(0.01, 50.0), st.floats(1e-4, 0.03), st.floats(0.0, 3.0), st.integers(1, 40))
def test_the_distance_to_the_stationary_variance_decays_geometrically(rate, lambda_, tau_0, steps):
    stable = noise_law.tau_stationary(rate, lambda_, 0.1) ** 2
    end = noise_law.noise_levels([rate] * steps, lambda_=lambda_, tau_xi=0.1, tau_0=tau_0)[-1] ** 2
    expected = stable + (1 - rate * lambda_) ** (2 * steps) * (tau_0**2 - stable)
    assert end == pytest.approx(expected, rel=1e-10)


def test_without_decay_the_variance_grows_linearly():
    levels = noise_law.noise_levels([2.0] * 5, lambda_=0.0, tau_xi=0.3, tau_0=1.0)
    assert levels**2 == pytest.approx(1.0 + 0.36 * np.arange(6))


def test_simulated_noise_has_the_level_and_correlation():
    rates, lambda_, tau_xi, tau_0, size = [4.0] * 6 + [0.5] * 6, 0.02, 0.3, 0.7, 200_000
    rng = np.random.default_rng(5)
    state = tau_0 * rng.standard_normal(size)
    seen = [state]
    for rate in rates:
        state = (1 - rate * lambda_) * state - rate * tau_xi * rng.standard_normal(size)
        seen.append(state)
    # Standard errors: level/sqrt(2 n), (1 - rho^2)/sqrt(n); five of them.
    level = noise_law.noise_levels(rates, lambda_=lambda_, tau_xi=tau_xi, tau_0=tau_0)[-1]
    assert seen[-1].std() == pytest.approx(level, rel=5 / math.sqrt(2 * size))
    rho = noise_law.correlation(rates, 4, 12, lambda_, tau_xi, tau_0)
    assert np.corrcoef(seen[4], seen[12])[0, 1] == pytest.approx(rho, abs=5 * (1 - rho**2) / math.sqrt(size))


def test_decorrelation_rate_is_the_slope_of_the_correlation():
    rate, tau_xi, tau, lambda_ = 0.01, 0.2, 0.9, 1e-3
    lost = 1 - noise_law.correlation([rate], 0, 1, lambda_, tau_xi, tau)
    assert lost / rate == pytest.approx(noise_law.decorrelation_rate(rate, tau, tau_xi), rel=1e-3)


def test_anneal_ratio_is_near_the_root_of_the_rates():
    assert noise_law.anneal_ratio(16.0, 0.5, 5e-4) == pytest.approx(math.sqrt(0.5 / 16), rel=0.003)


@pytest.mark.parametrize(("rate", "lambda_"), [(1.0, 0.0), (0.0, 0.1), (20.0, 0.1), (1.0, -0.1), (math.nan, 0.1)])
def test_no_stationary_level_is_an_error(rate, lambda_):
    with pytest.raises(InputError):
        noise_law.tau_stationary(rate, lambda_, 1.0)


def test_steps_outside_the_run_and_vanishing_noise_are_errors():
    with pytest.raises(InputError, match="steps run"):
        noise_law.correlation([1.0], 0, 2, 0.1, 1.0, 1.0)
    with pytest.raises(InputError, match="noise at both"):
        noise_law.correlation([1.0], 0, 1, 0.1, 1.0, 0.0)
    with pytest.raises(InputError, match="0 <= s < t"):
        noise_law.decay([1.0], 1, 1, 0.1)
