"""Studies over the whole course: which data sets count, at which loss and times errors are held against S's, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import summaries_of
from theory_sim.studies.mitigation_over_time.study import STUDY
from theory_sim.studies.over_time import course_metrics
from theory_sim.sweeps.sweep_run import SweepRun

FIRST = STUDY.plan("default")["baseline"].seeds[0]
P_FIRST, Q_FIRST = {"tau_P": 300.0, "tau_Q": 500.0}, {"tau_P": 500.0, "tau_Q": 300.0}
NEVER_Q = {"tau_P": 300.0, "tau_Q": math.inf}
Arm = Callable[[int], Mapping[str, Any]]


def _row(*, large: Arm = lambda k: {}, small: Arm = lambda k: {}, arm: Arm = lambda k: {}) -> Any:
    """Row of the judged arm; every run errs by 0.1, but for what is given of data set k."""
    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - FIRST
        usual = dict.fromkeys(course_metrics(), 0.1)
        if name == "noise":
            judged = e.noise_annealing == 700.0 and e.noise_level == e.tau_0_value
            return {**usual, **P_FIRST, **(arm(k) if judged else {})}
        return {**usual, **({**P_FIRST, **large(k)} if e.schedule == "L-S" else {**Q_FIRST, **small(k)})}

    table = STUDY.tabulate(summaries_of(STUDY, outcome))
    return table.set_index("arm").loc["s = 1, annealed"]


def test_data_sets_count_that_have_something_to_restore() -> None:
    """Not those on which S learns P first (0, 1), L-S does not learn Q (2), or L-S learns Q first (3)."""
    row = _row(small=lambda k: P_FIRST if k < 2 else {}, large=lambda k: {2: NEVER_Q, 3: Q_FIRST}.get(k, {}))
    assert (row["n"], row["restorable"], row["works"], row["comparable"]) == (15, 11, 11, 11)


def test_an_arm_works_that_learns_P_first_and_Q_at_all() -> None:
    row = _row(arm=lambda k: NEVER_Q if k < 3 else Q_FIRST if k < 7 else {}, small=lambda k: P_FIRST if k == 14 else {})
    assert (row["restorable"], row["works"]) == (14, 7), "of the last seven the last has nothing to restore"


def test_errors_are_compared_at_the_smallest_loss_that_both_reach_on_all() -> None:
    def reached(least: Mapping[int, float], error: Callable[[int, float], float]) -> Arm:
        losses = {float(name.rpartition(" ")[2]): name for name in course_metrics() if " at loss " in name}
        return lambda k: {name: error(k, at) if at >= least.get(k, 0.0) else math.nan for at, name in losses.items()}

    half_there = reached({5: 0.38}, lambda k, loss: 0.05 if (k < 9) == (loss == 0.42) else 0.2)
    row = _row(arm=half_there, small=reached({8: 0.42}, lambda k, loss: 0.1))
    assert (row["equal loss"], row["comparable"], row["better at equal loss"]) == (0.42, 15, 9)
    assert row["error S / arm, equal loss"] == pytest.approx(math.exp((9 * math.log(2) + 6 * math.log(0.5)) / 15))
    none = _row(arm=reached({5: 9.0}, lambda k, loss: 0.05))
    assert math.isnan(none["equal loss"]) and (none["comparable"], none["better at equal loss"]) == (0, 0)


def test_over_time_every_listed_time_from_half_the_run_on_counts() -> None:
    def at(k: int) -> Mapping[str, float]:
        below = {f"P_error at {share}": 0.05 for share in (0.5, 0.75, 1)}  # earlier ones do not count
        return {**below, **({f"P_error at {(0.5, 0.75, 1)[k % 3]}": 0.1} if k < 6 else {})}

    row = _row(arm=at, small=lambda k: P_FIRST if k == 14 else {})
    assert (row["restorable"], row["better from half on"]) == (14, 8), "equal is not below"
    assert row["error S / arm, tau = 480"] == 1.0 and row["error S / arm, tau = 1200"] == pytest.approx(2 ** (12 / 14))


def test_numbers_along_a_run_are_interpolated_and_end_with_it() -> None:
    class Run:
        experiment = STUDY.plan("default")["baseline"].experiment.replace(max_tau=100.0)
        end = 100.0

        def history(self, name: str, **of: str) -> Any:
            assert of == ({"kind": "Q-only"} if name == "loss_train" else {})
            return {"tau": np.array([0.0, 50.0, self.end]), "P_error": np.array([0.5, 0.3, 0.1]),
                    "loss_train": np.array([0.7, 0.6, 0.4])}[name]  # fmt: skip

    found = {name: metric(Run()) for name, metric in course_metrics().items() if " at loss " not in name}  # type: ignore[arg-type]
    assert [found[f"P_error at {share:g}"] for share in (0.2, 0.5, 0.75, 1.0)] == pytest.approx([0.42, 0.3, 0.2, 0.1])
    assert [found[f"Q loss at {share:g}"] for share in (0.2, 0.5, 0.75, 1.0)] == pytest.approx([0.66, 0.6, 0.5, 0.4])
    short = Run()
    short.end = 80.0
    ended = {name: metric(short) for name, metric in course_metrics().items() if " at loss " not in name}  # type: ignore[arg-type]
    assert math.isnan(ended["P_error at 1"]) and math.isfinite(ended["P_error at 0.75"])
