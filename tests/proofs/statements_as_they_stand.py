"""False statements whose pole or jump is lost once sympy evaluates an expression on the way, each beside a true one."""

from __future__ import annotations

from typing import Any, Final

import sympy
from sympy import Abs, Integral, Limit, Subs, exp, log, oo, pi, sqrt

from proofs_check.problem import Corner, Identity, Inequality, Positive, Step
from tests.proofs.statement_builders import HALF, ONE, TWO, ZERO, e, identity, n, p, quotient, s, x, y
from tests.proofs.statements_of_limits import Pairs, limit, numbers

polar = sympy.Symbol("P", real=True, polar=True)


def product(*factors: Any) -> Any:
    return sympy.Mul(*factors, evaluate=False)


def one_but_at(place: Any, of: Any = x) -> Any:
    return quotient(of - place, of - place)


def root_of_square(of: Any) -> Any:
    return sympy.Pow(of**2, HALF, evaluate=False)


def grown(part: Any) -> Identity:
    """(x + 1) f = x f + f, from 0 on."""
    return identity((x + 1) * part, x * part + part, 0, oo)


AS_THEY_STAND: Final[Pairs] = {
    # The domain has no end, an integral a range, a limit an end: each puts something in for a symbol.
    "pole from 1 on": (lambda: identity(one_but_at(3), ONE, 1, oo), lambda: identity(one_but_at(3), ONE, 4, oo)),
    "pole of a positive symbol": (
        lambda: identity(one_but_at(3, p), ONE, 1, oo, p), lambda: identity(one_but_at(-3, p), ONE, 1, oo, p)),
    "pole at a whole number": (
        lambda: identity(one_but_at(3, n), ONE, 1, oo, n), lambda: identity(one_but_at(3, n), ONE, 4, oo, n)),
    "logarithm of what is negative, from -1 on": (
        lambda: identity(exp(log(x), evaluate=False), x, -1, oo), lambda: identity(exp(log(x), evaluate=False), x, 1, oo)),
    "root of what is negative, from -1 on": (
        lambda: identity(sympy.Pow(sqrt(x), 2, evaluate=False), x, -1, oo),
        lambda: identity(sympy.Pow(sqrt(x), 2, evaluate=False), x, 0, oo)),
    "pole on the way of a derivative": (
        lambda: identity(one_but_at(1), ONE, 0, oo, at=0), lambda: identity(one_but_at(-1), ONE, 0, oo, at=0)),
    "size over itself from 0 on": (lambda: grown(x / Abs(x)), lambda: grown((x + 1) / Abs(x + 1))),
    "poles that cancel from 0 on": (
        lambda: grown(1 / x - 1 / Abs(x)), lambda: grown(1 / (x + 1) - 1 / Abs(x + 1))),
    "pole in an integrand": (
        lambda: numbers(Integral(one_but_at(HALF), (x, 0, 1)), ONE),
        lambda: numbers(Integral(one_but_at(TWO), (x, 0, 1)), ONE)),
    "pole in an integrand on the line": (
        lambda: numbers(Integral(product(exp(-(x**2)), one_but_at(0)), (x, -oo, oo)), sqrt(pi)),
        lambda: numbers(Integral(product(exp(-(x**2)), quotient(x**2 + 1, x**2 + 1)), (x, -oo, oo)), sqrt(pi))),
    "pole in an integrand, at a parameter": (
        lambda: identity(Integral(quotient(s * x + s, s * x + s), (x, 0, 1)), ONE, -1, 1, s),
        lambda: identity(Integral(quotient(s * x + s, s * x + s), (x, 0, 1)), ONE, 1, 2, s)),
    "pole in an integral within another": (
        lambda: numbers(Integral(Integral(product(x, one_but_at(y)), (x, 0, 1)), (y, 0, 1)), HALF),
        lambda: numbers(Integral(Integral(product(x, one_but_at(y + 2)), (x, 0, 1)), (y, 0, 1)), HALF)),
    "pole in an end of an integral": (
        lambda: identity(Integral(y, (y, 0, product(x, one_but_at(2)))), x**2 / 2, 1, oo),
        lambda: identity(Integral(y, (y, 0, product(x, one_but_at(2)))), x**2 / 2, 3, oo)),
    "pole before an integral": (
        lambda: identity(product(one_but_at(2), Integral(y, (y, 0, 1))), HALF, 1, oo),
        lambda: identity(product(one_but_at(2), Integral(y, (y, 0, 1))), HALF, 3, oo)),
    "pole in a substitution from 1 on": (
        lambda: identity(Subs(product(y, one_but_at(2, y)), y, x), x, 1, oo),
        lambda: identity(Subs(product(y, one_but_at(2, y)), y, x), x, 3, oo)),
    "slope of what has a pole, from 0 on": (
        lambda: identity(sympy.Derivative(exp(one_but_at(1)), x), ZERO, 0, oo),
        lambda: identity(sympy.Derivative(exp(one_but_at(-1)), x), ZERO, 0, oo)),
    "pole beyond a corner": (
        lambda: Inequality({p: (ZERO, TWO)}, product(p, one_but_at(1, p)), Corner(p, 1)),
        lambda: Inequality({p: (ZERO, TWO)}, product(p, one_but_at(-1, p)), Corner(p, 1))),
    "pole beyond a point": (
        lambda: Positive({p: (ONE, TWO)}, product(p, one_but_at(1, p)), (Step(ONE, ""),), by=p, at=ZERO, order=1),
        lambda: Positive({p: (ONE, TWO)}, product(p, one_but_at(-1, p)), (Step(ONE, ""),), by=p, at=ZERO, order=1)),
    # Limits.
    "pole in a limit, at a parameter": (
        lambda: limit(quotient(s * x + s, s * x + s), ONE, s, -1, 1, 0),
        lambda: limit(quotient(s * x + s, s * x + s), ONE, s, 1, 2, 0)),
    "pole in a limit at infinity, at a parameter": (
        lambda: limit(quotient(s * x + s, s * x + s), ONE, s, -1, 1, oo),
        lambda: limit(quotient(s * x + s, s * x + s), ONE, s, 1, 2, oo)),
    "product that is multiplied out": (
        lambda: limit(s * (1 / s + 1 / x), ONE, s, -1, 2, oo), lambda: limit(s * (1 / s + 1 / x), ONE, s, 1, 2, oo)),
    "size that is multiplied out": (
        lambda: limit(Abs(s) * (1 / Abs(s) + x), ONE, s, -1, 1, 0), lambda: limit(Abs(s) * (1 / Abs(s) + x), ONE, s, 1, 2, 0)),
    "roots that are multiplied out": (
        lambda: limit(sqrt(s * x) * (sqrt(s * x) + 1 / sqrt(s * x)), ONE, s, -1, 2, 0),
        lambda: limit(sqrt(p * y) * (sqrt(p * y) + 1 / sqrt(p * y)), ONE, p, 1, 2, 0, y)),
    "logarithm that is multiplied out": (
        lambda: limit(log(s) * (1 / log(s) + 1 / x), ONE, s, HALF, 2, oo),
        lambda: limit(log(s) * (1 / log(s) + 1 / x), ONE, s, TWO, 3, oo)),
    "pole beside what vanishes": (
        lambda: limit(one_but_at(ONE, s) + 1 / x, ONE, s, 0, 2, oo),
        lambda: limit(one_but_at(ONE, s) + 1 / x, ONE, s, 2, 3, oo)),
    "pole beside an exponential": (
        lambda: limit(sympy.Add(exp(-x), product(exp(-2 * x), one_but_at(0, s)), evaluate=False), ZERO, s, -1, 1, oo),
        lambda: limit(exp(-x) + s * exp(-2 * x), ZERO, s, -1, 1, oo)),
    "limit at 0 of what is put in for a positive symbol": (
        lambda: identity(Subs(Limit(p * x / (p * x + 1), x, oo), p, s), ONE, 0, 1, s),
        lambda: identity(Subs(Limit(p * x / (p * x + 1), x, oo), p, s), ONE, 1, 2, s)),
    "integral of a limit that is not there": (
        lambda: numbers(Integral(Limit(s * (1 / s + 1 / x), x, oo), (s, -1, 1)), TWO),
        lambda: numbers(Integral(Limit(s * (1 / s + 1 / x), x, oo), (s, 1, 2)), ONE)),
    # What sympy cannot do.
    "limit in a maximum": (
        lambda: limit(sympy.Max(x, s), s, s, -1, 1, 0), lambda: limit(Abs(s + x), Abs(s), s, -1, 1, 0)),
    "sign that is not known": (
        lambda: limit(sympy.tanh(e * x), ONE, e, 0, 1, oo), lambda: limit(sympy.tanh(p * x), sympy.tanh(p), p, 1, 2, 1)),
    # Assumptions that hold on no interval of real numbers.
    "root of a square of a polar symbol": (
        lambda: identity(root_of_square(polar), polar, -1, 1, polar), lambda: identity(root_of_square(p), p, HALF, 1, p)),
    "integral over a polar symbol": (
        lambda: numbers(Integral(root_of_square(polar), (polar, -1, 1)), ZERO),
        lambda: numbers(Integral(root_of_square(p), (p, 0, 1)), HALF)),
    "limit of a polar symbol": (
        lambda: numbers(Limit(root_of_square(polar), polar, -ONE), -1), lambda: numbers(Limit(root_of_square(p), p, ONE), 1)),
}  # fmt: skip
