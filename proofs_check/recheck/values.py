"""Numbers: computed again by mpmath's tanh-sinh quadrature, to 36 digits.

That is another algorithm but no enclosure: the certificate is the ball arithmetic's, and this look would find it wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Final

import mpmath
import sympy

from proofs_check.problem import PRECISION, Root, Value
from proofs_check.recheck.refusal import Refused, exact, only_keys

__all__ = ["check_value"]

_DIGITS: Final = 36


def check_value(problem: Value, outcome: str, evidence: dict[str, Any]) -> str:
    """Look at the brackets of the roots and at the ends of the value."""
    due = {"precision", "roots", "low", "high"}
    only_keys(evidence, due | {"claimed"} if outcome == "refuted" else due)
    if evidence["precision"] != PRECISION or set(evidence["roots"]) != {str(root.symbol) for root in problem.roots}:
        raise Refused("another precision, or other roots than the claim's")
    ends = [exact(evidence[key]) for key in ("low", "high")]
    claimed = [Fraction(int(end.p), int(end.q)) for end in (problem.low, problem.high)]
    if outcome == "certified" and not (claimed[0] <= ends[0] <= ends[1] <= claimed[1]):
        raise Refused("the ends stored are not within the claimed ones")
    if outcome == "refuted":
        if not (ends[1] < claimed[0] or ends[0] > claimed[1]):
            raise Refused("the ends stored are not beside the claimed ones")
        if [exact(end) for end in evidence["claimed"]] != claimed:
            raise Refused("something else is said to be claimed")
    with mpmath.workdps(_DIGITS + 10):
        roots, value = _computed(problem.expression, problem.roots, tuple(problem.within.items()))
        slack = mpmath.mpf(10) ** (3 - _DIGITS)
        for root, found in zip(problem.roots, roots, strict=True):
            low, high = (exact(text) for text in evidence["roots"][str(root.symbol)])
            if high - low > Fraction(1, 10**12) or not _mpf(low) - slack <= found <= _mpf(high) + slack:
                raise Refused(f"{root.symbol} = {mpmath.nstr(found, 15)} is not in its bracket, or that is wide")
        if not _mpf(ends[0]) - slack * (1 + abs(value)) <= value <= _mpf(ends[1]) + slack * (1 + abs(value)):
            raise Refused("the value lies outside of the ends stored")
    return f"the value, computed again to {_DIGITS} digits by another quadrature, lies between the ends"


@cache
def _computed(
    expression: sympy.Expr,
    roots: tuple[Root, ...],
    within: tuple[tuple[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]], ...],
) -> tuple[tuple[Any, ...], Any]:
    """Roots and value, with the symbols known only to lie in intervals (far below these digits) in their middle."""
    with mpmath.workdps(_DIGITS + 10):
        values = {symbol: (_mpf(low) + _mpf(high)) / 2 for symbol, (low, high) in within}
        for root in roots:
            start = (_mpf(root.low), _mpf(root.high))
            near = mpmath.mpf(10) ** (-2 * _DIGITS)
            values[root.symbol] = mpmath.findroot(_residual(root, dict(values)), start, solver="anderson", tol=near)
        return tuple(values[root.symbol] for root in roots), _number(expression, values)


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
