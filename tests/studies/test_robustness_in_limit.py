"""Arms that no mean computes, by the limit: the page's table is that of the stored runs, and these are the studies' arms."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.studies.robustness_by_study import OWN, SETTINGS
from tests.studies.robustness_in_limit import PAGE, SETS, STUDIES, Row, arms, load, page_table, row_of, shown

ROWS = load()


def test_the_page_has_the_table_of_the_stored_runs() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"\n{page_table(ROWS)}\n" in text[text.index("\n## By the limit\n"):]
    assert f"[a table of {len({(row.study, row.arm) for row in ROWS})} such arms](#by-the-limit)" in text


def test_another_order_is_another_table() -> None:
    row = next(row for row in ROWS if row.study == "losses" and math.isfinite(row.tau_P))
    twin = [replace(each, tau_P=each.tau_Q, tau_Q=each.tau_P) if each == row else each for each in ROWS]
    assert page_table(twin) != page_table(ROWS)


@pytest.mark.parametrize("study", STUDIES)
def test_the_stored_arms_are_those_of_the_study(study: str) -> None:
    mine = [row for row in ROWS if row.study == study]
    assert list(dict.fromkeys(row.arm for row in mine)) == list(arms(study))
    assert len(mine) == len(arms(study)) * len(SETTINGS) * SETS and not {row.seed for row in mine} - {5000, 5001, 5002}


@pytest.mark.tier2
@pytest.mark.parametrize(("study", "arm", "setting"), [
    ("losses", "exponential: constant large rate", OWN), ("optimisers", "heavy ball: constant large rate", "alpha on [0, 1]"),
])
def test_a_stored_run_is_found_again(study: str, arm: str, setting: str) -> None:
    (stored,) = (row for row in ROWS if (row.study, row.arm, row.setting, row.seed) == (study, arm, setting, 5000))
    found = row_of(study, arm, arms(study)[arm], setting, 5000)
    assert (found.tau_P, found.tau_Q) == pytest.approx((stored.tau_P, stored.tau_Q), rel=1e-3)


def test_what_three_data_sets_show() -> None:
    def row(tau_P: float, tau_Q: float) -> Row:
        return Row("s", "a", OWN, 5000, tau_P, tau_Q)

    cells = [row(1.0, 2.0), row(1.0, math.inf), row(2.0, 1.0), row(math.inf, math.inf), row(math.nan, math.nan)]
    assert [each.cell for each in cells] == ["P Q", "P –", "Q P", "– –", "none"]
    assert shown([cells[0]] * 3) == "P Q" and shown([cells[2], cells[0], cells[2]]) == "Q P (2), P Q (1)"


def test_what_the_page_reads_from_the_table() -> None:
    cells = {(row.study, row.arm, row.setting): [] for row in ROWS}
    for row in ROWS:
        cells[row.study, row.arm, row.setting].append(row.cell[0])
    paper = "alpha on [0, 1]"
    for study, arm in (("optimisers", "heavy ball: S"), ("optimisers", "nesterov: S"), ("losses", "exponential: S"),
                       ("losses", "hinge: S"), ("label-noise", "share 0.05: S")):
        assert cells[study, arm, paper] == ["P"] * SETS and cells[study, arm, OWN] == ["Q"] * SETS
    for (study, arm, setting), first in cells.items():
        if setting == paper and (study == "batch-size" or arm.startswith("anew")):
            assert first.count("Q") > SETS / 2
        if cells[study, arm, OWN] == ["P"] * SETS and setting != "q_0 = 0.7" and first != ["P"] * SETS:
            assert arm.startswith("share 0.1") and setting == "kappa = 0.4"
