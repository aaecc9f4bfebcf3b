"""Readers do not have the authors' feedback: what a mark [F n] cites is retold where they meet the mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

import proofs_check.cli
from proofs_check import claims
from theory_sim.cli import app
from theory_sim.errors import InputError
from theory_sim.studies.registry import STUDIES
from theory_sim.theory.feedback import PASSAGES, retell

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "explanation" / "reviewers.md"
PAGES: Final = sorted(page for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
                      if not {"results", "_build"} & set(page.parts))


def words(text: str) -> str:
    """Without spaces' kinds and the ways to write a formula."""
    return re.sub(r"\s+", " ", text.replace("w*", "w").replace("sqrt(d)", "√d").replace("$w^\\star$", "w"))


def run(program: str, arguments: list[str]) -> str:
    done = CliRunner().invoke(proofs_check.cli.app if program == "proofs-check" else app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def bare(text: str) -> Iterator[str]:
    """Marks that do not lead to the lines that they cite."""
    anchors = sorted(int(number) for number in re.findall(r"^\(f-(\d+)\)=$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    for found in re.finditer(r"\[(?:F \d[\d, -]*)\](\]\(\S*?reviewers\.md#f-(\d+)\)|\]\(#f-(\d+)\))?", text):
        first = int(re.findall(r"\d+", found.group())[0])
        leads = found.group(2) or found.group(3)
        if leads is None or int(leads) != max(each for each in anchors if each <= first):
            yield found.group()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_mark_of_a_page_leads_to_the_lines_that_it_cites(page: Path) -> None:
    assert list(bare(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("mark", ["[F 20]", "[L19], [F 38-42]:", "[[F 20]](reviewers.md)", "[[F 20]](reviewers.md#f-22)"])
def test_a_bare_or_wrong_mark_is_found(mark: str) -> None:
    assert list(bare(mark)) and not list(bare("[[F 20]](reviewers.md#f-18)"))


def test_the_page_retells_every_line() -> None:
    text = words(PAGE.read_text(encoding="utf-8"))
    assert [each.text for each in PASSAGES if words(each.text) not in text] == []
    assert [each.first for each in PASSAGES] == [1, *(each.last + 1 for each in PASSAGES[:-1])] and PASSAGES[-1].last == 56


def test_every_mark_of_the_sources_has_lines() -> None:
    marks = [mark for folder in ("theory_sim", "proofs_check") for path in sorted((ROOT / folder).rglob("*.py"))
             if path.name != "feedback.py" for mark in re.findall(r"\[F \d[\d, -]*\]", path.read_text(encoding="utf-8"))]
    assert len(marks) > 30 and all(retell(mark) for mark in marks)
    assert retell("THEORY §5 [D]") == ()
    with pytest.raises(InputError, match="lines 57 to 57"):
        retell("[F 57]")


def test_lists_of_claims_and_studies_end_with_what_they_cite() -> None:
    for program, arguments, sources in (
        ("proofs-check", ["list"], [claim.source for claim in claims()]),
        ("theory-sim", ["list", "studies", "--verbose"], [study.source for study in STUDIES]),
    ):
        said = words(run(program, arguments))
        cited = retell(" ".join(sources))
        assert len(cited) > 6 and [line for line in cited if words(line) not in said] == []


def test_a_claim_is_shown_with_what_it_cites() -> None:
    said = words(run("proofs-check", ["show", "logistic-gradient-vanishes"]))
    assert len(retell("F 38-42")) == 2 and all(words(line) in said for line in retell("F 38-42"))
