"""THEORY §8, §9: learning times against an integrated flow and the page's numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.errors import InputError
from theory_sim.theory import learning_times as times


def test_numbers_of_the_theory():
    assert times.c_Q(0.45) == pytest.approx(153.5, abs=0.05)
    assert times.c_Q(0.3) == pytest.approx(425, abs=0.5)
    assert times.c_P(0.45) == pytest.approx(1.71, abs=0.005)
    assert times.c_P(0.3) == pytest.approx(3.97, abs=0.005)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.5, 1.0), (0.7, 0.7)])
def test_c_Q_by_another_quadrature(low, high):
    from scipy.integrate import quad, solve_ivp

    level = 0.45

    def mean(f):
        return f(low) if low == high else quad(f, low, high)[0] / (high - low)

    def flow(_, g):
        return [mean(lambda a: a / (1 + math.exp(a * g[0]))) / (8 * math.pi)]

    def reached(_, g):
        return mean(lambda a: math.log1p(math.exp(-a * g[0]))) - level

    reached.terminal = True
    end = solve_ivp(flow, (0, 1000), [0.0], events=reached, rtol=1e-8, atol=1e-10).t_events[0][0]
    assert times.c_Q(level, low, high) == pytest.approx(end, rel=1e-5)


@pytest.mark.tier2
def test_c_P_is_the_time_of_gradient_flow_on_drawn_margins():
    v = 1.0 + np.abs(np.random.default_rng(2).standard_normal(200_000))
    signal, time, step = 0.0, 0.0, 0.002
    while np.mean(np.logaddexp(0, -signal * v)) >= 0.45:
        signal += step * np.mean(v / (1 + np.exp(signal * v))) / 4
        time += step
    # Relative standard error of the mean margin: 0.6/1.8/sqrt(2e5) = 8e-4; five of it and the step.
    assert times.c_P(0.45) == pytest.approx(time, rel=5 * 8e-4 + step)


@given(st.floats(0.02, 0.69), st.floats(0.0, 1.0), st.floats(0.05, 1.0))
def test_level_is_reached_and_time_falls_with_it(level, low, width):
    g = times.g_level(level, low, low + width)
    alpha = low + width * (np.arange(20_000) + 0.5) / 20_000
    assert np.mean(np.logaddexp(0, -alpha * g)) == pytest.approx(level, rel=1e-6)
    assert times.c_Q(level, low, low + width) > times.c_Q(level + 0.5 * (math.log(2) - level), low, low + width)


@given(st.floats(0.1, 0.6), st.floats(0.2, 3.0))
def test_stronger_alpha_learns_in_quadratically_less_time(level, factor):
    assert times.c_Q(level, 0.2 * factor, factor) * factor**2 == pytest.approx(times.c_Q(level, 0.2, 1.0), rel=1e-8)


def test_closed_forms():
    frozen = math.atan(0.3) * 1.09
    assert times.tau_Q(0.45, r=0.3, p0=0.125) == pytest.approx(times.c_Q(0.45) / (0.875 * frozen))
    assert times.tau_Q_after_annealing(0.45, r=0.3, q0=0.5) == pytest.approx(times.c_Q(0.45) / (0.5 * frozen))
    assert times.tau_P(0.45, d=200, q0=0.5) == pytest.approx(times.c_P(0.45) * 400)
    assert times.tau_P(0.45, d=200, q0=1.0) == math.inf
    assert times.tau_Q(0.45, r=0.3, p0=1.0) == math.inf
    assert times.tau_Q_after_annealing(0.45, r=0.3, q0=0.0) == math.inf


def test_ridge_floor_is_where_the_flow_stops():
    d, lambda_, q0 = 200, 5e-4, 0.5
    signal, loss = times.ridge_floor(d=d, lambda_=lambda_, q0=q0)
    g, weights = np.polynomial.hermite_e.hermegauss(150)
    v = 1 + np.abs(g)
    weights = weights / weights.sum()
    gradient = weights @ (v / (1 + np.exp(signal * v))) * (1 - q0) / (4 * d)
    assert gradient == pytest.approx(lambda_ * signal, rel=0.01)  # |g| has a kink: the rule is rough
    assert loss == pytest.approx(weights @ np.log1p(np.exp(-signal * v)), rel=0.01)
    assert times.ridge_floor(d=d, lambda_=0.0, q0=q0) == (math.inf, 0.0)
    assert times.ridge_floor(d=d, lambda_=lambda_, q0=1.0) == (0.0, math.log(2))


@pytest.mark.parametrize("level", [0.0, math.log(2), 1.0, math.nan])
def test_a_level_outside_its_range_is_an_error(level):
    with pytest.raises(InputError):
        times.c_Q(level)


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.5), (-0.1, 1.0), (0.0, 0.0)])
def test_a_bad_law_of_alpha_is_an_error(low, high):
    with pytest.raises(InputError):
        times.g_level(0.45, low, high)
