"""A claim at a point: both sides, as numbers, so that a counterexample can be run by anyone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy

from proofs_check.problem import Identity, Inequality, Positive, Together
from theory_sim.errors import InputError

__all__ = ["at_point"]


def at_point(problem: Any, point: Mapping[str, str], digits: int = 20) -> Iterator[tuple[str, str]]:
    """Values of a claim's expressions at a point.

    Parameters
    ----------
    problem : Problem
        Of a claim or a twin.
    point : mapping of str to str
        Variable to rational number.
    digits : int
        Of the values.

    Yields
    ------
    what, value : str
        Each expression's place in the claim, and its value; first, which variables lie outside of its domain, if any.

    Raises
    ------
    InputError
        If the problem has no variables, a name is not one of them, or a value is no rational number.
    """
    parts = problem.parts if isinstance(problem, Together) else (("", problem),)
    known: dict[str, sympy.Symbol] = {}
    for _, part in parts:
        if isinstance(part, (Identity, Inequality, Positive)):
            known |= {str(symbol): symbol for symbol in part.variables}
    if not known:
        raise InputError("a claim without variables", "a point of an identity or an inequality", "use proofs-check show")
    for name in (*point, *known):
        if name not in known or name not in point:
            raise InputError(f"point {dict(point)}", f"values of {', '.join(known)}", "give each once, as name=value")
    values = {known[name]: _rational(name, text) for name, text in point.items()}
    outside = [
        f"{symbol} = {values[symbol]}, asked from {low} to {high}"
        for _, part in parts if isinstance(part, (Identity, Inequality, Positive))
        for symbol, (low, high) in part.variables.items() if not low <= values[symbol] <= high
    ]  # fmt: skip
    if outside:
        yield "outside of the domain", "; ".join(dict.fromkeys(outside))
    for name, part in parts:
        if isinstance(part, Identity):
            chain = [part.start, *(step.expression for step in part.steps)]
            for number, expression in enumerate(chain):
                yield f"{name} side {number}".strip(), _value(expression, values, digits)
        elif isinstance(part, (Inequality, Positive)):
            yield f"{name} expression, to be positive".strip(), _value(part.expression, values, digits)


def _rational(name: str, text: str) -> sympy.Rational:
    try:
        exact = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{name} = {text}", "a rational number such as 3/4 or 0.75", "write it so") from error
    return sympy.Rational(exact.numerator, exact.denominator)


def _value(expression: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Rational], digits: int) -> str:
    return str(sympy.N(expression.subs(values).doit(), digits))
