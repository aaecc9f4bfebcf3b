"""Statistics over seeds against independent routes."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from theory_sim.engines import simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment import Experiment
from theory_sim.statistics.intervals import CONFIDENCE, mean_interval, share_interval
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.sweeps.plan import Plan
from theory_sim.trajectory import Trajectory


def test_mean_interval_is_students() -> None:
    sample = [3.1, 2.7, 4.4, 3.9, 3.0]
    low, high = stats.t.interval(CONFIDENCE, 4, loc=np.mean(sample), scale=stats.sem(sample))
    interval = mean_interval(sample)
    assert interval.low == pytest.approx(low, rel=1e-12)
    assert interval.high == pytest.approx(high, rel=1e-12)


def test_mean_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    trials, n = 2000, 5
    hits = sum(i.low <= 1.0 <= i.high for i in (mean_interval(list(rng.normal(1.0, 2.0, n))) for _ in range(trials)))
    # Exact binomial two-sided test at level 0.001.
    assert stats.binomtest(hits, trials, CONFIDENCE).pvalue > 1e-3


def test_not_learnt_is_counted_not_averaged() -> None:
    interval = mean_interval([100.0, math.inf, 120.0])
    assert (interval.value, interval.n, interval.censored) == (110.0, 2, 1)
    assert mean_interval([math.inf]).n == 0


def test_a_run_without_an_order_is_neither_learnt_nor_censored() -> None:
    interval = mean_interval([100.0, math.nan, math.inf])
    assert (interval.value, interval.n, interval.censored) == (100.0, 1, 1)
    assert (mean_interval([math.nan]).n, mean_interval([math.nan]).censored) == (0, 0)


def test_share_interval_is_exact() -> None:
    # Clopper-Pearson's defining equations: each end is the share at which the tail has half the error.
    interval = share_interval(3, 20)
    assert stats.binom.sf(2, 20, interval.low) == pytest.approx(0.025, rel=1e-6)
    assert stats.binom.cdf(3, 20, interval.high) == pytest.approx(0.025, rel=1e-6)


def test_unlike_or_repeated_runs_are_not_pooled() -> None:
    small = Experiment(d=10, m_W=20, m_V=40, max_tau=30, n_test=5)
    one, two = simulate(small), simulate(small.replace(seed=1))
    both = summarise([one, two])[0]
    assert both.seeds == (0, 1) and sum(both.orders.values()) == 2 and both.warnings == (), "neither diverged"
    for interval in (each for level in both.levels.values() for each in level.values() if each.n):
        assert interval.low >= 0, "neither a time nor a loss is below 0, however wide the interval of two runs"
    ends = [run.dataset.isel(record=-1) for run in (one, two)]
    measured = {f"{name} {label}": np.mean([float(end[name].sel({dim: label})) for end in ends])
                for names, dim in ((("loss_train", "loss_test"), "kind"), (("tau_noise", "pattern_shift"), "layer"))
                for name in names for label in ends[0][dim].values.tolist()}  # fmt: skip
    assert len(measured) == 10 and {name: both.end[name].value for name in measured} == pytest.approx(measured)
    fell = Trajectory(two.dataset.assign_attrs(outcome="diverged", message="too fast"), two.experiment)
    with_it = summarise([one, fell])[0]
    assert with_it.warnings == ("seed 1: too fast",) and with_it.outcomes == {one.outcome: 1, "diverged": 1}
    several = [Trajectory(one.dataset, small.replace(q0=0.01 * k, seed=k)) for k in range(1, 6)]
    with pytest.raises(InputError, match=re.escape("q0 = 0.01, 0.02, 0.03, 0.04, ...")):
        summarise(several)
    with pytest.raises(InputError, match=r"q0 = 0\.01, 0\.02, 0\.03, 0\.04(?!,)"):
        summarise(several[:4])
    with pytest.raises(InputError, match="repeats another run"):
        summarise([one, one])
    with pytest.raises(InputError, match="differ in q0"):
        summarise([one, simulate(small.replace(q0=0.3, seed=2))])
    with pytest.raises(InputError, match="no runs"):
        summarise([])


@pytest.mark.parametrize(("fields", "seed", "drawn"), [
    ({"batch_size": 8}, "seed_batch", True), ({}, "seed_batch", False),
    ({"noise_placement": "labels", "noise_level": 0.2}, "seed_noise", True), ({}, "seed_noise", False), ({}, "seed_data", True),
], ids=str)
@pytest.mark.parametrize("engine", ["limit", "finite"])
def test_runs_are_independent_where_any_of_their_draws_differ(
    engine: str, fields: dict[str, Any], seed: str, drawn: bool
) -> None:
    """Batches and noise on labels are drawn in the limit too, which else draws the data alone."""
    small = Experiment(d=10, N=20, m_W=20, m_V=40, max_tau=4.0, n_test=5, eta_1=0.5, **fields)
    runs = [simulate(each, engine) for each in (small, small.replace(**{seed: 7}))]
    if drawn or (engine, seed) == ("finite", "seed_noise"):
        assert summarise(runs)[0].seeds == (0, 0)
        assert float(runs[0].history("train_loss")[-1]) != float(runs[1].history("train_loss")[-1])
    else:
        with pytest.raises(InputError, match="repeats another run"):
            summarise(runs)


def test_a_change_of_schedule_or_seed_overrides_the_lists_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('compare = ["L-S", "S"]\nseeds = [0, 1]\n')
    assert [e.run_name for e in Plan.from_toml(path, {"schedule": "S", "seed": 9})] == ["default-S-seed9"]
    path.write_text('schedule = "S"\ncompare = ["L-S", "S"]\n')
    with pytest.raises(ExperimentError, match="schedule and compare"):
        Plan.from_toml(path)


def test_a_threshold_out_of_reach_for_the_drawn_data_is_found_before_any_run() -> None:
    # q_hat of these few examples is below q0, and with it the threshold below the stop loss.
    tight = Experiment(d=10, N=20, counts="random", epsilon_1=0.01, epsilon_2=0.35, q0=0.5)
    with pytest.raises(ExperimentError, match="q_hat"):
        Plan.of(tight, seeds=range(12))


def test_plan_shares_data_between_schedules_and_refuses_repeats() -> None:
    plan = Plan.of(Experiment(), ["L-S", "S"], [4, 2])
    assert [(e.schedule, e.seed) for e in plan] == [("L-S", 4), ("S", 4), ("L-S", 2), ("S", 2)]
    assert len(plan) == 4
    with pytest.raises(ExperimentError, match="each named once"):
        Plan.of(Experiment(), ["S"], [1, 1])


def test_only_numbers_that_are_means_already_are_said_to_be() -> None:
    small = Experiment(d=8, N=24, m_W=8, m_V=12, n_test=2, max_tau=8.0, record_every=4.0)
    runs = [simulate(small, engine) for engine in ("finite", "limit", "closure")]
    said = {summary.engine: summary.averages for summary in summarise(runs)}
    assert said == {"finite": False, "limit": False, "closure": True}


def test_errors_on_fresh_examples_are_those_at_the_end() -> None:
    runs = [simulate(Experiment(d=10, N=80, m_W=20, m_V=40, max_tau=60, n_test=20, seed=seed)) for seed in (0, 1)]
    (summary,) = summarise(runs)
    ends = summary.end
    for kind in ("P-only", "Q-only", "both"):
        first, last = ([run.dataset["accuracy_test"].sel(kind=kind).values[at] for run in runs] for at in (0, -1))
        assert ends[f"error_test {kind}"].value == pytest.approx(1.0 - np.mean(last))
        assert abs(np.mean(last) - np.mean(first)) > 0.02, kind


def test_runs_of_one_schedule_with_other_parameters_are_not_pooled() -> None:
    small = Experiment(d=10, m_W=20, m_V=40, max_tau=30, n_test=5, schedule="pieces", pieces=((10.0, 2.0), (20.0, 1.0)))
    with pytest.raises(InputError, match="pieces"):
        summarise([simulate(small), simulate(small.replace(pieces=((10.0, 2.0), (20.0, 0.5)), seed=1))])
