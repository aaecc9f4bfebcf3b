"""Definitions as they stand, before anything cancels or is integrated: where a derivation starts from."""

from __future__ import annotations

import sympy
from sympy import Mul, Pow, oo

__all__ = ["quotient", "standard_normal_mean"]


def quotient(above: sympy.Expr, below: sympy.Expr) -> sympy.Expr:
    """A fraction in which nothing cancels yet."""
    return Mul(above, Pow(below, -1, evaluate=False), evaluate=False)


def standard_normal_mean(expression: sympy.Expr, variable: sympy.Symbol) -> sympy.Expr:
    """Expectation over a standard normal variable, as the integral that defines it."""
    density = sympy.exp(-(variable**2) / 2) / sympy.sqrt(2 * sympy.pi)
    return sympy.Integral(expression * density, (variable, -oo, oo))
