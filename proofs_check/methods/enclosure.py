"""Enclosures by ball arithmetic (python-flint's arb): a ball that holds an expression for all values in its symbols' balls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import reduce
from typing import Final

import sympy
from flint import arb, ctx, fmpq

__all__ = ["ball", "enclose", "fraction", "precision"]

_FUNCTIONS: Final = {
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.erf: "erf",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.tanh: "tanh",
    sympy.Abs: "__abs__",
}


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Arithmetic of balls with so many bits; afterwards that of before."""
    # python-flint has its own (ctx.workprec), but not yet in the lowest version that is allowed.
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def fraction(value: sympy.Rational) -> Fraction:
    """A sympy rational as a fraction."""
    return Fraction(int(value.p), int(value.q))


def ball(low: Fraction, high: Fraction) -> arb:
    """Ball that holds the interval [low, high]."""
    a, b = (arb(fmpq(x.numerator, x.denominator)) for x in (low, high))
    return a.union(b)


def enclose(expression: sympy.Expr, values: Mapping[sympy.Symbol, arb]) -> arb:
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
        if exponent.is_Rational and exponent.q == 2:
            return inner.sqrt() ** int(exponent.p) if exponent.p > 0 else inner.rsqrt() ** int(-exponent.p)
        return (enclose(exponent, values) * inner.log()).exp()
    if isinstance(expression, (sympy.Max, sympy.Min)):
        parts = [enclose(argument, values) for argument in expression.args]
        return reduce(arb.max if isinstance(expression, sympy.Max) else arb.min, parts)
    name = _FUNCTIONS.get(expression.func)
    if name is None:
        raise NotImplementedError(f"no enclosure of {expression.func}")
    value: arb = getattr(enclose(expression.args[0], values), name)()
    return value
