"""The study optimisers-batches: made-up runs through the code that makes its table, and its rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import summaries_of
from theory_sim.studies.optimisers.rules import RULES
from theory_sim.studies.optimisers_batches.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun


def _read_at_half(first: str) -> dict[str, Any]:
    """The kind that is first at 0.50; at 0.45 and 0.55, which are not read, the other one is."""
    P_first = np.array([first == "Q", first == "P", first == "Q"])
    return {"tau_P": np.where(P_first, 30.0, 50.0), "tau_Q": np.where(P_first, 50.0, 30.0),
            "order": np.where(P_first, "P first", "Q first")}


P_FIRST, Q_FIRST = _read_at_half("P"), _read_at_half("Q")


def _table(flips: Mapping[str, int], *, large_alone: bool = False, small_alone: bool = False) -> Any:
    """Flips on the first data sets with batches; elsewhere one of the two runs alone, or neither, has the order of a flip."""

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - 740
        flip = k < flips[e.optimiser]
        if name.endswith("full-batches"):
            return P_FIRST if e.schedule == "L-S" else Q_FIRST  # a flip everywhere, which is not judged
        if e.schedule == "L-S":
            return P_FIRST if flip or large_alone else Q_FIRST
        return Q_FIRST if flip or small_alone or e.schedule == "constant" else P_FIRST

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.parametrize("alone", [{"large_alone": True}, {"small_alone": True}, {}])
@pytest.mark.parametrize(("flips", "parts"), [
    ((15, 14, 13, 15, 13, 15), "ssssss"), ((0, 1, 2, 0, 2, 0), "rrrrrr"), ((12, 3, 8, 12, 3, 7), "uuuuuu"),
])
def test_each_optimiser_can_come_out_each_way(flips: tuple[int, ...], parts: str, alone: Mapping[str, bool]) -> None:
    table = _table(dict(zip(RULES, flips, strict=True)), **alone)
    small = table[(table["arm"] == "S") & (table["batches"] == "batches of 16")].set_index("optimiser")
    assert [int(small.loc[name, "flips"]) for name in RULES] == list(flips) and (small["pairs"] == 15).all()
    assert "".join(each.verdict[0] for each in STUDY.decide(table).findings) == parts
    assert len(STUDY.plot(table).axes) == 1


def test_rates_and_decay_are_those_that_move_alike() -> None:
    """Adaptive rules: thirty times smaller rates than with injected noise; the same share of the weights decays each step."""
    plan = STUDY.plan("default")
    assert {sweep.experiment.tau_xi for sweep in plan.values()} == {0.0}
    assert {(name.endswith("full-batches"), sweep.experiment.batch_size) for name, sweep in plan.items()} == {
        (True, None), (False, 16)}
    for name, (factor, _, _) in RULES.items():
        e = plan[f"{name}-batches-of-16"].experiment
        adaptive = name in ("rmsprop", "adam", "adamw")
        assert e.eta_1 * (30.0 if adaptive else 1.0) == pytest.approx(16.0 * factor)
        assert e.max_tau / e.eta_2 == pytest.approx(700.0)
    e = plan["adamw-batches-of-16"].experiment
    assert e.eta_1 * e.lambda_ == pytest.approx(16.0 * 5e-4)


def test_a_diverged_run_has_no_error_and_is_no_flip() -> None:
    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e = run.experiment
        lost = name == "rmsprop-batches-of-16" and e.schedule == "L-S" and e.seed == 740
        order = P_FIRST if e.schedule == "L-S" else Q_FIRST
        nothing = {"tau_P": float("nan"), "tau_Q": float("nan"), "order": "diverged", "P_error": 0.5, "error_at_50": 0.5,
                   "outcome": "diverged"}
        worse = 3.0 if e.schedule == "S" else 1.0
        return nothing if lost else {**order, "P_error": 0.01 * worse, "error_at_50": 0.02 * worse}

    table = STUDY.tabulate(summaries_of(STUDY, outcome))
    small = table.query("optimiser == 'rmsprop' and arm == 'S' and batches == 'batches of 16'").iloc[0]
    assert (small["flips"], small["pairs"]) == (14, 15)
    for when in ("end", "50 %"):
        assert (small[f"error / L-S, {when}"], small[f"error / L-S, {when} n"]) == (pytest.approx(3.0), 14), "S over L-S"
