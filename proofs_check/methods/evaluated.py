"""Definitions evaluated by sympy, each once: a claim, its twins and its lemmas share most of their integrals and limits."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import sympy

__all__ = ["evaluated", "is_zero"]

# sympy's calculus ends in any of these: a series of Max, say, in a TypeError.
_FAILURES: Final = (
    NotImplementedError, ValueError, TypeError, AttributeError, KeyError, IndexError, AssertionError, ArithmeticError,
    RecursionError, sympy.PolynomialError,
)  # fmt: skip


@lru_cache(maxsize=4096)
def evaluated(expression: sympy.Expr) -> sympy.Expr:
    """The expression with its integrals, limits, derivatives and substitutions carried out, as far as sympy can.

    As it stands, if sympy says that a limit does not exist, asks for a sign that it does not know, or fails.
    """
    try:
        return expression.doit()
    except _FAILURES:
        return expression


@lru_cache(maxsize=4096)
def is_zero(difference: sympy.Expr) -> bool:
    """Whether sympy shows that an expression is 0."""
    if difference.has(sympy.Integral, sympy.Limit, sympy.Derivative, sympy.Subs):
        # Definitions stand unevaluated in claims; a form that is evaluated on the way in would prove itself.
        difference = evaluated(difference)
    attempts = (
        lambda d: d, sympy.simplify, lambda d: sympy.simplify(sympy.expand(d.rewrite(sympy.atan))),
        lambda d: sympy.simplify(sympy.radsimp(sympy.together(d))), lambda d: sympy.simplify(evaluated(d)),
    )
    return any(_is_shown_by(attempt, difference) for attempt in attempts)


def _is_shown_by(attempt: Callable[[sympy.Expr], sympy.Expr], difference: sympy.Expr) -> bool:
    try:
        return bool(attempt(difference) == 0)
    except _FAILURES:
        return False
