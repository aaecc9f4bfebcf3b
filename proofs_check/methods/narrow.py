"""Places where a statement may be false that scattered points miss: beside the ends of a domain, and in narrow dips.

Beside the ends the distance falls by powers of ten. Dips are found by bisection: of the boxes not shown to be without a
counterexample the one whose enclosure reaches farthest is cut first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice, product
from typing import Final

import sympy

from proofs_check.methods.counterexample import Point
from proofs_check.methods.enclosure import ball, enclose, fraction, precision
from proofs_check.problem import Domain
from proofs_check.problem.values import nearest_value

__all__ = ["beside_the_ends", "in_dips"]

Sides = tuple[tuple[Fraction, Fraction], ...]

_NEAREST: Final = 40
_FARTHEST: Final = 7
_MOST_POINTS: Final = 400
_CUTS: Final = 1500
# What is claimed to be 0 is enclosed by 0 in every box where it is.
_CUTS_OF_ZERO: Final = 100
_BITS: Final = 128


def beside_the_ends(domain: Domain) -> Iterator[Point]:
    """Points at 10^-1, ..., 10^-40 of the range from each end, up to 10^6 where there is none; then of several variables."""
    centre = {symbol: _whole(symbol, low + (1 if high.is_infinite else (high - low) / 2))
              for symbol, (low, high) in domain.items()}  # fmt: skip
    for symbol, (low, high) in domain.items():
        for place in _places(low, high):
            yield {**centre, symbol: _whole(symbol, place)}
    sides = [list(_places(low, high))[::8] for low, high in domain.values()]
    if len(domain) > 1:
        for places in islice(product(*sides), _MOST_POINTS):
            yield {symbol: _whole(symbol, place) for symbol, place in zip(domain, places, strict=True)}


def _whole(symbol: sympy.Symbol, place: sympy.Rational) -> sympy.Rational:
    return _rational(nearest_value(symbol, fraction(sympy.Rational(place))))


def _places(low: sympy.Rational, high: sympy.Rational) -> Iterator[sympy.Rational]:
    width = sympy.Integer(1) if high.is_infinite else high - low
    for power in range(_NEAREST, 0, -1):
        near = width / 10**power
        yield low + near
        if not high.is_infinite:
            yield high - near
    if high.is_infinite:
        yield from (low + sympy.Integer(10) ** power for power in range(_FARTHEST))


def in_dips(domain: Domain, expression: sympy.Expr, claimed: str) -> Iterator[Point]:
    """Middles of boxes, those first whose enclosure reaches farthest to where the statement is false, cut again and again."""
    if not domain or any(high.is_infinite or symbol.is_integer for symbol, (_, high) in domain.items()):
        return
    names = list(domain)
    whole = tuple((fraction(low), fraction(high)) for low, high in domain.values())
    reach = _reach(names, expression, claimed)
    queue: list[tuple[float, float, int, Sides]] = [(0.0, 0.0, 0, whole)]
    for count in range(1, 2 * (_CUTS_OF_ZERO if claimed == "zero" else _CUTS), 2):
        if not queue:
            return
        _, _, _, box = heapq.heappop(queue)
        yield {name: _rational((low + high) / 2) for name, (low, high) in zip(names, box, strict=True)}
        axis = max(range(len(box)), key=lambda i: (box[i][1] - box[i][0]) / ((whole[i][1] - whole[i][0]) or 1))
        low, high = box[axis]
        middle = (low + high) / 2
        for number, half in enumerate(((low, middle), (middle, high))):
            part = (*box[:axis], half, *box[axis + 1 :])
            found = reach(part)
            if found is not None:
                heapq.heappush(queue, (*found, count + number, part))


def _reach(names: list[sympy.Symbol], expression: sympy.Expr, claimed: str) -> Callable[[Sides], tuple[float, float] | None]:
    """Order in which boxes are cut: by the value in the middle and, less, by the enclosure; None if nothing is false there."""

    def reach(box: Sides) -> tuple[float, float] | None:
        try:
            with precision(_BITS):
                value = enclose(expression, {name: ball(*side) for name, side in zip(names, box, strict=True)})
        except NotImplementedError:
            return None
        if claimed == "zero":
            return (-float(value.abs_upper()), 0.0) if value.is_finite() else (float("-inf"), 0.0)
        if not value.is_finite():
            return float("-inf"), -max(float(high - low) for low, high in box)
        low = float(value.lower())
        return None if low > 0 else (low, 0.0)

    return reach


def _rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)
