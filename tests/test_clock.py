"""The clock of the noise (THEORY §5): a step, what two times have in common, and bounds over a whole run, by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from theory_sim import Experiment
from theory_sim.errors import ExperimentError
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.clock import Clock, Instant, ages, largest_level

SMALL = Experiment(schedule="S", eta_2=0.5, lambda_=0.0, tau_xi=0.3, tau_0=2.0, max_tau=40.0)
DECAY = {"lambda_": 0.1, "tau_xi": 3.0}
LOSS = 0.1 * (2 - 0.05)  # lambda (2 - eta lambda); tau_stationary^2 = eta tau_xi^2 / LOSS


def test_a_step_by_hand() -> None:
    clock = Clock(SMALL.replace(lambda_=0.2), "moving")
    tick = clock.step(0.5, increment=0.4)
    kept, added = 0.9 * 2.0, (0.5 * 0.3) ** 2 + 0.4**2
    assert clock.level == pytest.approx(math.sqrt(kept**2 + added), rel=1e-14)
    assert math.exp(-tick.age) == pytest.approx(kept / clock.level, rel=1e-14), "rho = (1 - gamma lambda) tau_t / tau_{t+1}"


@pytest.mark.parametrize(("kernel", "rate", "losses"), [
    ("moving", 0.5, 0), ("moving", 5.0, 1), ("independent", 0.5, 1), ("frozen", 5.0, 0),
])  # fmt: skip
def test_memory_is_lost_where_nothing_is_kept_or_patterns_are_redrawn(kernel: Any, rate: float, losses: int) -> None:
    clock = Clock(SMALL.replace(lambda_=0.2), kernel)  # at rate 5, 1 - gamma lambda = 0
    clock.step(rate)
    assert clock.now.losses == losses


def test_an_age_is_counted_from_the_start_or_the_last_loss_of_memory() -> None:
    clock = Clock(SMALL.replace(lambda_=0.2), "moving")
    for _ in range(2):  # from the start, then from the loss of all memory at rate 5
        expected = 1.0
        for rate in (0.5, 6.0, 0.25):  # at rate 6, 1 - gamma lambda is negative
            before = clock.level
            tick = clock.step(rate)
            expected *= (1 - rate * 0.2) * before / clock.level
            assert tick.rho == pytest.approx((1 - rate * 0.2) * before / clock.level, rel=1e-13)
            assert clock.now.sign * math.exp(-clock.now.age) == pytest.approx(expected, rel=1e-13)
        clock.step(5.0)


def test_correlation_of_two_times() -> None:
    early, late = Instant(1.0, 0.25, 1.0, 2), Instant(1.0, 1.75, -1.0, 2)
    assert early.rho(late) == late.rho(early) == pytest.approx(-math.exp(-1.5), rel=1e-14)
    assert early.rho(early) == 1.0 and early.rho(Instant(1.0, 0.25, 1.0, 3)) == 0.0


@pytest.mark.parametrize(("fields", "variance"), [
    ({}, 4 + 0.5 * 0.09 * 40.5),
    ({"max_steps": 10}, 4 + 0.5 * 0.09 * 5.5),
    ({"noise_placement": "gradient", "noise_level": 0.2}, 4 + 0.5 * 0.09 * 40.5 + 81 * 0.1**2),
    (DECAY, 0.5 * 9 / LOSS),
    ({**DECAY, "tau_xi": 0.3}, 4.0),  # the stationary level is below tau_0
    ({**DECAY, "max_tau": 1.0}, 4 + 0.5 * 9 * 1.5),  # too short to come near the stationary level
    ({**DECAY, "noise_placement": "gradient", "noise_level": 2.0, "max_tau": 400.0}, 0.5 * 9 / LOSS + 1 / (0.5 * LOSS)),
    ({**DECAY, "schedule": "L-S", "eta_1": 4.0, "max_tau": 400.0}, 4 * 9 / (0.1 * (2 - 0.4))),
])  # fmt: skip
def test_the_bound_of_the_noise_by_hand(fields: dict[str, Any], variance: float) -> None:
    assert largest_level(SMALL.replace(**fields)) ** 2 == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize("schedule", ["S", "constant", "L-S", "step", "cosine"])
@pytest.mark.parametrize("lambda_", [0.0, 0.02])
@pytest.mark.parametrize("placed", [{}, {"noise_placement": "gradient", "noise_level": 0.2}])
def test_no_step_exceeds_the_bound_or_is_younger(schedule: str, lambda_: float, placed: dict[str, Any]) -> None:
    placed = placed | {"step_tau": 7.0} if schedule == "step" else placed
    e = SMALL.replace(schedule=schedule, eta_1=2.0, max_tau=20.0, lambda_=lambda_, **placed)
    rate, clock, tau = SCHEDULES[schedule](e, e.q0), Clock(e, "moving"), 0.0
    most, youngest = largest_level(e), ages(e)[0]
    while tau < e.max_tau:
        gamma = rate.rate(tau, 0.0 if tau > 10 else 1.0)
        tick = clock.step(gamma, increment=gamma * e.noise_level)
        tau += gamma
        assert clock.level <= most * (1 + 1e-12) and tick.age >= youngest * (1 - 1e-12)


def test_the_youngest_age_by_hand() -> None:
    variance = 4 + 0.5 * 0.09 * 40.5
    assert ages(SMALL) == (pytest.approx(0.5 * math.log1p(0.15**2 / variance), rel=1e-12), False)
    placed = SMALL.replace(noise_placement="gradient", noise_level=0.2)
    assert ages(placed)[0] == pytest.approx(0.5 * math.log1p((0.15**2 + 0.1**2) / (variance + 81 * 0.1**2)), rel=1e-12)


STEP = SMALL.replace(schedule="step", eta_1=2.0, step_factor=0.5, step_tau=10.0)


def test_a_staircase_by_hand() -> None:
    step = SCHEDULES["step"]
    assert [step(STEP, 0.5).rate(tau, 1.0) for tau in (0.0, 9.9, 10.0, 25.0)] == [2.0, 2.0, 1.0, 0.5]
    assert step.least_rate(STEP, 25.0) == 2.0 / 8, "three cuts at most"
    assert step.most_steps(STEP, 20.0) == 10 / 2 + 10 / 1, "the second piece ends the run"
    assert step.most_steps(STEP, 21.0) == 10 / 2 + 10 / 1 + 1 / 0.5


def test_a_rate_that_could_never_fall_is_refused() -> None:
    # q0 = 0.3: it anneals at 0.1 + 0.3 log 2 = 0.308.
    fields = {"schedule": "L-S", "q0": 0.3, "epsilon_1": 0.1, "eta_1": 2.0}
    assert SMALL.replace(**fields, epsilon_2=0.30).epsilon_2 == 0.3
    with pytest.raises(ExperimentError, match=r"anneals at .* = 0\.3079"):
        SMALL.replace(**fields, epsilon_2=0.31)
