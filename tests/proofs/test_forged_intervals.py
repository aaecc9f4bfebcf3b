"""Values that depend on what is known only to lie in an interval: a file whose ends are narrower than that is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy
from sympy import Integer, Integral, Rational, exp

from proofs_check.claim import find
from proofs_check.problem import All, Value
from proofs_check.recheck.intervals import _monotone
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.values import check_value
from proofs_check.verify import solve

k, h, x = sympy.symbols("k h x", real=True)
NEAR = Rational(1, 10**7)


def narrowed(evidence: dict[str, Any]) -> dict[str, Any]:
    """The same with both ends moved to 1e-22 from the middle."""
    middle = (Fraction(evidence["low"]) + Fraction(evidence["high"])) / 2
    return {**evidence, "low": str(middle - Fraction(1, 10**22)), "high": str(middle + Fraction(1, 10**22))}


MADE = {
    "closed form": Value(k**2, Rational("0.99"), Rational("1.01"), within={k: (1 - NEAR, 1 + NEAR)}),
    "in an integral": Value(
        Integral(exp(-k * x), (x, 0, 1)), Rational("0.63"), Rational("0.64"), within={k: (1 - NEAR, 1 + NEAR)}
    ),
    "two, that cancel in the middle": Value(
        k * h, -NEAR, NEAR, within={k: (-Rational(1, 10**4), Rational(1, 10**4)), h: (-Rational(1, 10**4), Rational(1, 10**4))}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_ends_narrower_than_what_is_known_are_refused(name: str) -> None:
    outcome, evidence = solve(MADE[name])
    assert outcome == "certified" and check_value(MADE[name], outcome, evidence)
    with pytest.raises(Refused, match="lies outside"):
        check_value(MADE[name], "certified", narrowed(evidence))


def test_a_value_claimed_more_narrowly_than_it_is_known_is_refused() -> None:
    """Ends that hold the middle and all that is looked at apart, for a claim that is false at the interval's inside."""
    humped = Value((k - 1) ** 2 * (k + 1) ** 2, Integer(0), Rational(9, 10), within={k: (Integer(-1), Integer(1))})
    assert solve(humped)[0] == "undecided"
    forged = {"precision": 128, "roots": {}, "low": "0", "high": "9/10"}
    with pytest.raises(Refused):
        check_value(humped, "certified", forged)


def test_the_named_forgery_is_refused() -> None:
    problem = find("max-margin-from-half-d-examples").problem()
    assert isinstance(problem, All)
    for name in ("margin", "slope", "error"):
        value = dict(problem.parts)[name]
        assert isinstance(value, Value)
        outcome, evidence = solve(value)
        assert check_value(value, outcome, evidence)
        with pytest.raises(Refused, match="lies outside"):
            check_value(value, "certified", narrowed(evidence))


def test_arc_functions_reach_the_ends_of_their_domain_and_no_farther() -> None:
    one = mpmath.iv.mpf([0, 1])
    found = _monotone(sympy.asin, one)
    assert found.a <= 0 and mpmath.pi / 2 <= found.b <= mpmath.pi / 2 + mpmath.mpf(10) ** -15
    with pytest.raises(Refused, match="beyond"):
        _monotone(sympy.acos, mpmath.iv.mpf([-1, 1 + mpmath.mpf(2) ** -40]))
