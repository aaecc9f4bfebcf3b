"""The answers of the documentation follow from the tables that are stored with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from theory_sim.plots.studies import plot_study
from theory_sim.study.registry import study_of
from theory_sim.study.run_study import read_table
from theory_sim.study_tables import markdown

RESULTS = Path(__file__).resolve().parents[3] / "docs" / "questions" / "results"
STORED = sorted(path.name for path in RESULTS.iterdir())


@pytest.mark.parametrize("name", STORED)
def test_the_stored_table_gives_the_stored_answer(name: str) -> None:
    study, table = study_of(name), read_table(RESULTS / name / "table.csv")
    stored = json.loads((RESULTS / name / "verdict.json").read_text(encoding="utf-8"))
    found = study.decide(table)
    assert json.loads(json.dumps(found.to_dict())) == {key: stored[key] for key in found.to_dict()}
    assert (stored["rule"], stored["statement"], stored["size"]) == (study.rule, study.statement, "default")
    assert stored["runs"]["failed"] == stored["runs"]["pending"] == 0
    assert (RESULTS / name / "table.md").read_text(encoding="utf-8") == markdown(table, found)
    assert f"*{stored['verdict']}*" in (RESULTS.parent / f"{name}.md").read_text(encoding="utf-8")
    assert plot_study(name, table).axes
