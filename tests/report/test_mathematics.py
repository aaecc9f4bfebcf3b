"""Formulas: every claim's statement is rendered, and nothing but MathML comes of any text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as tree

import pytest

from proofs_check.claim import claims
from theory_sim.report.mathematics import to_mathml


def test_every_statement_of_the_theory_is_rendered() -> None:
    assert [each.id for each in claims() if not to_mathml(each.statement)] == []


def test_a_formula_has_its_parts_and_its_text_as_label() -> None:
    made = tree.fromstring(to_mathml(r"\frac{a}{b}+x^2"))
    assert made.get("aria-label") == r"\frac{a}{b}+x^2" and made.get("display") == "block"
    assert [each.tag for each in made.iter() if each.tag in ("mfrac", "msup")] == ["mfrac", "msup"]


@pytest.mark.parametrize("latex", [
    r"\text{<script>alert(1)</script>}", r"\text{<img src=x onerror=alert(1)></img>}", r"\href{javascript:alert(1)}{x}",
    r"\nonesuch x", r"\frac{", "{" * 3000, "x" * 6000, r"\text{<b>}", r"\quadx",
])  # fmt: skip
def test_what_is_no_formula_is_not_shown_as_one(latex: str) -> None:
    assert to_mathml(latex) == ""


def test_less_than_is_escaped() -> None:
    assert "&lt;" in to_mathml("a<b") and tree.fromstring(to_mathml("a<b"))[0] is not None


@pytest.mark.parametrize(("latex", "expected"), [
    (r"2\log 2", ["mn", "mspace", "mi", "mspace", "mn"]), (r"\log(1)", ["mi", "mo", "mn", "mo"]),
    (r"(s)\cos x", ["mo", "mi", "mo", "mspace", "mi", "mspace", "mi"]), (r"-\cos x", ["mo", "mi", "mspace", "mi"]),
])  # fmt: skip
def test_a_function_is_spaced_from_what_is_no_sign(latex: str, expected: list[str]) -> None:
    (row,) = tree.fromstring(to_mathml(latex, "inline"))
    assert [each.tag for each in row] == expected


def test_of_two_bars_one_opens_and_the_other_closes() -> None:
    assert re.findall(r'form="(\w+)"', to_mathml(r"|c| + \lVert x\rVert")) == ["prefix", "postfix"] * 2
    assert "form" not in to_mathml("P(a|b)")
