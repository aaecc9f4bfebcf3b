"""The answers of the documentation follow from the tables that are stored with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, table_of_runs
from theory_sim.terminal.study_tables import markdown

DOCS = Path(__file__).resolve().parents[2] / "docs"
STORED = sorted(path.parent for path in DOCS.glob("explanation/*/results/*/verdict.json"))


@pytest.mark.parametrize("answer", STORED, ids=lambda path: path.name)
def test_the_stored_table_gives_the_stored_answer(answer: Path) -> None:
    name = answer.name
    study, table = get_study(name), read_table(answer / "table.csv")
    stored = json.loads((answer / "verdict.json").read_text(encoding="utf-8"))
    found = study.decide(table)
    assert json.loads(json.dumps(found.to_dict())) == {key: stored[key] for key in found.to_dict()}
    assert (stored["rule"], stored["statement"], stored["size"]) == (study.rule, study.statement, "default")
    assert stored["limits"] == study.limits, "of the runs that the study has now"
    assert stored["runs"]["done"] == study.runs("default"), "places that share a run count once"
    assert stored["runs"]["failed"] == stored["runs"]["pending"] == 0
    assert (answer / "table.md").read_text(encoding="utf-8") == markdown(table, found)
    assert f"*{stored['verdict']}*" in (answer.parents[1] / f"{name}.md").read_text(encoding="utf-8")
    assert study.plot(table).axes


# Stored before runs.csv was: their runs are no longer there; to compute them again costs 6 to 20 minutes of a processor each.
WITHOUT_RUNS = {"kernel-change", "mitigation", "noise-placement", "scaling", "width"}


@pytest.mark.parametrize("answer", STORED, ids=lambda path: path.name)
def test_the_stored_runs_give_the_stored_table(answer: Path) -> None:
    if answer.name in WITHOUT_RUNS:
        assert not (answer / "runs.csv").exists(), "then it is no longer without"
        return
    table = table_of_runs(answer.name, answer / "runs.csv")
    assert table.to_csv(index=False) == (answer / "table.csv").read_text(encoding="utf-8")
    stored = json.loads((answer / "verdict.json").read_text(encoding="utf-8"))
    assert stored["runs_sha256"] and stored["table_sha256"], "both are sealed"
