"""Every statement of the theory's page names the code that computes it and a claim that checks it, or says "unproved"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from proofs_check import claims
from tests.test_documented_calls import reach

PAGE: Final = (Path(__file__).resolve().parent.parent / "docs" / "explanation" / "theory.md").read_text(encoding="utf-8")
_ROW: Final = re.compile(r"^\| (\d+)\.(\d+) \| (.+?) \| (.*?) \| (.*) \|$", re.MULTILINE)


def sections(page: str) -> dict[str, str]:
    """Text by number."""
    parts = re.split(r"^\(theory-(\d+)\)=$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def wrong(page: str) -> Iterator[str]:
    """Rows whose number is out of turn or that lead nowhere, and claims of the theory that stand in none."""
    known, found = {claim.id: claim for claim in claims()}, set()
    for section, text in sections(page).items():
        rows = _ROW.findall(text)
        if f"| §{section} | statement | computed by | checked by |" not in text or not rows:
            yield f"§{section}: no table"
        for place, (of, number, statement, code, checks) in enumerate(rows, 1):
            name, cited = f"{of}.{number}", re.findall(r"\{claim\}`([^`]+)`", checks)
            computed = [each.lstrip("~") for each in re.findall(r"`([^`]+)`", code)]
            found |= set(cited)
            if (of, number) != (section, str(place)) or not statement:
                yield f"{name}: out of turn"
            if not (computed or (code == "–" and cited)):
                yield f"{name}: nothing computes it"
            if not cited and not re.match(r"\*unproved\*($|; \S)", checks):
                yield f"{name}: neither a claim nor unproved"
            yield from (f"{name}: no claim {each}" for each in cited if each not in known)
            for each in computed:
                try:
                    reach(each)
                except (AttributeError, ModuleNotFoundError):
                    yield f"{name}: no {each}"
    yield from (f"{id}: no row" for id, claim in known.items() if claim.source != "elementary" and id not in found)


def test_every_statement_has_its_code_and_its_claims() -> None:
    assert len(sections(PAGE)) == 15 and len(_ROW.findall(PAGE)) > 55
    assert list(wrong(PAGE)) == []


@pytest.mark.parametrize(("was", "planted", "found"), [
    ("{claim}`sheppard`", "{claim}`shepard`", "6.1: no claim shepard"),
    ("{claim}`p-margin`", "tests", "1.1: neither a claim nor unproved"),
    ("noise_law.noise_levels`", "noise_law.levels`", "5.1: no theory_sim.theory.noise_law.levels"),
    ("| 5.3 |", "| 5.4 |", "5.4: out of turn"),
    ("{claim}`constant-c-0`, ", "", "constant-c-0: no row"),
    ("| §9 | statement", "| §9 | what", "§9: no table"),
])
def test_a_planted_fault_is_found(was: str, planted: str, found: str) -> None:
    assert PAGE.count(was) >= 1
    assert found in list(wrong(PAGE.replace(was, planted)))
