"""The study kernel-freezing: made-up runs through the code that makes its table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.kernel_freezing.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

PARTS = ("moving", "stopped", "redrawn", "small", "late", "error")
P_FIRST = {"tau_P": [9.0, 300.0, 1.0], "tau_Q": [1.0, 500.0, 9.0], "order": ["Q first", "P first", "Q first"]}
Q_FIRST = {"tau_P": [1.0, 500.0, 9.0], "tau_Q": [9.0, 300.0, 1.0], "order": ["P first", "Q first", "P first"]}


def _table(part: str, count: int) -> Any:
    """A part is shown on the first ``count`` of 15 data sets, the others on all; other levels say the opposite."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        k, over = run.experiment.seed - 560, dict.fromkeys(("error_at_25", "error_at_50", "error_at_75"), 0.01)
        usual = {"P_error": 0.01, **over}
        if name == "stopped-at-64-large-rate":
            return {**usual, **(Q_FIRST if shown("stopped", k) else P_FIRST), "P_error": 0.02 if shown("error", k) else 0.005}
        if name == "stopped-at-608-annealed":
            late = 700.0 if shown("late", k) else (900.0, math.inf)[k % 2]
            return {**usual, **P_FIRST, "tau_Q": [9.0, late, 9.0]}
        if name == "moving-annealed-at-608":
            return {**usual, **P_FIRST, "tau_Q": [1.0, 800.0, 1.0]}
        first = {"moving-large-rate": shown("moving", k), "redrawn-small-rate": shown("redrawn", k),
                 "moving-small-from-64": not shown("small", k), "frozen-small-rate": False}[name]
        return {**usual, **(P_FIRST if first else Q_FIRST)}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    require_each_way(STUDY, _table, part, PARTS.index(part), 15)


def test_patterns_stop_where_the_rate_hardly_falls() -> None:
    plan = STUDY.plan("default")
    stopped, moving = (plan[name].experiment for name in ("stopped-at-64-large-rate", "moving-large-rate"))
    assert (stopped.patterns, moving.patterns) == ("frozen-at-annealing", "moving") and stopped.pieces == moving.pieces
    assert stopped.pieces is not None and 0.99 < stopped.pieces[1][1] / stopped.pieces[0][1] < 1
