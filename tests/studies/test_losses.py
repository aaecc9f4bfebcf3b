"""The study losses: made-up runs through the code that makes its table, and what it counts of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.studies.made_up import summaries_of
from theory_sim.experiment import Experiment
from theory_sim.studies.losses.study import STUDY, at_equal_start
from theory_sim.sweeps.sweep_run import SweepRun

P_FIRST = {"tau_P": 300.0, "tau_Q": 500.0}
Q_FIRST = {"tau_P": 500.0, "tau_Q": 300.0}
FIRST = STUDY.plan("default")["logistic"].seeds[0]


def _made_up(flips: Mapping[str, int], ignored: Mapping[str, int], more: int) -> Any:
    """Flips on the first data sets of each loss; both ignored, and more left by the squared loss, on the first ones too."""
    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - FIRST
        if name.endswith("large-d"):
            left = 0.1 if e.loss == "logistic" else 0.2 if k < more else 0.05
            return {"ignored": -0.3 if k < ignored[e.loss] else 0.6, "left": left}
        if name.endswith("without-noise"):  # counts for nothing
            return {**P_FIRST, "left": 0.5, "ignored": 0.1}
        return {**(P_FIRST if e.schedule == "pieces" and k < flips[e.loss] else Q_FIRST), "left": 0.5, "ignored": 0.1}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.parametrize(("flips", "ignored", "more", "parts"), [
    ((16, 15, 14, 16), (16, 0), 16, "sssssss"),
    ((0, 1, 2, 0), (0, 16), 0, "rrrrrrr"),
    ((13, 8, 3, 13), (13, 3), 13, "uuuuuuu"),
    ((16, 0, 8, 14), (14, 14), 2, "srussrr"),
])
def test_each_part_can_come_out_each_way(flips: tuple[int, ...], ignored: tuple[int, int], more: int, parts: str) -> None:
    names = ("logistic", "squared", "exponential", "hinge")
    table = _made_up(dict(zip(names, flips, strict=True)), dict(zip(names, ignored, strict=False)), more)
    small = table[table["arm"] == "S"].set_index("loss")
    assert [int(small.loc[name, "flips"]) for name in names] == list(flips)
    wide = table[table["arm"] == "S, large d"].set_index("loss")
    assert [int(wide.loc[name, "ignored"]) for name in names[:2]] == list(ignored)
    assert (wide.loc["squared", "more left"], wide.loc["logistic", "more left"]) == (more, 0)
    assert "".join(each.verdict[0] for each in STUDY.decide(table).findings) == parts


def test_nothing_is_judged_of_runs_that_are_missing() -> None:
    table = _made_up(dict.fromkeys(("logistic", "squared", "exponential", "hinge"), 16), {"logistic": 16, "squared": 0}, 16)
    assert {each.verdict for each in STUDY.decide(table[table["arm"] == "constant"]).findings} == {"undecided"}


@pytest.mark.parametrize("loss", ["logistic", "squared", "exponential", "hinge"])
def test_losses_start_with_the_same_dynamics(loss: str) -> None:
    """Per matched tau: what the gradient moves (rate x slope x time), the decay and the noise's own step are the same."""
    base = Experiment(pieces=((600.0, 16.0), (1e6, 0.5)), schedule="pieces")
    e = at_equal_start(base.replace(loss=loss, tau_0=1.0))
    slope = 0.5 if loss == "logistic" else 1.0
    assert e.eta_1 * slope == base.eta_1 * 0.5 and e.eta_1 * e.lambda_ == base.eta_1 * base.lambda_
    assert e.eta_2 * e.tau_xi == pytest.approx(base.eta_2 * base.tau_xi)
    assert e.max_tau / e.eta_2 == base.max_tau / base.eta_2, "as many steps"
    assert e.pieces is not None and e.pieces[0][0] / e.pieces[0][1] == pytest.approx(600.0 / 16.0)
    assert Experiment(loss=loss).loss == e.loss and math.isclose(e.pieces[1][1], e.eta_2)


def test_what_is_left_is_that_of_the_end_over_the_start() -> None:
    class Run:
        def history(self, name: str, kind: str) -> Any:
            assert kind == "both"
            return {"residual_weight": np.array([0.5, 9.0, 0.1]), "gradient_share_signal": np.array([0.75, 9.0, -0.15])}[name]

    assert STUDY.metrics["left"](Run()) == pytest.approx(0.2)  # type: ignore[arg-type]
    assert STUDY.metrics["ignored"](Run()) == pytest.approx(-0.2)  # type: ignore[arg-type]
