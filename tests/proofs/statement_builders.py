"""Problems in few words, for lists of false statements and true ones beside them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import sympy
from sympy import (
    Integer,
    Integral,
    Rational,
    atan,
    log,
)

from proofs_check.problem import (
    Corner,
    Identity,
    Inequality,
    LinearProgram,
    Positive,
    Root,
    Sampled,
    Step,
    Value,
)

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


def make_root(equation: Any, low: Any, high: Any, value: Any, at: Any) -> Value:
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
