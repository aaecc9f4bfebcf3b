"""The study single-feature: made-up runs through the code that makes its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.single_feature.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

PARTS = ("kernel", "large", "large, decay", "decay", "Wei", "farther")


def _table(part: str, count: int) -> Any:
    """A part is shown on the first ``count`` of 15 data sets where it is judged; elsewhere nothing is."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e = run.experiment
        k, small = e.seed - 520, 0.2
        errors = {"small-rate": small, "large-rate": 0.15 if shown("large", k) else small,
                  "small-rate-decay": 0.18 if shown("decay", k) else small,
                  "large-rate-decay": 0.14 if shown("large, decay", k) else 0.3, "kernel": 0.4 if shown("kernel", k) else small}
        if e.n_examples != 200:
            errors = {arm: 0.3 - 0.01 * i for i, arm in enumerate(errors)}
        if e.n_examples == 400:
            errors = {**dict.fromkeys(errors, 0.05), "kernel": 0.3}
            if not shown("Wei", k):
                errors["kernel" if k % 2 else "large-rate"] = 0.1
        shift = 0.2 if name == "large-rate" and shown("farther", k) else 0.1
        return {"error_test": np.array([errors[name]]), "shift": shift, "order": "no examples", "loss_train": np.array([0.1]),
                "train_loss": 0.1}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    require_each_way(STUDY, _table, part, PARTS.index(part), 15)


@pytest.mark.alternating
@pytest.mark.parametrize(("shown", "place"), [("kernel", 1), ("none", 0)])
def test_a_part_that_stays_and_one_that_moves_along_would_be_noticed(shown: str, place: int) -> None:
    with pytest.raises(AssertionError, match="kernel" if shown == "none" else "large"):
        require_each_way(STUDY, lambda part, count: _table(shown, count), "kernel", place, 15)


def test_the_table_and_the_figure_have_every_arm_at_every_n() -> None:
    table = _table("none", 0)
    assert len(table) == 4 * 5
    row = table[(table["arm"] == "large rate") & (table["N"] == 200)].iloc[0]
    assert (row["error"], row["error / small rate"]) == (pytest.approx(0.15), pytest.approx(0.75))
    (ax,) = STUDY.plot(table).axes
    kernel = {each.get_label(): each.lines[0] for each in ax.containers}["kernel"]
    assert kernel.get_xdata().tolist() == [40, 80, 200, 400] and kernel.get_ydata()[2:].tolist() == pytest.approx([0.4, 0.3])


def test_the_kernels_clock_runs_with_the_square_of_its_scale() -> None:
    plan = STUDY.plan("default")
    small, kernel = plan["small-rate"].experiment, plan["kernel"].experiment
    assert kernel.output_scale**2 * kernel.max_tau == pytest.approx(5 * small.max_tau)
    assert (kernel.train_second_layer, small.train_second_layer) == (False, True)
