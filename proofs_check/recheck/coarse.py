"""What a quadrature cannot see: a pole, a peak between its nodes, a second root. By sums over pieces, wide but certain.

Pieces are cut, those first that are widest, until an integral is enclosed to a tenth of the sum of their sizes. A part that
is smaller than that may still be missed; the digits are the quadrature's alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Final

import mpmath
import sympy

from proofs_check.problem import Root
from proofs_check.recheck.intervals import Interval
from proofs_check.recheck.numbers import Number
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.spans import by_pieces, enclosed, middle

__all__ = ["require_one_root", "require_seen"]

_SHARE: Final = 10
_MOST: Final = 600
_LEAST: Final = mpmath.mpf(2) ** -60
_MOST_OF_ROOT: Final = 300
_ROUNDING: Final = mpmath.mpf(10) ** -20
Values = Mapping[sympy.Symbol, Interval]


def require_seen(node: sympy.Integral, values: Values, number: Number) -> None:
    """Refuse an integral whose integrand is not bounded, or whose computed value lies outside of the sum over pieces."""
    ((variable, start, end),) = node.limits
    low, high = (middle(enclosed(each, values, lambda inner: by_pieces(inner, values))) for each in (start, end))
    queue: list[tuple[Number, int, Number, Number, Interval]] = []
    looked = 0

    def look_at(a: Number, b: Number) -> None:
        nonlocal looked
        looked += 1
        piece = mpmath.iv.mpf([min(a, b), max(a, b)])
        found = (mpmath.iv.mpf(b) - mpmath.iv.mpf(a)) * _over(node.function, {**values, variable: piece})
        heapq.heappush(queue, (-_width(found), looked, a, b, found))

    look_at(low, high)
    while True:
        if looked > _MOST or abs(queue[0][3] - queue[0][2]) < abs(high - low) * _LEAST:
            raise Refused(f"{variable} from {start} to {end}: the integrand is not shown to be bounded, and its integral seen")
        if mpmath.isfinite(queue[0][0]):
            width = -sum((entry[0] for entry in queue), mpmath.mpf(0))
            size = sum((max(abs(mpmath.mpf(e[4].a)), abs(mpmath.mpf(e[4].b))) for e in queue), mpmath.mpf(0))
            if width * _SHARE <= size + _ROUNDING:
                break
        # Many at a time: the sums cost as much as the pieces.
        for _ in range(max(1, len(queue) // 8)):
            _, _, a, b, _ = heapq.heappop(queue)
            look_at(a, (a + b) / 2)
            look_at((a + b) / 2, b)
    done = sum((entry[4] for entry in queue), mpmath.iv.mpf(0))
    slack = _ROUNDING * (1 + abs(number))
    if not done.a - slack <= number <= done.b + slack:
        raise Refused(f"an integral over {variable}, {mpmath.nstr(number, 10)} by quadrature, lies within {done}")


def require_one_root(root: Root, values: Values) -> None:
    """Refuse an equation that is not shown to be bounded, with a slope of one sign, all the way between the ends."""
    slope = sympy.diff(root.equation, root.symbol)
    left = [(mpmath.mpf(int(root.low.p)) / int(root.low.q), mpmath.mpf(int(root.high.p)) / int(root.high.q))]
    signs, looked = set(), 0
    while left:
        (a, b), looked = left.pop(), looked + 1
        inside = {**values, root.symbol: mpmath.iv.mpf([a, b])}
        rises = _over(slope, inside)
        if mpmath.isfinite(_width(_over(root.equation, inside))) and (rises.a > 0 or rises.b < 0):
            signs.add(bool(rises.a > 0))
        elif looked > _MOST_OF_ROOT:
            raise Refused(f"the equation of {root.symbol} is not shown to be monotone from {root.low} to {root.high}")
        else:
            left += [(a, (a + b) / 2), ((a + b) / 2, b)]
    if len(signs) > 1:
        raise Refused(f"the equation of {root.symbol} rises and falls from {root.low} to {root.high}")


def _over(expression: sympy.Expr, values: Values) -> Interval:
    """Interval over a piece; the whole line where it is not defined on all of it."""
    try:
        found = enclosed(expression, values, lambda inner: by_pieces(inner, values))
    except (ZeroDivisionError, OverflowError, Refused, mpmath.libmp.ComplexResult):
        return mpmath.iv.mpf(["-inf", "inf"])
    return found if found.a <= found.b else mpmath.iv.mpf(["-inf", "inf"])


def _width(found: Interval) -> Number:
    width = mpmath.mpf(found.b) - mpmath.mpf(found.a)
    return mpmath.inf if mpmath.isnan(width) else width
