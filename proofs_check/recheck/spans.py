"""Numbers that depend on symbols known only to lie in intervals: enclosed over all of those intervals.

An integral is computed at the middle of the intervals; how far it moves from there is bounded by the mean value theorem, its
slope by sums over pieces in interval arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import mpmath
import sympy

from proofs_check.recheck.intervals import Interval, walk
from proofs_check.recheck.numbers import Number

__all__ = ["by_pieces", "enclosed", "middle", "outermost", "span"]

_PIECES: Final = 32
# What the quadrature, 36 digits and more, may be off.
_QUADRATURE: Final = mpmath.mpf(10) ** -30
Values = Mapping[sympy.Symbol, Interval]
Quadrature = Callable[[sympy.Expr, Values], Number]


def span(expression: sympy.Expr, values: Values, quadrature: Quadrature) -> Interval:
    """Interval that holds an expression for all values of its symbols.

    Parameters
    ----------
    expression : sympy.Expr
        May hold integrals over finite ranges.
    values : mapping
        Symbol to its interval.
    quadrature : callable
        (expression, symbol to number) to the expression's number.
    """
    return enclosed(expression, values, lambda node: _at_middle(node, values, quadrature))


def middle(interval: Interval) -> Number:
    """A number in the middle of an interval."""
    return mpmath.mpf(interval.mid.a._mpi_[0]) if hasattr(interval.mid, "a") else mpmath.mpf(interval.mid)


def enclosed(expression: sympy.Expr, values: Values, of_integral: Callable[[sympy.Integral], Interval]) -> Interval:
    """Interval of an expression, its integrals enclosed by the function given."""
    integrals = outermost(expression)
    return walk(expression, {**values, **{node: of_integral(node) for node in integrals}})


def outermost(node: sympy.Expr) -> set[sympy.Integral]:
    """Integrals of an expression that stand in no other one."""
    if isinstance(node, sympy.Integral):
        return {node}
    return set().union(*(outermost(argument) for argument in node.args))


def _at_middle(node: sympy.Integral, values: Values, quadrature: Quadrature) -> Interval:
    moving = [symbol for symbol in node.free_symbols if values[symbol].delta > 0]
    number = quadrature(node, {symbol: middle(values[symbol]) for symbol in node.free_symbols})
    off = _QUADRATURE * (1 + abs(number))
    found = mpmath.iv.mpf([number - off, number + off])
    for symbol in moving:
        slope = enclosed(sympy.diff(node, symbol), values, lambda inner: by_pieces(inner, values))
        found += (values[symbol] - middle(values[symbol])) * slope
    return found


def by_pieces(node: sympy.Integral, values: Values) -> Interval:
    """Sum over pieces of the range, wide but certain."""
    ((variable, start, end),) = node.limits
    a, b = (walk(each, values) for each in (start, end))

    def over(piece: Interval) -> Interval:
        inside = {**values, variable: piece}
        return enclosed(node.function, inside, lambda inner: by_pieces(inner, inside))

    low, high = (mpmath.iv.mpf(middle(each)) for each in (a, b))
    step = (high - low) / _PIECES
    total = mpmath.iv.mpf(0)
    for k in range(_PIECES):
        ends = low + k * step, low + (k + 1) * step
        total += step * over(mpmath.iv.mpf([ends[0].a, ends[1].b]))
    for interval, centre, sign in ((b, high, 1), (a, low, -1)):
        if interval.delta > 0:
            total += sign * (interval - centre) * over(interval)
    return total
