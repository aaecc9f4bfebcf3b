"""Definitions stand unevaluated: a form that sympy evaluates on the way in would prove itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sympy
from sympy import Derivative, Integer, Limit, Rational, atan, exp, log, oo, pi, sin

from proofs_check.claim import claims
from proofs_check.problem import All, Identity, Step
from proofs_check.recheck.derivations import check_derivation
from proofs_check.recheck.refusal import Refused
from proofs_check.verify import solve

CLAIMS: Final = Path(__file__).parents[2] / "proofs_check" / "claims"
CALCULUS: Final = {"diff", "limit", "integrate", "series", "summation", "simplify"}


def same_on_both_sides() -> Iterator[str]:
    for each in claims():
        for name, part in identities(each.problem()):
            if part.start == part.steps[-1].expression:
                yield f"{each.id}/{name}" if name else each.id


def identities(problem: Any, name: str = "") -> Iterator[tuple[str, Identity]]:
    if isinstance(problem, All):
        for inner, part in problem.parts:
            yield from identities(part, inner)
    elif isinstance(problem, Identity):
        yield name, problem


def evaluated() -> Iterator[str]:
    """Functions of the claims' files that have sympy do the calculus: by file and name."""
    for path in sorted(CLAIMS.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            called = {each.func.attr for each in ast.walk(node)
                      if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)}  # fmt: skip
            if called & CALCULUS:
                yield f"{path.stem}.{node.name}"


def test_no_identity_is_the_same_on_both_sides() -> None:
    assert not list(same_on_both_sides())


def test_no_claim_has_its_calculus_done_by_sympy_on_the_way_in() -> None:
    assert not list(evaluated())


x, h = sympy.symbols("x h", real=True)
DOMAIN: Final = {x: (Rational(1, 2), Integer(3))}


@pytest.mark.parametrize(
    ("start", "value", "wrong"),
    [
        (Derivative(exp(-(x**2)), x), -2 * x * exp(-(x**2)), -2 * x * exp(-(x**2)) + Rational(1, 10**7)),
        (Derivative(x * log(x), (x, 2)), 1 / x, Rational(10**7 + 1, 10**7) / x),
        (Derivative(sin(x), x).subs(x, 2 * x, evaluate=False), sympy.cos(2 * x), 2 * sympy.cos(2 * x)),
        (Limit((exp(x * h) - 1) / h, h, 0), x, x + Rational(1, 10**7)),
        # The two ends of the line have other limits.
        (Limit(x + atan(h), h, oo), x + pi / 2, x - pi / 2),
        (Limit(x + atan(h), h, -oo), x - pi / 2, x + pi / 2),
    ],
)  # fmt: skip
def test_the_second_look_does_its_own_calculus(start: Any, value: Any, wrong: Any) -> None:
    """Derivatives and limits that stand unevaluated, in a file that says the right thing and in one that does not."""
    true = Identity(DOMAIN, start, (Step(value, "calculus"),))
    outcome, evidence = solve(true)
    assert outcome == "proved" and check_derivation(true, "proved", evidence)
    false = Identity(DOMAIN, start, (Step(wrong, "calculus"),))
    assert solve(false)[0] == "refuted"
    forged = {"steps": [{**evidence["steps"][0], "to": sympy.srepr(wrong)}]}
    with pytest.raises(Refused, match="off by"):
        check_derivation(false, "proved", forged)
