"""The study optimisers: made-up runs through the code that makes its table, and its rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import summaries_of
from theory_sim.studies.optimisers.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

P_FIRST = {"tau_P": 30.0, "tau_Q": 50.0}
Q_FIRST = {"tau_P": 50.0, "tau_Q": 30.0}
RULES = ("gradient-descent", "heavy-ball", "nesterov", "rmsprop", "adam", "adamw")


@pytest.mark.parametrize(("flips", "parts"), [
    ((15, 14, 13, 15, 13, 15), "ssssss"), ((0, 1, 2, 0, 2, 0), "rrrrrr"), ((12, 3, 8, 12, 3, 7), "uuuuuu"),
    ((15, 13, 12, 3, 2, 0), "ssuurr"),
])
def test_each_optimiser_can_come_out_each_way(flips: tuple[int, ...], parts: str) -> None:
    first, shown = STUDY.plan("default")["adam"].seeds[0], dict(zip(RULES, flips, strict=True))

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - first
        if name.endswith("without-noise") or e.schedule == "constant":
            return P_FIRST  # counts for nothing
        # On half of the data sets without a flip L-S learns Q first, on the others S learns P first.
        flip = k < shown[e.optimiser]
        return P_FIRST if (e.schedule == "L-S" and (flip or k % 2)) or (e.schedule == "S" and not flip and k % 2) else Q_FIRST

    table = STUDY.tabulate(summaries_of(STUDY, outcome))
    small = table[table["arm"] == "S"].set_index("optimiser")
    assert [int(small.loc[name, "flips"]) for name in RULES] == list(flips)
    assert (small["pairs"] == 15).all()
    assert "".join(each.verdict[0] for each in STUDY.decide(table).findings) == parts
    assert small.loc["heavy-ball", "tau_P"] == pytest.approx(500.0 if flips[1] == 14 else small.loc["heavy-ball", "tau_P"])
    assert len(STUDY.plot(table).axes) == 1


def test_all_rules_take_as_many_steps_and_move_alike() -> None:
    """Rate over what divides the gradient, times the share of past gradients that momentum adds up: 16 and 1."""
    plan = STUDY.plan("default")
    for name in RULES:
        e = plan[name].experiment
        divided = e.tau_xi if name in ("rmsprop", "adam", "adamw") else 1.0
        added = 10.0 if name in ("heavy-ball", "nesterov") else 1.0
        assert e.eta_1 * added / divided == pytest.approx(16.0) and e.max_tau / e.eta_2 == pytest.approx(700.0)
        decayed = e.eta_1 * e.lambda_ * (added if name != "adamw" else 1.0) / (divided if name != "adamw" else 1.0)
        assert decayed == pytest.approx(16.0 * 5e-4)


def test_nothing_is_judged_of_runs_that_are_missing() -> None:
    table = STUDY.tabulate(summaries_of(STUDY, lambda name, run: P_FIRST))
    assert {each.verdict for each in STUDY.decide(table[table["arm"] != "S"]).findings} == {"undecided"}


def test_a_diverged_run_has_no_error() -> None:
    """Its P_error is that of the start, a half: one such run in 15 moved the mean of the ratios from 0.38 to 0.26."""
    first = STUDY.plan("default")["rmsprop"].seeds[0]

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        lost = name == "rmsprop" and run.experiment.schedule == "L-S" and run.experiment.seed == first
        rest = {"P_error": 0.5, "error_at_50": 0.5, "outcome": "diverged"} if lost else {"P_error": 0.01, "error_at_50": 0.02}
        return {**P_FIRST, **rest}

    small = STUDY.tabulate(summaries_of(STUDY, outcome)).query("optimiser == 'rmsprop' and arm == 'S'").iloc[0]
    for when in ("end", "50 %"):
        assert (small[f"error / L-S, {when}"], small[f"error / L-S, {when} n"]) == (pytest.approx(1.0), 14)
