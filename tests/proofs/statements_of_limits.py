"""False statements with limits, substitutions and derivatives in them, each beside a true one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sympy
from sympy import (
    Abs,
    Derivative,
    Integral,
    Limit,
    Piecewise,
    Rational,
    Subs,
    acos,
    acot,
    acoth,
    acsc,
    arg,
    asec,
    asin,
    atan,
    atan2,
    cos,
    exp,
    log,
    oo,
    pi,
    sin,
    sqrt,
)

from proofs_check.problem import Identity, Inequality, Positive, Problem, Root, Step, Value
from tests.proofs.statement_builders import HALF, ONE, TWO, ZERO, e, identity, inequality, n, p, s, whole, x, y

Pairs = dict[str, tuple[Callable[[], Problem], Callable[[], Problem]]]


def limit(body: Any, end: Any, parameter: sympy.Symbol, low: Any, high: Any, to: Any, variable: sympy.Symbol = x) -> Identity:
    """The limit of an expression, for all values of a parameter."""
    return identity(Limit(body, variable, to), end, low, high, parameter)


def numbers(start: Any, end: Any) -> Identity:
    return Identity({}, start, (Step(sympy.sympify(end), "said so"),))


def two(body: Any, high: Any) -> Identity:
    return Identity({s: (ZERO, ONE), y: (high, 2 * high)}, Limit(body, x, oo), (Step(ONE, "said so"),))


def moved(body: Any, low: Any, high: Any) -> Positive:
    return Positive({e: (sympy.sympify(low), sympy.sympify(high))}, body, (Step(HALF, "said so"),))


def derived(of: Any, at: Any, value: Any) -> Identity:
    return numbers(Subs(Derivative(of, x), x, at), value)


ANGLE: Final = (Abs(s) * Limit(sqrt(s**2 * x**2 + x) - Abs(s) * x, x, oo))
LIMITS: Final[Pairs] = {
    "quotient, 0 at 1": (
        lambda: limit((s - 1) * x / ((s - 1) * x + 1), ONE, s, 0, 3, oo),
        lambda: limit((s - 1) * x / ((s - 1) * x + 1), ONE, s, 2, 3, oo)),
    "quotient, 0 at 0": (
        lambda: limit(e / (e + p), ONE, e, 0, 1, 0, p),
        lambda: limit(e / (e + p), ONE, e, HALF, 1, 0, p)),
    "power of 0": (lambda: limit(e**p, ONE, e, 0, HALF, 0, p), lambda: limit(e**p, ONE, e, HALF / 2, HALF, 0, p)),
    "difference of two": (lambda: two((s - y) / (s - y + 1 / x), HALF), lambda: two((s - y) / (s - y + 1 / x), TWO)),
    "whole number": (
        lambda: limit(whole * x / (whole * x + 1), ONE, whole, 0, 5, oo),
        lambda: limit(whole * x / (whole * x + 1), ONE, whole, 1, 5, oo)),
    "order of the denominator": (
        lambda: limit((s * x**2 + x) / (s * x**2 + 1), ONE, s, -1, 2, oo),
        lambda: limit((s * x**2 + x) / (s * x**2 + 1), ONE, s, 1, 2, oo)),
    "root that is far at 0": (
        lambda: identity(ANGLE, HALF, -1, 2, s), lambda: identity(ANGLE, HALF, 1, 2, s)),
    "sine over 0": (
        lambda: limit(sin(s * x) / (s * x), ONE, s, -1, 2, 0),
        lambda: limit(sin(s * x) / (s * x), ONE, s, 1, 2, 0)),
    "cosine over 0": (
        lambda: limit((1 - cos(s * x)) / (s * x) ** 2, HALF, s, -1, 2, 0),
        lambda: limit((1 - cos(s * x)) / (s * x) ** 2, HALF, s, 1, 2, 0)),
    "coefficient below": (
        lambda: limit(s * p / (s * p + p**2), ONE, s, -1, 2, 0, p),
        lambda: limit(s * p / (s * p + p**2), ONE, s, 1, 2, 0, p)),
    "zero of a square": (
        lambda: limit((s**2 - TWO) * x / ((s**2 - 2) * x + 1), ONE, s, 1, 2, oo),
        lambda: limit((s**2 + TWO) * x / ((s**2 + 2) * x + 1), ONE, s, 1, 2, oo)),
    "by the derivative in the parameter": (
        lambda: identity(Limit(e / (e + p), p, 0), ONE, 0, 1, e, 0),
        lambda: identity(Limit((e + 1) / (e + 1 + p), p, 0), ONE, 0, 1, e, 0)),
    "logarithms": (
        lambda: limit(log(1 + e * x) / log(x), ONE, e, 0, 1, oo), lambda: limit(log(1 + e * p) / p, e, e, 0, 1, 0, p)),
    "arctangent": (lambda: limit(atan(e * x), pi / 2, e, 0, 2, oo), lambda: limit(atan(p * x), pi / 2, p, 1, 2, oo)),
    "positive for a generic value": (
        lambda: moved(Limit(e / (e + p), p, 0) - HALF, 0, 1),
        lambda: moved(Limit((e + 1) / (e + 1 + p), p, 0) - HALF, 0, 1)),
    "arcs where they are not real": (
        lambda: numbers(Limit(acos(x) + asin(x), x, 2), pi / 2),
        lambda: numbers(Limit(acos(x) + asin(x), x, HALF), pi / 2)),
    "logarithms of negative numbers": (
        lambda: numbers(Limit(log(x) - log(2 * x), x, -1), -log(2)),
        lambda: numbers(Limit(log(x) - log(2 * x), x, 1), -log(2))),
    "roots of negative numbers": (
        lambda: numbers(Limit(sqrt(x - 1) / sqrt(3 * x - 2), x, 0), 1 / sqrt(2)),
        lambda: numbers(Limit(sqrt(x + 2) / sqrt(3 * x + 4), x, 0), 1 / sqrt(2))),
    "logarithm of less than 0 everywhere": (
        lambda: numbers(Limit(log(-1 - x**2) - log(-1 - 2 * x**2), x, 0), 0),
        lambda: numbers(Limit(log(1 + x**2) - log(1 + 2 * x**2), x, 0), 0)),
    "from both sides": (
        lambda: numbers(Limit(Abs(x) / x, x, 0, "+-"), 1), lambda: numbers(Limit(Abs(x) / x, x, 0, "+"), 1)),
    "oscillation": (lambda: numbers(Limit(sin(1 / x), x, 0), 0), lambda: numbers(Limit(sin(x), x, 0), 0)),
    "integral over a pole within": (
        lambda: numbers(Limit(Integral(1 / x**2, (x, -1, y)), y, 1), -2),
        lambda: numbers(Limit(Integral(1 / x**2, (x, 1, y)), y, 2), HALF)),
}  # fmt: skip
MOVED: Final[Pairs] = {
    "end beyond a pole": (
        lambda: numbers(Subs(Integral(1 / x**2, (x, -1, y)), y, 1), -2),
        lambda: numbers(Subs(Integral(1 / x**2, (x, 1, y)), y, 2), HALF)),
    "pole moved into the range": (
        lambda: numbers(Subs(Integral(1 / (x + y) ** 2, (y, 0, 1)), x, -HALF), -4),
        lambda: numbers(Subs(Integral(1 / (x + y) ** 2, (y, 0, 1)), x, 1), HALF)),
    "pole moved by a parameter": (
        lambda: identity(Subs(Integral(1 / (x + y) ** 2, (y, 0, 1)), x, s), 1 / s - 1 / (s + 1), -3 * HALF / 2, -HALF / 2, s),
        lambda: identity(Subs(Integral(1 / (x + y) ** 2, (y, 0, 1)), x, s), 1 / s - 1 / (s + 1), 1, 2, s)),
    "times a pole": (
        lambda: numbers(Subs(x * Derivative(log(x), x), x, 0), 1),
        lambda: numbers(Subs(x * Derivative(log(x), x), x, 2), 1)),
    "quotient that cancels": (
        lambda: identity(Subs(s / y, y, s), ONE, -1, 2, s), lambda: identity(Subs(s / y, y, s), ONE, 1, 2, s)),
    "quotient that cancels under an integral": (
        lambda: identity(Subs(Integral(x * s / y, (x, 0, 1)), y, s), HALF, -1, 2, s),
        lambda: identity(Subs(Integral(x + y, (x, 0, 1)), y, s), HALF + s, 1, 2, s)),
    "logarithm's slope below 0": (lambda: derived(log(x), -1, -1), lambda: derived(log(x), 1, 1)),
    "slope of arcs beyond 1": (
        lambda: derived(asin(x) + acos(x) + x, 3, 1),
        lambda: derived(asin(x) + acos(x) + x, HALF, 1)),
    "slope of an arc at its end": (
        lambda: derived(asin(x) + acos(x) + x, 1, 1),
        lambda: derived(asin(x) + acos(x) + x, 0, 1)),
    "slope at the jump of acot": (lambda: derived(acot(x), 0, -1), lambda: derived(-atan(x), 0, -1)),
    "slope at the cut of atan2": (
        lambda: numbers(Subs(Derivative(atan2(y, -1), y), y, 0), -1),
        lambda: numbers(Subs(Derivative(atan(y), y), y, 0), 1)),
    "slope of an argument": (lambda: derived(arg(x) + x, 0, 1), lambda: derived(exp(x) + x, 0, 2)),
    "slope of acoth within": (lambda: derived(acoth(x), 0, 1), lambda: derived(sympy.tanh(x), 0, 1)),
    "slope of arcs within": (
        lambda: derived(asec(x) + acsc(x) + x, HALF, 1),
        lambda: derived(acos(x) + asin(x) + x, HALF, 1)),
    "slope across the poles of a tangent": (
        lambda: identity(Subs(Derivative(atan(sympy.tan(x)), x), x, s), ONE, 0, 2, s),
        lambda: identity(Subs(Derivative(atan(sympy.tan(x)), x), x, s), ONE, 0, 1, s)),
    "slope of logarithms that are not real": (
        lambda: derived(log(x - 5) - log(2 * x - 10) + x, 1, 1), lambda: derived(log(x + 5) - log(2 * x + 10) + x, 1, 1)),
    "slope of arcs at the end of the domain": (
        lambda: identity(Derivative(asin(x) + acos(x) + x, x), ONE, 0, 1),
        lambda: identity(Derivative(asin(x) + acos(x) + x, x), ONE, 0, HALF)),
    "derivative in a whole number": (
        lambda: identity(Derivative(n**2 * cos(2 * pi * n) + cos(pi * n) ** 2, n), 2 * n, 0, 5, n),
        lambda: identity(Derivative(x**2, x), 2 * x, 0, 5)),
}  # fmt: skip
prime = sympy.Symbol("P", prime=True)
irrational = sympy.Symbol("w", irrational=True, positive=True)
fractional = sympy.Symbol("v", noninteger=True, positive=True)


def at_root(symbol: sympy.Symbol) -> Value:
    return Value(cos(2 * pi * symbol), Rational(9, 10), Rational(11, 10), (Root(symbol, 2 * symbol - 1, ZERO, ONE),))


SYMBOLS: Final[Pairs] = {
    "sign at the end": (
        lambda: inequality(sympy.sign(p) - HALF, 0, 1, symbol=p),
        lambda: inequality(p + 1, HALF, 1, symbol=p)),
    "power of 0 at the end": (
        lambda: inequality(HALF - 0**p, 0, 1, symbol=p),
        lambda: inequality(HALF + e, 0, 1, symbol=e)),
    "cases at the end": (
        lambda: inequality(Piecewise((ONE, p > 0), (-ONE, True)) * (1 + p), 0, 1, symbol=p),
        lambda: inequality(1 + p, HALF, 1, symbol=p)),
    "size over itself at the end": (
        lambda: inequality(Abs(p) / p, 0, 1, symbol=p),
        lambda: inequality(e / (e + 1) + 1, 0, 1, symbol=e)),
    "sign of what lies in an interval": (
        lambda: Value(sympy.sign(p), HALF, TWO, within={p: (ZERO, ONE)}),
        lambda: Value(1 + x, ZERO, TWO + 1, within={x: (ZERO, ONE)})),
    "root among whole numbers": (lambda: at_root(n), lambda: Value(1 - x, ZERO, ONE, (Root(x, 2 * x - 1, ZERO, ONE),))),
    "no whole number within": (
        lambda: Value(cos(2 * pi * n), HALF, TWO, within={n: (HALF / 2, HALF)}),
        lambda: Value(1 + x, ZERO, TWO, within={x: (HALF / 2, HALF)})),
    "no whole number in the domain": (
        lambda: Identity({n: (HALF / 2, HALF)}, sin(pi * n, evaluate=False), (Step(ONE, ""),)),
        lambda: identity(sin(pi * n, evaluate=False), ZERO, 0, 2, n)),
    "primes": (lambda: inequality((prime - 4) ** 2, 2, 7, symbol=prime), lambda: inequality((x - 4) ** 2 + 1, 2, 7)),
    "irrational numbers": (
        lambda: inequality((irrational - ONE) ** 2, HALF, 2, symbol=irrational),
        lambda: inequality(x, HALF, 2)),
    "numbers that are not whole": (
        lambda: Inequality({fractional: (HALF, TWO)}, sin(pi * fractional) ** 2 + ONE),
        lambda: inequality(sin(pi * x) ** 2 + 1, HALF, 2)),
}  # fmt: skip
