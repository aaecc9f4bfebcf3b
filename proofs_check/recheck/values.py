"""Numbers: computed again by mpmath's tanh-sinh quadrature, to 30 digits.

That is another algorithm but no enclosure: the certificate is the ball arithmetic's, and this look would find it wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

import mpmath
import sympy

from proofs_check.problem import PRECISION, Root, Value
from proofs_check.recheck.refusal import Refused, only_keys

__all__ = ["check_value"]

_DIGITS: Final = 30


def check_value(problem: Value, outcome: str, evidence: dict[str, Any]) -> str:
    """Look at the brackets of the roots and at the ends of the value."""
    due = {"precision", "roots", "low", "high"}
    only_keys(evidence, due | {"claimed"} if outcome == "refuted" else due)
    if evidence["precision"] != PRECISION or set(evidence["roots"]) != {str(root.symbol) for root in problem.roots}:
        raise Refused("another precision, or other roots than the claim's")
    with mpmath.workdps(_DIGITS + 10):
        lows = _values(problem, [_mpf(low) for low, _ in problem.within.values()], evidence["roots"])
        highs = _values(problem, [_mpf(high) for _, high in problem.within.values()], evidence["roots"])
        ends = [Fraction(evidence[key]) for key in ("low", "high")]
        slack = mpmath.mpf(10) ** (3 - _DIGITS) * (1 + abs(lows))
        if not _mpf(ends[0]) - slack <= min(lows, highs) <= max(lows, highs) <= _mpf(ends[1]) + slack:
            raise Refused("the value lies outside of the ends stored")
    claimed = [Fraction(int(end.p), int(end.q)) for end in (problem.low, problem.high)]
    if outcome == "certified" and not (claimed[0] <= ends[0] <= ends[1] <= claimed[1]):
        raise Refused("the ends stored are not within the claimed ones")
    if outcome == "refuted":
        if not (ends[1] < claimed[0] or ends[0] > claimed[1]):
            raise Refused("the ends stored are not beside the claimed ones")
        if [Fraction(end) for end in evidence["claimed"]] != claimed:
            raise Refused("something else is said to be claimed")
    return f"the value, computed again to {_DIGITS} digits by another quadrature, lies between the ends"


def _values(problem: Value, within: list[Any], stored: Mapping[str, list[str]]) -> Any:
    """Value with the symbols known to lie in intervals at these ends."""
    slack = mpmath.mpf(10) ** (3 - _DIGITS)
    values = dict(zip(problem.within, within, strict=True))
    for root in problem.roots:
        low, high = (Fraction(text) for text in stored[str(root.symbol)])
        if not Fraction(str(root.low)) <= low < high <= Fraction(str(root.high)):
            raise Refused(f"bracket of {root.symbol} outside of the claim's")
        if high - low > Fraction(1, 10**12):
            raise Refused(f"bracket of {root.symbol} is wide")

        residual = _residual(root, dict(values))
        if residual(_mpf(low)) * residual(_mpf(high)) >= 0 and not problem.within:
            raise Refused(f"no change of sign in the bracket of {root.symbol}")
        values[root.symbol] = mpmath.findroot(residual, (_mpf(low), _mpf(high)), solver="secant", tol=mpmath.mpf(10) ** -60)
        if not _mpf(low) - slack <= values[root.symbol] <= _mpf(high) + slack:
            raise Refused(f"{root.symbol} lies outside of its bracket")
    return _number(problem.expression, values)


def _residual(root: Root, values: Mapping[sympy.Symbol, Any]) -> Callable[[Any], Any]:
    return lambda at: _number(root.equation, {**values, root.symbol: at})


def _mpf(value: Any) -> Any:
    exact = Fraction(str(value))
    return mpmath.mpf(exact.numerator) / exact.denominator


def _number(node: sympy.Expr, values: Mapping[sympy.Symbol, Any]) -> Any:
    if node in values:
        return values[node]
    if isinstance(node, sympy.Integral):
        ((variable, low, high),) = node.limits
        a, b = _number(low, values), _number(high, values)
        pieces = [a + (b - a) * k / 4 for k in range(5)]
        return mpmath.quad(lambda x: _number(node.function, {**values, variable: x}), pieces, method="gauss-legendre")
    if not node.args:
        return mpmath.mpf(int(node.p)) / int(node.q) if node.is_Rational else +getattr(mpmath, str(node).lower())
    parts = [_number(argument, values) for argument in node.args]
    if isinstance(node, sympy.Add):
        return mpmath.fsum(parts)
    if isinstance(node, sympy.Mul):
        return mpmath.fprod(parts)
    if isinstance(node, sympy.Pow):
        return parts[0] ** parts[1]
    return getattr(mpmath, type(node).__name__)(*parts)
