"""The study changing-kernels: made-up runs through the code that makes its table, and its numbers of a real run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim import compare_paired, simulate
from theory_sim.studies.changing_kernels.study import STUDY
from theory_sim.studies.theorem_c2.along_run import get_steps
from theory_sim.sweeps.sweep_run import SweepRun
from theory_sim.theory.changing_kernels import step_cost

QUESTIONS = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "questions"
PARTS = ("moving", "redrawn", "learns", "says something")


def _table(part: str, count: int) -> Any:
    """A part is shown on the first ``count`` of 15 data sets, the others on all; what is not judged says the opposite."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        k, values = run.experiment.seed - 680, dict.fromkeys(STUDY.metrics, 9.0)
        values |= {"W and V: loss": 0.5 if shown("learns", k) and name == "moving" else 0.65,
                   "W and V: bound": 0.68 if shown("says something", k) and name == "moving" else 0.7}
        values |= {"W: excess": 0.2 if name == "frozen" else 0.25 if shown(name, k) else 0.26, "W: violated": 0.0}
        return values

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    require_each_way(STUDY, _table, part, PARTS.index(part), 15)


def test_the_table_and_the_figure_have_every_law_and_theta() -> None:
    table = _table("none", 0)
    assert table.set_index(["patterns", "theta"]).loc[("moving", "W"), "excess / frozen"] == pytest.approx(1.25)
    (ax,) = STUDY.plot(table).axes
    points = {each.get_label(): each.lines[0].get_xdata().tolist() for each in ax.containers}
    assert points[r"$\theta$ = W"] == pytest.approx([0.2, 0.25, 0.25])


def test_numbers_of_a_run_are_those_of_its_steps() -> None:
    e = STUDY.plan("small")["moving"].experiment.replace(max_tau=4.0, record_every=2.0)
    run = simulate(e, threads=1)
    for theta in ("W", "W and V"):
        own = {name: metric for name, metric in STUDY.metrics.items() if name.startswith(f"{theta}: ")}
        found = {name.partition(": ")[2]: metric(run) for name, metric in own.items()}
        steps = get_steps(run, theta)
        assert steps is not None and len(steps.rate) == 32
        cost = step_cost(steps.rate, steps.feature_norm, steps.lambda_)
        left = np.average(steps.loss, weights=steps.rate * (1 - cost))
        assert found["excess"] == pytest.approx(found["sharper bound"] / left - 1) and found["excess"] > 0
        assert found["largest cost"] == pytest.approx(cost.max()) and found["violated"] == 0
        assert found["sharper bound"] < found["bound"]


def test_patterns_move_per_tau_as_under_the_large_rate_of_the_default() -> None:
    """tau_xi^2 rate / (2 level^2) is lambda at a stationary level (THEORY §5)."""
    e = STUDY.plan("default")["moving"].experiment
    assert e.tau_xi**2 * e.eta_1 / (2 * e.tau_0_value**2) == pytest.approx(e.lambda_, rel=1e-3)
    assert e.tau_0_value == pytest.approx(100.0, rel=0.01)


def test_in_nats_a_changing_kernel_costs_more() -> None:
    """From the runs: the reading that the rule does not have."""
    runs = pandas.read_csv(QUESTIONS / "results" / "changing-kernels" / "runs.csv")
    above = runs.set_index(["part", "seed"])
    lost = {part: (above["W: sharper bound"] - above["W: loss"])[part] for part in ("frozen", "moving", "redrawn")}
    page = " ".join((QUESTIONS / "changing-kernels.md").read_text(encoding="utf-8").split())
    for part in ("moving", "redrawn"):
        ratio = compare_paired(lost["frozen"].to_numpy(), lost[part].to_numpy(), kind="ratio")
        assert f"{ratio.estimate:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] times" in page
    assert (lost["moving"] > 1.25 * lost["frozen"]).all()
