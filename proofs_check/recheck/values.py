"""Numbers: computed again by mpmath's Gauss-Legendre quadrature, to 36 digits.

That is another algorithm but no enclosure: the certificate is the ball arithmetic's, and this look would find it wrong. Where
symbols are known only to lie in intervals, the value is enclosed over all of these, and must lie between the claimed ends; the
ends stored must hold it at the ends of the intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Final

import mpmath
import sympy

from proofs_check.problem import PRECISION, Root, Value
from proofs_check.problem.base import Evidence
from proofs_check.recheck.coarse import require_one_root, require_seen
from proofs_check.recheck.definitions import require_meaning
from proofs_check.recheck.intervals import Interval
from proofs_check.recheck.numbers import Number
from proofs_check.recheck.refusal import Refused, exact, only_keys, same_number
from proofs_check.recheck.registry import rechecks
from proofs_check.recheck.sample_points import box
from proofs_check.recheck.spans import outermost, span

__all__ = ["check_value"]

_DIGITS: Final = 36
_LAST_PLACE: Final = Fraction(1, 10**25)


@rechecks(Value, "certified", "refuted")
def check_value(problem: Value, outcome: str, evidence: Evidence) -> str:
    """Look at the brackets of the roots and at the ends of the value."""
    due = {"precision", "roots", "low", "high"}
    only_keys(evidence, due | {"claimed"} if outcome == "refuted" else due)
    roots = {str(root.symbol) for root in problem.roots}
    stored = evidence["roots"]
    if not same_number(evidence["precision"], PRECISION) or type(stored) is not dict or set(stored) != roots:
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
    ranges = {**problem.within, **{root.symbol: (root.low, root.high) for root in problem.roots}}
    require_meaning((problem.expression, *(root.equation for root in problem.roots)), box(ranges))
    with mpmath.workdps(_DIGITS + 10):
        _check_ends(problem, evidence, ends)
        _look_between(problem)
        if outcome == "certified" and _wide(problem):
            whole = _whole(problem)
            if not (_mpf(claimed[0]) <= whole.a and whole.b <= _mpf(claimed[1])):
                raise Refused(f"over the intervals of what is known only so far it is {whole}, not within the claimed ends")
    return f"the value, computed again to {_DIGITS} digits by another quadrature, lies between the ends"


def _check_ends(problem: Value, evidence: Evidence, ends: list[Fraction]) -> None:
    """Roots in their brackets, and values between the stored ends: in the middle of the intervals and at their extremes."""
    slack = mpmath.mpf(10) ** (3 - _DIGITS)
    for number, point in enumerate(_points(problem)):
        roots, value = _computed(problem.expression, problem.roots, tuple(point.items()))
        for root, found in zip(problem.roots, roots, strict=True):
            low, high = (exact(text) for text in evidence["roots"][str(root.symbol)])
            if high - low > Fraction(1, 10**12) or not _mpf(low) - slack <= found <= _mpf(high) + slack:
                raise Refused(f"{root.symbol} = {mpmath.nstr(found, 15)} is not in its bracket, or that is wide")
        if not _mpf(ends[0]) - slack * (1 + abs(value)) <= value <= _mpf(ends[1]) + slack * (1 + abs(value)):
            where = "in the middle" if number == 0 else "at an end"
            raise Refused(f"the value lies outside of the ends stored, {where} of the intervals of what is known only so far")


def _look_between(problem: Value) -> None:
    """Between the nodes of the quadrature, in the middle of the intervals: no pole, no peak, and no second root.

    Integrals of integrals, and equations that hold integrals, would take too long, and are not looked at here.
    """
    before = mpmath.iv.dps
    mpmath.iv.dps = _DIGITS + 10
    try:
        centre = next(_points(problem))
        roots, _ = _computed(problem.expression, problem.roots, tuple(centre.items()))
        numbers = {symbol: _mpf(value) for symbol, value in centre.items()}
        for root, found in zip(problem.roots, roots, strict=True):
            if not root.equation.has(sympy.Integral):
                require_one_root(root, {symbol: mpmath.iv.mpf(value) for symbol, value in numbers.items()})
            numbers[root.symbol] = found
        values = {symbol: mpmath.iv.mpf(value) for symbol, value in numbers.items()}
        for expression in (problem.expression, *(root.equation for root in problem.roots)):
            for node in outermost(expression):
                if node.function.has(sympy.Integral):
                    continue
                require_seen(node, values, _number(node, numbers))
    finally:
        mpmath.iv.dps = before


def _points(problem: Value) -> Iterator[dict[sympy.Symbol, Fraction]]:
    """The middle of the intervals; each end with the others in the middle; the ends that together move the value most."""
    sides = {symbol: (Fraction(str(low)), Fraction(str(high))) for symbol, (low, high) in problem.within.items()}
    centre = {symbol: (low + high) / 2 for symbol, (low, high) in sides.items()}
    yield centre
    wide = _wide(problem)
    most, least = dict(centre), dict(centre)
    for symbol in wide:
        below, above = ({**centre, symbol: end} for end in sides[symbol])
        yield from (below, above)
        rising = _value_at(problem, below) < _value_at(problem, above)
        most[symbol], least[symbol] = sides[symbol][rising], sides[symbol][not rising]
    if len(wide) > 1:
        yield from (most, least)


def _wide(problem: Value) -> list[sympy.Symbol]:
    """Symbols whose intervals are wider than the last place stored; narrower ones do not show."""
    return [symbol for symbol, (low, high) in problem.within.items() if Fraction(str(high - low)) > _LAST_PLACE]


def _value_at(problem: Value, point: Mapping[sympy.Symbol, Fraction]) -> Number:
    return _computed(problem.expression, problem.roots, tuple(point.items()))[1]


def _whole(problem: Value) -> Interval:
    """Interval of the value over the intervals of all that is known only to lie in one."""
    before = mpmath.iv.dps
    mpmath.iv.dps = _DIGITS + 10
    try:
        values = {symbol: mpmath.iv.mpf([_mpf(low), _mpf(high)]) for symbol, (low, high) in problem.within.items()}
        centre = {symbol: (Fraction(str(low)) + Fraction(str(high))) / 2 for symbol, (low, high) in problem.within.items()}
        roots, _ = _computed(problem.expression, problem.roots, tuple(centre.items()))
        for root, found in zip(problem.roots, roots, strict=True):
            values[root.symbol] = _about(root, found, values)
        return span(problem.expression, values, _number)
    finally:
        mpmath.iv.dps = before


def _about(root: Root, found: Number, values: Mapping[sympy.Symbol, Interval]) -> Interval:
    """The narrowest interval about a computed root at whose ends the equation certainly has two signs."""
    for digits in range(_DIGITS - 8, 8, -2):
        near = mpmath.mpf(10) ** -digits
        below, above = (
            span(root.equation, {**values, root.symbol: mpmath.iv.mpf(end)}, _number) for end in (found - near, found + near)
        )
        if below.b < 0 < above.a or above.b < 0 < below.a:
            return mpmath.iv.mpf([found - near, found + near])
    raise Refused(f"the equation of {root.symbol} is not shown to change its sign near {mpmath.nstr(found, 15)}")


@cache
def _computed(
    expression: sympy.Expr, roots: tuple[Root, ...], known: tuple[tuple[sympy.Symbol, Fraction], ...]
) -> tuple[tuple[Number, ...], Number]:
    """Roots and value, with what is known only to lie in an interval at one point of it."""
    with mpmath.workdps(_DIGITS + 10):
        values = {symbol: _mpf(value) for symbol, value in known}
        for root in roots:
            start = (_mpf(root.low), _mpf(root.high))
            near = mpmath.mpf(10) ** (-2 * _DIGITS)
            values[root.symbol] = mpmath.findroot(_residual(root, dict(values)), start, solver="anderson", tol=near)
        return tuple(values[root.symbol] for root in roots), _number(expression, values)


def _residual(root: Root, values: Mapping[sympy.Symbol, Number]) -> Callable[[Number], Number]:
    return lambda at: _number(root.equation, {**values, root.symbol: at})


def _mpf(value: sympy.Rational | Fraction) -> Number:
    exact = Fraction(str(value))
    return mpmath.mpf(exact.numerator) / exact.denominator


def _number(node: sympy.Expr, values: Mapping[sympy.Symbol, Number]) -> Number:
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
