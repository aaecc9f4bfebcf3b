"""Steps of the closure's runs: which it takes together, and where a run ends, diverges or oscillates (THEORY §16)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory_sim import Experiment, learning_order, regime, simulate
from theory_sim.closure.rates import ClosureRates
from theory_sim.engines import Engine
from theory_sim.errors import InputError
from theory_sim.testing.strategies import schedules
from theory_sim.theory.overlap import P_error


@settings(max_examples=20)
@given(fields=schedules(), max_tau=st.floats(0.3, 60.0), max_steps=st.none() | st.integers(1, 80), anneals=st.booleans())
def test_ends_at_the_step_of_the_other_engines(
    fields: dict[str, Any], max_tau: float, max_steps: int | None, anneals: bool
) -> None:
    """Steps and times to the last bit, whatever the rates, but for long smooth schedules.

    L-S anneals at once or never, since losses are not the same.
    """
    if fields["schedule"] == "L-S":
        fields = {**fields, "epsilon_1": 0.7 if anneals else 1e-6}
    e = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, lambda_=0.01, tau_xi=0.05, tau_0=0.5, record_every=1e6,
                   max_tau=max_tau, max_steps=max_steps, **fields)  # fmt: skip
    assume(e.most_steps < 20_000)  # after many cuts a step is nothing, and no engine arrives
    told, seen = simulate(e, "closure").dataset.attrs, simulate(e, threads=1).dataset.attrs
    if ClosureRates(e).smooth:  # over 900 steps: those of nearly one rate are taken together
        assert told["outcome"] == seen["outcome"]
        assert told["final_step"] == pytest.approx(seen["final_step"], rel=2e-3)
        assert told["final_tau"] == pytest.approx(seen["final_tau"], rel=1e-3)
        return
    for name in ("outcome", "final_step", "final_tau", "message"):
        assert told[name] == seen[name], name
    np.testing.assert_equal(told["annealed_tau"], seen["annealed_tau"])


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.7, 1.0, 7.0, 400.0, 1500.0])
def test_max_tau_is_not_overshot(rate: float) -> None:
    """Many steps a block, and the whole budget: the last block ends where the last step does."""
    e = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, schedule="constant", eta_1=rate, tau_0=1.0, max_tau=400.0,
                   record_every=1e6)  # fmt: skip
    told, seen = simulate(e, "closure").dataset, simulate(e, threads=1).dataset.attrs
    if seen["outcome"] == told.attrs["outcome"] == "budget_spent":
        assert (told.attrs["final_step"], told.attrs["final_tau"]) == (seen["final_step"], seen["final_tau"])
    assert float(told["tau"][-1]) < 400.0 + rate
    assert rate > 50.0 or told.attrs["outcome"] == "budget_spent"


def test_steps_and_ends() -> None:
    e = Experiment(schedule="constant", eta_1=4.0, max_tau=200.0)
    run = simulate(e, "closure")
    assert run.outcome == "budget_spent" and math.isnan(run.annealed_tau)
    assert run.dataset.attrs["final_step"] == 50 and run.dataset.attrs["final_tau"] == 200.0
    np.testing.assert_allclose(run.dataset["tau"], 4.0 * run.dataset["step"])
    stopped = simulate(Experiment(epsilon_2=0.42), "closure")
    assert stopped.outcome == "reached_loss" and math.isfinite(stopped.annealed_tau)
    assert simulate(e.replace(max_steps=10), "closure").dataset.attrs["final_tau"] == 40.0
    cut = simulate(Experiment(max_tau=2000.0, max_steps=200), "closure")  # L-S: steps of both rates count
    assert math.isfinite(cut.annealed_tau) and cut.dataset.attrs["final_step"] == 200
    assert cut.message == simulate(Experiment(max_tau=2000.0, max_steps=200), "limit").message
    one = run.dataset.isel(record=-1)
    assert float(one["P_error"]) == pytest.approx(float(P_error(float(one["P_overlap"]), e.g0)), rel=1e-12)


def test_a_diverging_run_is_one() -> None:
    """By the criterion of the limit, which ends the same way on data sets: training loss above ten times its start."""
    e = Experiment(schedule="constant", eta_1=400.0, max_tau=4000.0)
    run = simulate(e, "closure")
    assert run.outcome == "diverged" == simulate(e, "limit").outcome and run.dataset.attrs["final_tau"] > run.dataset["tau"][-1]
    assert "rate 400" in run.message and "33.6" in run.message and float(run.dataset["train_loss"].max()) <= 10 * math.log(2)
    assert learning_order(run).order == "diverged"
    smooth = simulate(e.replace(eta_1=30.0), "closure")
    assert smooth.outcome == "budget_spent" and learning_order(smooth).order == "P first"
    # Oscillation without divergence, and steps that could be taken together only where they are stable.
    wild = e.replace(eta_1=96.0)
    for seen in (simulate(wild, "closure"), simulate(wild.replace(max_tau=1e5), "closure"), simulate(wild, "limit")):
        assert learning_order(seen).order == "oscillated"


@pytest.mark.parametrize("engine", ["closure", "mean-field"])
def test_no_order_is_predicted_of_a_run_that_diverges_or_oscillates(engine: Any) -> None:
    for eta_1, order in ((400.0, "diverged"), (96.0, "oscillated")):
        told = regime(Experiment(eta_1=eta_1, tau_0=1.0, max_tau=4000.0), engine=engine)
        assert told.predicted_order["L-S"].order == order and told.predicted_order["S"].order == "Q first"
        assert not told.predicted_order["L-S"].holds and math.isnan(told.predicted_order["L-S"].tau_P[0.45])
        assert any("lower the rate" in warning for warning in told.warnings)


def test_progress_ends_where_the_run_ends() -> None:
    told: list[tuple[int, float, float]] = []
    run = simulate(Experiment.preset("quick"), "closure", progress=lambda *at: told.append(at))
    dataset = run.dataset
    assert len(told) == dataset.sizes["record"] > 10
    assert told[-1] == (int(dataset["step"][-1]), float(dataset["tau"][-1]), float(dataset["train_loss"][-1]))
    assert told[-1][1] == dataset.attrs["final_tau"] > 0


def test_a_rate_that_advances_nothing_is_refused() -> None:
    e = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, lambda_=0.01, tau_xi=0.05, tau_0=0.5, schedule="step", eta_1=0.05,
                   step_tau=0.1, step_factor=0.1, max_tau=9.0)  # fmt: skip
    with pytest.raises(InputError, match="tau advances within"):
        simulate(e, "closure")


@pytest.mark.parametrize("engine", ["closure", Engine("mean-field", {"nodes": 30, "particles": 64})])
def test_steps_that_rounding_hides_are_taken_together(engine: str | Engine) -> None:
    """A rate of 1e-6 advances tau = 30 000, step by step; one of 1e-9 by rounded steps, and one of 1e-12 not at all."""
    e, rates = Experiment(d=3000, schedule="S", patterns="frozen", tau_0=1.0, tau_xi=0.0, max_tau=3e4), (1e-6, 1e-9, 1e-12)
    runs = [simulate(e.replace(eta_2=rate), engine) for rate in rates]
    assert 3e4 + 1e-9 > 3e4 == 3e4 + 1e-12
    for run, rate in zip(runs, rates, strict=True):
        assert run.dataset.attrs["final_tau"] == pytest.approx(3e4, rel=1e-11) and run.outcome == "budget_spent"
        assert run.dataset.attrs["final_step"] == pytest.approx(3e4 / rate, rel=1e-9)
        for name in ("tau", "train_loss", "P_overlap"):
            np.testing.assert_allclose(run.dataset[name], runs[0].dataset[name], rtol=1e-6)


@pytest.mark.parametrize("clock", ["tau", "step"])
def test_steps_of_nearly_one_rate_are_those_within_a_twentieth(clock: str) -> None:
    """Of a line, whose span is found to a sixteenth; of a rate that jumps at once there is none."""
    e = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, schedule="linear", eta_1=2.0, eta_2=1.0, tau_0=1.0, max_tau=4000.0,
                   schedule_clock=clock, max_steps=3000, record_every=1e6)  # fmt: skip
    rates = ClosureRates(e)
    smooth = rates._smooth
    assert smooth is not None
    start = smooth.rate_at(0.0)
    kept = rates._span(smooth, 0.0)
    fall = start - smooth.rate_at(kept)
    assert 0.05 * start * (1 - 2**-4) <= fall <= 0.05 * start

    class Jumps:
        by_step = clock == "step"

        def end_of(self, experiment: Experiment) -> float:
            return 100.0

        def rate_at(self, time: float) -> float:
            return 2.0 if time == 0.0 else 1.0

    assert rates._span(Jumps(), 0.0) < 1e-12 + 2.0 / 2**4  # type: ignore[arg-type]
