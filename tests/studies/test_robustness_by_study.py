"""The page of other settings, study by study: its tables and counts are those of the stored runs, which are found again."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from tests.studies.robustness_by_study import (
    LEVELS_READ,
    NOT_COMPUTED,
    PAGE,
    PAPER,
    SAME_ARMS,
    SETTINGS,
    Row,
    arms,
    changed,
    engine_of,
    first_d,
    load,
    others_first,
    page_tables,
    row_of,
    summary,
)
from theory_sim.studies.registry import study_names

ROWS = load()


def _text() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_has_the_tables_of_the_stored_runs() -> None:
    text = _text()
    assert f"\n{summary(ROWS)}\n" in text
    for study, table in page_tables(ROWS).items():
        assert f"\n{table}\n" in text[text.index(f"\n## {study}\n"):], study
    counts = {setting: others_first(ROWS, setting) for setting in SETTINGS}
    of = counts[PAPER][1]
    assert f"of {of} arms" in text and {total for _, total in counts.values()} == {of}
    said = {"alpha on [0, 1]": "α on [0, 1]", "kappa = 0.4": "κ = 0.4", "kappa = 0.6": "κ = 0.6", "q_0 = 0.3": "q₀ = 0.3",
            "q_0 = 0.7": "q₀ = 0.7"}
    for setting, name in said.items():
        assert f"{name}: {counts[setting][0]}" in text, setting


def test_another_order_is_another_page() -> None:
    row = next(row for row in ROWS if row.study == "schedules" and row.setting == "kappa = 0.4")
    twin = [replace(each, tau_P=each.tau_Q, tau_Q=each.tau_P) if each == row else each for each in ROWS]
    assert page_tables(twin)["schedules"] not in _text()
    assert others_first(twin, "kappa = 0.4") != others_first(ROWS, "kappa = 0.4")
    own = [Row("s", "a", "as in the study", 200, "closure", 1.0, 2.0)]
    later = [Row("s", "a", PAPER, d, "closure", *times) for d, times in ((200, (2.0, 1.0)), (356, (1.0, math.inf)))]
    assert first_d(own + later, "s") == 356 and first_d(own + later[:1], "s") is None
    assert [row.cell for row in later] == ["Q P", "P –"] and replace(own[0], tau_P=math.inf, tau_Q=math.inf).cell == "– –"


def test_every_study_has_a_table_or_a_reason() -> None:
    text = _text()
    without = text[text.index("Not at all:"):text.index("For what the means leave out")]
    for name in study_names():
        covered = [name in LEVELS_READ, name in SAME_ARMS, bool(re.search(rf"\b{name}\b(?!-)", without))]
        assert sum(covered) == 1, name
    assert NOT_COMPUTED.keys() == LEVELS_READ.keys() and set(SAME_ARMS.values()) <= LEVELS_READ.keys()


def test_every_study_links_its_table() -> None:
    pages = PAGE.parent
    for name in (*LEVELS_READ, *SAME_ARMS):
        link = f"(robustness-by-study.md#{SAME_ARMS.get(name, name)})"
        assert link in (pages / f"{name}.md").read_text(encoding="utf-8"), name
        assert f"\n## {SAME_ARMS.get(name, name)}\n" in _text()


@pytest.mark.parametrize("study", ["losses", "kernel-freezing", "regularisation"])
def test_the_stored_arms_are_those_of_the_study(study: str) -> None:
    assert list(dict.fromkeys(row.arm for row in ROWS if row.study == study)) == list(arms(study))


def test_what_a_larger_d_changes() -> None:
    e = arms("losses")["squared: annealed at 300"]
    wide = changed(e, PAPER, 10.0)
    assert (wide.d, wide.alpha_min, wide.pieces[0][0]) == (2000, 0.0, 3000.0) and engine_of(wide) == "mean-field"
    assert wide.r / e.r == pytest.approx(10**-0.45, rel=1e-5) and wide.lambda_ / e.lambda_ == pytest.approx(0.1**1.2, rel=1e-5)
    for one in (e, wide):  # the noise of the large rate keeps its level
        level = one.tau_xi * math.sqrt(one.eta_1 / (2 * one.lambda_))
        assert level == pytest.approx(e.tau_xi * math.sqrt(e.eta_1 / (2 * e.lambda_)), rel=1e-4)
    more = changed(arms("mitigation-over-time")["L-S"], "q_0 = 0.7")
    assert more.epsilon_1 / 0.3 == pytest.approx(arms("mitigation-over-time")["L-S"].epsilon_1 / 0.5, rel=1e-4)


def test_the_orders_in_the_studys_own_setting_are_those_of_its_runs() -> None:
    """Where every run of the study agrees, the mean over data sets does."""
    own = {(row.study, row.arm): row.cell for row in ROWS if row.setting == "as in the study"}
    for arm, first in (("moving large rate", "P –"), ("stopped at 64 large rate", "Q P"), ("redrawn small rate", "P –"),
                       ("moving small from 64", "Q P"), ("moving annealed at 608", "P Q"), ("frozen small rate", "Q P")):
        assert own["kernel-freezing", arm] == first
    for patterns, cells in (("moving", ("P Q", "Q P")), ("frozen", ("Q P", "Q P")), ("redrawn", ("P –", "P –"))):
        assert (own["kernel-change", f"{patterns}: L-S"], own["kernel-change", f"{patterns}: S"]) == cells
    for loss in ("logistic", "squared"):
        assert own["losses", f"{loss}: S"] == "Q P" and own["losses", f"{loss}: constant large rate"] == "P –"


@pytest.mark.tier2
def test_a_stored_run_is_found_again() -> None:
    for study, arm, setting in (("schedules", "cosine", "kappa = 0.6"), ("kernel-freezing", "redrawn small rate", PAPER)):
        stored = next(row for row in ROWS if (row.study, row.arm, row.setting) == (study, arm, setting))
        found = row_of(study, arm, setting)
        assert (found.tau_P, found.tau_Q) == (pytest.approx(stored.tau_P, rel=1e-4), pytest.approx(stored.tau_Q, rel=1e-4))
