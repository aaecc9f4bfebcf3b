"""Signs by structure: sums, products and powers of what is positive, for all values that the symbols' assumptions allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache

import sympy
from flint import arb

from proofs_check.methods.enclosure import enclose, precision

__all__ = ["forms", "sign_by_structure"]

_BITS = 256


def sign_by_structure(expression: sympy.Expr, known: Mapping[sympy.Expr, int] | None = None) -> int | None:
    """1 if positive as it stands, 0 if not negative, None if neither is seen.

    Parameters
    ----------
    expression : sympy.Expr
        Real wherever it is defined; where that is, is asked elsewhere (`proofs_check.methods.continuity`).
    known : mapping
        Expressions whose sign was shown before, to that sign.
    """
    known = known or {}
    if expression in known:
        return known[expression]
    if expression.is_Symbol:
        return 1 if expression.is_positive else 0 if expression.is_nonnegative else None
    if not expression.free_symbols:
        return _of_number(expression)
    if isinstance(expression, sympy.exp):
        return 1 if expression.args[0].is_real else None
    signs = [sign_by_structure(argument, known) for argument in expression.args]
    if expression.is_Add:
        return None if None in signs else max(signs)  # type: ignore[type-var]
    if expression.is_Mul:
        return None if None in signs else min(signs)  # type: ignore[type-var]
    if expression.is_Pow:
        base, exponent = expression.args
        if signs[0] == 1 and exponent.is_real:
            return 1
        if exponent.is_integer and exponent.is_even and exponent.is_positive and base.is_real:
            return 0
        return 0 if signs[0] == 0 and exponent.is_positive else None
    if isinstance(expression, (sympy.atan, sympy.sinh)):
        return signs[0]
    if isinstance(expression, sympy.factorial):
        return None if signs[0] is None else 1
    if isinstance(expression, sympy.gamma):
        return 1 if signs[0] == 1 else None
    if isinstance(expression, sympy.log):
        return sign_by_structure(sympy.expand(expression.args[0] - 1), known)
    return None


@cache
def _of_number(number: sympy.Expr) -> int | None:
    """Sign of a number, by an enclosure of it."""
    if number.is_Rational:
        return 1 if number > 0 else 0 if number == 0 else None
    with precision(_BITS), suppress(NotImplementedError, KeyError):
        value: arb = enclose(number, {})
        return 1 if value > 0 else None
    return None


def forms(expression: sympy.Expr) -> Iterator[sympy.Expr]:
    """The expression in the forms in which its sign may be seen."""
    yield expression
    yield sympy.factor(sympy.together(expression))
    yield sympy.expand(expression)
