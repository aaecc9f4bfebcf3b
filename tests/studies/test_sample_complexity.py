"""The study sample-complexity: made-up runs through the code that makes its table, and the numbers of examples by hand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from scipy import stats

from tests.studies.made_up import summaries_of
from tests.studies.store import DOCS
from theory_sim.studies.fresh_seeds import with_seeds
from theory_sim.studies.sample_complexity.study import STUDY, examples_for
from theory_sim.sweeps.sweep_run import SweepRun


def _table(exponents: tuple[float, float, float], ratio: float, spread: float, lost: bool = False) -> Any:
    """Errors that fall through 5 % at c d^a examples of a kind; a differs by +-spread between seeds."""
    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, own = run.experiment, spread if run.experiment.seed % 2 else -spread
        linear = name == "linear-model"
        p_exponent = exponents[1] if linear else exponents[0]
        needed_P = 24.0 * (e.d / 200) ** (p_exponent + own) * (ratio if linear else 1.0)
        needed_Q = 24.0 * (e.d / 200) ** (exponents[2] + own)
        if linear:  # at the largest d the ratio is the one asked for
            needed_P *= (400 / 200) ** (exponents[0] - exponents[1])
        at = e.n_examples / 2
        p_error = 0.05 * (needed_P / at) ** 2
        q_error = 0.0 if lost else float(np.clip(0.05 - 0.05 * math.log(at / needed_Q), 0.0, 1.0))
        return {"P_error": p_error, "error_test": np.array([0.5, q_error, 0.5])}

    few = replace(STUDY, plan=lambda size: with_seeds(STUDY.plan(size), range(4)))
    return STUDY.tabulate(summaries_of(few, outcome))


@pytest.mark.tier2
@pytest.mark.parametrize(("exponents", "ratio", "spread", "parts"), [
    ((1.0, 1.0, 0.0), 1.0, 0.02, "ssss"), ((0.7, 1.3, 0.8), 1.3, 0.02, "rrrr"), ((0.9, 1.1, 0.5), 1.1, 0.02, "uuuu"),
    ((1.0, 0.7, 0.3), 0.8, 0.4, "uuur"),
])
def test_each_part_can_come_out_each_way(exponents: tuple[float, float, float], ratio: float, spread: float,
                                         parts: str) -> None:
    table = _table(exponents, ratio, spread)
    network, linear = (table[table["model"] == model].iloc[0] for model in ("network", "linear model"))
    assert (network["exponent, P"], linear["exponent, P"]) == (pytest.approx(exponents[0]), pytest.approx(exponents[1]))
    assert network["exponent, Q"] == pytest.approx(exponents[2], abs=0.02), "errors, not logarithms, are interpolated"
    assert network["log linear / network, P"] == pytest.approx(math.log(ratio))
    assert "".join(each.verdict[0] for each in STUDY.decide(table).findings) == parts


def test_an_error_that_is_below_from_the_first_decides_nothing() -> None:
    table = _table((1.0, 1.0, 0.0), 1.0, 0.02, lost=True)
    found = STUDY.decide(table).findings
    p_error, _, needed = STUDY.plot(table).axes
    shown = {line.get_label(): line.get_ydata() for line in p_error.lines}
    rows = table[(table["model"] == "network") & (table["d"] == 200)]
    assert list(shown["d = 200"]) == pytest.approx(rows["P error"].clip(lower=1e-3).tolist()), "below 0.001 it is drawn there"
    assert {float(line.get_ydata()[0]) for line in needed.lines if line.get_xdata()[0] == 200} >= {
        rows["examples for 5 %, P"].iloc[0]}
    assert [each.verdict for each in found] == ["supported", "supported", "undecided", "supported"]


def test_examples_are_interpolated_where_the_error_first_falls_through() -> None:
    errors = np.array([0.4, 0.2, 0.0, 0.3])
    assert examples_for(0.1, [4, 8, 16, 32], errors, logarithmic=False) == pytest.approx(8 * 2**0.5)
    assert examples_for(0.1, [4, 8, 16, 32], errors, logarithmic=True) == pytest.approx(8 * 2**0.5), "an error of 0 has none"
    assert examples_for(0.2, [4, 8], np.array([0.8, 0.05]), logarithmic=True) == pytest.approx(4 * 2**0.5)
    assert math.isnan(examples_for(0.5, [4, 8], np.array([0.4, 0.2]), logarithmic=True))
    assert math.isnan(examples_for(0.1, [4, 8], np.array([0.4, 0.2]), logarithmic=True))
    assert math.isnan(examples_for(0.3, [4, 8], np.array([math.nan, 0.2]), logarithmic=True))


def test_the_bound_is_that_of_the_error() -> None:
    """By simulation: a direction with the overlap that the bound is taken at errs on 5 % of fresh P examples."""
    from theory_sim.studies.sample_complexity.study import _overlap

    c, rng = _overlap(), np.random.default_rng(0)
    margin = c * (1 + np.abs(rng.standard_normal(200_000))) + math.sqrt(1 - c * c) * rng.standard_normal(200_000)
    assert float((margin < 0).mean()) == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 200_000))


FIRST = DOCS / "questions" / "results" / "sample-complexity" / "first-design"


@pytest.mark.parametrize(("folder", "sets"), [(FIRST, 14), (FIRST / "again", 15)], ids=["first", "again"])
def test_the_first_design_left_three_parts_open(folder: Path, sets: int) -> None:
    """Read off its stored runs by other code than the study's, whose plan is another one now."""
    runs = pandas.read_csv(folder / "runs.csv")
    assert runs["seed"].nunique() == sets
    page = re.sub(r"\s+", " ", (DOCS / "questions" / "sample-complexity.md").read_text(encoding="utf-8"))
    for model, of in runs.groupby("part"):
        slopes = []
        for _, of_seed in of.groupby("seed"):
            needed = []
            for _, at in of_seed.sort_values("N").groupby("d"):
                k = int(np.flatnonzero(at["P_error"].to_numpy() <= 0.05)[0])
                (x0, y0), (x1, y1) = np.log(at[["N", "P_error"]].to_numpy()[k - 1:k + 1] / np.array([2.0, 1.0]))
                needed.append(x0 + (np.log(0.05) - y0) / (y1 - y0) * (x1 - x0))
            slopes.append(np.polyfit(np.log([100, 200, 400]), needed, 1)[0])
        half = stats.t.ppf(0.5 + (1 - 0.05 / 4) / 2, sets - 1) * np.std(slopes, ddof=1) / sets**0.5
        low, high = np.mean(slopes) - half, np.mean(slopes) + half
        table = pandas.read_csv(folder / "table.csv").set_index("model").loc[str(model).replace("-", " ")].iloc[0]
        assert (low, high) == pytest.approx((table["exponent, P low"], table["exponent, P high"]))
        assert low > 0.9 and high > 1.1, "open"
        assert f"{np.mean(slopes):.2f} [{low:.2f}, {high:.2f}]" in page
    network = runs[(runs["part"] == "network") & (runs["d"] == 100) & (runs["N"] == 8)]
    assert int((network["error_test Q-only"] <= 0.05 ).sum()) == 8, "four examples are enough"
    said = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert [each["verdict"] for each in said["findings"]] == ["undecided", "undecided", "undecided", "supported"]
