"""Numbers and words that `regime` shows, each against a slow reference: what would change them and nothing else."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.limit import closure_experiments
from tests.test_regime import course
from theory_sim import Experiment, regime
from theory_sim.closure import predicted
from theory_sim.closure.mean_field import scatter
from theory_sim.closure.mean_field.scatter import Interval, intervals_of
from theory_sim.closure.of_experiment import get_closure
from theory_sim.closure.predicted import NODES, Predicted, predict
from theory_sim.errors import InputError
from theory_sim.regimes import regime_of
from theory_sim.theory.closure import Closure
from theory_sim.theory.overlap import P_error
from theory_sim.theory.predicted_order import Ended, judge, order_requirements, order_warnings

SMALL = Experiment(d=60, r=0.6, max_tau=400.0)


@pytest.fixture(autouse=True)
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicted, "_known", {})


def log_odds(error: float, g0: float) -> float:
    """Of the overlap that has an error on P, found by bisection."""

    def off(x: float) -> float:
        return math.log(max(float(P_error(1.0 / math.sqrt(1.0 + math.exp(-x)), g0)), 1e-300)) - math.log(error)

    return float(brentq(off, -12.0, 14.0, xtol=1e-6))


def test_intervals_are_as_wide_as_the_data_sets_of_the_table_scatter() -> None:
    """Root mean squares over experiments and schedules of the standard deviations that single data sets have."""
    by_name = {e.name: e for e in closure_experiments.experiments()}
    runs: dict[tuple[str, str], list[closure_experiments.Row]] = defaultdict(list)
    for row in closure_experiments.load():
        runs[row.experiment, row.schedule].append(row)
    found: dict[str, list[float]] = defaultdict(list)
    for (name, _), rows in runs.items():
        e = by_name[name]
        for constant, size, values in (
            ("OF_TAU_P", e.d, [math.log(row.tau_P) for row in rows]),
            ("OF_TAU_Q", e.n_examples, [math.log(row.tau_Q) for row in rows]),
            ("OF_ODDS", e.d, [log_odds(row.P_error[-1], e.g0) for row in rows]),
        ):
            if np.isfinite(values).all():
                found[constant].append(float(np.std(values, ddof=1)) * math.sqrt(size))
    for constant, sizes in found.items():
        assert len(sizes) > 20 and getattr(scatter, constant) == pytest.approx(math.sqrt(np.mean(np.square(sizes))), rel=0.03)


OTHER: dict[str, Any] = {
    "d": 61, "kappa": 0.4, "p0": 0.1, "q0": 0.4, "g0": 1.1, "r": 0.5, "alpha_min": 0.4, "alpha_max": 0.9, "lambda_": 6e-4,
    "tau_xi": 0.01, "tau_0": 0.5, "eta_1": 15.0, "eta_2": 0.4, "epsilon_1": 0.3, "epsilon_2": 0.1, "max_tau": 401.0,
    "max_steps": 30, "patterns": "frozen",
}  # fmt: skip


def test_what_is_kept_is_of_that_experiment() -> None:
    """Whatever moves a course asks for another; what a mean over data sets does not depend on does not, nor moves it."""
    asked = [predicted._Asked.of(SMALL.replace(**{name: value})) for name, value in OTHER.items()]
    assert len({predicted._Asked.of(SMALL), *asked}) == len(OTHER) + 1
    assert all(SMALL.replace(**{name: value}) != SMALL for name, value in OTHER.items())
    alike = SMALL.replace(name="other", schedule="L-S", m_W=4, m_V=6, seed=3, seed_data=4, seed_init=5, seed_noise=6,
                          seed_batch=7)  # fmt: skip
    assert predicted._Asked.of(alike) == predicted._Asked.of(SMALL)
    np.testing.assert_array_equal(get_closure(alike, "S").loss, get_closure(SMALL, "S").loss)


@pytest.mark.parametrize(("fields", "decay"), [
    ({"eta_1": 0.5, "eta_2": 1.5, "lambda_": 0.8}, "1.2"), ({"eta_1": 1.0, "eta_2": 0.5, "lambda_": 1.0}, "1"),
    ({"eta_1": 0.5, "eta_2": 0.999, "lambda_": 1.0}, ""),
])  # fmt: skip
def test_a_decay_of_one_is_found_at_either_rate(fields: dict[str, float], decay: str) -> None:
    found = predict(SMALL.replace(tau_0=0.1, max_tau=2.0, **fields), "closure")
    assert found.why_not.startswith(f"rate x lambda = {decay}:") if decay else found.engine == "closure"


def test_nodes_follow_the_length_up_to_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of 30 000 is that of 250 nodes at d = 60; a longer one is the closure's."""
    asked: list[int] = []

    def refuse(run: Experiment, nodes: int, particles: int, *, most: int | None = None) -> Iterator[None]:
        asked.append(nodes)
        yield
        raise InputError("a test", "none", "none")

    monkeypatch.setattr("theory_sim.closure.mean_field.solve.particles_followed", refuse)
    monkeypatch.setattr(predicted, "get_closure", lambda e, schedule: course(100.0, 200.0, e.max_tau))
    for max_tau in (400.0, 12_000.0, 30_000.0, 30_001.0):
        assert predict(SMALL.replace(max_tau=max_tau)).engine == "closure"
    assert asked == [NODES, 100, 250] and NODES == 60


def test_the_closure_predicts_each_schedule_by_itself() -> None:
    found = predict(SMALL, "closure").courses
    for schedule, other in (("S", "L-S"), ("L-S", "S")):
        np.testing.assert_array_equal(found[schedule].loss, get_closure(SMALL, schedule).loss)
        assert found[schedule].loss[-1] != found[other].loss[-1]


def test_an_interval_has_an_upper_end_only_before_the_longest_run() -> None:
    stopped = replace(course(100.0, 200.0, 300.0), outcome="reached_loss")
    long, short = (intervals_of(SMALL.replace(max_tau=end), stopped, []).tau_P for end in (1000.0, 210.0))
    assert 210.0 < long.high < 1000.0 and math.isinf(short.high) and short.low == long.low


def test_before_anything_is_learnt_the_error_is_a_half_and_has_no_ends() -> None:
    (found,) = intervals_of(SMALL, course(100.0, 200.0, 300.0), [0.0]).P_error
    assert (found.low, found.middle, found.high) == (0.5, 0.5, 0.5) and found.shown(str) == "0.5"
    of_start = course(100.0, 200.0, 300.0)
    begun = replace(of_start, overlap=np.where(of_start.tau > 0.0, 0.8, math.nan))
    (half,) = intervals_of(SMALL, begun, [0.5 * begun.tau[1] / SMALL.d]).P_error
    assert half.middle == pytest.approx(float(P_error(0.4, SMALL.g0))), "it grows from nothing"
    assert Interval(1.0, 2.0, 3.0).shown(str) == "2.0 (1.0 to 3.0)"


@pytest.mark.parametrize(("schedule", "of", "least"), [
    ("S", lambda share: course(500.0, 5000.0, 500.0 * share), 1.0 + 2.0 * math.hypot(0.05, 0.06)),
    ("L-S", lambda share: course(5000.0, 500.0, 500.0 * share, 0.6), 1.0 + 2.0 * math.hypot(0.08, 0.06)),
    ("S", lambda share: course(500.0, 500.0 * share, 2000.0), 1.0 + 2.0 * math.sqrt(0.05**2 + 0.08**2 + 0.06**2)),
    ("L-S", lambda share: course(100.0, 500.0, 2000.0, 0.55 * share), 0.58 / 0.55),
])  # fmt: skip
def test_a_margin_is_thin_up_to_the_scatter_that_is_allowed_for(
    schedule: str, of: Callable[[float], Closure], least: float
) -> None:
    """Twice 5 % of Q's time, 8 % of P's and 6 % of the prediction's own; 0.03 of Q's loss."""
    below, above = (judge(of(share * least), schedule, 0.0) for share in (0.997, 1.003))
    assert below.holds and below.thin and above.holds and not above.thin


def test_an_overshoot_before_the_later_of_two_learning_times_leaves_no_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """P is learnt at 100; Q's loss is above log 2 after that, and is learnt at 800."""
    seen = course(400.0, 100.0, 1000.0)
    late = np.where((seen.tau > 200.0) & (seen.tau < 300.0), 0.8, seen.loss_Q)
    over = replace(seen, loss_Q=np.where(seen.tau < 200.0, 0.69, late), rate=np.full_like(seen.tau, 10.0))
    assert judge(over, "L-S", 0.0, stable_rate=20.0).order == "P first"
    found = judge(over, "L-S", 0.0, stable_rate=5.0)
    assert found.order == "oscillated" and not found.has_times and math.isnan(found.tau_P[0.45])
    after = replace(over, loss_Q=np.where(seen.tau > 500.0, 0.8, seen.loss_Q))
    assert judge(after, "L-S", 0.0, stable_rate=5.0).order == "P first", "it was learnt before"
    monkeypatch.setattr("theory_sim.regimes.stable_rate_of", lambda e: 5.0)
    courses = {"L-S": over, "S": replace(seen, rate=over.rate)}
    assert set(regime_of(Experiment(), Predicted("closure", courses)).intervals) == {"S"}


def test_the_first_level_decides_what_is_first() -> None:
    """Q is first at 0.55 and P at 0.45."""
    seen = course(100.0, 200.0, 300.0)
    turned = replace(seen, loss_P=np.interp(seen.tau, [0, 100, 110, 300], [0.69, 0.56, 0.44, 0.4]),
                     loss_Q=np.interp(seen.tau, [0, 90, 200, 300], [0.69, 0.54, 0.53, 0.4]))  # fmt: skip
    for schedule in ("S", "L-S"):
        found = judge(turned, schedule, 0.0)
        assert found.order == "P first" and not found.holds and found.tau_Q[0.55] < found.tau_P[0.55]


def test_a_kind_that_is_nearly_learnt_lacks_less() -> None:
    """The slack of a time that is not reached falls with the loss that is left, and is 0 less the scatter at the level."""

    def slack(left: float) -> float:
        of = order_requirements(course(100.0, 2000.0, 1000.0, left), "S", 0.0)
        return next(each.slack for each in of if each.id == "S-learns-Q-at-0.45")

    scatter_alone = -math.log(1.0 + 2.0 * math.hypot(0.05, 0.06))
    assert slack(0.45) == pytest.approx(scatter_alone) and slack(0.6) == pytest.approx(scatter_alone - math.log(0.6 / 0.45))


def test_where_the_other_kind_is_first_more_time_is_not_advised() -> None:
    for first, said in ((100.0, "lower r, raise lambda"), (5000.0, "raise max_tau, or lower lambda")):
        (line,) = order_warnings(judge(course(first, 5000.0, 1000.0), "L-S", 0.0))
        assert said in line and ("max_tau" in line) == (first > 1000.0)


@pytest.mark.parametrize(("schedule", "fields", "advice", "more"), [
    ("L-S", {"max_tau": 700.0}, "P is learnt too near the run's end: raise max_tau", {"max_tau": 850.0}),
    ("L-S", {"max_steps": 60}, "P is learnt too near the run's end: raise max_steps", {"max_steps": 120}),
    ("S", {"max_tau": 450.0}, "Q is learnt too near the run's end: raise max_tau", {"max_tau": 600.0}),
])
def test_where_the_end_alone_makes_the_margin_thin_a_longer_run_is_advised(
    schedule: str, fields: dict[str, Any], advice: str, more: dict[str, Any]
) -> None:
    """And then it is wide."""
    early, later = (regime(Experiment(**each), engine="closure") for each in (fields, more))
    assert early.predicted_order[schedule].verdict == "holds, margin thin"
    (line,) = early.order_warnings[schedule]
    assert line.endswith(f"; {advice}") and not later.order_warnings[schedule]


def test_what_else_makes_the_margin_thin_is_named_before_the_end() -> None:
    def advice(tau_q: float, tau_p: float, schedule: str, ended_by: Ended) -> str:
        seen = course(tau_q, tau_p, 1000.0, 0.0)
        (line,) = order_warnings(judge(seen, schedule, 0.0), ended_by=ended_by,
                                 requirements=order_requirements(seen, schedule, 0.0))
        return line.partition("by the closure; ")[2]

    usual, q_late = "raise r or d, lower eta_2, or several of these", "Q is learnt too near the run's end: "
    assert advice(500.0, 550.0, "S", "max_tau") == usual
    assert advice(900.0, 950.0, "S", "max_tau") == f"{usual}; and {q_late}raise max_tau"
    assert advice(900.0, 5000.0, "S", "max_tau") == f"{q_late}raise max_tau"
    assert advice(900.0, 5000.0, "S", "epsilon_2") == f"{q_late}lower epsilon_2"
    assert "near the run's end" not in advice(950.0, 900.0, "S", "max_tau"), "Q is not first"


def test_a_limit_has_no_lazy_deficit() -> None:
    narrow, limit, wide = (regime(Experiment(m_V=m_V), infinite_width=infinite, engine="closure")
                           for m_V, infinite in ((2000, False), (2000, True), (10**9, False)))  # fmt: skip
    assert limit.lazy_deficit == 0.0 < narrow.lazy_deficit
    margins = [each.predicted_order["S"].margin for each in (narrow, limit, wide)]
    assert margins[0] < 0.8 * margins[1] and margins[1] == pytest.approx(margins[2], rel=1e-3)


def test_what_is_advised_is_what_ended_the_run() -> None:
    def advice(schedule: str, **fields: Any) -> str:
        return " ".join(regime(Experiment(d=300, **fields), engine="closure").order_warnings[schedule])

    assert "raise r or max_steps," in advice("S", max_steps=300) and "raise max_tau," in advice("L-S", max_steps=300)
    assert "raise r or max_tau," in advice("S", max_tau=100.0)


def test_a_noise_level_is_kept_only_where_it_would_move() -> None:
    kept, given, frozen = (" ".join(regime(Experiment(r=0.36, **fields), engine="closure").order_warnings["L-S"])
                           for fields in ({}, {"tau_0": 1.0}, {"patterns": "frozen"}))  # fmt: skip
    assert "with tau_0 = 1, its present value" in kept and "raise eta_1" in given and "present value" not in given
    assert "set patterns = 'moving'" in frozen and "set patterns" not in kept


def test_warnings_of_a_schedule_leave_those_of_others_out() -> None:
    found = regime(Experiment(d=300, max_tau=100.0, m_V=1000), engine="closure")
    assert all(found.order_warnings[name] for name in ("S", "L-S"))
    for name, other in (("S", "L-S"), ("L-S", "S")):
        left = found.warnings_of([name])
        assert left == [each for each in found.warnings if not each.startswith(f"{other}:")] != found.warnings
    assert found.warnings_of(["S", "L-S"]) == found.warnings
