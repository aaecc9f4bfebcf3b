"""The answers of both studies on images follow from the tables that are stored with them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas
import pytest

from theory_sim.statistics.intervals import mean_interval
from theory_sim.studies.run_study import read_table, read_verdict
from theory_sim.vision.plan import VisionPlan
from theory_sim.vision.studies.base import IMAGE_STUDIES, paired

DOCS = Path(__file__).resolve().parents[2] / "docs" / "explanation"


@pytest.mark.parametrize("name", IMAGE_STUDIES.names())
def test_the_stored_table_gives_the_stored_answer(name: str) -> None:
    study, folder = IMAGE_STUDIES[name], DOCS / "images" / name
    stored, table = read_verdict(folder / "verdict.json"), read_table(folder / "table.csv")
    found = study.decide(table)
    assert json.loads(json.dumps(found.to_dict())) == {key: stored[key] for key in found.to_dict()}
    assert (stored["rule"], stored["statement"], stored["size"]) == (study.rule, study.statement, "default")
    lines = [f"- *{each.verdict}*: {each.statement}: {each.reason}" for each in found.findings]
    assert (folder / "verdict.md").read_text(encoding="utf-8").splitlines() == lines
    assert f"*{found.verdict}*" in page_of(name)


def page_of(name: str) -> str:
    return (DOCS / "questions" / f"{name}.md").read_text(encoding="utf-8").replace("−", "-")


def _column(table: pandas.DataFrame, arm: str, patch: int, column: str) -> list[float]:
    rows = table[(table["arm"] == arm) & (table["patch"] == patch)].sort_values("seed")
    return [float(value) for value in rows[column]]


def _told(values: list[float], digits: int) -> str:
    found = mean_interval(values, 0.95)
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


@pytest.mark.parametrize(("name", "arm", "last"), [
    ("images", "large", ("mixed accuracy", 1, 2)), ("mitigation-on-images", "small-noise", ("patch-only accuracy", 1, 2)),
])
def test_the_pages_table_is_of_the_stored_one(name: str, arm: str, last: tuple[str, int, int]) -> None:
    """Every row, with the rounding of the page; intervals of Student."""
    table = read_table(DOCS / "images" / name / "table.csv")
    rows = [("patch-only accuracy at annealing", 1, 2), last, ("clean accuracy", 1, 3), ("clean accuracy", 0, 3)]
    for column, patch, digits in rows:
        cells = [_told(_column(table, each, patch, column), digits) for each in (arm, "small")]
        cells.append(_told(paired(table, column, arm, "small", patch=bool(patch)), digits))
        assert f"| {' | '.join(cells)} |" in page_of(name), column


def test_the_pages_levels_with_the_whole_gradient_are_of_the_stored_ones() -> None:
    """L at epoch 8: the level over the recursion's, and the variance that batches have added over that of the recursion."""
    table = read_table(DOCS / "images" / "whole_gradient.csv")
    at = table[(table["arm"] == "large") & (table["epoch"] == 8)]
    over = at["level"] / at["recursion"]
    added = (at["level"] ** 2 - at["start"] ** 2) / (at["recursion"] ** 2 - at["start"] ** 2)
    text = " ".join(page_of("images").split())
    assert len(at) == 3
    assert f"L's level at epoch 8 is {over.min():.2f} to {over.max():.2f} of the recursion's" in text
    assert f"batches have added by then, {added.min():.2f} to {added.max():.2f} is measured" in text
    small = table[table["arm"] == "small"]
    assert (abs(small[["level", "recursion"]].div(small["start"], axis=0) - 1.0) < 1e-3).all(axis=None)


def test_the_runs_with_the_whole_gradient_are_as_the_page_says() -> None:
    plan = VisionPlan.from_toml(DOCS.parent / "examples" / "vision" / "whole-gradient.toml")
    steps = plan.data.train // plan.training.batch
    assert (plan.data.train, steps, len(plan.seeds)) == (640, 10, 3)
    assert (plan.training.reference, plan.training.refresh) == (plan.data.train, steps)
