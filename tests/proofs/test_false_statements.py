"""Statements that are false, each beside a true one of its kind: none is proved or certified, and every true one is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

import numpy as np
import pytest
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

from proofs_check.claim import claim
from proofs_check.problem import (
    Corner,
    Identity,
    Inequality,
    LinearProgram,
    Positive,
    Problem,
    Root,
    Sampled,
    Step,
    Together,
    Value,
    WorstCase,
)
from proofs_check.verify import solve
from theory_sim.errors import InputError

x, y, s = sympy.symbols("x y s", real=True)
p, q = sympy.symbols("p q", positive=True)
e = sympy.Symbol("e", nonnegative=True)
n = sympy.Symbol("n", integer=True)
whole = sympy.Symbol("m", integer=True, nonnegative=True)
even = sympy.Symbol("k", even=True, nonnegative=True)
not_0 = sympy.Symbol("z", real=True, nonzero=True)
ZERO, ONE, TWO = Integer(0), Integer(1), Integer(2)
HALF = Rational(1, 2)
A: Final = 1 - Rational(1, 10**6)
NARROW: Final = (x - A) * (x - 1 / A)  # negative between a and 1/a, on a width of 2e-6
WIDE: Final = (x - A) ** 2 + 1


def identity(start: Any, end: Any, low: Any, high: Any, symbol: sympy.Symbol = x, at: Any = None) -> Identity:
    """One step on one variable's domain; with a point, by the derivative."""
    step = Step(end, "said so") if at is None else Step(end, "said so", "derivative", symbol, sympy.sympify(at))
    return Identity({symbol: (sympy.sympify(low), sympy.sympify(high))}, start, (step,))


def with_lemma(
    start: Any, end: Any, lemma: str, given: dict[sympy.Symbol, Any], symbol: sympy.Symbol | None = None
) -> Identity:
    return Identity({symbol or whole: (ZERO, Integer(4))}, start, (Step(end, "said so", "lemma", lemma=lemma, given=given),))


def positive(expression: Any, symbol: sympy.Symbol = x, end: Any = None, **more: Any) -> Positive:
    steps = () if end is None else (Step(end, "said so"),)
    return Positive({symbol: (ONE, TWO)}, expression, steps, **more)


def inequality(expression: Any, low: Any, high: Any, order: int = 0, symbol: sympy.Symbol = x) -> Inequality:
    corner = Corner(symbol, order) if order else None
    return Inequality({symbol: (sympy.sympify(low), sympy.sympify(high))}, expression, corner)


def quotient(above: Any, below: Any) -> Any:
    return sympy.Mul(above, sympy.Pow(below, -1, evaluate=False), evaluate=False)


def arctans(u: Any) -> Any:
    return atan(u) + atan(1 / u)


def integral(of: Any, low: Any, high: Any) -> Value:
    return Value(of, Rational(str(low)), Rational(str(high)))


STEEP: Final = Integral(atan(1000 * x), (x, -1, Rational(1, 3)))
NEAR_STEEP: Final = Rational(str((-atan(1000) + atan(Rational(1000, 3)) / 3
                                  + (log(10**6 + 1) - log(Rational(10**6, 9) + 1)) / 2000).evalf(25)))  # fmt: skip


def root_of(equation: Any, low: Any, high: Any, value: Any, at: Any) -> Value:
    return Value(value, sympy.sympify(at) - HALF / 5, sympy.sympify(at) + HALF / 5,
                 (Root(x, equation, sympy.sympify(low), sympy.sympify(high)),))  # fmt: skip


def program(optimum: Any, point: tuple[Any, ...] = (), second: int = 2) -> LinearProgram:
    """max a + b, or a + 2 b, on the unit square."""
    rows = ((ONE, ZERO), (ZERO, ONE), (-ONE, ZERO), (ZERO, -ONE))
    return LinearProgram((ONE, Integer(second)), rows, (ONE, ONE, ZERO, ZERO), sympy.sympify(optimum), point)


def flat(point: tuple[Any, ...]) -> LinearProgram:
    """max a on the unit square: a whole side of optima, or with b <= 0 one."""
    rows = ((ONE, ZERO), (ZERO, ONE), (-ONE, ZERO), (ZERO, -ONE))
    return LinearProgram((ONE, ZERO), rows, (ONE, ONE, ZERO, ZERO), ONE, point)


def sample(mean: Any, spoilt: bool = False) -> Sampled:
    def draw(rng: np.random.Generator, size: int) -> Any:
        draws = rng.normal(size=size)
        return np.where(draws > 2, np.nan, draws) if spoilt else draws

    return Sampled(draw, sympy.sympify(mean), 400)


# Name, the false statement, the true one.
STATEMENTS: Final[dict[str, tuple[Callable[[], Problem], Callable[[], Problem]]]] = {
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
    # Integrals, derivatives and limits.
    "integral over a pole that moves": (
        lambda: identity(Integral((y - x) ** -2, (y, 0, 1)), -1 / (1 - x) - 1 / x, Rational(1, 4), Rational(3, 4)),
        lambda: identity(Integral((y + x) ** -2, (y, 0, 1)), 1 / x - 1 / (1 + x), Rational(1, 4), Rational(3, 4)),
    ),
    "integral over a pole, with ends that move": (
        lambda: identity(Integral((y - 1) ** -2, (y, 0, x)), -1 / (x - 1) - 1, Rational(3, 2), TWO),
        lambda: identity(Integral((y + 1) ** -2, (y, 0, x)), 1 - 1 / (x + 1), Rational(3, 2), TWO),
    ),
    "integral beyond its variable's assumptions": (
        lambda: identity(x * Integral(sqrt(p**2), (p, -1, 1)), x * (x - x), 1, 2),
        lambda: identity(x * Integral(sqrt(p**2), (p, 0, 1)), x / 2, 1, 2),
    ),
    "positive by an integral over a pole that moves": (
        lambda: Positive({p: (ONE, TWO)}, -Integral((q - p / (1 + p)) ** -2, (q, 0, 1)), (
            Step(1 + p + (1 + p) / p, "antiderivative"),)),
        lambda: Positive({p: (ONE, TWO)}, Integral((q + p) ** -2, (q, 0, 1)), (Step(1 / (p * (p + 1)), "antiderivative"),)),
    ),
    "derivative at a kink": (
        lambda: identity(x * sympy.Derivative(Abs(x), x), Abs(x), -1, 1),
        lambda: identity(x * sympy.Derivative(x**2, x), 2 * x**2, -1, 1),
    ),
    "derivative of a root at 0": (
        lambda: identity(x * sympy.Derivative(sqrt(x), x), sqrt(x) / 2, 0, 1),
        lambda: identity(x * sympy.Derivative(sqrt(x), x), sqrt(x) / 2, HALF, 1),
    ),
    "derivative at a kink, at a point": (
        lambda: identity(x + sympy.Subs(sympy.Derivative(Abs(y), y), y, 0), x * 1 + sympy.sin(0), -1, 1),
        lambda: identity(x + sympy.Subs(sympy.Derivative(y**2, y), y, 0), x, -1, 1),
    ),
    "derivative of a maximum": (
        lambda: identity(x * sympy.Derivative(sympy.Max(x, 0), x), sympy.Max(x, 0), -1, 1),
        lambda: identity(x * sympy.Derivative(x**3, x), 3 * x**3, -1, 1),
    ),
    "derivative at a kink that moves": (
        lambda: Identity({x: (ZERO, ONE), y: (ZERO, ONE)}, (x - y) * sympy.Derivative(Abs(x - y), x), (Step(Abs(x - y), ""),)),
        lambda: Identity({x: (TWO, Integer(3)), y: (ZERO, ONE)}, (x - y) * sympy.Derivative((x - y) ** 2, x), (
            Step(2 * (x - y) ** 2, ""),)),
    ),
    "second derivative at a kink": (
        lambda: identity(x**2 * sympy.Derivative(x * Abs(x), (x, 2)), 2 * x * Abs(x), -1, 1),
        lambda: identity(x**2 * sympy.Derivative(x**4, (x, 2)), 12 * x**4, -1, 1),
    ),
    "derivative of an integral at a kink": (
        lambda: identity(x * sympy.Derivative(Integral(y * Abs(x), (y, 0, 1)), x), Abs(x) / 2, -1, 1),
        lambda: identity(x * sympy.Derivative(Integral(y * x**2, (y, 0, 1)), x), x**2, -1, 1),
    ),
    "derivative of an arcsine at its end": (
        lambda: identity(sqrt(1 - x**2) * sympy.Derivative(asin(x), x), ONE, 0, 1),
        lambda: identity(sqrt(1 - x**2) * sympy.Derivative(asin(x), x), ONE, 0, HALF),
    ),
    "limit from a side that its variable is not on": (
        lambda: identity(x * sympy.Limit(p + 1, p, 0, "-"), x, 1, 2),
        lambda: identity(x * sympy.Limit(p + 1, p, 0, "+"), x, 1, 2),
    ),
    "substitution of what its variable is not": (
        lambda: identity(x + sympy.Subs(p + 1, p, -1), x, -1, 1), lambda: identity(x + sympy.Subs(p + 1, p, 1), x + 2, -1, 1),
    ),
    "substitution of a fraction for a whole number": (
        lambda: identity(x * sympy.Subs(cos(2 * pi * n, evaluate=False), n, HALF), x * 1, -1, 1),
        lambda: identity(x * sympy.Subs(cos(2 * pi * n, evaluate=False), n, 3), x * 1, -1, 1),
    ),
    "value of an integral beyond its variable's assumptions": (
        lambda: integral(Integral(sqrt(p**2), (p, -1, 1)), "-0.1", "0.1"),
        lambda: integral(Integral(sqrt(p**2), (p, 0, 1)), "0.49", "0.51"),
    ),
    "integral over a pole": (
        lambda: Identity({}, Integral(1 / x**2, (x, -1, 1)), (Step(-TWO, "antiderivative"),)),
        lambda: Identity({}, Integral(1 / x**2, (x, 1, 2)), (Step(HALF, "antiderivative"),)),
    ),
    "antiderivative that jumps": (
        lambda: Identity({}, Integral(1 / (2 + cos(x)), (x, 0, 2 * pi)), (Step(ZERO, "antiderivative"),)),
        lambda: Identity({}, Integral(cos(x), (x, 0, pi / 2)), (Step(ONE, "antiderivative"),)),
    ),
    "value of a steep integral": (
        lambda: integral(STEEP, NEAR_STEEP + Rational(1, 10**6), NEAR_STEEP + Rational(2, 10**6)),
        lambda: integral(STEEP, NEAR_STEEP - Rational(1, 10**9), NEAR_STEEP + Rational(1, 10**9)),
    ),
    "value of an integral over a pole": (
        lambda: integral(Integral(1 / x, (x, -1, 2)), "0.69", "0.70"),
        lambda: integral(Integral(1 / x, (x, 1, 2)), "0.69", "0.70"),
    ),
    "value that is not real": (
        lambda: root_of(x - 2, 1, 3, log(1 - x), 0), lambda: root_of(x - 2, 1, 3, log(x - 1), 0),
    ),
    "value of a logarithm of what is negative": (
        lambda: integral(log(-Integral(atan(x), (x, 0, 3))), "0.7", "1.0"),
        lambda: integral(log(Integral(atan(x), (x, 0, 3))), "0.7", "1.0"),
    ),
    "value of a root of what is negative": (
        lambda: integral(sqrt(-Integral(atan(x), (x, 0, 3))), "-0.1", "0.1"),
        lambda: integral(sqrt(Integral(atan(x), (x, 0, 3))), "1.4", "1.7"),
    ),
    "root that is not the only one": (
        lambda: root_of((x - 1) * (x - 2) * (x - 4), 0, 3, x, 1), lambda: root_of((x - 1) * (x - 4), 0, 2, x, 1),
    ),
    "root at a jump": (
        lambda: root_of(atan(1 / (x - 1)), 0, 3, x, 1), lambda: root_of(atan(x - 1), 0, 3, x, 1),
    ),
    # Boxes.
    "pole in a box": (lambda: inequality((x - 1) ** -2, 0, 2), lambda: inequality((x - 3) ** -2, 0, 2)),
    "touches 0": (
        lambda: inequality((x - Rational(1, 3)) ** 2, 0, 1),
        lambda: inequality((x - Rational(1, 3)) ** 2 + Rational(1, 10**6), 0, 1),
    ),
    "narrow dip": (
        lambda: inequality(1 - 2 / (1 + 10**14 * (x - Rational("0.123456789")) ** 2), 0, 1),
        lambda: inequality(1 - HALF / (1 + 10**14 * (x - Rational("0.123456789")) ** 2), 0, 1),
    ),
    "root of what is negative": (lambda: inequality(sqrt(x - 1) + 2, 0, 2), lambda: inequality(sqrt(x - 1) + 2, 2, 3)),
    # Programs, worst cases, samples, parts.
    "optimum off by little": (lambda: program(3 + Rational(1, 10**30)), lambda: program(3)),
    "another point": (lambda: program(3, (ONE, 1 - Rational(1, 10**30))), lambda: program(3, (ONE, ONE))),
    "not the only point": (lambda: flat((ONE, ZERO)), lambda: flat(())),
    "worst case off by little": (
        lambda: WorstCase(6, Rational(3, 2), Rational(1, 10), Rational("0.0933"), Rational("0.0934")),
        lambda: WorstCase(6, Rational(3, 2), Rational(1, 10), Rational("0.0932"), Rational("0.0933")),
    ),
    "mean of other draws": (lambda: sample(HALF), lambda: sample(0)),
    "draws that are no numbers": (lambda: sample(0, spoilt=True), lambda: sample(0)),
    "one part": (
        lambda: Together((("a", positive(exp(x))), ("b", positive(x**2)))),
        lambda: Together((("a", positive(exp(x))), ("b", positive(x**2, strict=False)))),
    ),
}  # fmt: skip
SHOWN: Final = ("proved", "certified", "supported")


@pytest.fixture(scope="module", autouse=True)
def lemmas() -> Iterator[None]:
    registry = import_module("proofs_check.claim")._REGISTRY
    import_module("proofs_check.claims").load()
    before = dict(registry)
    made: dict[str, Callable[[], Problem]] = {
        "square-of-a-product": lambda: positive(x**2 * (x - 1) ** 2, strict=False),
        "exponential-above-its-tangent": lambda: positive(exp(x) - x - 1, x, exp(x), by=x, at=ZERO, order=2),
        "positive-itself": lambda: positive(p, p),
        "sine-at-whole-numbers": lambda: identity(sin(pi * n, evaluate=False), ZERO, 0, 2, n),
    }
    made |= {
        "even-power": lambda: identity(sympy.Pow(-1, even, evaluate=False), ONE, 0, 8, even),
        "area-of-a-line": lambda: identity(Integral(s * x, (x, 0, 1)), s / 2, 0, 4, s),
        "slope-of-a-line": lambda: Identity(
            {s: (ZERO, Integer(4)), x: (ZERO, Integer(4))}, sympy.Derivative(s * x, x), (Step(s, "a line"),)),
    }
    for id, problem in made.items():
        problem.__doc__ = "A lemma."
        claim(id, statement="", source="test", twins={"same": {}})(problem)
    yield
    registry.clear()
    registry.update(before)


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_false_is_not_shown_and_what_is_true_is(name: str) -> None:
    false, true = STATEMENTS[name]
    try:
        outcome, evidence = solve(false())
    except (InputError, NotImplementedError):
        outcome, evidence = "refused", {}
    assert outcome not in SHOWN, evidence
    outcome, evidence = solve(true())
    assert outcome in SHOWN, evidence
