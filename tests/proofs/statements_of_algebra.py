"""False statements about expressions, each beside a true one: jumps, Taylor's formula, domains, structure, lemmas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sympy
from sympy import (
    Abs,
    Heaviside,
    Integer,
    Integral,
    Piecewise,
    Rational,
    acos,
    asin,
    atan,
    cos,
    exp,
    floor,
    log,
    pi,
    sin,
    sqrt,
    tan,
)

from proofs_check.problem import (
    Identity,
    Positive,
    Problem,
    Step,
)
from tests.proofs.statement_builders import (
    HALF,
    NARROW,
    ONE,
    TWO,
    WIDE,
    ZERO,
    A,
    arctans,
    e,
    even,
    identity,
    inequality,
    n,
    not_0,
    p,
    positive,
    q,
    quotient,
    s,
    whole,
    with_lemma,
    x,
    y,
)

# Name, the false statement, the true one.
ALGEBRA: Final[dict[str, tuple[Callable[[], Problem], Callable[[], Problem]]]] = {
    # Jumps between a point and the point where a difference is 0.
    "pole in an arctangent": (
        lambda: positive(atan(1 / (1 - p)) - pi / 4, p, 1 / ((1 - p) ** 2 + 1), by=p, at=ZERO, order=1),
        lambda: positive(atan(1 + p) - pi / 4, p, 1 / ((1 + p) ** 2 + 1), by=p, at=ZERO, order=1),
    ),
    "narrow jump, identity": (
        lambda: identity(arctans(NARROW), pi / 2, ZERO, TWO, at=0), lambda: identity(arctans(WIDE), pi / 2, ZERO, TWO, at=A),
    ),
    "narrow jump, positive": (
        lambda: positive(arctans(NARROW) - pi / 2 + x**2, x, TWO, by=x, at=ZERO, order=2),
        lambda: positive(arctans(x**2 + 1) - pi / 2 + x**2, x, TWO, by=x, at=ZERO, order=2),
    ),
    "narrow jump, corner": (
        lambda: inequality(arctans(NARROW) - pi / 2 + x, ZERO, TWO, 1),
        lambda: inequality(arctans(x**2 + 1) - pi / 2 + x, ZERO, TWO, 1),
    ),
    "jump of a tangent's arctangent": (
        lambda: inequality(atan(tan(x)), ZERO, Rational("1.57079632679489662"), 1),
        lambda: inequality(atan(tan(x)), ZERO, Rational("1.57"), 1),
    ),
    "across the line at infinity": (
        lambda: identity(arctans(x), pi / 2, -Rational(1, 10**9), ONE, at=sympy.oo),
        lambda: identity(p / (1 + p), 1 - 1 / (1 + p), ONE, TWO, p, at=sympy.oo),
    ),
    "point on the other side of a pole": (
        lambda: identity(arctans(x), -pi / 2, ONE, TWO, at=-1), lambda: identity(arctans(x), pi / 2, ONE, TWO, at=1),
    ),
    "point at a pole, of a positive symbol": (
        lambda: identity(atan(1 / p) + atan(p) + sympy.sign(p) - 1, ZERO, ONE, TWO, p, at=0),
        lambda: identity(acos(1 / sqrt(1 + p**2)), atan(p), ONE, TWO, p, at=0),
    ),
    "cases": (
        lambda: identity(Piecewise((0, x < Rational(3, 2)), (1, True)), ZERO, ZERO, TWO, at=0),
        lambda: identity(sin(x) ** 2 + cos(x) ** 2, ONE, ZERO, TWO, at=0),
    ),
    "step function": (
        lambda: identity(Heaviside(x - 1) * (x - x), ONE, ZERO, TWO, at=2),
        lambda: identity((1 + x) ** 2, 1 + 2 * x + x**2, 0, 2),
    ),
    "floor": (
        lambda: identity(floor(x), ZERO, ZERO, ONE, at=0), lambda: identity(x * (x - 1), x**2 - x, ZERO, ONE, at=0),
    ),
    "kink, whose second derivative is 0 beside it": (
        lambda: inequality(x**2 / 2 - Abs(x - HALF) - x + HALF, ZERO, ONE, 2), lambda: inequality(x**2 / 2, ZERO, ONE, 2),
    ),
    # Taylor's formula.
    "odd order on both sides": (
        lambda: positive(x**3, x, Integer(6), by=x, at=ZERO, order=3),
        lambda: positive(p**3, p, Integer(6), by=p, at=ZERO, order=3),
    ),
    "odd order below the point": (
        lambda: positive(p - 3, p, ONE, by=p, at=Integer(3), order=1, strict=False),
        lambda: positive((p - 3) ** 2, p, TWO, by=p, at=Integer(3), order=2, strict=False),
    ),
    "odd order at a point that moves": (
        lambda: Positive({p: (TWO, Integer(3)), q: (HALF, ONE)}, p**2 - q**2, (Step(2 * p, ""),), by=p, at=q, order=1),
        lambda: Positive({p: (TWO, Integer(3)), q: (HALF, ONE)}, (p - q) ** 2, (Step(TWO, ""),), by=p, at=q, order=2),
    ),
    "point that moves with its variable": (
        lambda: positive(x**2 - 2 * x + 1, x, TWO, by=x, at=x, order=2),
        lambda: positive(x**2 - 2 * x + 1, x, TWO, by=x, at=ONE, order=2),
    ),
    "order too high": (
        lambda: positive(p**3 - p, p, Integer(6), by=p, at=ZERO, order=3),
        lambda: positive(p**3 + 0, p, Integer(6), by=p, at=ZERO, order=3),
    ),
    "corner of too high an order": (
        lambda: inequality(x**2 - x / 10**9, ZERO, ONE, 2), lambda: inequality(x**2 + x / 10**9, ZERO, ONE, 1),
    ),
    # Domains and assumptions.
    "domain beyond a positive symbol": (
        lambda: identity(sqrt(p**2), p, -1, 1, p), lambda: identity(sqrt(quotient(p**4, p**2)), p, 1, 2, p),
    ),
    "domain beyond a symbol that is not 0": (
        lambda: identity(not_0**0, ONE, -1, 1, not_0),
        lambda: identity(quotient(p, p), ONE, 1, 2, p),
    ),
    "symbol of the same name": (
        lambda: identity(sqrt(sympy.Symbol("x", positive=True) ** 2 + 0 * x), x, -2, 2),
        lambda: identity(x * (x + 2), x**2 + 2 * x, -2, 2),
    ),
    "pole within the domain": (
        lambda: identity(quotient(x**2 - 1, x - 1), x + 1, 0, 2), lambda: identity(quotient(x**2 - 1, x - 1), x + 1, 2, 3),
    ),
    "narrow pole within the domain": (
        lambda: identity(quotient(NARROW * x, NARROW), x, 0, 2), lambda: identity(quotient(WIDE * x, WIDE), x, 0, 2),
    ),
    "logarithm of what is negative": (
        lambda: identity(log(x**2), 2 * log(x), -2, -1), lambda: identity(log(quotient(p**3, p)), 2 * log(p), 1, 2, p),
    ),
    "root of a cube": (
        lambda: identity((x**3) ** Rational(1, 3), x, -1, 1),
        lambda: identity(p ** Rational(1, 3) * (p + 1), p ** Rational(4, 3) + p ** Rational(1, 3), 1, 2, p),
    ),
    "arcsine of a sine": (
        lambda: identity(asin(sin(x)), x, 0, Rational("1.5708"), at=0), lambda: identity(sin(2 * x), 2 * sin(x) * cos(x), 0, 2),
    ),
    "arccosine beyond its ends": (
        lambda: identity(acos(x) + asin(x), pi / 2, 0, Rational(11, 10), at=0),
        lambda: identity(acos(x) + asin(x), pi / 2, 0, Rational(9, 10), at=0),
    ),
    "floating point": (
        lambda: identity(x * (1 + sympy.Float("1e-18")), x, 1, 2), lambda: identity(x * (1 + x), x + x**2, 1, 2),
    ),
    "nothing to show": (
        lambda: Identity({x: (ZERO, ONE)}, x, ()), lambda: identity(x * (x + 1), x**2 + x, 0, 1),
    ),
    # Structure.
    "square that is 0": (lambda: positive(x**2), lambda: positive(x**2, strict=False)),
    "logarithm at 1": (lambda: positive(log(1 + e), e), lambda: positive(log(1 + e), e, strict=False)),
    "pole of an even power": (lambda: positive((x - 3) ** -2), lambda: positive((x**2 + 3) ** -2)),
    "pole that cancels": (
        lambda: positive(quotient((x - 3) ** 2, (x - 3) ** 2), x, ONE),
        lambda: positive(quotient((x**2 + 3), (x**2 + 3)), x, ONE),
    ),
    "exponential of a pole": (lambda: positive(exp(1 / x)), lambda: positive(exp(x))),
    "power with a complex exponent": (
        lambda: positive(p**sympy.I, p, strict=False), lambda: Positive({p: (ONE, TWO), x: (ONE, TWO)}, p**x),
    ),
    "number beside 0": (
        lambda: Positive({}, exp(pi * sqrt(163)) - 262537412640768744),
        lambda: Positive({}, 262537412640768744 - exp(pi * sqrt(163))),
    ),
    "true on the domain's points alone": (lambda: positive(p - HALF, p), lambda: positive(p + HALF, p)),
    "lemma that is not strict": (
        lambda: positive(x**2 * (x - 1) ** 2 + 0, lemmas=("square-of-a-product",)),
        lambda: positive(x**2 * (x - 1) ** 2 + 0, lemmas=("square-of-a-product",), strict=False),
    ),
    "lemma that is 0 where it starts": (
        lambda: positive(exp(x) - x - 1, lemmas=("exponential-above-its-tangent",)),
        lambda: positive(exp(x) - x - 1, lemmas=("exponential-above-its-tangent",), strict=False),
    ),
    "lemma of another symbol": (
        lambda: Positive({y: (ONE, TWO)}, y - 0 * x, lemmas=("positive-itself",)),
        lambda: Positive({p: (ONE, TWO)}, p - 0 * x, lemmas=("positive-itself",)),
    ),
    "lemma asked beyond its domain": (
        lambda: Identity({s: (-ONE, ONE)}, acos(1 / sqrt(1 + s**2)), (
            Step(atan(s), "", "lemma", lemma="single-angle", given={sympy.Symbol("r", positive=True): s}),)),
        lambda: Identity({s: (ONE, TWO)}, acos(1 / sqrt(1 + s**2)), (
            Step(atan(s), "", "lemma", lemma="single-angle", given={sympy.Symbol("r", positive=True): s}),)),
    ),
    "lemma asked at no whole number": (
        lambda: Identity({x: (ZERO, ONE)}, sin(pi * x), (
            Step(ZERO, "", "lemma", lemma="sine-at-whole-numbers", given={n: x}),)),
        lambda: Identity({n: (ONE, TWO)}, n * (n + 1), (
            Step(n**2 + n, "", "lemma", lemma="sine-at-whole-numbers", given={n: n}),)),
    ),
    "lemma for even numbers": (
        lambda: with_lemma((-1) ** whole, ONE, "even-power", {even: whole}),
        lambda: with_lemma(sympy.Pow(-1, even, evaluate=False), ONE, "even-power", {}, even),
    ),
    "lemma that captures what is put in": (
        lambda: with_lemma(sympy.sinh(2) * Integral(x * x, (x, 0, 1)), sympy.sinh(2) * x / 2, "area-of-a-line", {s: x}, x),
        lambda: with_lemma(sympy.sinh(2) * Integral(y * x, (x, 0, 1)), sympy.sinh(2) * y / 2, "area-of-a-line", {s: y}, y),
    ),
    "lemma whose derivative captures what is put in": (
        lambda: with_lemma(sympy.sinh(2) * sympy.Derivative(x * x, x), sympy.sinh(2) * x, "slope-of-a-line", {s: x}, x),
        lambda: Identity({y: (ZERO, TWO), x: (ZERO, TWO)}, sympy.sinh(2) * sympy.Derivative(y * x, x), (
            Step(sympy.sinh(2) * y, "said so", "lemma", lemma="slope-of-a-line", given={s: y}),)),
    ),
}  # fmt: skip
