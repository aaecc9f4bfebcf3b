"""Points at which a claim is false, made as simple as they can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import sympy
from flint import arb, ctx, fmpq

from proofs_check.methods.ball import enclose
from proofs_check.problem import Domain

__all__ = ["differs", "not_positive", "simplest"]

_BITS = 256
Point = dict[sympy.Symbol, sympy.Rational]


def not_positive(domain: Domain, expression: sympy.Expr, *, strict: bool = True) -> dict[str, Any] | None:
    """Point of the domain at which an expression is certainly not positive (negative, if not strict), or None."""

    def false(value: Any) -> bool:
        return bool(value <= 0 if strict else value < 0)

    return _first(domain, expression, false, "value")


def differs(domain: Domain, difference: sympy.Expr) -> dict[str, Any] | None:
    """Point of the domain at which a difference is certainly not 0, or None."""
    return _first(domain, difference, lambda value: bool(value < 0 or value > 0), "difference")


def simplest(domain: Domain, point: Point, is_false: Callable[[Point], bool]) -> Point:
    """The same kind of point with the smallest denominators, one variable after the other."""
    for symbol, value in list(point.items()):
        low, high = domain[symbol]
        for most in (1, 2, 3, 4, 5, 6, 8, 10, 20, 50, 100):
            near = Fraction(int(value.p), int(value.q)).limit_denominator(most)
            tried = {**point, symbol: sympy.Rational(near.numerator, near.denominator)}
            if low <= tried[symbol] <= high and (not symbol.is_integer or tried[symbol].is_integer) and is_false(tried):
                point = tried
                break
    return point


def _first(
    domain: Domain, expression: sympy.Expr, false: Callable[[Any], bool], name: str
) -> dict[str, Any] | None:
    before = ctx.prec
    ctx.prec = _BITS
    try:
        given = expression.doit()

        def at(point: Point) -> Any:
            return enclose(given, {s: arb(fmpq(int(v.p), int(v.q))) for s, v in point.items()})

        for point in _points(domain):
            if false(at(point)):
                found = simplest(domain, point, lambda tried: false(at(tried)))
                return {"counterexample": {str(s): str(v) for s, v in found.items()}, name: at(found).str(20)}
    except (NotImplementedError, KeyError):
        return None
    finally:
        ctx.prec = before
    return None


def _points(domain: Domain) -> Iterator[Point]:
    """A few rational points of a domain, the same every time: its ends, then scattered ones."""
    if not domain:
        yield {}
        return
    for end in (0, 1):
        yield {s: low if end == 0 else (low + 8 if high.is_infinite else high) for s, (low, high) in domain.items()}
    for k in range(1, 40):
        point = {}
        for index, (symbol, (low, high)) in enumerate(domain.items()):
            share = sympy.Rational((k * (7 + 4 * index)) % 41, 41)
            value = low + share * ((low + 8 if high.is_infinite else high) - low)
            point[symbol] = sympy.ceiling(value) if symbol.is_integer else sympy.Rational(value)
        yield point
