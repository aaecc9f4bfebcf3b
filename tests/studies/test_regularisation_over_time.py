"""The study regularisation-over-time: made-up runs through the code that makes its table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.over_time import course_metrics
from theory_sim.studies.regularisation_over_time.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

PARTS = ("works", "equal loss", "over time", "noise alone", "noise alone, equal loss", "control", "with decay")
P_FIRST, Q_FIRST = {"tau_P": 300.0, "tau_Q": 500.0}, {"tau_P": 500.0, "tau_Q": 300.0}
NEVER_Q = {"tau_P": 300.0, "tau_Q": math.inf}


def _errors(equal_loss: bool, late: bool) -> dict[str, float]:
    """S errs by 0.1 throughout."""
    usual = dict.fromkeys(course_metrics(), 0.2)
    usual |= {f"P_error at {share:g}": 0.05 if late or share != 0.75 else 0.2 for share in (0.5, 0.75, 1.0)}
    return usual | {"P_error at loss 0.34": 0.05 if equal_loss else 0.2}


def _table(part: str, count: int) -> Any:
    """A part is shown on the first ``count`` of 16 data sets, the others on all."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - 640
        if name == "noise-annealed":
            works = P_FIRST if shown("noise alone", k) else NEVER_Q if k % 2 else Q_FIRST
            return {**_errors(shown("noise alone, equal loss", k), True), **works}
        if e.schedule == "S":
            return {**dict.fromkeys(course_metrics(), 0.1), **Q_FIRST}
        if e.schedule == "constant":
            return {**_errors(True, True), **(NEVER_Q if shown("control", k) or e.lambda_ > 0 else P_FIRST)}
        works = shown("with decay", k) if e.lambda_ > 0 else shown("works", k)
        bad = e.lambda_ > 0  # errors with decay are not judged
        return {**_errors(shown("equal loss", k) and not bad, shown("over time", k) and not bad),
                **(P_FIRST if works else NEVER_Q if k % 2 else Q_FIRST)}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    free = range(len(PARTS)) if part == "works" else ()  # it says on which data sets the others are counted
    require_each_way(STUDY, _table, part, PARTS.index(part), 16, below=part == "control", free=lambda found: set(free))


def test_all_arms_start_alike_and_only_the_annealed_one_loses_its_noise() -> None:
    plan = STUDY.plan("default")
    without, some, quiet = (plan[name].experiment for name in ("without-decay", "with-decay", "noise-annealed"))
    assert without.tau_0_value == some.tau_0_value == quiet.tau_0_value
    assert (without.lambda_, quiet.lambda_, some.lambda_) == (0.0, 0.0, 5e-4)
    assert quiet.noise_level == without.tau_xi and (quiet.noise_annealing, quiet.noise_factor) == (800.0, 0.0)
    table = _table("none", 0)
    assert table["arm"].tolist() == ["L-S", "S", "constant large rate", "constant, noise annealed", "L-S", "S",
                                     "constant large rate"]
    labels = [text.get_text() for text in STUDY.plot(table).legends[0].get_texts()]
    assert labels == ["L-S, no decay", "large rate, no decay", "noise annealed, no decay", "L-S, decay", "large rate, decay"]
