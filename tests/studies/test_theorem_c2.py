"""The study theorem-c2: its rule on made-up tables, its false twins on real steps, and its runs at the small size."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas
import pytest

from theory_sim import Experiment, Trajectory, simulate
from theory_sim.errors import InputError
from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, run_study
from theory_sim.studies.theorem_c2.along_run import TOLERANCE, get_steps
from theory_sim.theory.changing_kernels import average_bound, step_cost_stated

STUDY = get_study("theorem-c2")
ARMS = ("moving", "annealed", "small rate", "frozen", "redrawn", "noise output", "default rate", "default rate, annealed")
PARTS = ("holds", "proved", "moving", "redrawn", "says something")
RUN = Experiment(d=12, m_W=20, m_V=40, n_test=4, schedule="pieces", pieces=((20.0, 0.5), (100.0, 0.125)), tau_xi=1.0,
                 neurons="independent", tau_0=0.3, max_tau=40.0, record_every=20.0, dtype="float64",
                 observe={"descent": {"every_steps": 1}})


def _table(count: int = 10, **changes: dict[tuple[str, str], float]) -> pandas.DataFrame:
    """Everything as the hypothesis says; the numbers of the parts that are not judged say the opposite."""
    rows = [{
        "arm": arm, "theta": theta, "n": count, "runs with a bound": 0 if arm == "default rate" else count, "violations": 0,
        "runs that violate the false theorem": 0 if arm == "default rate, annealed" else count, "identity off by": 1e-14,
        "least slack of an inequality": 0.0, "data sets": count,
        "no worse": count if (arm, theta) in (("moving", "W"), ("redrawn", "W")) else 0,
        "bounds below log 2": count if (arm, theta) == ("small rate", "W and V") else 0,
    } for arm in ARMS for theta in ("W and V", "W")]
    table = pandas.DataFrame(rows)
    for column, values in changes.items():
        for (arm, theta), value in values.items():
            table.loc[(table["arm"] == arm) & (table["theta"] == theta), column.replace("_", " ")] = value
    return table


@pytest.mark.parametrize(("changes", "verdict", "part", "told"), [
    ({}, "supported", "holds", "supported"),
    ({"violations": {("redrawn", "W"): 1}}, "refuted", "holds", "refuted"),
    ({"violations": {("default rate, annealed", "W"): 1}}, "refuted", "holds", "refuted"),
    ({"runs_with_a_bound": {("default rate", "W"): 1}}, "refuted", "holds", "refuted"),
    ({"runs_with_a_bound": {("moving", "W"): 9}}, "undecided", "holds", "undecided"),
    ({"n": {("moving", "W"): 0}}, "undecided", "holds", "undecided"),
    ({"runs_that_violate_the_false_theorem": {("frozen", "W"): 9}}, "undecided", "holds", "undecided"),
    ({"identity_off_by": {("default rate", "W"): 1e-8}}, "refuted", "proved", "refuted"),
    ({"identity_off_by": {("default rate", "W"): math.nan}}, "refuted", "proved", "refuted"),
    ({"least_slack_of_an_inequality": {("moving", "W and V"): -1e-8}}, "refuted", "proved", "refuted"),
    ({"no_worse": {("moving", "W"): 0}}, "refuted", "moving", "refuted"),
    ({"no_worse": {("redrawn", "W"): 0}}, "refuted", "redrawn", "refuted"),
    ({"no_worse": {("redrawn", "W"): 6}}, "undecided", "redrawn", "undecided"),
    ({"bounds_below_log_2": {("small rate", "W and V"): 0}}, "refuted", "says something", "refuted"),
    ({"bounds_below_log_2": {("small rate", "W and V"): 5}}, "undecided", "says something", "undecided"),
])
def test_its_rule(changes: dict, verdict: str, part: str, told: str) -> None:
    found = STUDY.decide(_table(**changes))
    outcomes = dict(zip(PARTS, (each.verdict for each in found.findings), strict=True))
    assert found.verdict == verdict and outcomes.pop(part) == told
    if changes and "n" not in changes:
        assert set(outcomes.values()) == {"supported"}


def test_few_data_sets_or_arms_decide_nothing() -> None:
    assert STUDY.decide(_table(3)).verdict == "undecided"
    assert STUDY.decide(_table(0)).verdict == "undecided"
    for arm in ARMS:
        table = _table()
        found = STUDY.decide(table[table["arm"] != arm])
        assert [each.verdict for each in found.findings[:2]] == ["undecided"] * 2 and found.verdict == "undecided"


@pytest.fixture(scope="module")
def run():
    return simulate(RUN, threads=1)


@pytest.mark.parametrize("since", ["start", "annealing"])
@pytest.mark.parametrize("theta", ["W and V", "W"])
def test_a_real_run_keeps_the_theorem_and_refutes_its_twins(run, theta: str, since) -> None:
    steps = get_steps(run, theta, since)
    for sides in (steps.bound(), steps.sharper()):
        assert np.isfinite(sides.bound).all() and (sides.loss <= sides.bound).all()
    assert (steps.sharper().bound <= steps.bound().bound).all()
    assert steps.identity_error() < 1e-12 and steps.least_slack() > -TOLERANCE

    def broken(**changes) -> bool:
        twin = dataclasses.replace(steps, **changes).bound()
        return bool((twin.loss > twin.bound * (1 + TOLERANCE)).any())

    assert not broken()
    assert broken(star_loss=steps.star_loss / 2, distance=steps.distance / 2), "half the right side is too little"
    # The identity tells steps with another decay, another gradient or other patterns from those of the run.
    for changes in ({"lambda_": 0.9 * RUN.lambda_}, {"gradient_theta": 1.01 * steps.gradient_theta},
                    {"star_loss": steps.star_loss, "gradient_size": np.roll(steps.gradient_size, 1)}):
        assert dataclasses.replace(steps, **changes).identity_error() > 10 * TOLERANCE, changes.keys()
    if since == "start":
        twin = steps.twin()
        assert (twin.loss > twin.bound * (1 + TOLERANCE)).any(), "the distance and the steps cost something"


@pytest.mark.parametrize("loss", [5.0, math.nan])
def test_a_run_that_breaks_the_bound_is_told(run, loss: float) -> None:
    """Losses that no such run has: the numbers from which the rule judges must say so."""
    names = ("violated", "violated, sharper", "identity", "least slack")
    own = {name: STUDY.metrics[f"W and V, start: {name}"] for name in names}
    assert own["violated"](run) == own["violated, sharper"](run) == 0
    other = Trajectory(run.dataset.assign(descent_loss=run.dataset["descent_loss"] * 0 + loss), run.experiment)
    assert not own["least slack"](other) >= -TOLERANCE
    assert own["violated"](other) > 0 and own["violated, sharper"](other) > 0
    moved = Trajectory(run.dataset.assign(descent_size=run.dataset["descent_size"] * (1.01 if loss == 5.0 else loss)),
                       run.experiment)
    assert not own["identity"](moved) <= TOLERANCE


def test_both_sides_by_hand(run) -> None:
    """For theta = W and V from the start: plain loops over what the observer recorded."""
    data = run.dataset.sel(theta="W and V")
    rate, loss, norm, star = (data[f"descent_{name}"].values for name in ("rate", "loss", "feature_norm", "star_loss"))
    T = len(rate) - 1
    right = []
    for k, scale in enumerate(data["scale"].values):
        size = scale**2 * RUN.d
        right.append(size / 2 + sum(rate[t] * (star[t, k] + RUN.lambda_ / 2 * size) for t in range(T)))
    left = weight = 0.0
    for t in range(T):
        room = rate[t] * (1 - 0.4072643777 * rate[t] * norm[t] ** 2)
        left, weight = left + room * loss[t], weight + room
    sides = get_steps(run, "W and V").bound()
    assert sides.bound[-1] == pytest.approx(min(right) / weight) and sides.loss[-1] == pytest.approx(left / weight)


def test_a_step_that_costs_too_much_ends_the_bound(run) -> None:
    steps = get_steps(run, "W")
    rate = np.where(np.arange(len(steps.rate)) == 7, 16.0, steps.rate)
    sides = dataclasses.replace(steps, rate=rate).bound()
    assert np.isfinite(sides.bound[:7]).all() and np.isinf(sides.bound[7:]).all() and np.isnan(sides.loss[7:]).all()
    cost = step_cost_stated(rate, steps.feature_norm, steps.lambda_)
    assert (cost >= 1).sum() == 1
    again = average_bound(rate, steps.loss, cost, steps.star_loss, steps.distance[0], steps.star_size, steps.lambda_)
    np.testing.assert_array_equal(again.bound, sides.bound)


def test_only_every_step_will_do() -> None:
    short = RUN.replace(max_tau=4.0)
    for observe in ({}, {"descent": {"every_steps": 2}}, {"descent": {}}):
        with pytest.raises(InputError, match="every step"):
            get_steps(simulate(short.replace(observe=observe), threads=1), "W")
    assert get_steps(simulate(short, threads=1), "W", "annealing") is None


def test_arms_have_the_noise_that_they_say() -> None:
    for size in ("default", "full"):
        plan = STUDY.plan(size)
        moving, default = plan["moving"].experiment, plan["default-rate"].experiment
        # Stationary at the rate they begin with: so the level is, and per unit of tau patterns decorrelate at the rate lambda.
        assert moving.tau_0_value == pytest.approx(default.tau_0_value, rel=0.01)
        assert plan["noise-output"].experiment.tau_0_value == pytest.approx(0.3, rel=0.01)
        assert {sweep.seeds for sweep in plan.values()} == {plan["moving"].seeds}
        assert all(sweep.experiment.dtype == "float64" for sweep in plan.values())
        assert default.eta_1 == Experiment().eta_1 and default.eta_2 == Experiment().eta_2


@pytest.mark.alternating
def test_the_small_size(tmp_path: Path) -> None:
    result = run_study(STUDY, size="small", out=tmp_path, workers=0, threads=1)
    assert result.failed == 0 and result.diverged == 0 and result.verdict.verdict == "undecided"
    assert [each.verdict for each in result.verdict.findings[:2]] == ["supported", "supported"]
    table = result.table
    assert list(dict.fromkeys(table["arm"])) == list(ARMS) and set(table["n"]) == {1}
    bounded = table[table["arm"] != "default rate"]
    assert (bounded["bound / average loss"] >= 1).all() and (bounded["sharper bound"] <= bounded["bound at 100%"]).all()
    lost = sum(bounded[f"lost: {part}"] for part in ("distance", "convexity", "ridge", "step"))
    np.testing.assert_allclose(lost, bounded["bound at 100%"] - bounded["average loss at 100%"], rtol=1e-9)
    stored = read_table(tmp_path / "theorem-c2-small" / "table.csv")
    assert STUDY.decide(stored) == result.verdict
    assert len(STUDY.plot(stored).axes) == len(ARMS)


def test_parts_of_the_excess_are_those_of_the_whole_window(run) -> None:
    """Right less left at the end, in nats: the cost of the distance and the parts that the proof drops add up to it."""
    steps = get_steps(run, "W")
    own = {part: STUDY.metrics[f"W, start: {part}"](run) for part in ("distance", "convexity", "ridge", "step")}
    sides = steps.bound()
    cost = step_cost_stated(steps.rate, steps.feature_norm, steps.lambda_)
    excess = steps.excess(cost, int(sides.best[-1]))
    total = float(np.sum(steps.rate * (1.0 - cost)))
    for part, value in own.items():
        assert value == pytest.approx(float(np.sum(getattr(excess, part))) / total, rel=1e-12), part
    assert sum(own.values()) == pytest.approx(sides.bound[-1] - sides.loss[-1], rel=1e-9)
