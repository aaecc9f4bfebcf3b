"""Words that the field has others for stay out of names, messages and documentation.

Each is searched for where it would be the invented word; the same letters in an ordinary sense, such as "a held-out set", are
not. CHANGELOG.md may name what was renamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).resolve().parent.parent

ANYWHERE: Final = {
    r"\b(pull|pulls|pulled|pulling|push|pushes|pushed)\b": "residual weight",
    r"\bkicks?\b": "noise increment",
    r"\b(go|goes|went) on (with|from)\b": "continue, resume",
    r"\brooms\b": "slack, log margin",
    r"\bmends?\b": "fix",
    r"(?-i:\b(Together|Partial|Places)\b\()": "All, UnfinishedRun, SweepExecutor",
    r"\b(beside|own)=": "paired_metrics=, metrics=",
    r"\bstill (kernels?|patterns?)\b": "equal-time; noiseless",
}

def _pages() -> Iterator[Path]:
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "bootstrap.py"))
    yield from (ROOT / "docs").rglob("*.md")
    for folder in ("theory_sim", "proofs_check"):
        yield from (ROOT / folder).rglob("*.py")


def _anywhere(text: str) -> list[str]:
    return [f"line {text[:found.start()].count(chr(10)) + 1}: {found.group()} -> {instead}"
            for word, instead in ANYWHERE.items() for found in re.finditer(word, text, re.IGNORECASE)]


def test_no_page_and_no_source_has_such_a_word() -> None:
    pages = sorted(set(_pages()))
    assert len(pages) > 300
    found = [f"{path.relative_to(ROOT)} {each}" for path in pages if "_build" not in path.parts
             for each in _anywhere(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize("planted", [
    "Examples that pull on x_1.", "a kick a step", "resume goes on from the checkpoint", "verdict rooms", "the still kernel",
    "the mend is", "Together((", "collect(beside={})",
])
def test_a_planted_word_is_found(planted: str) -> None:
    assert _anywhere(planted)
    assert not _anywhere("One loop is held out; the pulley still turns; going onwards.")
