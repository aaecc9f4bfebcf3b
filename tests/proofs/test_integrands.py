"""Integrands that are continuous on their range, at its ends and beyond all bounds, and such as are not."""

from __future__ import annotations

import pytest
import sympy
from sympy import Integral, exp, log, oo, sqrt

from proofs_check.methods.continuity import continuous

X, Y = sympy.Symbol("x", real=True), sympy.Symbol("y", positive=True)
BOX = {Y: (sympy.Rational(1, 10), sympy.Integer(5))}


@pytest.mark.parametrize("integral", [
    Integral(1 / (sqrt(X) + X + 1), (X, 0, 1)), Integral(sqrt(X) * log(1 + sqrt(X)), (X, 0, 2)),
    Integral(1 / (sqrt(X) + X + 1), (X, 1, 0)), Integral(exp(-X) / (X + Y), (X, 0, oo)), Integral(log(1 + X * Y), (X, 0, oo)),
    Integral(exp(X) / (Y - X), (X, -oo, 0)), Integral(sqrt(X - 1), (X, 1, oo)), Integral(exp(-(X**2)), (X, -oo, oo)),
    Integral(1 / (2 + X), (X, -1, 1)), Integral(sqrt(X), (X, 0, Y)),
], ids=str)  # fmt: skip
def test_what_is_continuous_on_its_range_is_found_so(integral: sympy.Expr) -> None:
    assert continuous(integral, BOX)


@pytest.mark.parametrize("integral", [
    Integral(1 / (sqrt(X) - sympy.Rational(1, 2)), (X, 0, 1)), Integral(sqrt(X), (X, -1, 1)),
    Integral(exp(-X) / (X - Y), (X, 0, oo)), Integral(exp(X) / (Y + X), (X, -oo, 0)), Integral(sqrt(X - 1), (X, 0, oo)),
    Integral(1 / X, (X, -oo, oo)), Integral(1 / (2 + X), (X, -3, 1)), Integral(log(Y - X), (X, 0, 1)), Integral(X, (X, oo, 0)),
], ids=str)  # fmt: skip
def test_what_has_a_pole_or_is_not_real_somewhere_is_not(integral: sympy.Expr) -> None:
    assert not continuous(integral, BOX)
