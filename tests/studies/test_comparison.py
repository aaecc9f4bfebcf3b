"""A study beside its stored answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.studies.store import PACKAGED, stored
from tests.studies.test_studies import _study
from theory_sim.cli import app
from theory_sim.errors import InputError
from theory_sim.studies import comparison, registry
from theory_sim.studies import run_study as module
from theory_sim.studies.comparison import compare_findings, stored_answer
from theory_sim.studies.decisions import judge_share
from theory_sim.studies.registry import get_study
from theory_sim.studies.study import Finding, StudyVerdict


def test_the_package_holds_the_answers_of_the_pages() -> None:
    assert sorted(path.stem for path in PACKAGED.iterdir()) == sorted(answer.name for answer in stored())
    for answer in stored():
        assert (PACKAGED / f"{answer.name}.json").read_bytes() == (answer / "verdict.json").read_bytes(), "tests.studies.store"
        verdict, said = stored_answer(get_study(answer.name))
        assert verdict.verdict == said["verdict"] and said["study"] == answer.name


def test_parts_are_paired_by_their_statements() -> None:
    stored_parts = [judge_share("a", 10, 10, level=0.95), judge_share("b", 10, 10, level=0.95), Finding("gone", "refuted", "r")]
    fresh_parts = [judge_share("b", 1, 10, level=0.95), judge_share("a", 8, 10, level=0.95), Finding("new", "supported", "r")]
    found = compare_findings(StudyVerdict.of(stored_parts, 0.95), StudyVerdict.of(fresh_parts, 0.95))
    assert [(each.statement, each.overlap) for each in found] == [("b", False), ("a", True), ("new", None), ("gone", None)]
    assert found[2].stored is None and found[3].fresh is None
    row = found[0].to_dict()
    assert (row["stored estimate"], row["fresh estimate"]) == (1.0, 0.1)
    assert row["stored low"] == pytest.approx(0.025**0.1) and row["fresh verdict"] == "refuted"


def _answer(successes: int) -> StudyVerdict:
    return StudyVerdict.of([judge_share("it holds", successes, 10, level=0.95)], 0.95)


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown"])
def test_the_command_line_compares(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = _study()
    study = type(tiny)(**{**tiny.__dict__, "decide": lambda table: _answer(2)})
    monkeypatch.setattr(module, "get_study", lambda name: study)
    monkeypatch.setattr(registry, "get_study", lambda name: study)
    monkeypatch.setattr(comparison, "stored_answer", lambda study: (_answer(10), {}))
    found = CliRunner().invoke(app, ["study", "tiny", "--size", "small", "--seeds", "7", "--compare", "--workers", "0",
                                     "--out", str(tmp_path), "--format", form])  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "it holds" in found.stdout and "supported" in found.stdout and "undecided" in found.stdout
    if form == "json":
        (part,) = json.loads(found.stdout)["studies"][0]["parts"]
        assert part["overlap"] is False and part["fresh estimate"] == 0.2
    if form == "text":
        assert "DO NOT OVERLAP" in found.stdout
        assert max(len(line) for line in found.stdout.splitlines() if str(tmp_path) not in line) <= 80  # a path stays whole


def test_a_study_without_a_stored_answer_is_told_before_any_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "get_study", lambda name: _study())
    found = CliRunner().invoke(app, ["study", "tiny", "--compare", "--out", str(tmp_path / "new")])
    assert isinstance(found.exception, InputError) and "no stored answer of tiny" in str(found.exception)
    assert not (tmp_path / "new").exists()
