"""Definitions evaluated by sympy, each once: a claim, its twins and its lemmas share most of their integrals and limits."""

from __future__ import annotations

from functools import lru_cache

import sympy

__all__ = ["evaluated"]


@lru_cache(maxsize=4096)
def evaluated(expression: sympy.Expr) -> sympy.Expr:
    """The expression with its integrals, limits, derivatives and substitutions carried out, as far as sympy can."""
    return expression.doit()
