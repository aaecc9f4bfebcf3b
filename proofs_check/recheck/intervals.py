"""Enclosures by mpmath's intervals, written for the second look alone."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import mpmath
import sympy

from proofs_check.recheck.refusal import Refused

__all__ = ["Interval", "fraction", "interval", "walk"]

# Monotone ones, cosh from 0 on.
_POINT_FUNCTIONS: Final = {
    sympy.atan: mpmath.atan, sympy.asin: mpmath.asin, sympy.acos: mpmath.acos, sympy.erf: mpmath.erf,
    sympy.sinh: mpmath.sinh, sympy.cosh: mpmath.cosh, sympy.tanh: mpmath.tanh,
}  # fmt: skip
Side = tuple[Fraction, Fraction]
Interval = Any
"""mpmath's, which has no types."""


def fraction(value: sympy.Rational) -> Fraction:
    """A sympy rational as a fraction."""
    return Fraction(int(value.p), int(value.q))


def interval(expression: sympy.Expr, sides: Mapping[sympy.Symbol, Side], digits: int = 40) -> Interval:
    """Interval that holds the expression for all values of its symbols between the ends given."""
    before = mpmath.iv.dps
    mpmath.iv.dps = digits
    try:
        return walk(expression, {symbol: _span(*side) for symbol, side in sides.items()})
    except mpmath.libmp.ComplexResult as error:
        raise Refused(f"not real on {dict(sides)}") from error
    finally:
        mpmath.iv.dps = before


def _span(low: Fraction, high: Fraction) -> Interval:
    a, b = (mpmath.iv.mpf(x.numerator) / x.denominator for x in (low, high))
    return mpmath.iv.mpf([a.a, b.b])


def walk(node: sympy.Expr, values: Mapping[sympy.Expr, Interval]) -> Interval:
    """Interval of an expression by structure; symbols, and expressions already enclosed, stand for the intervals given."""
    if node in values:
        return values[node]
    if isinstance(node, sympy.Rational):
        return mpmath.iv.mpf(int(node.p)) / int(node.q)
    if node == sympy.pi:
        return mpmath.iv.pi
    if node == sympy.E:
        return mpmath.iv.exp(mpmath.iv.mpf(1))
    parts = [walk(argument, values) for argument in node.args] if not isinstance(node, sympy.Pow) else []
    match node:
        case sympy.Add():
            return sum(parts[1:], parts[0])
        case sympy.Mul():
            product = parts[0]
            for part in parts[1:]:
                product = product * part
            return product
        case sympy.Pow():
            base, exponent = walk(node.base, values), node.exp
            if exponent.is_Integer:
                return base ** int(exponent)
            if exponent.is_Rational and exponent.q == 2:
                return mpmath.iv.sqrt(base) ** int(exponent.p)
            return mpmath.iv.exp(walk(exponent, values) * mpmath.iv.log(base))
        case sympy.exp():
            return mpmath.iv.exp(parts[0])
        case sympy.log():
            return mpmath.iv.log(parts[0])
        case sympy.cos():
            return mpmath.iv.cos(parts[0])
        case sympy.sin():
            return mpmath.iv.sin(parts[0])
        case sympy.Abs():
            return abs(parts[0])
        case sympy.cosh():
            return _monotone(node.func, abs(parts[0]))
        case sympy.Max() | sympy.Min():
            chosen = max if isinstance(node, sympy.Max) else min
            return mpmath.iv.mpf([chosen(part.a for part in parts), chosen(part.b for part in parts)])
    if node.func in _POINT_FUNCTIONS:
        return _monotone(node.func, parts[0])
    raise Refused(f"no second enclosure of {type(node).__name__}")


def _monotone(function: type[sympy.Function], argument: Interval) -> Interval:
    """Interval of a monotone function from its ends, widened by what mpmath's point functions may be off.

    The ends are taken as they are: beside 1 an arcsine moves far with the last digit that rounding would take.
    """
    point = _POINT_FUNCTIONS[function]
    digits = max(40, mpmath.iv.dps)
    with mpmath.workdps(digits + 10):
        ends = []
        for end in (argument.a, argument.b):
            value = mpmath.mpf(end._mpi_[0] if hasattr(end, "_mpi_") else end)
            if function in (sympy.asin, sympy.acos) and abs(value) > 1:
                raise Refused("an argument beyond [-1, 1]")
            ends.append(point(value))
        low, high = min(ends), max(ends)
        slack = mpmath.mpf(10) ** (2 - digits)
        return mpmath.iv.mpf([low - slack * (1 + abs(low)), high + slack * (1 + abs(high))])
