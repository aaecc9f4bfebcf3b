"""Counterexamples in corners, in dips and beyond a fixed precision are found, shown and accepted by the second look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
import sympy
from sympy import Integer, Rational, exp, log, sqrt

from proofs_check.certificate import save
from proofs_check.claim import claim
from proofs_check.falsify import attempt
from proofs_check.problem import Corner, Identity, Inequality, Positive, Problem, Step
from proofs_check.recheck import recheck

x, y, d = sympy.symbols("x y d", real=True)
ZERO, ONE = Integer(0), Integer(1)
UNIT: Final = {x: (ZERO, ONE)}
SQUARE: Final = {x: (ZERO, ONE), y: (ZERO, ONE)}
TINY: Final = Rational(1, 10**9)
DIP: Final = 1 - 2 / (1 + 10**14 * (x - Rational("0.271828182")) ** 2)

def above(value: sympy.Expr) -> sympy.Expr:
    """The value where it is above 0, else 0."""
    return (sympy.Abs(value) + value) / 2


def bump(centre: sympy.Expr, steep: int) -> sympy.Expr:
    """1 at the centre and 0 from 1 / steep on."""
    return above(1 - steep**2 * (x - centre) ** 2)


FALSE: Final[dict[str, Callable[[], Problem]]] = {
    "corner": lambda: Inequality(UNIT, x**2 - TINY * x, Corner(x, 1)),
    "both-ends-in-a-square": lambda: Inequality(SQUARE, x + (1 - y) - TINY),
    "far-end": lambda: Inequality(UNIT, 1 - x - Rational(1, 10**30)),
    "dip": lambda: Inequality(UNIT, DIP),
    "dip-to-be-positive": lambda: Positive(UNIT, DIP),
    "dip-in-a-square": lambda: Inequality(
        SQUARE, 1 - 2 / (1 + 10**10 * ((x - Rational("0.3183")) ** 2 + (y - Rational("0.7")) ** 2))
    ),
    "bump-of-kinks": lambda: Inequality(UNIT, Rational(1, 2) - bump(sqrt(2) / 2, 10**9)),
    "bump-that-is-to-be-zero": lambda: Identity(UNIT, bump(sqrt(2) / 2, 10**6), (Step(ZERO, "so it is said"),)),
    "bump-between-two-kinks": lambda: Identity(SQUARE, above(x - Rational("0.123456")) * above(Rational("0.123457") - x), (
        Step(ZERO, "so it is said"),
    )),
    "limit-at-one-parameter": lambda: Identity(
        {x: (ZERO, Integer(3))}, sympy.Limit((x - 1) * y / ((x - 1) * y + 1), y, sympy.oo), (Step(ONE, "so it is said"),)
    ),
    "far-beyond-precision": lambda: Identity(
        {d: (Integer(100), Integer(1000))}, log(1 + exp(d)), (Step(d + exp(-d), "to first order"),)
    ),
    "positive-beyond-precision": lambda: Positive({d: (Integer(200), Integer(900))}, d + exp(-d) / 2 - log(1 + exp(d))),
}  # fmt: skip
TRUE: Final[dict[str, Callable[[], Problem]]] = {
    "corner-true": lambda: Inequality(UNIT, x**2 + TINY * x, Corner(x, 1)),
    "bump-true": lambda: Inequality(UNIT, 1 + TINY - bump(sqrt(2) / 2, 10**9)),
    "dip-true": lambda: Inequality(UNIT, DIP + 1 + TINY),
    "identity-true": lambda: Identity({d: (Integer(100), Integer(1000))}, log(1 + exp(d)), (Step(d + log(1 + exp(-d)), "so"),)),
}


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    registry = import_module("proofs_check.claim")._REGISTRY
    import_module("proofs_check.claims").load()
    before = dict(registry)
    for id, problem in {**FALSE, **TRUE}.items():
        problem.__doc__ = "Of narrow places."
        claim(id, statement="", source="test", twins={"same": {}})(problem)
    yield
    registry.clear()
    registry.update(before)


@pytest.mark.parametrize("id", FALSE)
def test_narrow_counterexamples_are_found(id: str, tmp_path: Path) -> None:
    tried = attempt(id, seed=1, budget=0.1)
    assert tried.found is not None
    save(tried.found.verdict, tmp_path / "found.json")
    report = recheck(tmp_path / "found.json")
    assert report.accepted and report.outcome == "refuted", report


@pytest.mark.parametrize("id", TRUE)
def test_nothing_is_found_beside_them(id: str) -> None:
    assert attempt(id, seed=1, budget=0.1).found is None
