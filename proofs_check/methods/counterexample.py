"""Points at which a claim is false, made as simple as they can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, product

import sympy
from flint import arb, ctx, fmpq

from proofs_check.methods.enclosure import enclose, fraction
from proofs_check.methods.evaluated import evaluated
from proofs_check.problem import Domain
from proofs_check.problem.base import Evidence
from proofs_check.problem.values import is_value, nearest_value

__all__ = [
    "Point", "differs", "false_at", "not_positive", "not_positive_beside", "not_so_at_special_points", "shown_at", "simplest",
]

# Bits of precision, more as long as a sign is not decided.
_LADDER = (256, 1024, 4096)
_CORNERS = 4
# How many points have others beside them, and at which powers of a tenth.
_BESIDE = 8
_POWERS = (2, 3, 4, 6)
Point = dict[sympy.Symbol, sympy.Rational]


def not_positive(domain: Domain, expression: sympy.Expr, *, strict: bool = True) -> Evidence | None:
    """Point of the domain at which an expression is certainly not positive (negative, if not strict), or None."""

    return _first(domain, expression, _is_false("positive" if strict else "not negative"), "value", _points(domain))


def not_positive_beside(
    domain: Domain, expression: sympy.Expr, by: sympy.Symbol | None, at: sympy.Expr | None
) -> Evidence | None:
    """Point beside ``by`` = ``at``, where an expression is 0, at which it is certainly negative, or None.

    A wrong constant in the first derivative shows there alone, within about that share of the point.
    """
    assert by is not None and at is not None

    def beside() -> Iterator[Point]:
        for point in islice(_points(domain), _BESIDE):
            found = sympy.N(at.subs(point), 60)
            if not found.is_finite or not found.is_real:
                continue
            start = sympy.Rational(str(found))
            for power, side in product(_POWERS, (1, -1)):
                near = start + sympy.Rational(side, 10**power) * max(1, abs(start))
                if domain[by][0] <= near <= domain[by][1] and is_value(by, fraction(near)):
                    yield {**point, by: near}

    return _first(domain, expression, _is_false("not negative"), "value", beside())


def false_at(domain: Domain, expression: sympy.Expr, values: Sequence[Fraction]) -> Evidence:
    """A point at which an expression is not positive, made simple."""
    point = {symbol: sympy.Rational(x.numerator, x.denominator) for symbol, x in zip(domain, values, strict=True)}
    return _shown(domain, expression, point, lambda value: bool(value <= 0), "value")


def shown_at(domain: Domain, expression: sympy.Expr, point: Point, claimed: str) -> Evidence | None:
    """The point made simple, if an expression claimed to be zero, positive or not negative certainly is not so there."""

    false = _is_false(claimed)
    return _first(domain, expression, false, "difference" if claimed == "zero" else "value", [point])


def not_so_at_special_points(domain: Domain, expression: sympy.Expr, claimed: str) -> Evidence | None:
    """A counterexample among values of the parameters at which a limit may be another one than for all others, or None.

    These are the ends of the domain and zeros of coefficients. They are put in first: sympy's limits hold for generic values.
    """
    if not expression.has(sympy.Limit):
        return None
    for point in _special_points(domain, expression):
        try:
            value = _at(evaluated(expression.subs(point)), {})
        except (NotImplementedError, KeyError):
            continue
        if _is_false(claimed)(value):
            name = "difference" if claimed == "zero" else "value"
            return {"counterexample": {str(s): str(v) for s, v in point.items()}, name: value.str(20)}
    return None


def differs(domain: Domain, difference: sympy.Expr) -> Evidence | None:
    """Point of the domain at which a difference is certainly not 0, or None."""
    return _first(domain, difference, _is_false("zero"), "difference", _points(domain))


def simplest(domain: Domain, point: Point, is_false: Callable[[Point], bool]) -> Point:
    """The same kind of point with the smallest denominators, one variable after the other."""
    for symbol, value in list(point.items()):
        low, high = domain[symbol]
        tried = (
            {**point, symbol: near}
            for near in _near(value)
            if low <= near <= high and is_value(symbol, fraction(near))
        )
        point = next((each for each in tried if is_false(each)), point)
    return point


def _near(value: sympy.Rational) -> Iterator[sympy.Rational]:
    """Rationals near a value, those of small denominators first."""
    for most in (1, 2, 3, 4, 5, 6, 8, 10, 20, 50, 100):
        middle = round(Fraction(int(value.p), int(value.q)) * most)
        for offset in (0, 1, -1, 2, -2):
            yield sympy.Rational(middle + offset, most)


def _is_false(claimed: str) -> Callable[[arb], bool]:
    """Whether a value certainly is not what is claimed: "zero", "positive" or "not negative"."""
    if claimed == "zero":
        return lambda value: bool(value < 0 or value > 0)
    return lambda value: bool(value <= 0 if claimed == "positive" else value < 0)


def _first(
    domain: Domain, expression: sympy.Expr, false: Callable[[arb], bool], name: str, points: Iterable[Point]
) -> Evidence | None:
    try:
        given = evaluated(expression)
        for point in points:
            if false(_at(given, point)):
                found = _shown(domain, given, point, false, name)
                # sympy evaluates a limit for generic parameters; here they have one value each.
                if not expression.has(sympy.Limit) or false(_at(evaluated(expression.subs(_read(domain, found))), {})):
                    return found
    except (NotImplementedError, KeyError):
        return None
    return None


def _read(domain: Domain, found: Evidence) -> Point:
    return {symbol: sympy.Rational(found["counterexample"][str(symbol)]) for symbol in domain}


def _special_points(domain: Domain, expression: sympy.Expr) -> Iterator[Point]:
    """Ends of the domain, and rational zeros of polynomials in one of the parameters, the others at a point inside."""
    inside = next(islice(_points(domain), 2 ** min(len(domain), _CORNERS) + 7, None), None)
    if not domain or inside is None:
        return
    parts = [part for limit in expression.atoms(sympy.Limit) for part in sympy.preorder_traversal(limit) if part.is_Add]
    for symbol, (low, high) in domain.items():
        zeros = {end for end in (low, high) if end.is_finite}
        for part in parts:
            placed = part.subs({other: value for other, value in inside.items() if other != symbol})
            if placed.free_symbols == {symbol} and placed.is_polynomial(symbol):
                zeros |= {zero for zero in sympy.roots(placed, symbol) if zero.is_Rational and low <= zero <= high}
        yield from ({**inside, symbol: zero} for zero in sorted(zeros) if is_value(symbol, fraction(zero)))


def _at(expression: sympy.Expr, point: Point) -> arb:
    """Enclosure at a point, in the first precision of the ladder that decides its sign, or in the last."""
    before, value = ctx.prec, arb.nan()
    try:
        for ctx.prec in _LADDER:
            value = enclose(expression, {symbol: arb(fmpq(int(v.p), int(v.q))) for symbol, v in point.items()})
            if value > 0 or value < 0 or value == 0:
                break
    finally:
        ctx.prec = before
    return value


def _shown(domain: Domain, expression: sympy.Expr, point: Point, false: Callable[[arb], bool], name: str) -> Evidence:
    found = simplest(domain, point, lambda tried: false(_at(expression, tried)))
    return {"counterexample": {str(s): str(v) for s, v in found.items()}, name: _at(expression, found).str(20)}


def _points(domain: Domain) -> Iterator[Point]:
    """A few rational points of a domain, the same every time: its ends, then scattered ones."""
    if not domain:
        yield {}
        return
    ends = [(low, low + 8 if high.is_infinite else high) for low, high in domain.values()]
    # Every corner of a small domain, the two extreme ones of a large one.
    corners = product(*ends) if len(ends) <= _CORNERS else zip(*ends, strict=True)
    for corner in corners:
        yield dict(zip(domain, corner, strict=True))
    for k in range(1, 40):
        point = {}
        for index, (symbol, (low, high)) in enumerate(domain.items()):
            share = sympy.Rational((k * (7 + 4 * index)) % 41, 41)
            value = low + share * ((low + 8 if high.is_infinite else high) - low)
            point[symbol] = sympy.Rational(*nearest_value(symbol, fraction(sympy.Rational(value))).as_integer_ratio())
        yield point
