"""THEORY §8: the closure against the closed forms it contains and the tabulated learning times."""

import math

import numpy as np
import pytest

from theory_sim import Experiment
from theory_sim.errors import InputError
from theory_sim.limit.closure import closure_of
from theory_sim.theory import learning_times as times
from theory_sim.theory.closure import solve_closure
from theory_sim.theory.crossings import learning_time
from theory_sim.theory.noise_law import tau_stationary

BASE = {
    "d": 200, "n_examples": 800, "p0": 0.125, "q0": 0.3, "g0": 1.0, "r": 0.5, "alpha_min": 0.0, "alpha_max": 1.0,
    "lambda_": 2e-4, "tau_xi": 1.0, "tau_0": tau_stationary(16.0, 2e-4, 1.0), "max_tau": 1000.0,
}
LAST_ROW = {**BASE, "q0": 0.5, "r": 0.3, "alpha_min": 0.5, "lambda_": 5e-4, "tau_0": tau_stationary(16.0, 5e-4, 1.0)}
WIDE = {**BASE, "d": 400, "n_examples": 1600, "r": 0.4, "max_tau": 2000.0}


# THEORY §13, infinite-width prototype: mean over 8 data sets. §8 promises 6 %; the data sets' own
# standard error, at most 62/824/sqrt(4) = 4 %, comes on top.
@pytest.mark.parametrize(
    ("fields", "ratio", "tau_q", "tau_p"),
    [(BASE, 1 / 30, 409, 510), (BASE, 1 / 100, 373, 514), (WIDE, 1 / 100, 534, 1120), (LAST_ROW, 1 / 32, 389, 824)],
)
def test_small_rate_learns_at_the_tabulated_times(fields, ratio, tau_q, tau_p):
    course = solve_closure(**fields, rate=16 * ratio)
    assert learning_time(course.tau, course.loss_Q, 0.45) == pytest.approx(tau_q, rel=0.1)
    assert learning_time(course.tau, course.loss_P, 0.45) == pytest.approx(tau_p, rel=0.1)


@pytest.mark.parametrize(
    ("fields", "tau_p", "plateau"), [(BASE, 488, 0.48), (WIDE, 1001, 0.53), (LAST_ROW, 740, 0.59)]
)
def test_large_rate_learns_P_and_keeps_Q_on_its_plateau(fields, tau_p, plateau):
    course = solve_closure(**{**fields, "max_tau": 10.0 * fields["d"]}, rate=16.0)
    assert learning_time(course.tau, course.loss_P, 0.45) == pytest.approx(tau_p, rel=0.1)
    at_end = np.interp(10.0 * fields["d"], course.tau, course.loss_Q)
    assert at_end == pytest.approx(plateau, abs=0.03)


def test_frozen_patterns_learn_Q_at_the_closed_form():
    # r small: the separation is slow against the linear part, as the closed form assumes; no P.
    fields = {**BASE, "p0": 0.0, "q0": 1.0, "r": 0.02, "lambda_": 0.0, "tau_xi": 0.0, "tau_0": 1.0, "max_tau": 1e4}
    course = solve_closure(**fields, rate=1.0)
    seen = learning_time(course.tau, course.loss_Q, 0.45)
    assert seen == pytest.approx(times.tau_Q(0.45, r=0.02, p0=0.0), rel=0.02)


def test_without_memory_P_is_learnt_at_the_closed_form():
    # Many examples: neither an example's own memory nor the others' interference counts.
    fields = {**BASE, "n_examples": 10**7, "p0": 0.7, "q0": 0.3, "lambda_": 0.0, "tau_0": 1.0, "tau_xi": 0.0}
    course = solve_closure(**fields, rate=1.0)
    assert learning_time(course.tau, course.loss_P, 0.45) == pytest.approx(times.tau_P(0.45, d=200, q0=0.3), rel=0.01)
    # Its distance from one is of order d/N.
    assert 1 - course.overlap[-1] < 1e-3


def test_blocks_of_steps_stand_for_single_steps():
    coarse = solve_closure(**{**LAST_ROW, "max_tau": 300.0}, rate=0.5, blocks=100)
    single = solve_closure(**{**LAST_ROW, "max_tau": 300.0}, rate=0.5, blocks=10_000)
    assert single.tau.size == 601
    assert np.interp(coarse.tau, single.tau, single.loss_Q) == pytest.approx(coarse.loss_Q, abs=2e-3)
    assert np.interp(coarse.tau, single.tau, single.loss_P) == pytest.approx(coarse.loss_P, abs=2e-3)


def test_single_steps_are_gradient_descent_of_the_limit():
    # Q only, one step by hand: g is rate * kernel @ residual at f = 0.
    fields = {**BASE, "p0": 0.0, "q0": 1.0, "lambda_": 0.01, "max_tau": 8.0}
    course = solve_closure(**fields, rate=4.0, blocks=2)
    rho = (1 - 0.04) * fields["tau_0"] / math.sqrt((0.96 * fields["tau_0"]) ** 2 + 16.0)
    residual = 0.5 * 0.5 * 0.5  # class share, sigma(0), E alpha

    def angle(cosine: float) -> float:
        return (math.pi - math.acos(rho * cosine)) / (2 * math.pi)

    near = angle(1 / math.sqrt(1.25))
    far = 0.5 * (1.25 * angle(1.0) + 0.75 * angle(0.75 / 1.25))
    assert course.tau[1] == 4.0
    assert course.g_z[1] == pytest.approx(4.0 * residual * (angle(1.0) - near), rel=1e-12)
    assert course.g_outer[1] == pytest.approx(4.0 * residual * (near - far), rel=1e-12)


def test_annealing_and_stopping():
    course = solve_closure(
        **{**LAST_ROW, "r": 0.4}, rate=16.0, annealed_rate=0.5, anneal_loss=0.12 + 0.5 * math.log(2), stop_loss=0.44
    )
    at = int(np.flatnonzero(course.tau == course.annealed_tau)[0])
    assert course.loss[at] <= 0.12 + 0.5 * math.log(2) < course.loss[at - 1]
    assert course.tau[at] - course.tau[at - 1] == pytest.approx(16.0)
    assert course.tau[at + 1] - course.tau[at] < 16.0
    assert course.loss[-1] <= 0.44 < course.loss[-2]


@pytest.mark.parametrize("rate", [0.0, -1.0, 6000.0, math.nan])
def test_a_rate_out_of_range_is_an_error(rate):
    with pytest.raises(InputError):
        solve_closure(**BASE, rate=rate)


def test_a_long_run_is_resolved_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Q needs a time that hardly grows beside a run of 6 d: blocks follow it. Too few blocks are coarse, never wild."""
    e = Experiment(d=10**6, q0=0.3, r=0.0087, lambda_=2.5e-8, eta_2=16e-4, tau_xi=0.001, epsilon_1=0.23, max_tau=6e6)
    frozen = times.tau_Q(0.45, r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max)
    course = closure_of(e, "S")
    assert learning_time(course.tau, course.loss_Q, 0.45) == pytest.approx(frozen, rel=0.15)
    # Blocks of twenty times the time that Q needs.
    fields = {**BASE, "d": 10**7, "n_examples": 4 * 10**7, "r": 0.0031, "alpha_min": 0.5, "lambda_": 1.6e-9,
              "tau_0": tau_stationary(16.0, 1.6e-9, 1.0), "max_tau": 6e7}
    coarse, fine = (solve_closure(**fields, rate=16e-4, blocks=blocks) for blocks in (150, 600))
    assert coarse.loss_Q.max() <= math.log(2.0) + 1e-12
    assert coarse.loss_Q[-1] == pytest.approx(fine.loss_Q[-1], rel=0.01)
    assert coarse.loss_P[-1] == pytest.approx(fine.loss_P[-1], rel=0.01)
    monkeypatch.setattr("theory_sim.theory.closure._MOST_NEWTON", 3)
    with pytest.raises(InputError, match="Newton"):
        solve_closure(**fields, rate=16e-4)
