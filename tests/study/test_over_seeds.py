"""Statistics over seeds against independent routes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment
from theory_sim.study.over_seeds import CONFIDENCE, mean_interval, share_interval
from theory_sim.study.plan import Plan


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


def test_share_interval_is_exact() -> None:
    # Clopper-Pearson's defining equations: each end is the share at which the tail has half the error.
    interval = share_interval(3, 20)
    assert stats.binom.sf(2, 20, interval.low) == pytest.approx(0.025, rel=1e-6)
    assert stats.binom.cdf(3, 20, interval.high) == pytest.approx(0.025, rel=1e-6)


def test_plan_shares_data_between_schedules_and_refuses_repeats() -> None:
    plan = Plan.of(Experiment(), ["L-S", "S"], [4, 2])
    assert [(e.schedule, e.seed) for e in plan] == [("L-S", 4), ("S", 4), ("L-S", 2), ("S", 2)]
    assert len(plan) == 4
    with pytest.raises(ExperimentError, match="each named once"):
        Plan.of(Experiment(), ["S"], [1, 1])
