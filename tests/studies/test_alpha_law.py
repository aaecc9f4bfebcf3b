"""The study alpha-law: made-up runs through the code that makes its table, and its settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import summaries_of
from theory_sim.studies.alpha_law.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

P_FIRST = {"tau_P": 300.0, "tau_Q": 500.0}
Q_FIRST = {"tau_P": 500.0, "tau_Q": 300.0}
CONTROLS = {"never": {"tau_P": 300.0, "tau_Q": math.inf, "P_error": 0.004, "error_at_25": 0.01},
            "quiet": {"tau_P": 500.0, "tau_Q": 200.0, "P_error": 0.02, "error_at_25": 0.1}}  # fmt: skip
NAMES = ("alpha-in--0--1--large", "alpha-in--0--1--first", "kappa---0-6-large", "q-0---0-5-large", "independent")


def _table(flips: Mapping[str, int], ratio: float, spread: float) -> Any:
    first = STUDY.plan("default")["independent"].seeds[0]

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - first
        large = e.schedule == "L-S"
        if name.startswith("closure"):
            return P_FIRST if large else Q_FIRST  # counts for nothing
        if name.endswith(("-never", "-quiet")):
            return CONTROLS[name[-5:]]
        error = 0.01 if large else 0.01 * ratio * math.exp(spread if k % 2 else -spread)
        return {**(P_FIRST if large and k < flips[name] else Q_FIRST), "P_error": error}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.parametrize(("flips", "ratio", "spread", "parts"), [
    ((15, 0, 14, 13, 15), 2.0, 0.2, "ssssss"), ((0, 15, 1, 2, 0), 1.2, 0.1, "rrrrrr"), ((12, 3, 3, 8, 12), 1.5, 0.2, "uuuuuu"),
    ((15, 8, 2, 12, 14), 1.7, 0.5, "surusu"),
])
def test_each_part_can_come_out_each_way(flips: tuple[int, ...], ratio: float, spread: float, parts: str) -> None:
    table = _table(dict(zip(NAMES, flips, strict=True)), ratio, spread)
    small = table[(table["schedule"] == "S") & (table["n"] == 15)]
    assert [int(value) for value in small["flips"]] == list(flips)
    found = STUDY.decide(table).findings
    assert "".join(each.verdict[0] for each in found) == parts


def test_the_arms_beside_are_counted_and_decide_nothing() -> None:
    table = _table(dict.fromkeys(NAMES, 15), 2.0, 0.0)
    never, quiet = (table[table["schedule"] == arm] for arm in ("constant", "L-S, no noise"))
    assert list(zip(never["setting"], never["d"], strict=True)) == [
        ("alpha in [0, 1]", 562), ("alpha in [0, 1]", 100), ("kappa = 0.6", 562), ("q_0 = 0.5", 562),
        ("independent neurons", 200)] == list(zip(quiet["setting"], quiet["d"], strict=True))  # fmt: skip
    assert set(never["P first"]) == set(never["tau_Q censored"]) == set(quiet["Q first"]) == {15}
    assert set(never["P and Q learnt"]) == {0} and set(quiet["P and Q learnt"]) == {15}
    assert never["error S / arm, end"].tolist() == pytest.approx([5.0] * 5)
    assert quiet["error S / arm, end"].tolist() == pytest.approx([1.0] * 5)
    assert table["error S / arm, end"].notna().sum() == 10, "of these arms alone"
    others = table[~table["schedule"].isin(("constant", "L-S, no noise"))]
    assert STUDY.decide(others) == STUDY.decide(table)


def test_nothing_is_judged_of_the_closure_or_of_missing_runs() -> None:
    table = _table(dict.fromkeys(NAMES, 15), 2.0, 0.1)
    assert {each.verdict for each in STUDY.decide(table[table["engine"] == "closure"]).findings} == {"undecided"}
    times, errors = STUDY.plot(table).axes
    labels = times.get_legend_handles_labels()[1]
    assert labels == ["alpha in [0, 1]", "kappa = 0.6", "q_0 = 0.5", "independent neurons", "alpha in [1/2, 1]"], "once each"
    assert {tuple(line.get_ydata()) for line in times.lines if line.get_label() == "kappa = 0.6"} == {(500.0 / 300.0,) * 13}
    assert any(line.get_ydata()[0] == pytest.approx(2.0, abs=0.1) for line in errors.lines if len(line.get_xdata()) == 1)


def test_the_family_is_that_of_scaling_but_for_its_setting() -> None:
    plan = STUDY.plan("default")
    paper, q = (plan[name].experiment for name in (NAMES[0], NAMES[3]))
    assert (paper.alpha_min, paper.alpha_max, paper.kappa, paper.q0, paper.d) == (0.0, 1.0, 0.5, 0.3, 562)
    assert paper.epsilon_1 / (1 - paper.q0) == pytest.approx(q.epsilon_1 / (1 - q.q0), rel=1e-5)
    assert plan["independent"].experiment.neurons == "independent"
    assert plan["independent"].experiment.tau_0_value == pytest.approx(0.3, rel=2e-3)
    for name in NAMES:
        e, never, quiet = (plan[f"{name}{end}"].experiment for end in ("", "-never", "-quiet"))
        assert never == e.replace(schedule=never.schedule, name=never.name)
        assert quiet == e.replace(schedule=quiet.schedule, name=quiet.name, tau_xi=0.0, tau_0=e.tau_0_value)
        assert [plan[f"{name}-{arm}"].compare for arm in ("never", "quiet")] == [("constant",), ("L-S",)]
        assert plan[name].seeds == plan[f"{name}-never"].seeds == plan[f"{name}-quiet"].seeds
