"""The answers of the documentation follow from the tables that are stored with them."""

from __future__ import annotations

import csv
import json
import re
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


@pytest.mark.parametrize("answer", STORED, ids=lambda path: path.name)
def test_the_stored_runs_give_the_stored_table(answer: Path) -> None:
    table = table_of_runs(answer.name, answer / "runs.csv")
    assert table.to_csv(index=False) == (answer / "table.csv").read_text(encoding="utf-8")
    stored = json.loads((answer / "verdict.json").read_text(encoding="utf-8"))
    assert stored["runs_sha256"] and stored["table_sha256"], "both are sealed"


# Columns with empty cells whose numbers happen to be whole: shares and times.
WHOLE_BY_CHANCE = {"share of flips", "share of flips high", "annealed at tau", "noise_annealing"}


def counts_with_fractions(text: str) -> list[str]:
    """Columns of a table in which a count is written as 16.0, since some of its cells are empty."""
    head, *rows = csv.reader(text.splitlines())
    found = []
    for name, *cells in zip(head, *rows, strict=True):
        known = [cell for cell in cells if cell]
        if len(known) < len(cells) and known and all(re.fullmatch(r"-?\d+\.0", cell) for cell in known):
            found.append(name)
    return [name for name in found if name not in WHOLE_BY_CHANCE]


@pytest.mark.parametrize("answer", STORED, ids=lambda path: path.name)
def test_counts_are_whole_numbers(answer: Path) -> None:
    assert counts_with_fractions((answer / "table.csv").read_text(encoding="utf-8")) == []


def test_a_count_with_a_fraction_is_found() -> None:
    assert counts_with_fractions("arm,flips,x\na,16.0,1.5\nb,,2.0\n") == ["flips"]
    assert counts_with_fractions("arm,flips,x\na,16,1.5\nb,,2.0\n") == []
