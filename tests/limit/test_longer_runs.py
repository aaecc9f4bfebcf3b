"""The learning order of a run does not change as the run continues: real runs, in which ridge raises Q's loss again."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich.console import Console

from theory_sim import Engine, Experiment, Trajectory, cli, learning_order, simulate
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.terminal.tables import summary_tables

QUICK = Experiment.preset("quick").replace(schedule="S")
# THEORY §13's third row at d = 300 and a larger lambda.
RIDGE = Experiment.preset("clear").replace(d=300, lambda_=5e-4, schedule="S")


def staying_below(run: Trajectory, kind: str) -> float:
    """The definition that was: the first record after which the loss stays below 0.45 until the run ends."""
    loss, tau = run.history("loss_train", kind=kind), run.dataset["tau"].values
    above = np.flatnonzero(loss >= 0.45)
    return math.inf if above[-1] == len(loss) - 1 else float(tau[above[-1] + 1])


def answers(run: Trajectory) -> Any:
    order = learning_order(run)
    return [(level.order, level.tau_P, level.tau_Q) for level in order.levels], order.robust


@pytest.mark.parametrize("seed", [0, 1])
def test_quick_in_the_limit_has_one_answer(seed: int) -> None:
    short, long = (simulate(QUICK.replace(seed=seed, max_tau=end), "limit", time="flow") for end in (1000.0, 2500.0))
    assert answers(short) == answers(long)
    order = learning_order(long)
    assert (order.order, order.robust) == ("Q first", True)
    above = order.levels[0].above_Q
    assert 2000 < above.tau < 2150 and above.at_end and above.duration == pytest.approx(2500 - above.tau)
    assert math.isinf(order.levels[0].above_P.tau)
    assert staying_below(long, "Q-only") == math.inf > staying_below(long, "P-only"), "what used to be called P first"


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.tier2) for seed in range(1, 6))]
)
def test_a_larger_ridge_has_one_answer(seed: int) -> None:
    """Four of these six seeds changed from Q first to P first between tau = 2000 and 3000."""
    ends = (1600.0, 3000.0)
    short, long = (simulate(RIDGE.replace(seed=seed, max_tau=end), "limit", time="flow") for end in ends)
    assert answers(short) == answers(long)
    assert learning_order(long).levels[0].above_Q.at_end
    assert learning_order(long).order == {1: "tie", 4: "P first"}.get(seed, "Q first")


TINY = Experiment(d=10, N=40, q0=0.4, r=0.6, alpha_min=0.5, m_W=20, m_V=40, tau_0=3.0, tau_xi=0.02, n_test=2, eta_1=8.0,
                  eta_2=2.0, epsilon_1=0.25, record_every=8.0)  # fmt: skip


@pytest.mark.alternating
@settings(max_examples=25)
@given(
    schedule=st.sampled_from(["S", "L-S", "constant"]), engine=st.sampled_from(["finite", "limit"]), seed=st.integers(0, 99),
    lambda_=st.sampled_from([0.0, 1e-3, 5e-3]), batch=st.sampled_from([None, 1, 10]), more=st.floats(0.0, 200.0),
)
def test_a_run_beyond_both_crossings_has_the_answer_of_every_longer_one(
    schedule: str, engine: str, seed: int, lambda_: float, batch: int | None, more: float
) -> None:
    e = TINY.replace(schedule=schedule, seed=seed, lambda_=lambda_, batch_size=batch, max_tau=600.0)
    long = learning_order(simulate(e, Engine(engine)))
    both = [level for level in long.levels if math.isfinite(level.tau_P + level.tau_Q)]
    assume(both)
    # The limit compresses its kernel for as many steps as the run has: the same up to its accuracy.
    same = {"rel": 0.0, "abs": 0.0} if engine == "finite" else {"rel": 1e-6}
    # The record after both crossings is the first that a shorter run must reach.
    end = max(max(level.tau_P, level.tau_Q) for level in both) + e.record_every + e.eta_1 + more
    shorter = simulate(e.replace(max_tau=min(end, 600.0)), Engine(engine))
    short = {level.level: level for level in learning_order(shorter).levels}
    for level in both:
        found = short[level.level]
        assert found.order == level.order
        for name in ("tau_P", "tau_Q", "first_tau", "other_loss", "other_accuracy", "first_accuracy"):
            assert getattr(found, name) == pytest.approx(getattr(level, name), **same), name


def _printed(*runs: Trajectory) -> str:
    console = Console(width=400)
    with console.capture() as capture:
        console.print(summary_tables(summarise(runs)))
    return capture.get()


def test_tables_and_json_say_what_was_above_again_and_do_not_count_it_as_censored() -> None:
    run = simulate(QUICK.replace(max_tau=2500.0), "limit", time="flow")
    (summary,) = summarise([run])
    assert summary.levels[0.45]["tau_Q"].censored == 0 and summary.levels[0.45]["tau_Q"].n == 1
    told = json.loads(json.dumps(summary.to_dict(), allow_nan=False))["per_seed"][0]
    assert told["above_Q"]["at_end"] is True and told["above_P"]["tau"] is None
    assert told["above_Q"]["tau"] == pytest.approx(learning_order(run).levels[0].above_Q.tau)
    text = _printed(run)
    assert ("Q was learnt and its loss above 0.45 again later on 1 of 1 seeds, from tau = 2028 on, for 472 in all, at the end "
            "on 1") in text
    assert "P was learnt and its loss above" not in text


def test_tables_say_that_an_oscillating_run_has_no_order() -> None:
    """Exit status 1 on the command line: a finding."""
    run = simulate(QUICK.replace(schedule="constant", eta_1=80.0, max_tau=1000.0), "limit")
    (summary,) = summarise([run])
    assert summary.orders == {"oscillated": 1} and summary.robust == 0
    assert {name: (interval.n, interval.censored) for name, interval in summary.levels[0.45].items()} == dict.fromkeys(
        ("tau_P", "tau_Q", "other_loss", "other_accuracy"), (0, 0))
    assert "oscillated" in _printed(run) and "nan" not in _printed(run)
    (finding,) = cli.runs.get_findings([run])
    assert "oscillated" in finding and "lower the rate" in finding


def test_the_closure_has_one_answer_up_to_its_grid() -> None:
    """Its blocks follow the length of the run, so that its times move with them by a little."""
    found = [learning_order(simulate(QUICK.replace(max_tau=end), "closure")) for end in (1000.0, 2500.0, 4000.0)]
    assert {(order.order, order.robust) for order in found} == {("Q first", True)}
    for name in ("tau_P", "tau_Q"):
        times = [getattr(order, name) for order in found]
        assert max(times) < 1.03 * min(times)
    assert found[-1].levels[0].above_Q.at_end


@pytest.mark.parametrize("engine", ["finite", "limit"])
@pytest.mark.parametrize(("rate", "order"), [(64.0, "P first"), (96.0, "oscillated")])
def test_beyond_the_largest_stable_rate(engine: str, rate: float, order: str) -> None:
    """THEORY §13: 64 ran, 96 oscillated, at a largest stable rate of about 61 to 63."""
    row = Experiment(d=200, q0=0.3, r=0.5, lambda_=2e-4, alpha_min=0.0, tau_xi=0.05, eta_1=rate, schedule="constant", n_test=2,
                     m_W=100, m_V=5000, max_tau=1500.0)
    found = learning_order(simulate(row, Engine(engine)))
    assert found.order == order
    assert math.isnan(found.tau_P) == (order == "oscillated")


@pytest.mark.parametrize("engine", ["finite", "limit"])
def test_a_diverged_run_has_no_order(engine: str) -> None:
    """P's loss falls from 0.69 to 0.4 in two far records before the end; that is no crossing."""
    unstable = QUICK.replace(schedule="constant", eta_1=1000.0, m_W=100, m_V=2000, n_test=2, max_tau=1e5)
    run = simulate(unstable, Engine(engine))
    assert run.outcome == "diverged" and run.history("loss_train", kind="P-only").min() < 0.45
    order = learning_order(run)
    assert order.order == "diverged" and not order.robust and math.isnan(order.tau_P) and math.isnan(order.tau_Q)
