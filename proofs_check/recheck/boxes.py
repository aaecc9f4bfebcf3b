"""Boxes: they tile the domain, and the expression is positive on each, by other intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import isfinite
from typing import Final

import mpmath
import sympy

from proofs_check.problem import PRECISION, Inequality
from proofs_check.problem.base import Evidence
from proofs_check.recheck.continuity import require_continuous
from proofs_check.recheck.intervals import Interval, fraction, interval
from proofs_check.recheck.refusal import Refused, exact, only_keys, same_number
from proofs_check.recheck.registry import rechecks
from proofs_check.recheck.sample_points import rational_points

__all__ = ["check_boxes"]

_MOST_PIECES: Final = 4000
# A bound is stored as the nearest float.
_FLOAT: Final = 1 - 1e-15
# Of floats with all their digits, on both sides of 1.
_DECADES: Final = 308
Box = tuple[tuple[Fraction, Fraction], ...]


@rechecks(Inequality, "certified")
def check_boxes(problem: Inequality, outcome: str, evidence: Evidence) -> str:
    """Look at every box; at a corner, at the derivative that Taylor's formula asks for."""
    due = {"precision", "worst", "lower", "boxes"}
    only_keys(evidence, due | {"derivative"} if problem.corner else due)
    boxes: list[Box] = []
    for entry in evidence["boxes"]:
        sides = [tuple(exact(text) for text in side.split(":")) for side in entry]
        boxes.append(tuple((low, high) for low, high in sides))
    domain = tuple((fraction(low), fraction(high)) for low, high in problem.variables.values())
    if not _fill(domain, boxes):
        raise Refused("the boxes do not fill the domain")
    names, derivative, axis = list(problem.variables), problem.expression, -1
    if problem.corner is not None:
        axis = names.index(problem.corner.symbol)
        _check_vanishing(problem)
        derivative = sympy.diff(problem.expression, problem.corner.symbol, problem.corner.order)
    worst, lower = evidence["worst"], evidence["lower"]
    if not same_number(evidence["precision"], PRECISION) or type(worst) is not int or not 0 <= worst < len(boxes):
        raise Refused("another precision, or no such worst box")
    used = evidence.get("derivative", "at the corner")
    if used not in ("everywhere", "at the corner"):
        raise Refused(f"derivative {used!r}")
    # Taylor's formula asks for all derivatives up to that one; the sign on a box for the expression alone.
    orders = problem.corner.order + 1 if problem.corner is not None else 1
    asked = [sympy.diff(problem.expression, names[axis], order) if order else problem.expression for order in range(orders)]
    middles = []
    for number, box in enumerate(boxes):
        cornered = axis >= 0 and (used == "everywhere" or box[axis][0] == domain[axis][0])
        expression = derivative if cornered else problem.expression
        ranges = dict(zip(names, box, strict=True))
        require_continuous(asked if cornered else asked[:1], ranges)
        value = interval(expression, ranges)
        if not value.a > 0:
            raise Refused(f"not shown to be positive on {box}")
        centre = {name: ((low + high) / 2,) * 2 for name, (low, high) in zip(names, box, strict=True)}
        middles.append(interval(expression, centre))
        if number == worst:
            _check_lower(expression, names, box, lower)
    if any(each.b < middles[worst].a for each in middles):
        raise Refused("another box is worse, by the value in the middle")
    return f"{len(boxes)} boxes fill the domain, and what is to be positive is so on each"


def _check_vanishing(problem: Inequality) -> None:
    assert problem.corner is not None
    symbol = problem.corner.symbol
    low = problem.variables[symbol][0]
    for order in range(problem.corner.order):
        value = sympy.diff(problem.expression, symbol, order).subs(symbol, low)
        for point in rational_points(problem.variables):
            sides = {each: (number, number) for each, number in point.items()}
            found = interval(value, sides)
            if not (-1e-30 < found.a and found.b < 1e-30):
                raise Refused(f"derivative {order} does not vanish at {symbol} = {low}")


def _check_lower(expression: sympy.Expr, names: list[sympy.Symbol], box: Box, lower: object) -> None:
    """Show the stored lower bound anew, on pieces of the box that are cut until each lies above it."""
    bound = _bound(lower)
    for corner in product(*box):
        _check_below(expression, names, corner, bound, lower)
    pieces, looked = [box], 0
    while pieces:
        piece, looked = pieces.pop(), looked + 1
        if looked > _MOST_PIECES:
            raise Refused(f"{lower} is not shown to be a lower bound of the worst box")
        if interval(expression, dict(zip(names, piece, strict=True))).a >= bound.b:
            continue
        _check_below(expression, names, tuple((low + high) / 2 for low, high in piece), bound, lower)
        # The side that was cut least often.
        shares = [(high - low) / (end - start) if end > start else Fraction(0)
                  for (low, high), (start, end) in zip(piece, box, strict=True)]  # fmt: skip
        axis = max(range(len(piece)), key=shares.__getitem__)
        low, high = piece[axis]
        for half in ((low, (low + high) / 2), ((low + high) / 2, high)):
            pieces.append((*piece[:axis], half, *piece[axis + 1 :]))


def _bound(lower: object) -> Interval:
    """What the expression must reach: of a float a little less; outside of the floats' range a power of ten, in text."""
    if type(lower) is float and isfinite(lower) and lower > 0:
        return mpmath.iv.mpf(lower * _FLOAT)
    power = re.fullmatch(r"1e(-?[1-9][0-9]{2,29})", lower) if isinstance(lower, str) else None
    if power is None or abs(int(power[1])) < _DECADES:
        raise Refused(f"{str(lower)[:40]!r} is no positive bound")
    ten = sympy.Symbol("ten")
    return interval(ten ** int(power[1]), {ten: (Fraction(10), Fraction(10))})


def _check_below(
    expression: sympy.Expr, names: list[sympy.Symbol], point: tuple[Fraction, ...], bound: Interval, lower: object
) -> None:
    if interval(expression, {name: (x, x) for name, x in zip(names, point, strict=True)}).b < bound.a:
        raise Refused(f"{lower} is no lower bound of the worst box: the expression goes below it")


def _fill(domain: Box, boxes: Sequence[Box]) -> bool:
    """Whether the boxes tile the domain; only tilings by straight cuts through the whole are recognised."""
    if len(boxes) == 1:
        return boxes[0] == domain
    for axis, (low, high) in enumerate(domain):
        for cut in sorted({box[axis][0] for box in boxes} - {low}, key=lambda x: abs(x - (low + high) / 2))[:1]:
            left = [box for box in boxes if box[axis][1] <= cut]
            right = [box for box in boxes if box[axis][0] >= cut]
            if len(left) + len(right) == len(boxes) and left and right:
                parts = ((low, cut), left), ((cut, high), right)
                return all(_fill((*domain[:axis], side, *domain[axis + 1 :]), part) for side, part in parts)
    return False
