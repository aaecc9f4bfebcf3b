"""What a claim asks, as data: the same object is solved by methods/ and checked again by recheck.py.

Expressions are sympy's. Everything that decides truth stands here, in the claim; a stored evidence file repeats none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

__all__ = ["Identity", "Inequality", "LinearProgram", "Problem", "Step"]


@dataclass(frozen=True)
class Step:
    """One step of a derivation: the next expression, and the reason why it equals the one before.

    Attributes
    ----------
    expression : sympy.Expr
        What follows.
    reason : str
        In words, for the reader.
    how : {"algebra", "derivative", "lemma"}
        How equality is shown: the difference simplifies to 0; or its derivative in ``by`` does, and it is 0 at ``at``; or it
        does once the left side of another proved claim, named by ``lemma``, is replaced by the right one.
    by : sympy.Symbol, optional
        Variable of the derivative.
    at : sympy.Expr, optional
        Point at which the difference is 0.
    lemma : str, optional
        Identifier of an `Identity` claim that holds wherever this one is asked.
    """

    expression: sympy.Expr
    reason: str
    how: str = "algebra"
    by: sympy.Symbol | None = None
    at: sympy.Expr | None = None
    lemma: str = ""


@dataclass(frozen=True)
class Identity:
    """``start`` equals the expression of each step, for every value of the variables in their domains.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed domain (low, high), rationals; high may be infinite. Points for counterexamples are taken there.
    start : sympy.Expr
        First expression.
    steps : tuple of Step
        The derivation; the last expression is the right side of the claim.
    """

    variables: Mapping[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]
    start: sympy.Expr
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Inequality:
    """``expression`` > 0 on a box, with certainty.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed interval of rationals.
    expression : sympy.Expr
        What is positive.
    """

    variables: Mapping[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]]
    expression: sympy.Expr


@dataclass(frozen=True)
class LinearProgram:
    """max objective . x subject to matrix x <= bounds, x free, has the value ``optimum``; if a point is given, only there.

    Rationals throughout.
    """

    objective: tuple[sympy.Rational, ...]
    matrix: tuple[tuple[sympy.Rational, ...], ...]
    bounds: tuple[sympy.Rational, ...]
    optimum: sympy.Rational
    point: tuple[sympy.Rational, ...] = field(default=())


Problem = Identity | Inequality | LinearProgram
