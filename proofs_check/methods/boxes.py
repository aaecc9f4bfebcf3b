"""Inequalities over boxes: an enclosure of the expression that is positive holds for every point of a box.

A box in which the sign is not decided is cut in two along its widest side, relative to where it began. At a corner where the
expression vanishes, boxes are decided by Taylor's formula with the remainder enclosed.
"""

from __future__ import annotations

import heapq
import math
import sys
from fractions import Fraction
from typing import Final

import sympy
from flint import arb

from proofs_check.methods.continuity import continuous
from proofs_check.methods.counterexample import false_at, not_positive
from proofs_check.methods.enclosure import ball, enclose, fraction, precision
from proofs_check.methods.evaluated import is_zero
from proofs_check.methods.placing import placed
from proofs_check.problem import PRECISION, Inequality
from proofs_check.problem.base import Solution, solves

__all__ = ["certify_positive"]

_MOST_BOXES: Final = 50_000
_FEW_BOXES: Final = 5_000
# Of the domain's volume: beside a pole or a zero boxes would be cut without end.
_SMALLEST: Final = 2.0**-100
Sides = tuple[tuple[Fraction, Fraction], ...]


@solves(Inequality)
def certify_positive(problem: Inequality) -> Solution:
    """Show that an expression is positive on a box, or find a point of it where it is not.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Boxes that cover the domain, the worst of them (by number) with its lower bound, and where the corner's derivative
        was used; or a counterexample.
    """
    refuted = not_positive(problem.beyond_corner(), problem.expression)
    if refuted is not None:
        return "refuted", refuted
    with precision(PRECISION):
        return _search(problem)


def _search(problem: Inequality) -> Solution:
    corner = problem.corner
    if corner is None:
        return _cover(problem, problem.expression, None)
    low = problem.variables[corner.symbol][0]
    below = [sympy.diff(problem.expression, corner.symbol, k) if k else problem.expression for k in range(corner.order)]
    if not _vanish(below, corner.symbol, low):
        return "undecided", {"reason": f"not shown to vanish at {corner.symbol} = {low}"}
    jumping = [k for k, each in enumerate(below) if not _continuous(each, problem)]
    if jumping:
        return "undecided", {"reason": f"derivative {jumping[0]} is not shown to be continuous on the domain"}
    derivative = sympy.diff(problem.expression, corner.symbol, corner.order)
    # A derivative that is positive on the whole domain needs few boxes: it does not come near 0 beside the corner.
    outcome, evidence = _cover(problem, derivative, None, most=_FEW_BOXES)
    if outcome == "certified":
        return outcome, {"derivative": "everywhere", **evidence}
    outcome, evidence = _cover(problem, problem.expression, derivative)
    return outcome, {"derivative": "at the corner", **evidence} if outcome == "certified" else evidence


def _cover(
    problem: Inequality, expression: sympy.Expr, at_corner: sympy.Expr | None, most: int = _MOST_BOXES
) -> Solution:
    """Boxes on each of which the expression is positive, or the other one on those that touch the corner."""
    names = list(problem.variables)
    sides = tuple((fraction(low), fraction(high)) for low, high in problem.variables.values())
    axis = names.index(problem.corner.symbol) if problem.corner is not None else 0
    width = [high - low if high > low else Fraction(1) for low, high in sides]
    queue: list[tuple[float, int, Sides]] = [(-1.0, 0, sides)]
    done: list[tuple[Sides, arb, arb]] = []
    count = 1
    while queue:
        size, _, box = heapq.heappop(queue)
        if count > most or -size < _SMALLEST:
            return "undecided", {"boxes": count, "reason": "more boxes than allowed"}
        cornered = at_corner is not None and box[axis][0] == sides[axis][0]
        value = enclose(at_corner if cornered else expression, _balls(names, box))
        middle = tuple(((low + high) / 2,) * 2 for low, high in box)
        if value > 0:
            here = enclose(at_corner if cornered else expression, _balls(names, middle))
            done.append((box, value.lower(), here.mid()))
            continue
        at = enclose(problem.expression, _balls(names, middle))
        if not at.is_finite():
            return "undecided", {"reason": f"not shown to be defined at {[str(m) for m, _ in middle]}"}
        if at <= 0:
            return "refuted", false_at(problem.beyond_corner(), problem.expression, [m for m, _ in middle])
        widest = max(range(len(box)), key=lambda i: (box[i][1] - box[i][0]) / width[i])
        low, high = box[widest]
        for half in ((low, (low + high) / 2), ((low + high) / 2, high)):
            count += 1
            heapq.heappush(queue, (0.5 * size, count, (*box[:widest], half, *box[widest + 1 :])))
    worst = min(range(len(done)), key=lambda index: done[index][2])  # by the value in the middle
    return "certified", {
        "precision": PRECISION,
        "worst": worst,
        "lower": _stored(done[worst][1]),
        "boxes": [[f"{low}:{high}" for low, high in box] for box, _, _ in done],
    }


def _stored(bound: arb) -> float | str:
    """A positive bound as the nearest float; outside of the floats' range as a power of ten below it, in text."""
    number = float(bound)
    if sys.float_info.min <= number < math.inf:
        return number
    power = (bound.log() / arb(10).log()).lower().floor().unique_fmpz()
    assert power is not None, "the floor of a number, not of a ball"
    return f"1e{int(power)}"


def _vanish(expressions: list[sympy.Expr], symbol: sympy.Symbol, low: sympy.Rational) -> bool:
    return all(is_zero(each.subs(symbol, low)) for each in expressions)


def _continuous(expression: sympy.Expr, problem: Inequality) -> bool:
    """What Taylor's formula asks of the expression and of its derivatives below the corner's order."""
    # A positive symbol whose domain begins at 0 is not positive there.
    reached = {symbol: sympy.Dummy(symbol.name, nonnegative=True) if symbol.is_positive and low == 0 else symbol
               for symbol, (low, _) in problem.variables.items()}  # fmt: skip
    box = {reached[symbol]: side for symbol, side in problem.variables.items()}
    return continuous(placed(expression, reached), box)


def _balls(names: list[sympy.Symbol], box: tuple[tuple[Fraction, ...], ...]) -> dict[sympy.Symbol, arb]:
    return {name: ball(side[0], side[1]) for name, side in zip(names, box, strict=True)}
