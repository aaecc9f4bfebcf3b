"""Ball arithmetic over boxes (python-flint's arb): enclosures that hold for every point of a box.

A box in which the sign is not decided is cut in two along its widest side, relative to where it began.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import sympy
from flint import arb, ctx, fmpq

from proofs_check.problem import Inequality

__all__ = ["PRECISION", "certify_positive", "enclose"]

PRECISION: Final = 128
_MOST_BOXES: Final = 200_000
_FUNCTIONS: Final = {
    sympy.sin: "sin", sympy.cos: "cos", sympy.tan: "tan", sympy.asin: "asin", sympy.acos: "acos", sympy.atan: "atan",
    sympy.exp: "exp", sympy.log: "log", sympy.erf: "erf",
}


def _rational(value: Any) -> Fraction:
    rational = sympy.Rational(value)
    return Fraction(int(rational.p), int(rational.q))


def _ball(low: Fraction, high: Fraction) -> Any:
    """Ball that holds the interval [low, high]."""
    a, b = (arb(fmpq(x.numerator, x.denominator)) for x in (low, high))
    return a.union(b)


def enclose(expression: sympy.Expr, values: Mapping[sympy.Symbol, Any]) -> Any:
    """Enclosure of an expression, by structure; symbols stand for the balls given.

    Raises
    ------
    NotImplementedError
        If the expression holds a function without an enclosure here.
    """
    if expression.is_Symbol:
        return values[expression]
    if expression.is_Rational:
        return arb(fmpq(int(expression.p), int(expression.q)))
    if expression is sympy.pi:
        return arb.pi()
    if expression is sympy.E:
        return arb(1).exp()
    if expression.is_Add:
        total = arb(0)
        for term in expression.args:
            total += enclose(term, values)
        return total
    if expression.is_Mul:
        product = arb(1)
        for factor in expression.args:
            product *= enclose(factor, values)
        return product
    if expression.is_Pow:
        base, exponent = expression.args
        inner = enclose(base, values)
        if exponent.is_Integer:
            return inner ** int(exponent)
        if exponent == sympy.Rational(1, 2):
            return inner.sqrt()
        if exponent == -sympy.Rational(1, 2):
            return inner.rsqrt()
        return (enclose(exponent, values) * inner.log()).exp()
    name = _FUNCTIONS.get(expression.func)
    if name is None:
        raise NotImplementedError(f"no enclosure of {expression.func}")
    return getattr(enclose(expression.args[0], values), name)()


def certify_positive(problem: Inequality) -> tuple[str, dict[str, Any]]:
    """Show that an expression is positive on a box, or find a point of it where it is not.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Boxes that cover the domain, each with endpoints and a lower bound; or a counterexample.
    """
    names = list(problem.variables)
    sides = [(_rational(low), _rational(high)) for low, high in problem.variables.values()]
    before = ctx.prec
    ctx.prec = PRECISION
    try:
        return _search(problem.expression, names, sides)
    finally:
        ctx.prec = before


def _search(
    expression: sympy.Expr, names: list[sympy.Symbol], sides: list[tuple[Fraction, Fraction]]
) -> tuple[str, dict[str, Any]]:
    width = [high - low if high > low else Fraction(1) for low, high in sides]
    queue: list[tuple[float, int, tuple[tuple[Fraction, Fraction], ...]]] = [(-1.0, 0, tuple(sides))]
    done: list[tuple[tuple[tuple[Fraction, Fraction], ...], float]] = []
    count = 1
    while queue:
        if count > _MOST_BOXES:
            return "undecided", {"boxes": count, "reason": "more boxes than allowed"}
        size, _, box = heapq.heappop(queue)
        value = enclose(expression, {n: _ball(*side) for n, side in zip(names, box, strict=True)})
        if value > 0:
            done.append((box, float(value.lower())))
            continue
        middle = [(low + high) / 2 for low, high in box]
        at = enclose(expression, {n: _ball(m, m) for n, m in zip(names, middle, strict=True)})
        if at <= 0:
            point = {str(n): str(m) for n, m in zip(names, middle, strict=True)}
            return "refuted", {"counterexample": point, "value": at.str(20)}
        widest = max(range(len(box)), key=lambda i: (box[i][1] - box[i][0]) / width[i])
        low, high = box[widest]
        for half in ((low, (low + high) / 2), ((low + high) / 2, high)):
            count += 1
            heapq.heappush(queue, (0.5 * size, count, (*box[:widest], half, *box[widest + 1 :])))
    worst = min(done, key=lambda item: item[1])
    return "certified", {
        "precision": PRECISION,
        "worst": {"box": _plain(names, worst[0]), "lower": worst[1]},
        "boxes": [[f"{low}:{high}" for low, high in box] for box, _ in done],
    }


def _plain(names: list[sympy.Symbol], box: tuple[tuple[Fraction, Fraction], ...]) -> dict[str, list[str]]:
    return {str(name): [str(low), str(high)] for name, (low, high) in zip(names, box, strict=True)}
