"""The study architecture: made-up runs through the code that makes its table, and what its networks are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.architecture.study import STUDY
from theory_sim.studies.over_time import course_metrics
from theory_sim.sweeps.sweep_run import SweepRun
from theory_sim.theory.conditions import LAZY_DEFICIT_MAX, lazy_deficit
from theory_sim.theory.learning_times import g_level
from theory_sim.theory.noise_law import tau_stationary

NETWORKS = ("split", "shared", "shared-overlap-0-5", "split-finite", "shared-finite", "narrow", "both-layers")
PARTS = (*(f"{name} works" for name in NETWORKS[:5]), *(f"{name} error" for name in NETWORKS[:3]), "control", "narrow lost",
         "both-layers lost")
P_FIRST, Q_FIRST = {"tau_P": 300.0, "tau_Q": 500.0}, {"tau_P": 500.0, "tau_Q": 300.0}
NEVER_Q = {"tau_P": 300.0, "tau_Q": math.inf}


def _table(part: str, count: int) -> Any:
    """A part is shown on the first ``count`` of 16 data sets, the others on all."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - 600
        usual = dict.fromkeys(course_metrics(), 0.1)
        if e.schedule == "constant":
            return {**usual, **(NEVER_Q if name != "shared" or shown("control", k) else P_FIRST)}
        works = not shown(f"{name} lost", k) if f"{name} lost" in PARTS else shown(f"{name} works", k)
        if e.schedule == "S":
            return {**usual, **(Q_FIRST if works or k % 2 else P_FIRST)}
        less = {key: 0.05 for key in usual} if shown(f"{name} error", k) else {}
        return {**usual, **less, **(P_FIRST if works else NEVER_Q if k % 2 else P_FIRST)}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    def free(found: list[Any]) -> set[int]:
        """What is counted on the data sets on which this works."""
        same = f"{part.removesuffix(' works').replace('-overlap-0-5', ', overlap 0.5')}: "
        return {i for i, each in enumerate(found) if part.endswith("works") and each.statement.startswith(same)}

    require_each_way(STUDY, _table, part, PARTS.index(part), 16, below=part == "control" or part.endswith("lost"), free=free)


def test_there_are_no_errors_where_both_layers_are_trained_and_times_are_in_one_clock() -> None:
    table = _table("none", 0)
    assert len(table) == 7 * 3
    both, split = (table[(table["network"] == name) & (table["arm"] == "L-S")].iloc[0] for name in ("both layers", "split"))
    clock = 1000 * 0.3**2
    assert both["tau_P"] == pytest.approx(300.0 * clock) and both["tau_Q"] > 499.0 * clock
    assert (split["tau_P"], split["tau_Q"]) == (300.0, 500.0)
    errors = [name for name in table.columns if "error" in name]
    assert errors and all(math.isnan(both[name]) for name in errors)
    assert split["error S / arm, tau = 800"] == pytest.approx(2.0)
    assert STUDY.plot(table).axes


@pytest.mark.parametrize("name", NETWORKS)
def test_noise_is_stationary_and_moves_patterns_alike(name: str) -> None:
    e = STUDY.plan("default")[name].experiment
    assert e.tau_0_value == pytest.approx(tau_stationary(e.eta_1, e.lambda_, e.tau_xi), rel=0.01)
    assert e.eta_1 / e.eta_2 == pytest.approx(16.0)
    split = STUDY.plan("default")["split"].experiment
    assert e.lambda_ * e.max_tau == pytest.approx(split.lambda_ * split.max_tau)


def test_the_narrow_network_alone_is_far_from_the_lazy_regime() -> None:
    plan, h = STUDY.plan("default"), 4.0 * g_level(0.45, 0.5, 1.0)
    lacking = {name: lazy_deficit(h, r=e.r, m_V=e.m_W if e.shared_filters else e.m_V, tau=e.tau_0_value)
               for name in ("split-finite", "shared-finite", "narrow") for e in [plan[name].experiment]}  # fmt: skip
    assert max(lacking["split-finite"], lacking["shared-finite"]) < LAZY_DEFICIT_MAX < 0.5 < lacking["narrow"]
