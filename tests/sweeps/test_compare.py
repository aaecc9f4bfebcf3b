"""Paired comparisons, censored medians and Holm's rule: against references, and by how often they are right."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.studies.made_up import summaries_of
from theory_sim import Experiment
from theory_sim.engines import Engine
from theory_sim.errors import InputError
from theory_sim.statistics.censored import median_time
from theory_sim.statistics.paired import compare_paired, holm
from theory_sim.studies.registry import get_study
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.compare import compare_sweep
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.sweeps.sweep_run import SweepRun


def by_closed_testing(p_values: list[float]) -> list[float]:
    """Holm's adjusted values as the closure of Bonferroni's test: the largest p-value of any intersection that holds i."""
    adjusted = []
    for i in range(len(p_values)):
        sets = (each for size in range(1, len(p_values) + 1) for each in itertools.combinations(range(len(p_values)), size))
        adjusted.append(max(min(1.0, len(each) * min(p_values[j] for j in each)) for each in sets if i in each))
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(by_closed_testing(p_values), abs=1e-12)


def test_holm_keeps_the_family_wise_error() -> None:
    """2000 families of 10 true hypotheses: at most 5 % with a false finding, by a binomial bound at 1e-3; unadjusted more."""
    rng = np.random.default_rng(1)
    families = rng.random((2000, 10))
    false = sum(min(holm(family.tolist())) < 0.05 for family in families)
    assert false <= stats.binom.ppf(1 - 1e-3, 2000, 0.05)
    assert (families.min(axis=1) < 0.05).sum() > stats.binom.ppf(1 - 1e-3, 2000, 0.05)


def test_pairs_by_hand() -> None:
    found = compare_paired([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 3.0])
    assert found.estimate == pytest.approx((1 + 2 + 3 - 1) / 4)
    assert math.isnan(found.low)  # too few pairs for the bootstrap
    assert (found.decided, found.undecided, found.larger.value) == (4, 0, 0.75)
    assert found.p_value == pytest.approx(2 * (4 + 1) / 16)  # at least 3 of 4 one way or the other
    ratio = compare_paired([1.0, 2.0, 4.0] * 3, [2.0, 4.0, 8.0] * 3, kind="ratio")
    assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    spread = compare_paired(np.arange(1.0, 9.0), np.arange(1.0, 9.0) ** 1.5, kind="ratio")
    assert 1.0 < spread.low < spread.estimate < spread.high
    assert spread.estimate == pytest.approx(math.factorial(8) ** (0.5 / 8))
    # Student's by hand: the quantile at 97.5 % with 7 degrees of freedom is 2.3646, from tables.
    logs = 0.5 * np.log(np.arange(1.0, 9.0))
    half = 2.3646 * math.sqrt(sum((logs - logs.mean()) ** 2) / 7 / 8)
    assert (spread.low, spread.high) == pytest.approx((math.exp(logs.mean() - half), math.exp(logs.mean() + half)), rel=1e-4)
    single = compare_paired([1.0], [2.0], kind="ratio")
    assert single.estimate == 2.0 and math.isnan(single.low)
    swapped = compare_paired([2.0, 4.0, 6.0, 3.0], [1.0, 2.0, 3.0, 4.0])
    assert swapped.estimate == -found.estimate and swapped.larger.value == 0.25 and swapped.p_value == found.p_value
    with pytest.raises(InputError, match="positive"):
        compare_paired([1.0, 0.0], [1.0, 1.0], kind="ratio")
    with pytest.raises(InputError, match="pairs"):
        compare_paired([1.0], [1.0, 2.0])


def test_censored_pairs_are_decided_by_the_one_that_is_known() -> None:
    found = compare_paired([1.0, math.inf, math.inf, 5.0, math.nan], [math.inf, math.inf, 2.0, 7.0, 1.0])
    assert (found.decided, found.undecided) == (3, 1) and found.larger.value == pytest.approx(2 / 3)
    assert math.isnan(found.estimate) and math.isnan(found.low)
    nothing = compare_paired([math.inf], [math.inf])
    assert nothing.p_value == 1.0 and nothing.decided == 0 and math.isnan(nothing.larger.value)


def test_bootstrap_holds_the_mean_about_as_often_as_it_says() -> None:
    """400 samples of 30 skewed differences: within 3 % of 95 %, by binomial bounds at 1e-3."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        a = rng.normal(size=30)
        found = compare_paired(a, a + rng.exponential(size=30))
        held += found.low <= 1.0 <= found.high
    assert stats.binom.ppf(5e-4, 400, 0.92) <= held <= stats.binom.ppf(1 - 5e-4, 400, 0.98)


@pytest.mark.parametrize("late", [0.4, 1.0, 3.0])
def test_median_holds_as_often_as_it_says(late: float) -> None:
    """1000 samples of 20, all censored at one time: the interval holds the median with exactly the stated probability."""
    rng = np.random.default_rng(3)
    held, coverage = 0, math.nan
    for _ in range(1000):
        times = rng.exponential(size=20)
        found = median_time(np.where(times < late, times, math.inf), np.full(20, late))
        assert found.method == "order statistics"
        coverage = found.coverage
        # A bound at infinity says: beyond the end.
        held += found.low <= math.log(2) <= found.high or (found.low == math.inf and math.log(2) > late)
    assert 0.95 <= coverage < 0.98
    assert stats.binom.ppf(5e-4, 1000, coverage) <= held
    if late > math.log(2):
        assert held <= stats.binom.ppf(1 - 5e-4, 1000, coverage)


def test_median_of_runs_that_end_at_different_times() -> None:
    """1000 samples of 40 with random ends: Kaplan and Meier's bounds hold the median about as often as they say."""
    rng = np.random.default_rng(4)
    held, naive = 0, 0
    for _ in range(1000):
        times, ends = rng.exponential(size=40), rng.exponential(2.0, size=40)
        found = median_time(np.where(times < ends, times, math.inf), ends)
        assert found.method == "Kaplan-Meier" and found.censored == int((times >= ends).sum())
        held += found.low <= math.log(2) <= found.high
        known = np.sort(times[times < ends])  # as if the censored ones were not there
        k = int(stats.binom.ppf(0.025, len(known), 0.5))
        naive += known[k - 1] <= math.log(2) <= known[len(known) - k]
    assert stats.binom.ppf(5e-4, 1000, 0.93) <= held <= stats.binom.ppf(1 - 5e-4, 1000, 0.98)
    assert naive < stats.binom.ppf(5e-4, 1000, 0.93)


def test_median_of_few_or_no_runs() -> None:
    assert median_time([], []).n == 0 and math.isnan(median_time([], []).median)
    few = median_time([3.0, 1.0, 2.0], [9.0, 9.0, 9.0])
    assert few.median == 2.0 and few.method == "none" and math.isnan(few.low)
    assert median_time([1.0, math.inf], [9.0, 9.0]).median == math.inf
    six = median_time([3.0, 1.0, 2.0, 5.0, 4.0, math.inf], [9.0] * 6)
    assert (six.median, six.low, six.high, six.censored) == (3.5, 1.0, math.inf, 1)
    assert six.coverage == pytest.approx(1 - 2 / 64)
    with pytest.raises(InputError, match="shape"):
        median_time([1.0], [1.0, 2.0])


def test_a_kind_is_chosen_where_there_is_no_level() -> None:
    def outcome(name: str, run: SweepRun) -> dict[str, Any]:
        return {"loss_train": [7.0, run.experiment.seed + 2.0 * (run.experiment.schedule == "S"), 9.0]}

    made_up = next(iter(summaries_of(get_study("kernel-change"), outcome).values()))
    frame = compare_sweep(made_up, "loss_train", labels={"kind": "Q-only"})
    assert set(frame["estimate"]) == {-2.0} and set(frame["larger"]) == {0.0}


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    base = Experiment(d=10, N=40, max_tau=60.0, n_test=5, epsilon_1=0.2)
    sweep = Sweep("c", base, (Product({"r": [0.3, 0.8]}),), ("L-S", "S"), (0, 1, 2, 3), (Engine("limit"), Engine("closure")))
    store = SweepStore.create(tmp_path_factory.mktemp("compare") / "c", sweep)
    assert run_sweep(store, workers=0).failed == 0
    return collect(store)


@pytest.mark.tier2
def test_sweep_is_compared_place_by_place(summary: Summary) -> None:
    frame = compare_sweep(summary, "h", between=("S", "L-S"))
    assert frame[["r", "engine"]].values.tolist() == [[0.3, "limit"], [0.3, "closure"], [0.8, "limit"], [0.8, "closure"]]
    h = summary.dataset["h"].sel(r=0.8, engine="limit")
    by_hand = compare_paired(h.sel(schedule="S").values, h.sel(schedule="L-S").values)
    row = frame.iloc[2]
    assert (row["estimate"], row["p_value"], row["larger_low"]) == (by_hand.estimate, by_hand.p_value, by_hand.larger.low)
    assert frame["p_holm"].tolist() == pytest.approx(holm(frame["p_value"].tolist()))
    # One closure stands for four seeds: it is one pair, not four.
    assert frame["decided"].tolist()[1::2] == [1, 1] and frame["decided"].tolist()[::2] == [4, 4]


@pytest.mark.tier2
def test_learning_times_and_engines_are_compared(summary: Summary) -> None:
    frame = compare_sweep(summary, "tau_P", labels={"level": 0.55})
    times = summary.dataset["tau_P"].sel(r=0.3, engine="limit", level=0.55)
    assert frame["median S"][0] == median_time(times.sel(schedule="S").values, np.full(4, 60.0)).median
    engines = compare_sweep(summary, "loss_train", between=("limit", "closure"), dim="engine", labels={"kind": "Q-only"})
    assert engines[["r", "schedule"]].values.tolist() == [[0.3, "L-S"], [0.3, "S"], [0.8, "L-S"], [0.8, "S"]]
    assert (engines["decided"] == 4).all()


@pytest.mark.tier2
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity": "order"}, "quantity 'order'"),
        ({"quantity": "h", "between": ("S", "step")}, "schedule 'step'"),
        ({"quantity": "h", "labels": {"level": 0.45}}, "h has no level"),
        ({"quantity": "tau_P", "labels": {"level": 0.4}}, "one of 0.45"),
        ({"quantity": "loss_train"}, "one of P-only"),
    ],
)
def test_bad_comparisons_are_refused(given: dict[str, object], said: str, summary: Summary) -> None:
    with pytest.raises(InputError, match=said):
        compare_sweep(summary, **given)  # type: ignore[arg-type]
