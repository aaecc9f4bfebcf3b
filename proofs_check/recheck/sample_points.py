"""Rational points at which a second look evaluates: spread over a domain, close to its ends, and close to what is singular.

Where a domain has no end it is cut at 10^3 beyond its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import mpmath
import sympy

from proofs_check.problem import Domain
from proofs_check.problem.values import nearest_value
from proofs_check.recheck.continuity import critical
from proofs_check.recheck.intervals import Side, fraction
from proofs_check.recheck.numbers import Number, number
from proofs_check.recheck.refusal import Refused

__all__ = [
    "CUT", "Point", "allowed_values", "box", "closest", "ends_of", "lines", "near_ends", "near_singular", "rational_points",
]  # fmt: skip

_POINTS: Final = 12
CUT: Final = 1000
_GRID: Final = 24
_DIGITS: Final = 40
_AWAY: Final = tuple(Fraction(1, 10**k) for k in (3, 5, 7, 9))
_NEAR_END: Final = (Fraction(1, 10**3), Fraction(1, 10**9), Fraction(1, 10**12))
_OPEN_END: Final = Fraction(1, 10**6)
Point = dict[sympy.Symbol, Fraction]


def rational_points(domain: Domain) -> list[Point]:
    """Points inside of a domain, the same every time."""
    points = []
    for k in range(_POINTS):
        point = {}
        for index, (symbol, (low, high)) in enumerate(domain.items()):
            start = fraction(low)
            end = start + 5 if high.is_infinite else fraction(high)
            share = Fraction((3 * k + 5 * index + 2) % 23 + 1, 25)
            value = start + share * (end - start)
            point[symbol] = nearest_value(symbol, value)
        points.append(point)
    return points


def near_ends(domain: Domain) -> list[Point]:
    """Points close to both ends of each variable, the others at a point inside."""
    points = []
    for number_, symbol in enumerate(each for each in domain if not each.is_integer):
        inside = rational_points(domain)[number_ % _POINTS]
        low, high = ends_of(domain, symbol)
        for share in (*_NEAR_END, *(1 - each for each in _NEAR_END)):
            points.append({**inside, symbol: low + share * (high - low)})
    return points


def near_singular(expressions: Sequence[sympy.Expr], domain: Domain) -> list[Point]:
    """Points on both sides of the places where a denominator or an argument of a logarithm or a root comes closest to 0."""
    points = []
    for argument in dict.fromkeys(argument for each in expressions for _, argument in critical(each)):
        for symbol in sorted(argument.free_symbols & set(domain), key=str):
            if symbol.is_integer:
                continue
            inside, (low, high) = rational_points(domain)[0], ends_of(domain, symbol)
            for place in closest(argument, symbol, inside, low, high):
                points += [{**inside, symbol: place + away} for step in _AWAY for away in (-step, step)
                           if low < place + away < high]  # fmt: skip
    return points


def allowed_values(domain: Domain) -> dict[sympy.Symbol, tuple[sympy.Integer, sympy.Integer]]:
    """The domain that the symbols' assumptions allow, cut where it has no end: a claim of positivity is about all of it."""
    found = {}
    for symbol in domain:
        if symbol.is_nonnegative:
            found[symbol] = (sympy.Integer(1 if symbol.is_integer and symbol.is_positive else 0), sympy.Integer(CUT))
        elif symbol.is_nonpositive:
            found[symbol] = (sympy.Integer(-CUT), sympy.Integer(0))
        else:
            found[symbol] = (sympy.Integer(-CUT), sympy.Integer(CUT))
    return found


def lines(domain: Domain) -> Iterator[dict[sympy.Symbol, Side]]:
    """Straight lines through a domain along each variable, the others at a point inside; whole numbers stand still."""
    inside = rational_points(domain)[0]
    fixed = {symbol: (value, value) for symbol, value in inside.items()}
    moving = [symbol for symbol in domain if not symbol.is_integer]
    whole = box(domain)
    for symbol in moving:
        yield {**fixed, symbol: whole[symbol]}
    if not moving:
        yield fixed


def box(domain: Domain) -> dict[sympy.Symbol, Side]:
    """The whole domain, cut where it has no end."""
    found = {}
    for symbol in domain:
        low, high = ends_of(domain, symbol)
        # The end of a positive symbol's values is none of them.
        found[symbol] = (_OPEN_END if low == 0 and symbol.is_positive else low, high)
    return found


def ends_of(domain: Domain, symbol: sympy.Symbol) -> tuple[Fraction, Fraction]:
    """Ends of a variable's range, cut where there is none."""
    low, high = domain[symbol]
    return fraction(low), fraction(low) + CUT if high.is_infinite else fraction(high)


def closest(argument: sympy.Expr, symbol: sympy.Symbol, inside: Point, low: Fraction, high: Fraction) -> Iterator[Fraction]:
    """Least values of the argument's size between grid points, by thirds."""

    def size(at: Fraction) -> Number:
        try:
            value = abs(number(argument, {**inside, symbol: at}, _DIGITS))
        except (ZeroDivisionError, OverflowError, ValueError, Refused):
            return mpmath.inf
        return value if mpmath.isfinite(value) else mpmath.inf

    grid = [low + (high - low) * k / _GRID for k in range(_GRID + 1)]
    sizes = [size(at) for at in grid]
    for k, least in enumerate(sizes):
        before, after = max(k - 1, 0), min(k + 1, _GRID)
        if not sizes[before] >= least <= sizes[after]:
            continue
        a, b = grid[before], grid[after]
        for _ in range(60):
            third = (b - a) / 3
            # Short fractions: a place, not a number.
            left, right = ((a + third).limit_denominator(10**30), (b - third).limit_denominator(10**30))
            a, b = (a, right) if size(left) <= size(right) else (left, b)
        yield (a + b) / 2
