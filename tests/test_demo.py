"""``theory-sim demo``: what it says follows from its runs, and says no more."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from theory_sim import Experiment, cli, simulate
from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.statistics.intervals import mean_interval, share_interval
from theory_sim.sweeps.demonstration import LARGE, SMALL, Part, gap_plan, measure, tell
from theory_sim.trajectory import Trajectory

TINY = Experiment(d=40, N=160, max_tau=600.0, record_every=10.0, epsilon_1=0.3, n_test=5)


@pytest.fixture(scope="module")
def runs() -> list[Trajectory]:
    return [simulate(TINY.replace(schedule=schedule, seed=seed), "limit", time="flow")
            for schedule in (SMALL, LARGE) for seed in (1, 0, 2)]


Orders = dict[tuple[str, ...], int]


def part(
    *, large: int = 5, small: int = 5, ratio: tuple[float, ...] = (8.0, 8.1, 8.3), not_robust: Orders | None = None
) -> Part:
    shares = {LARGE: share_interval(large, 5), SMALL: share_interval(small, 5)}
    return Part(TINY, shares, 0.2, {LARGE: 1e-4, SMALL: 8e-4}, mean_interval(ratio),
                {LARGE: not_robust or {}, SMALL: {}})


def test_an_error_at_a_loss_is_read_between_two_records(runs: list[Trajectory]) -> None:
    run = runs[0]
    loss, error = run.history("train_loss"), run.history("P_error")
    i = int(np.flatnonzero(loss <= 0.5)[0])
    assert error_at_loss(run, float(loss[i])) == pytest.approx(error[i], rel=1e-12)
    middle = error_at_loss(run, float(loss[i - 1] + loss[i]) / 2)
    assert middle == pytest.approx(math.sqrt(error[i - 1] * error[i]), rel=1e-12)
    of_kind = run.history("loss_train", kind="P-only")
    j = int(np.flatnonzero(of_kind <= 0.6)[0])
    assert error_at_loss(run, float(of_kind[j]), kind="P-only") == pytest.approx(error[j], rel=1e-12)
    assert math.isnan(error_at_loss(run, float(loss.min()) / 2)) and math.isnan(error_at_loss(run, 1.0))


def test_a_part_is_measured_at_the_loss_that_every_run_reaches(runs: list[Trajectory]) -> None:
    seen = measure(runs)
    loss = max(min(run.history("train_loss")) for run in runs)
    by = {(run.experiment.schedule, run.experiment.seed): error_at_loss(run, loss) for run in runs}
    logs = [math.log(by[SMALL, seed] / by[LARGE, seed]) for seed in (0, 1, 2)]
    by_hand = mean_interval(logs)
    assert seen.loss == loss and seen.ratio.n == 3
    assert (seen.ratio.value, seen.ratio.low, seen.ratio.high) == pytest.approx(
        (math.exp(by_hand.value), math.exp(by_hand.low), math.exp(by_hand.high)), rel=1e-12)
    assert seen.errors[LARGE] == pytest.approx(math.prod(by[LARGE, seed] for seed in (0, 1, 2)) ** (1 / 3), rel=1e-12)
    assert measure(runs[::-1]).to_dict() == seen.to_dict()


@pytest.mark.parametrize(("first", "second", "decided"), [
    (part(), part(), True), (part(large=4), part(), False), (part(small=4), part(), False), (part(), part(large=4), False),
    (part(), part(ratio=(0.9, 1.0, 1.3)), False), (part(ratio=(0.9, 1.1, 1.3)), part(), True),
])  # fmt: skip
def test_the_story_claims_what_was_seen_alone(first: Part, second: Part, decided: bool) -> None:
    story = tell(first, second)
    assert list(story) == ["Asked", "Seen", "It means", "Not shown", "Next"]
    assert ("decided the order" in story["It means"]) == decided
    assert ("not on every data set what the theory predicts" in story["It means"]) != decided
    assert f"P first on {round(first.expected[LARGE].value * 5)} of 5 data sets" in story["Seen"]
    assert f"{second.ratio.value:.2g} [{second.ratio.low:.2g}, {second.ratio.high:.2g}] times" in story["Seen"]


def test_an_order_that_is_not_robust_is_called_so() -> None:
    """The gap is told of runs whose order differs between levels of the loss, and that it does."""
    story = tell(part(), part(not_robust={("P first", "Q first", "Q first"): 3}))["Seen"]
    assert "not robust (at 0.45, 0.50 and 0.55: P first, Q first, Q first under L-S on 3 of 5)" in story
    assert "not robust" not in tell(part(), part())["Seen"]


def test_where_nothing_is_learnt_no_other_order_is_told() -> None:
    nothing = ("neither learnt",) * 3
    found = part(not_robust={nothing: 2, ("neither learnt", "neither learnt", "P first"): 1})
    assert found.robust == {LARGE: 2, SMALL: 5} and found.to_dict()["not_robust"][LARGE][", ".join(nothing)] == 2
    story = tell(part(), found)["Seen"]
    assert "0.55: neither learnt at any under L-S on 2 of 5; neither learnt, neither learnt, P first under L-S on 1" in story
    assert "another" not in story


def test_intervals_that_differ_are_told_both() -> None:
    assert "0.28 to 0.99 and 0.48 to 1.00" in tell(part(large=4), part())["Seen"]
    assert "0.48 to 1.00)" in tell(part(), part())["Seen"]


def test_the_second_part_is_where_a_gap_is_predicted() -> None:
    plan = gap_plan()
    e = plan.experiment
    assert e.r * e.d >= 400 and plan.compare == (LARGE, SMALL) and len(plan.seeds) >= 3
    assert replace(part(), experiment=e).to_dict()["d"] == 2000


@pytest.mark.tier2
def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = TINY.replace(name="default", m_W=20, m_V=200, max_tau=60.0)
    monkeypatch.setattr(Experiment, "preset", classmethod(lambda cls, name="default": small.replace(name=name)))
    monkeypatch.setattr("theory_sim.plots.style.FORMATS", ("png",))
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(cli.app, ["demo", "--seeds", "0:2"])
    assert said.exit_code in (0, 1), said.output
    lines = said.stdout.splitlines()
    heads = [line.split("  ")[0] for line in lines[-34:] if line[:1] not in (" ", "")]
    assert heads[-5:] == ["Asked", "Seen", "It means", "Not shown", "Next"]
    assert "Regime" not in said.stdout and max(map(len, lines)) <= 80
    again = json.loads(CliRunner().invoke(cli.app, ["demo", "--seeds", "0:2", "--format", "json"]).stdout)
    assert again["story"].keys() == set(heads[-5:]) and len(again["runs"]) == 4 + 6 and again["parts"][1]["P_error_ratio"]["n"]
    whole = CliRunner().invoke(cli.app, ["demo", "--seeds", "0:2", "--verbose"])
    assert "Regime (THEORY" in whole.stdout and "tau_noise recursion" in whole.stdout


def test_a_ratio_has_no_power_of_ten_and_no_interval_of_one_data_set() -> None:
    one = replace(part(), ratio=mean_interval([1.04]))
    assert "their ratio is 1 (of one data set, without an interval)" in tell(one, part())["Not shown"]
    far = replace(part(), ratio=replace(mean_interval([120.0, 130.0]), low=45.2, high=1234.0))
    assert "their ratio is 125 [45, 1234]" in tell(far, part())["Not shown"]


@pytest.mark.parametrize("learnt", [29, 57, 58])
def test_a_count_is_that_of_the_data_sets(learnt: int) -> None:
    """In binary 100 x 0.29 is below 29."""
    shares = {name: share_interval(learnt, 100) for name in (LARGE, SMALL)}
    assert f"learnt P first on {learnt} of 100 data sets" in tell(replace(part(), expected=shares), part())["Seen"]
