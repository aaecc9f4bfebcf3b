"""Limits that stand unevaluated: what stands in them is real near the end, and at which parameters the value is looked at.

A limit may be another one where a coefficient is 0 than everywhere else. Such places are looked for on lines through the
domain, along each parameter, and along one after the other; an irrational one is taken to 160 digits, and the limit is refused
where that fails. Integrals over an infinite range are looked at where the domain ends: there one may not converge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

import mpmath
import sympy

from proofs_check.problem import Domain
from proofs_check.problem.values import is_value
from proofs_check.recheck.continuity import get_rules, require_shown
from proofs_check.recheck.intervals import Side
from proofs_check.recheck.numbers import Number, is_analytic, number
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.sample_points import Point, closest, ends_of, rational_points

__all__ = ["require_real", "special_points"]

_DIGITS: Final = 40
_MOST_DIGITS: Final = 160
_SMALL: Final = mpmath.mpf(10) ** -7
_ZERO: Final = mpmath.mpf(10) ** -30
_SHORT: Final = 1000
_FAR: Final = (Fraction(10**12), Fraction(10**12) + 1)
_BESIDE: Final = (Fraction(1, 10**12), Fraction(1, 10**9))


def special_points(expressions: Sequence[sympy.Expr], domain: Domain) -> list[Point]:
    """Ends of the domain and zeros of what stands in limits beside their variable, the other parameters inside.

    No points, if no limit and no integral over an infinite range has parameters.
    """
    nodes = [node for each in expressions for node in _nodes(each)]
    limits = [node for node in nodes if isinstance(node, sympy.Limit)]
    symbols = {symbol for node in nodes if node in limits or _is_unbounded(node) for symbol in node.free_symbols & set(domain)}
    inside, points = rational_points(domain)[0], []
    for symbol in sorted(symbols, key=str):
        places = [Fraction(str(end)) for end in domain[symbol] if end.is_finite]
        for part in dict.fromkeys(part for node in limits for part in _coefficients(node, symbol)):
            places += _zeros(part, symbol, inside, domain)
        points += [{**inside, symbol: place} for place in dict.fromkeys(places)]
    for part in dict.fromkeys(part for node in limits for symbol in symbols for part in _coefficients(node, symbol)):
        points += _common_zero(part, sorted(part.free_symbols & symbols, key=str), inside, domain)
    return [point for point in points if all(_is_allowed(symbol, place) for symbol, place in point.items())]


def _nodes(expression: sympy.Expr) -> Iterator[sympy.Expr]:
    """Parts of an expression; of substitutions also those with the places put in."""
    for node in sympy.preorder_traversal(expression):
        yield node
        if isinstance(node, sympy.Subs) and not node.expr.has(sympy.Derivative):  # of which sympy makes a substitution again
            yield from _nodes(node.expr.subs(dict(zip(node.variables, node.point, strict=True)), simultaneous=True))


def _is_unbounded(node: sympy.Expr) -> bool:
    return isinstance(node, sympy.Integral) and any(end.is_infinite for limit in node.limits for end in limit[1:])


def _is_allowed(symbol: sympy.Symbol, place: Fraction) -> bool:
    """Whether a place is a value of the symbol: 0 is none of a positive one."""
    return is_value(symbol, place) and not (place == 0 and symbol.is_zero is False)


def _common_zero(part: sympy.Expr, symbols: Sequence[sympy.Symbol], inside: Point, domain: Domain) -> Iterator[Point]:
    """Where a coefficient of several parameters is least along one after the other, if it is 0 there."""
    point = dict(inside)
    for symbol in symbols if len(symbols) > 1 else ():
        low, high = ends_of(domain, symbol)
        places = list(closest(part, symbol, point, low, high))
        if places:
            point[symbol] = min(places, key=lambda at: _size(part, {**point, symbol: at})).limit_denominator(_SHORT)
    if len(symbols) > 1 and _size(part, point) < _ZERO:
        yield point


def _size(part: sympy.Expr, point: Point) -> mpmath.mpf:
    try:
        return abs(number(part, point, _DIGITS))
    except ZeroDivisionError:
        return mpmath.inf


def _coefficients(node: sympy.Limit, symbol: sympy.Symbol) -> Iterator[sympy.Expr]:
    """Parts of a limit with the symbol in them, and no variable that is bound there."""
    bound = {each for part in sympy.preorder_traversal(node) if is_analytic(part) for each in part.atoms(sympy.Symbol)}
    bound -= node.free_symbols
    for part in sympy.preorder_traversal(node):
        if symbol in part.free_symbols and not (part.free_symbols & bound or is_analytic(part)):
            yield part


def _zeros(part: sympy.Expr, symbol: sympy.Symbol, inside: Point, domain: Domain) -> Iterator[Fraction]:
    """Places at which a coefficient is 0."""
    low, high = ends_of(domain, symbol)
    for place in closest(part, symbol, inside, low, high):
        short = place.limit_denominator(_SHORT)
        if low <= short <= high and _size(part, {**inside, symbol: short}) < _ZERO:
            yield short
        elif _size(part, {**inside, symbol: place}) < _SMALL and not symbol.is_integer:
            near = _refined(part, symbol, inside, place)
            if near is not None and low <= near <= high:
                yield near
                continue
            raise Refused(f"{part}, in a limit, comes close to 0 near {symbol} = {float(place):.9g}, which is not looked at")


def _refined(part: sympy.Expr, symbol: sympy.Symbol, inside: Point, place: Fraction) -> Fraction | None:
    """A place at which a coefficient is 0 as far as a limit, looked at no nearer than 1e-97 from its end, can tell."""

    def value(at: Number) -> Number:
        return number(part, {**inside, symbol: Fraction(*mpmath.libmp.to_rational(at._mpf_))}, _MOST_DIGITS)

    with mpmath.workdps(_MOST_DIGITS):
        try:
            found = mpmath.findroot(value, mpmath.mpf(place.numerator) / place.denominator)
            near = Fraction(*mpmath.libmp.to_rational(found._mpf_))
        except (ValueError, ZeroDivisionError, TypeError, AttributeError):
            return None  # no root is found, or none that is real
        return near if abs(value(found)) < mpmath.mpf(10) ** (_DIGITS - _MOST_DIGITS) else None


def require_real(node: sympy.Limit, sides: Mapping[sympy.Symbol, Side]) -> None:
    """Refuse a limit of what is not shown to be real and defined near the end, at a point amid the parameters."""
    body, variable, end, side = node.args
    if str(side) == "+-" and not end.is_infinite:
        raise Refused(f"{node} is to hold from both sides: each is a limit of its own")
    if is_analytic(body) or end.free_symbols - set(sides):
        return
    middle = {symbol: ((low + high) / 2,) * 2 for symbol, (low, high) in sides.items() if symbol != variable}
    near = sympy.Dummy("near", real=True)
    moved = {sympy.oo: near, -sympy.oo: -near}.get(end, end - near if str(side) == "-" else end + near)
    for rule, argument in get_rules(body):
        require_shown(rule, argument.subs(variable, moved), {**middle, near: _FAR if end.is_infinite else _BESIDE})
