"""A report of claims: what verify says of them, on the page that other reports have."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proofs_check.claim import find
from proofs_check.cli import app
from proofs_check.evidence_text import evidence_lines
from proofs_check.verify import judge, verify
from theory_sim.errors import StoreError
from theory_sim.report.claims import read_claims

TRUE, FALSE = "regime-maximin-point", "separation-of-z-below-square-at-all-ages"


def call(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, words)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout


@pytest.fixture(scope="module")
def printed() -> str:
    status, text = call("verify", TRUE, FALSE, "--format", "json")
    assert status == 0
    return text


def test_verify_says_what_a_report_needs(printed: str, tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text(printed)
    true, false = read_claims(tmp_path / "verdicts.json")
    assert list(true.evidence) == evidence_lines(verify(TRUE).evidence) and true.as_expected
    assert false.outcome == "refuted" == false.expected and false.corrected
    for twin in true.twins:
        assert twin.outcome == judge_twin(twin.name) and twin.where


def judge_twin(name: str) -> str:
    return judge(find(TRUE), name).outcome


def test_the_command_of_an_entry_checks_it_again(printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    true, _ = json.loads(printed)["claims"]
    for line in true["recheck"].split("&&"):
        program, *words = shlex.split(line)
        assert program == "proofs-check" and call(*words)[0] == 0


def test_a_report_has_the_claims_and_replaces_nothing_unasked(printed: str, tmp_path: Path) -> None:
    out = tmp_path / "proofs.html"
    assert call("report", TRUE, FALSE, "--out", str(out)) == (0, f"{out}\n")
    text = out.read_text()
    for each in json.loads(printed)["claims"]:
        assert f"<code>{each['id']}</code>" in text
    assert text.count("<math") == 2 and "2 of 2 claims are as expected" in text
    assert len(text) < 50_000, "no figure, no script of figures"
    assert isinstance(CliRunner().invoke(app, ["report", TRUE, "--out", str(out)]).exception, StoreError)
    assert call("report", TRUE, FALSE, "--out", str(out), "--force")[0] == 0 and out.read_text() == text


def test_a_claim_that_is_not_as_expected_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(find(TRUE), expected="supported")
    # The package's own name `claim` is a function.
    monkeypatch.setattr(import_module("proofs_check.claim"), "find", lambda id: wrong)
    assert call("report", TRUE, "--out", str(tmp_path / "proofs.html"))[0] == 1
    text = (tmp_path / "proofs.html").read_text()
    assert f"Not as expected: {TRUE}." in text and "not as expected</strong>" in text
