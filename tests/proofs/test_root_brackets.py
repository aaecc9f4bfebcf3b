"""Brackets of a root: ends that differ in sign, and no root at an end, which says nothing of what is beyond it."""

from __future__ import annotations

import pytest
import sympy

from proofs_check.methods.value import _bracket
from proofs_check.problem import Root

X = sympy.Symbol("x", real=True)


@pytest.mark.parametrize("equation", [X**2 - 2, 2 - X**2, sympy.exp(X) - 3, 3 - sympy.exp(X)])
def test_the_root_is_between_ends_of_two_signs(equation: sympy.Expr) -> None:
    found = _bracket(Root(X, equation, sympy.Rational(1, 2), sympy.Integer(2)), {})
    assert found is not None
    low, high = found
    assert sympy.Rational(1, 2) <= low < high <= 2 and high - low < sympy.Rational(1, 10**14)
    assert (equation.subs(X, low).evalf(50) < 0) != (equation.subs(X, high).evalf(50) < 0)


@pytest.mark.parametrize("equation", [X - 1, 1 - X, X - 2, 2 - X, X - 3, X, (X - sympy.Rational(3, 2)) ** 2])
def test_a_root_at_an_end_or_beyond_or_without_a_change_of_sign_has_none(equation: sympy.Expr) -> None:
    assert _bracket(Root(X, equation, sympy.Integer(1), sympy.Integer(2)), {}) is None
