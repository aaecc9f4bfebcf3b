"""The study label-noise: made-up runs through the code that makes its table, and the level at which a kind is learnt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import NONE, require_each_way, shown_on, summaries_of
from theory_sim.studies.label_noise.study import STUDY, level_of
from theory_sim.sweeps.sweep_run import SweepRun

PARTS = ("share-0", "share-0.05", "share-0.1", "end", "loss", "wider", "anew")


def _table(part: str, count: int) -> Any:
    """One part is shown on the first ``count`` of 16 data sets, every other part on all."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e = run.experiment
        k, small = e.seed - 440, e.schedule == "S"
        flip = shown(name, k) if name != "anew" else not shown("anew", k)
        p_first = not small if flip else bool(k % 2)  # no flip: both rates learn the same first
        wrong = name == "share-0.1"
        # S's error over the annealed one's: 1.2 with right labels; with a tenth wrong 1.4, or less where a part is not shown.
        ratio = 1.2 if not wrong else 1.4 if shown("wider", k) and shown("end", k) else 1.1 if shown("end", k) else 0.9
        at_loss = ratio if not wrong else 1.3 if shown("loss", k) else math.nan if k % 2 else 0.9
        return {"learnt_P": 300.0 if p_first else 500.0, "learnt_Q": 400.0 if e.schedule != "constant" else math.inf,
                "P_error": 0.01 * (ratio if small else 1.0), "equal_loss": 0.02 * (at_loss if small else 1.0),
                "train_loss": 0.4, **{f"error_at_{share}": 0.01 for share in (25, 50, 75)}}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_come_out_each_way(part: str) -> None:
    coupled = {PARTS.index("wider")} if part == "end" else NONE  # a smaller error of S is no wider gap
    require_each_way(STUDY, _table, part, PARTS.index(part), 16, below=part == "anew", free=lambda found: coupled)


def test_the_table_holds_each_arm_once() -> None:
    table = _table("none", 0)
    assert len(table) == 3 * 3 + 2 + 1
    row = table[(table["share of wrong labels"] == 0.1) & (table["arm"] == "S")].iloc[0]
    assert row["error S / annealed, end"] == pytest.approx(1.4) and row["error S / annealed, equal loss"] == pytest.approx(1.3)
    constant = table[table["arm"] == "constant"]
    assert (constant["tau_Q censored"] == 16).all() and constant["flips"].isna().all()
    once = table[table["labels"] == "flipped once"]
    lines = {line.get_label(): line for line in STUDY.plot(table).axes[0].containers}
    drawn = lines["S"].lines[0]
    assert drawn.get_xdata().tolist() == [0.0, 0.05, 0.1]
    assert drawn.get_ydata().tolist() == pytest.approx(once[once["arm"] == "S"]["P error"].tolist())


def test_the_level_is_that_of_one_margin() -> None:
    """By the losses themselves: every output has the margin at which the logistic loss is 0.50, a share of it the wrong way."""
    margin = -math.log(math.expm1(0.50))
    losses = np.log1p(np.exp(-margin * np.array([1.0] * 9 + [-1.0])))
    assert level_of(0.1) == pytest.approx(losses.mean()) and level_of(0.0) == 0.50


def test_learnt_is_the_crossing_of_that_level() -> None:
    class Run:
        class experiment:
            label_flips = 0.1

        def history(self, name: str, kind: str | None = None) -> Any:
            losses = [0.69, level_of(0.1) + 0.01, level_of(0.1) - 0.01]
            return np.array([0.0, 10.0, 20.0] if name == "tau" else losses)

    assert STUDY.metrics["learnt_P"](Run()) == pytest.approx(15.0)  # type: ignore[arg-type]
