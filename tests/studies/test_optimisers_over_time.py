"""The study optimisers-over-time: made-up runs through the code that makes its table, and what it shares with optimisers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.optimisers.rules import RULES
from theory_sim.studies.optimisers.study import STUDY as SHORT
from theory_sim.studies.optimisers_over_time.study import STUDY
from theory_sim.studies.over_time import course_metrics
from theory_sim.sweeps.sweep_run import SweepRun

OF_EACH = ("works", "equal loss", "over time", "control")
PARTS = tuple(f"{rule}, {part}" for rule in RULES for part in OF_EACH)
P_FIRST, Q_FIRST, NEVER_Q = (30.0, 50.0), (50.0, 30.0), (30.0, math.inf)


def _read_at_half(tau_P: float, tau_Q: float) -> dict[str, Any]:
    """Times of P and Q at 0.50; at 0.45 and 0.55, which are not read, the other kind is first."""
    orders = ("P first", "Q first") if tau_P < tau_Q else ("Q first", "P first")
    others = (50.0, 30.0) if tau_P < tau_Q else (30.0, 50.0)
    return {"tau_P": np.array([others[0], tau_P, others[0]]), "tau_Q": np.array([others[1], tau_Q, others[1]]),
            "order": np.array([orders[1], orders[0], orders[1]])}


def _errors(equal_loss: bool, late: bool, fails: float) -> dict[str, float]:
    """S errs by 0.1 throughout; where an arm is not better from half on, it is at one of the three times alone."""
    usual = dict.fromkeys(course_metrics(), 0.2)
    usual |= {f"P_error at {share:g}": 0.05 if late or share != fails else 0.2 for share in (0.5, 0.75, 1.0)}
    return usual | {"P_error at loss 0.34": 0.05 if equal_loss else 0.2}


def _table(part: str, count: int) -> Any:
    """A part is shown on the first ``count`` of 18 data sets, the others on all."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - 720
        fails = (0.5, 0.75, 1.0)[k % 3]
        if e.schedule == "S":
            return {**dict.fromkeys(course_metrics(), 0.1), **_read_at_half(*Q_FIRST)}
        if e.schedule == "constant":
            return {**_errors(True, True, fails), **_read_at_half(*(NEVER_Q if shown(f"{name}, control", k) else P_FIRST))}
        errors = _errors(shown(f"{name}, equal loss", k), shown(f"{name}, over time", k), fails)
        return {**errors, **_read_at_half(*(P_FIRST if shown(f"{name}, works", k) else NEVER_Q if k % 2 else Q_FIRST))}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


def test_the_parts_are_those_of_the_design() -> None:
    assert [part.part.partition(", ")[0] for part in STUDY.power] == list(OF_EACH) and len(PARTS) == 24
    found = STUDY.decide(_table("none", 18)).findings
    assert [each.statement.partition(":")[0] for each in found] == [rule for rule in RULES for _ in OF_EACH]


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    place = PARTS.index(part)
    free = range(place + 1, place + 4) if part.endswith("works") else ()  # on which of its data sets they are counted
    require_each_way(STUDY, _table, part, place, 18, below=part.endswith("control"), free=lambda found: set(free))


def test_runs_are_those_of_optimisers_but_longer_and_on_other_data() -> None:
    long, short = STUDY.plan("default"), SHORT.plan("default")
    for name in RULES:
        one, other = long[name], short[name]
        assert one.experiment.max_tau / other.experiment.max_tau == pytest.approx(1600.0 / 700.0)
        assert one.experiment.replace(max_tau=other.experiment.max_tau) == other.experiment
        assert (one.engines, one.compare) == (other.engines, other.compare)
        assert not {*one.seeds} & {*other.seeds}


def test_times_are_gradient_descents() -> None:
    """Made up are 30 and 50 in each rule's own tau; courses are read at shares of the run."""
    table = _table("none", 18)
    for name, (factor, _, _) in RULES.items():
        row = table[(table["optimiser"] == name) & (table["arm"] == "L-S")].iloc[0]
        assert row["tau_P"] == pytest.approx(30.0 / factor) and row["tau_Q high"] == pytest.approx(50.0 / factor)
    large = table[(table["optimiser"] == "adam") & (table["arm"] == "L-S")].iloc[0]
    assert large["error S / arm, equal loss"] == pytest.approx(2.0) == large["error S / arm, tau = 1600"], "S errs by 0.1"
    assert large["error S / arm, tau = 480"] == pytest.approx(0.5)
    assert [c for c in table.columns if c.endswith("tau = 1600")] == ["error S / arm, tau = 1600", "Q loss, tau = 1600"]


def test_its_figure_has_a_line_an_optimiser() -> None:
    (ax,) = STUDY.plot(_table("none", 18)).axes
    assert len(ax.containers) == len(RULES)
