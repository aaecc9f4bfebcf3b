"""The page on other settings: its table and its sentences are those of the stored runs, which are found again."""

from __future__ import annotations

import math
import re

import pytest

from tests.result_table import read_table
from tests.studies.robustness import LARGER, SETTINGS, TABLE, D, Row, experiment, read, row_of
from theory_sim.studies.registry import get_study
from theory_sim.theory.conditions import output_noise


def lines(rows: list[Row]) -> list[str]:
    """Of the page's table: each setting at the studies' d, and without a flip there at the last d that was tried."""
    found = []
    for setting in SETTINGS:
        tried = [row for row in rows if row.setting == setting]
        for row in tried[:1] if len(tried) == 1 else (tried[0], tried[-1]):
            times = [", ".join(_number(time, 0) for time in pair) for pair in (
                (row.large_tau_P, row.large_tau_Q), (row.small_tau_P, row.small_tau_Q))]  # fmt: skip
            ratios = [_number(ratio, 2) for ratio in (row.ratio_half, row.ratio_later, row.ratio_end, row.ratio_equal_loss)]
            flip = "yes" if row.flips else "no"
            said = setting.replace("alpha", "α").replace("kappa", "κ").replace("q_0", "q₀")
            found.append(f"| {said} | {row.d} | {times[0]} | {times[1]} | {flip} | {' | '.join(ratios)} |")
    return found


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def test_the_page_has_the_table_of_the_stored_runs() -> None:
    rows = [read(cells) for cells in read_table(TABLE)]
    text = TABLE.with_suffix(".md").read_text(encoding="utf-8")
    assert [line for line in lines(rows) if line not in text.splitlines()] == []
    for setting in SETTINGS:
        tried = [row.d for row in rows if row.setting == setting]
        assert tried == [D, *LARGER][:len(tried)], "until there is a flip"
    flips = {row.setting: row.d for row in rows if row.flips}
    assert flips["alpha on [0, 1], small rate 0.0016"] == 356 and "from d = 356 on" in text
    assert flips["alpha on [0, 1]"] == 6325 and "near d = 6300" in text and "q_0 = 0.7" not in flips
    assert all(row.ratio_half > row.ratio_end for row in rows if row.setting != "alpha on [0, 1], small rate 0.0016")
    assert re.search(r"that is 0\.7, 7 and 71,", text)
    assert [round(output_noise("independent", tau), 1) for tau in (1.0, 10.0, 100.0)] == [0.7, 7.1, 70.7]


def test_a_flip_is_of_both_rates() -> None:
    usual = dict.fromkeys(("ratio_half", "ratio_later", "ratio_end", "ratio_equal_loss"), 1.0)
    for large, small, flips in (((1, 2), (2, 1), True), ((1, math.inf), (2, 1), True), ((2, 1), (2, 1), False),
                                ((1, 2), (1, 2), False), ((1, 2), (2, math.inf), False)):  # fmt: skip
        assert Row("a", 200, *large, *small, **usual).flips is flips


def test_the_first_setting_is_that_of_the_studies() -> None:
    e = experiment("as in the studies")
    for name, sweep in (("losses", "logistic"), ("kernel-change", "patterns"), ("rates", "S"), ("mitigation", "baseline")):
        study = get_study(name).plan("default")[sweep].experiment
        assert (study.d, study.r, study.lambda_, study.alpha_min, study.kappa, study.q0) == (
            e.d, e.r, e.lambda_, e.alpha_min, e.kappa, e.q0), name
    q = experiment("q_0 = 0.3")
    assert q.epsilon_1 / (1 - q.q0) == pytest.approx(e.epsilon_1 / (1 - e.q0), rel=1e-5)
    wide = experiment("kappa = 0.4", 2000)
    assert wide.r / e.r == pytest.approx(10**-0.45, rel=1e-5) and wide.lambda_ / e.lambda_ == pytest.approx(10**-1.2, rel=1e-5)


@pytest.mark.tier2
def test_the_stored_runs_are_found_again() -> None:
    (stored,) = [read(cells) for cells in read_table(TABLE) if cells["setting"] == "kappa = 0.6"]
    found = row_of("kappa = 0.6")
    for name in ("large_tau_P", "large_tau_Q", "small_tau_P", "small_tau_Q", "ratio_end", "ratio_equal_loss"):
        assert getattr(found, name) == pytest.approx(getattr(stored, name), rel=1e-4), name
