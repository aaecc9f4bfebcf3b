"""Level and correlations of the noise under momentum, against its explicit sum over all noise increments (THEORY §5, §15)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.optimisers.published import Array, Published
from theory_sim import Experiment, simulate
from theory_sim.engines.engine import Engine
from theory_sim.loop.run import Run
from theory_sim.regimes import get_conditions, regime
from theory_sim.testing import noise_level_is_likely
from theory_sim.theory.arc_cosine import flip_probability
from theory_sim.theory.conditions import stable_rate
from theory_sim.theory.linear_rules import Move, lasting_factor, stability_factor, stationary_covariance, step_matrices
from theory_sim.train.clock import ages, instants_from_numbers, largest_level, make_clock, numbers_of_instants
from theory_sim.train.optimisers import make_optimiser

BASE = Experiment(optimiser="heavy-ball", tau_0=0.7, tau_xi=0.3, lambda_=0.05, eta_1=1.0)


def influence(e: Experiment, rates: list[float]) -> Array:
    """U_t as a sum over U_0 and each xi_s, (steps + 1, 1 + steps): the published rule on one unit of each alone."""
    n = len(rates)
    rule, found = Published(e.optimiser, e.lambda_, e.own_values), np.zeros((n + 1, n + 1))
    parts = [np.array([e.tau_0_value]), *[np.zeros(1)] * n]
    found[0, 0] = e.tau_0_value
    for t, gamma in enumerate(rates):
        units = [np.array([e.tau_xi * (s == t + 1)]) for s in range(n + 1)]
        parts = rule.moved(parts, units, gamma)
        found[t + 1] = [float(part[0]) for part in parts]
    return found


rates = st.lists(st.floats(0.05, 3.0), min_size=1, max_size=8)
rules = st.sampled_from(["heavy-ball", "nesterov"])
decays = st.sampled_from(["coupled", "decoupled"])


@given(rates=rates, name=rules, decay=decays, mu=st.floats(0.0, 0.97), lambda_=st.sampled_from([0.0, 1e-3, 0.2]),
       tau_0=st.sampled_from([0.0, 0.7]))
def test_level_and_correlations_are_those_of_the_explicit_sum(
    rates: list[float], name: str, decay: str, mu: float, lambda_: float, tau_0: float
) -> None:
    e = BASE.replace(optimiser=name, momentum=mu, decay=decay, lambda_=lambda_, tau_0=tau_0)
    of_sum = influence(e, rates)
    clock = make_clock(e, "moving")
    instants = [clock.now]
    for rate in rates:
        clock.step(rate)
        instants.append(clock.now)
    levels = np.linalg.norm(of_sum, axis=1)
    np.testing.assert_allclose([instant.level for instant in instants], levels, rtol=1e-9, atol=1e-14)
    kept = instants_from_numbers(numbers_of_instants(instants))
    for s, first in enumerate(kept):
        for t, last in enumerate(kept):
            scale = levels[s] * levels[t]
            expected = 1.0 if s == t else float(of_sum[s] @ of_sum[t] / scale) if scale > 0 else 0.0
            assert first.rho(last) == pytest.approx(expected, abs=1e-9) == last.rho(first)


@given(rates=rates, name=rules, mu=st.floats(0.0, 0.9), lambda_=st.sampled_from([0.0, 1e-3, 0.1]), data=st.data())
def test_no_two_times_are_younger_than_the_bound(
    rates: list[float], name: str, mu: float, lambda_: float, data: Any
) -> None:
    pieces = [(sum(rates[: i + 1]), rate) for i, rate in enumerate(rates)]
    e = BASE.replace(optimiser=name, momentum=mu, lambda_=lambda_, schedule="pieces", pieces=pieces,
                     decay=data.draw(decays), max_tau=sum(rates))
    youngest, equal = ages(e)
    assert youngest > 0 and not equal
    clock, largest = make_clock(e, "moving"), largest_level(e)
    for rate in rates:
        assert clock.level <= largest
        clock.now  # noqa: B018  marks the time
        clock.step(rate)
        with np.errstate(divide="ignore"):
            seen = -np.log(np.abs(clock.correlations()))
        assert seen.min() >= youngest * (1 - 1e-9)


def test_held_and_redrawn_patterns() -> None:
    for kernel, expected in (("frozen", [1.0, 1.0, 1.0]), ("independent", [0.0, 0.0, 1.0])):
        clock = make_clock(BASE, kernel)
        for _ in range(2):
            clock.now  # noqa: B018
            clock.step(1.0)
        assert list(clock.now.correlations) == expected
    held, moving = make_clock(BASE, "frozen-at-annealing"), make_clock(BASE, "moving")
    for clock in (held, moving):
        start = clock.now
        clock.step(1.0)
        clock.annealed()
        middle = clock.now
        clock.step(1.0)
    assert middle.rho(moving.now) < 1 and start.rho(moving.now) < start.rho(middle) < 1
    again = make_clock(BASE, "frozen-at-annealing")
    again.annealed()
    again.restore(held.state())
    for clock in (held, again):
        assert clock.now.rho(middle) == 1.0 and clock.now.rho(start) == start.rho(middle)


@pytest.mark.parametrize(("fields", "times"), [
    ({}, math.sqrt(10)), ({"optimiser": "nesterov"}, math.sqrt(10)), ({"decay": "decoupled"}, 10.0),
])  # fmt: skip
def test_the_stationary_level_stays(fields: dict[str, Any], times: float) -> None:
    e = BASE.replace(eta_1=1.5, tau_0="stationary", **fields)
    clock = make_clock(e, "moving")
    for _ in range(600):
        clock.step(1.5)
    assert clock.level == pytest.approx(e.tau_0_value, rel=1e-9)
    # Momentum 0.9 makes ten rates of one, for xi, and for weight decay where it is coupled; at small rate x lambda.
    slow = e.replace(lambda_=1e-5)
    assert slow.tau_0_value == pytest.approx(times * slow.replace(optimiser="gradient-descent").tau_0_value, rel=1e-3)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_stationary_levels_are_those_of_the_claims(beta: float) -> None:
    """Closed forms as the claims noise-of-heavy-ball and noise-of-nesterov state them, beside the matrices."""
    gamma, decay = 0.7, 0.3
    z = gamma * decay
    heavy = gamma * (1 + beta) / (decay * (1 - beta) * (2 * (1 + beta) - z))
    ahead = 1 + 2 * beta
    nesterov = gamma * (1 + beta + beta * ahead * z) / (decay * (1 - beta + beta * z) * (2 * (1 + beta) - ahead * z))
    for move, level in ((Move(beta, 1.0, 1.0, 0.0), heavy), (Move(beta, 1.0, beta, 1.0), nesterov)):
        found = stationary_covariance(*step_matrices(move, gamma, decay, coupled=True))
        assert found[0, 0] == pytest.approx(level, rel=1e-12)


def test_measured_levels_and_flips_are_the_predicted_ones() -> None:
    e = Experiment(d=30, N=40, m_W=600, m_V=8000, n_test=3, optimiser="heavy-ball", tau_0=0.5, tau_xi=0.3, lambda_=0.02,
                   schedule="constant", eta_1=0.5, max_steps=14, record_every=0.1, observe={"patterns": {"every_steps": 2}})
    run = simulate(e, threads=1)
    exact = run.history("tau_noise_exact")
    for layer, entries in (("W", 300 * 30), ("V", 4000 * 2)):
        for measured, level in zip(run.history("tau_noise", layer=layer), exact, strict=True):
            noise_level_is_likely(float(measured), float(level), entries, level=1e-8)
    flips, predicted = run.dataset["flips"].sel(feature="Q", since="start"), run.dataset["flips_predicted"].sel(since="start")
    # 4000 pairs, whose three directions are nearly one; the signal moves few patterns at this noise.
    assert float(predicted[-1]) > 0.1
    assert np.abs(flips.values - predicted.values).max() < 5 * math.sqrt(0.25 / 4000)


def test_no_law_where_the_noise_depends_on_the_run() -> None:
    e = Experiment(d=8, N=24, m_W=12, m_V=16, n_test=4, optimiser="adam", tau_0=0.3, tau_xi=0.1, max_steps=4, eta_1=0.1,
                   record_every=0.01, schedule="constant",
                   observe={"patterns": {"every_steps": 1, "probes": 4}, "kernels": {"every_steps": 1, "probes": 4}})
    run = simulate(e, threads=1)
    assert run.history("tau_noise_exact")[0] == 0.3 and np.isnan(run.history("tau_noise_exact")[1:]).all()
    assert np.isfinite(run.history("tau_noise", layer="W")).all()
    since = run.dataset["flips_predicted"].sel(since="start").values
    assert since[0] == 0.0 and np.isnan(since[1:]).all() and np.isfinite(run.dataset["flips"].sel(since="start")).all()
    assert np.isnan(run.dataset["kernel_drift_two_predicted"].values[1:]).all()
    assert np.isfinite(run.dataset["kernel_drift_two"].values).all()
    assert math.isnan(flip_probability(math.nan))


# -- stability -------------------------------------------------------------------------------------


@given(kept=st.floats(0.0, 0.98), taken=st.floats(0.05, 1.0), along=st.floats(0.0, 1.0), direct=st.floats(0.0, 1.0))
def test_steps_on_a_quadratic_are_stable_just_up_to_the_factor(kept: float, taken: float, along: float, direct: float) -> None:
    move = Move(kept, taken, along, direct)
    if along * taken + direct < 1e-3:
        return

    def radius(z: float) -> float:
        """Of (x, b) <- with gradient z x at rate 1."""
        through = along * taken + direct
        return float(max(abs(np.linalg.eigvals([[1 - z * through, -along * kept], [taken * z, kept]]))))

    factor = stability_factor(move)
    assert radius(0.999 * factor) < 1 < radius(1.001 * factor)
    assert lasting_factor(move) == pytest.approx(direct + along * taken * sum(kept**k for k in range(4000)), rel=1e-6)


def test_known_factors() -> None:
    for name, expected in (("gradient-descent", 2.0), ("heavy-ball", 2 * 1.9), ("nesterov", 2 * 1.9 / 2.8)):
        assert make_optimiser(Experiment(optimiser=name)).stability == pytest.approx(expected, rel=1e-12)


def test_conditions_and_diagnosis_know_the_optimiser() -> None:
    e = Experiment(optimiser="heavy-ball", eta_2=0.5)
    bound = stable_rate(r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max)
    for factor, holds in ((1.5, True), (2.1, False)):  # 1.9 times that of gradient descent
        row = next(c for c in get_conditions(e.replace(eta_1=factor * bound)) if c.id == "stable-steps")
        assert row.holds is holds and row.threshold == pytest.approx(3.8)
    adam = Experiment(optimiser="adam", tau_0=0.1, tau_xi=0.01)
    assert "stable-steps" not in {c.id for c in get_conditions(adam)}
    assert any("optimiser = 'adam'" in warning for warning in regime(adam).warnings)
    heard = next(c for c in get_conditions(adam) if c.id == "output-noise")
    cancelled = next(c for c in get_conditions(adam.replace(preconditioner="pair")) if c.id == "output-noise")
    assert heard.value > 0 == cancelled.value and "preconditioner = 'pair'" in heard.fix


@pytest.mark.parametrize(("fields", "blamed"), [
    ({"optimiser": "heavy-ball", "eta_1": 3.0}, False), ({"optimiser": "heavy-ball", "eta_1": 4.5}, True),
    ({"optimiser": "gradient-descent", "eta_1": 2.5}, True),
])  # fmt: skip
def test_a_rate_is_blamed_only_above_its_optimisers_bound(fields: dict[str, Any], blamed: bool) -> None:
    e = Experiment(d=8, N=24, m_W=12, m_V=16, n_test=4)
    bound = stable_rate(r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max) / 2
    e = e.replace(**{**fields, "eta_1": fields["eta_1"] * bound})
    with pytest.MonkeyPatch.context() as patched:
        seen: dict[str, str] = {}

        def limit(run: Run[Any], training_loss: float) -> float:
            seen["message"] = run._diagnosis(1e9, e.eta_1)
            return math.inf

        patched.setattr(Run, "_loss_limit", limit)
        patched.setattr(Run, "_loss_limit", lambda run, loss: limit(run, loss))
        Engine("finite").run(e.replace(max_steps=1), threads=1)
    assert ("the largest stable one" in seen["message"]) is blamed


def test_an_adaptive_rule_that_diverges_is_told_to_lower_the_rate() -> None:
    e = Experiment(d=8, N=24, m_W=12, m_V=16, n_test=4, optimiser="adam", tau_0=0.1, tau_xi=0.01, eta_1=1e4, lambda_=1e-5,
                   max_steps=40, max_tau=1e9, record_every=1e8, schedule="constant")  # fmt: skip
    run = simulate(e, threads=1)
    assert run.outcome == "diverged" and "adam moves every weight by about the rate" in run.message


def test_a_correlation_is_that_of_a_step_that_was_asked_for() -> None:
    from theory_sim.train.linear_clock import Marked

    def at(step: int) -> Marked:
        return Marked(1.0, step, np.zeros(0, np.int64), np.zeros(0))

    now = Marked(1.0, 10, np.array([2, 5]), np.array([0.25, 0.5]))
    assert [now.rho(at(step)) for step in (2, 5, 10)] == [0.25, 0.5, 1.0]
    assert at(5).rho(now) == 0.5
    assert all(math.isnan(now.rho(at(step))) for step in (1, 3, 7))
