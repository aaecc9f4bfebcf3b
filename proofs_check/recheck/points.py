"""Counterexamples: a point of the claim's domain at which it is certainly false."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import mpmath
import sympy

from proofs_check.problem import Identity, Inequality, Positive
from proofs_check.problem.base import Evidence
from proofs_check.problem.values import is_value
from proofs_check.recheck.intervals import Interval, Side, fraction, interval
from proofs_check.recheck.refusal import Refused, exact, only_keys
from proofs_check.recheck.registry import rechecks

__all__ = ["check_counterexample"]

# Digits, more as long as a sign is not decided.
_LADDER: Final = (160, 640, 2560, 5120)


def check_counterexample(problem: Identity | Inequality | Positive, outcome: str, evidence: Evidence) -> str:
    """Look at a claim where it is said to be false."""
    if isinstance(problem, Identity):
        only_keys(evidence, {"counterexample", "step", "reason", "difference"})
    else:
        only_keys(evidence, {"counterexample", "value"})
    point = _point(problem, evidence["counterexample"])
    sides = {symbol: (value, value) for symbol, value in point.items()}
    if isinstance(problem, Identity):
        step = evidence["step"]
        if type(step) is not int:
            raise Refused(f"step {step!r} is no whole number")
        chain = [problem.start, *(each.expression for each in problem.steps)]
        if not 1 <= step < len(chain) or evidence["reason"] != problem.steps[step - 1].reason:
            raise Refused(f"the claim has no such step {step}")
        value = _decided(_placed(chain[step - 1] - chain[step], point), sides)
        if 0 in value:
            raise Refused("at the counterexample both sides may be equal")
        _is_said(value, evidence["difference"])
        return f"both sides of step {step} differ there"
    value = _decided(_placed(problem.expression, point), sides)
    # Positive with an order, it is 0 at one point, which is not claimed.
    strict = not isinstance(problem, Positive) or (problem.strict and not problem.order)
    if not (value.b <= 0 if strict else value.b < 0):
        raise Refused("the expression may be positive at the counterexample")
    _is_said(value, evidence["value"])
    return "the expression is not positive there"


rechecks(Identity, "refuted")(check_counterexample)
rechecks(Inequality, "refuted")(check_counterexample)
rechecks(Positive, "refuted")(check_counterexample)


def _placed(expression: sympy.Expr, point: Mapping[sympy.Symbol, Fraction]) -> sympy.Expr:
    """The expression evaluated; a limit, which sympy evaluates for generic parameters, with the point put in first."""
    if expression.has(sympy.Limit):
        expression = expression.subs({symbol: sympy.Rational(*value.as_integer_ratio()) for symbol, value in point.items()})
    return expression.doit()


def _decided(expression: sympy.Expr, sides: Mapping[sympy.Symbol, Side]) -> Interval:
    """Interval of the expression at a point, in the first precision that decides its sign and 37 digits, or in the last."""
    value = interval(expression, sides)
    for digits in _LADDER:
        close = value.delta <= mpmath.mpf(10) ** -37 * abs(value.mid)
        if value.a == value.b == 0 or (close and (value.a > 0 or value.b < 0)):
            break
        value = interval(expression, sides, digits)
    return value


def _point(problem: Identity | Inequality | Positive, stored: dict[str, str]) -> dict[sympy.Symbol, Fraction]:
    given = {name: exact(text) for name, text in stored.items()}
    if set(given) != {str(symbol) for symbol in problem.variables}:
        raise Refused("the counterexample names other variables than the claim")
    point = {}
    for symbol, (low, high) in problem.variables.items():
        value = given[str(symbol)]
        inside = fraction(low) <= value and (high.is_infinite or value <= fraction(high))
        if isinstance(problem, Inequality) and problem.corner is not None and symbol == problem.corner.symbol:
            inside = inside and value > fraction(low)
        if not inside or not is_value(symbol, value):
            raise Refused(f"{symbol} = {value} is outside of the claim's domain")
        point[symbol] = value
    return point


def _is_said(value: Interval, text: str) -> None:
    """Refuse a printed number, as "[1.234 +/- 5e-6]" or "1.234", that is not the one found."""
    middle, _, radius = text.strip("[]").partition("+/-")
    with mpmath.workdps(40):
        away = max(abs(mpmath.mpf(value.a) - mpmath.mpf(middle)), abs(mpmath.mpf(value.b) - mpmath.mpf(middle)))
        slack = mpmath.mpf(radius or 0)
        if not (mpmath.isfinite(away) and mpmath.isfinite(slack)):
            raise Refused(f"{text} is no number")
        if away > slack + mpmath.mpf(10) ** -36 * abs(mpmath.mpf(middle)):
            raise Refused(f"{text} is not what is found there")
        if slack > mpmath.mpf(10) ** -15 * abs(mpmath.mpf(middle)):
            raise Refused(f"{text} is wider than what is found there")
