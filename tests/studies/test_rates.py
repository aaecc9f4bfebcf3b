"""The study rates: made-up runs through the code that makes its table, and the losses at the branching."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.rates.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

PARTS = ("1", "4", "16", "48", "96", "best", "near")


def _table(part: str, count: int, lacks: str = "hidden") -> Any:
    """A part is shown on the first ``count`` of 16 data sets; a rate that does not work lacks one of what works needs."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        k = run.experiment.seed - 500
        over = dict.fromkeys(("error_at_25", "error_at_50", "error_at_75"), 0.01)
        usual = {"P at branching": 0.4, "Q at branching": 0.6, "equal_loss": 0.03, **over,
                 "loss_train": np.array([0.3, 0.4, 0.2])}
        if name == "S":
            return {**usual, "P_error": 0.05, "equal_loss": 0.05}
        rate, late = name.split("-")[1], name.endswith("800")
        errors = {"1": 0.032, "4": 0.032, "16": 0.031, "48": 0.031, "96": 0.03}
        if not shown("best", k):
            errors["96"] = 0.0315
        if not shown("near", k):
            errors["4"] = 0.04
        error = errors[rate]
        works = (not shown("1", k) if rate == "1" else shown(rate, k)) if late else bool(k % 2)
        broken = {"hidden": {"Q at branching": 0.4}, "P": {"P at branching": 0.51}, "loss": {"equal_loss": math.nan},
                  "end": {"P_error": 0.06}, "Q": {"loss_train": np.array([0.3, 0.51, 0.2])}}[lacks]
        return {**usual, "P_error": error, **({} if works else broken)}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    require_each_way(STUDY, _table, part, PARTS.index(part), 16, below=part == "1")


@pytest.mark.parametrize("lacks", ["hidden", "P", "loss", "end", "Q"])
def test_a_rate_works_only_with_all_that_it_needs(lacks: str) -> None:
    assert STUDY.decide(_table("16", 3, lacks)).findings[2].reason.startswith("3 of 16 ")


def test_losses_at_the_branching_are_those_of_the_first_rates_last_step() -> None:
    class Run:
        class experiment:
            schedule, pieces, max_tau = "pieces", ((600.0, 16.0), (1e6, 0.5)), 1600.0

        def history(self, name: str, kind: str | None = None) -> Any:
            return np.array([0.0, 580.0, 600.0, 600.5]) if name == "tau" else np.array([0.7, 0.6, 0.5, 0.4])

    assert STUDY.metrics["P at branching"](Run()) == 0.5  # type: ignore[arg-type]
    Run.experiment.schedule = "S"
    assert STUDY.metrics["Q at branching"](Run()) == 0.4  # type: ignore[arg-type]


def test_the_figure_has_a_line_a_time_of_branching() -> None:
    table = _table("none", 0)
    assert len(table) == 11
    (ax,) = STUDY.plot(table).axes
    late = table[table["annealed at"] == 800.0].sort_values("initial rate")
    drawn = {each.get_label(): each.lines[0] for each in ax.containers}
    assert set(drawn) == {"annealed at 600", "annealed at 800"}
    assert drawn["annealed at 800"].get_ydata().tolist() == pytest.approx(late["error S / arm, end"].tolist())
    assert late["error S / arm, end"].iloc[-1] == pytest.approx(0.05 / 0.03)
