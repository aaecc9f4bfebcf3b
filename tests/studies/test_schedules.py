"""The study schedules: made-up runs through the code that makes its table; what "works" asks for, one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import summaries_of
from theory_sim.studies.schedules.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

JUDGED = ("step", "linear", "cosine", "warm-up-stable-decay", "cyclic", "constant")
WORKS = {"tau_P": 300.0, "tau_Q": 500.0, "P_error": 0.01, "equal_loss": 0.01}
SMALL = {"tau_P": 500.0, "tau_Q": 300.0, "P_error": 0.02, "equal_loss": 0.02}
FAILS = (
    {**WORKS, "tau_P": 600.0}, {**WORKS, "tau_Q": math.inf}, {**WORKS, "P_error": 0.03}, {**WORKS, "equal_loss": 0.03},
    {**WORKS, "equal_loss": math.nan},
)  # fmt: skip


def _table(works: Mapping[str, int], below: int) -> Any:
    first = STUDY.plan("default")["step"].seeds[0]

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        k = run.experiment.seed - first
        if name.startswith("S"):
            return SMALL
        if name not in works:
            return {**WORKS, "equal_loss": 1e-9}  # counts for nothing
        found = dict(WORKS if k < works[name] else FAILS[k % len(FAILS)])
        if name == "cosine" and found["equal_loss"] == 0.01:
            found["equal_loss"] = 0.005 if k < below else 0.015
        return found

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.parametrize(("works", "below", "parts"), [
    ((16, 15, 16, 14, 16, 0), 14, "sssssss"), ((0, 2, 1, 0, 0, 16), 0, "rrrrrrr"), ((13, 3, 8, 13, 8, 8), 8, "uuuuuuu"),
    ((16, 2, 16, 8, 1, 2), 13, "srsursu"),
])
def test_each_part_can_come_out_each_way(works: tuple[int, ...], below: int, parts: str) -> None:
    table = _table(dict(zip(JUDGED, works, strict=True)), below).set_index("arm")
    names = [name.replace("up-stable-decay", "up, stable, decay") for name in JUDGED]
    assert [int(table.loc[name, "works"]) for name in names] == list(works) and (table.loc[names, "sets"] == 16).all()
    found = STUDY.decide(table.reset_index()).findings
    assert "".join(each.verdict[0] for each in found) == parts


def test_each_condition_fails_by_itself() -> None:
    table = _table(dict.fromkeys(JUDGED, 0), 0).set_index("arm").loc["linear"]
    # Of 16 data sets k, those with k % 5 = 0 learn Q first, 1 not at all, 2 err more at the end, 3 and 4 not at equal loss.
    assert [int(table[name]) for name in ("of them P first", "Q learnt", "below S at end", "below S at equal loss")] == [
        12, 13, 13, 10]
    assert table["error S / arm, end n"] == 16 and table["error S / arm, equal loss n"] == 13


def test_nothing_is_judged_of_runs_that_are_missing() -> None:
    table = _table(dict.fromkeys(JUDGED, 16), 16)
    assert {each.verdict for each in STUDY.decide(table[table["arm"] == "S"]).findings} == {"undecided"}


def test_all_arms_take_the_same_time_between_the_same_rates() -> None:
    for name, sweep in STUDY.plan("default").items():
        e = sweep.experiment
        assert (e.max_tau, e.eta_1, e.eta_2) == (4000.0 if name.endswith("long") else 1600.0, 16.0, 0.5), name
