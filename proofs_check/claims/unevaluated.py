"""Definitions as they stand, before anything cancels or is integrated: where a derivation starts from."""

from __future__ import annotations

import sympy
from sympy import Mul, Pow, oo

__all__ = ["at", "derivative_at", "independent_mean", "power", "product", "quotient", "standard_normal_mean"]


def product(*factors: sympy.Expr) -> sympy.Expr:
    """A product in which nothing is multiplied out or cancels yet."""
    return Mul(*factors, evaluate=False)


def power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    """A power that is not taken yet."""
    return Pow(base, exponent, evaluate=False)


def quotient(above: sympy.Expr, below: sympy.Expr) -> sympy.Expr:
    """A fraction in which nothing cancels yet."""
    return product(above, power(below, sympy.Integer(-1)))


def at(expression: sympy.Expr, symbol: sympy.Symbol, value: sympy.Expr) -> sympy.Expr:
    """An expression in which a value is to be put in for a symbol, and is not yet."""
    return sympy.Subs(expression, symbol, value)


def derivative_at(expression: sympy.Expr, symbol: sympy.Symbol, value: sympy.Expr, order: int = 1) -> sympy.Expr:
    """A derivative at a point, neither differentiated nor put in yet."""
    return sympy.Subs(sympy.Derivative(expression, (symbol, order)), symbol, value)


def standard_normal_mean(expression: sympy.Expr, variable: sympy.Symbol) -> sympy.Expr:
    """Expectation over a standard normal variable, as the integral that defines it."""
    density = sympy.exp(-(variable**2) / 2) / sympy.sqrt(2 * sympy.pi)
    return sympy.Integral(expression * density, (variable, -oo, oo))


def independent_mean(polynomial: sympy.Expr, *variables: sympy.Symbol) -> sympy.Expr:
    """Expectation over independent standard normals: of each monomial the product of their means, as integrals."""

    def mean(power: int, variable: sympy.Symbol) -> sympy.Expr:
        return standard_normal_mean(variable**power, variable) if power else sympy.Integer(1)

    terms = sympy.Poly(polynomial, *variables).terms()
    return sympy.Add(*(coefficient * sympy.prod(map(mean, powers, variables)) for powers, coefficient in terms))
