"""The second look's enclosures: of elementary expressions against points, of integrals against what a quadrature may be off."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy

from proofs_check.problem import Inequality
from proofs_check.recheck.boxes import _bound, _check_below, check_boxes
from proofs_check.recheck.continuity import _share, require_shown
from proofs_check.recheck.intervals import interval
from proofs_check.recheck.points import check_counterexample
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.spans import span
from proofs_check.verify import solve

X, Y = sympy.symbols("x y", real=True)
EXPRESSIONS = [
    X * Y - 3 + X**2, X**-2, sympy.sqrt(X) / Y, X ** sympy.Rational(1, 3), sympy.E * sympy.pi * X, sympy.exp(X - Y),
    sympy.log(X + Y), sympy.cos(X * Y), sympy.sin(X), sympy.Abs(Y - X), sympy.atan(X), sympy.asin(X / 4), sympy.acos(Y / 4),
    sympy.erf(X), X**Y, sympy.Rational(1, 3) * X, sympy.sinh(X - 1), sympy.cosh(X - 1), sympy.tanh(X * Y), sympy.Max(X, Y),
    sympy.Min(X, Y, 1),
]

_CLOSE = mpmath.mpf(10) ** -32


def ends(found: Any) -> list[Any]:
    return [mpmath.mpf(end._mpi_[0]) for end in (found.a, found.b)]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_an_enclosure_holds_the_values_of_its_box_and_is_sharp_at_a_point(expression: sympy.Expr) -> None:
    sides = {X: (Fraction(1, 2), Fraction(3, 2)), Y: (Fraction(1, 3), Fraction(2))}
    whole = interval(expression, sides)
    for a in (Fraction(1, 2), Fraction(9, 10), Fraction(3, 2)):
        for b in (Fraction(1, 3), Fraction(7, 5), Fraction(2)):
            exact = {X: sympy.Rational(a.numerator, a.denominator), Y: sympy.Rational(b.numerator, b.denominator)}
            with mpmath.workdps(40):
                value = mpmath.mpf(str(sympy.N(expression.subs(exact), 36)))
                for found, widest in ((whole, 10), (interval(expression, {X: (a, a), Y: (b, b)}), _CLOSE)):
                    low, high = ends(found)
                    assert low - _CLOSE <= value <= high + _CLOSE and high - low <= widest


@pytest.mark.parametrize("expression", [sympy.log(X), sympy.sqrt(X), sympy.asin(X + 1), sympy.gamma(X)], ids=str)
def test_what_is_not_real_or_not_known_has_no_enclosure(expression: sympy.Expr) -> None:
    with pytest.raises(Refused):
        interval(expression, {X: (Fraction(-1), Fraction(1))})


@pytest.mark.parametrize("number", [0, 3, -7])
def test_an_integral_is_known_to_what_its_quadrature_may_be_off(number: int) -> None:
    with mpmath.workdps(40):
        found = span(sympy.Integral(X, (X, 0, 1)), {}, lambda node, values: mpmath.mpf(number))
        off = mpmath.mpf(10) ** -30 * (1 + abs(number))
        for end, expected in zip(ends(found), (number - off, number + off), strict=True):
            assert abs(end - expected) < off / 1000


def test_an_integral_moves_with_its_parameter() -> None:
    def quadrature(node: sympy.Integral, values: Any) -> Any:
        return values[Y] / 2

    low, high = ends(span(sympy.Integral(X * Y, (X, 0, 1)), {Y: mpmath.iv.mpf([1, 2])}, quadrature))
    assert low <= 0.5 and high >= 1.0 and high - low < 1.5


@pytest.mark.parametrize("lower", [1.0, 2.0, 0.25])
def test_a_bound_may_be_off_by_the_rounding_of_a_float_alone(lower: float) -> None:
    for off, refused in ((Fraction(5, 10**16), False), (Fraction(5, 10**15), True)):
        point = (Fraction(lower) * (1 - off),)
        if refused:
            with pytest.raises(Refused, match="no lower bound"):
                _check_below(X, [X], point, _bound(lower), lower)
        else:
            _check_below(X, [X], point, _bound(lower), lower)


def test_a_box_is_cut_where_it_is_widest_by_its_own_measure() -> None:
    assert _share((Fraction(1, 4), Fraction(3, 4)), (Fraction(0), Fraction(2))) == Fraction(1, 4)
    assert _share((Fraction(1), Fraction(1)), (Fraction(1), Fraction(1))) == 0, "a side without length is not cut"
    # Neither side alone, cut however often, shows that this is positive; nor is it cut for ever where it is not.
    sides = {X: (Fraction(-1), Fraction(1)), Y: (Fraction(-1), Fraction(1))}
    argument = X**2 - X * Y + Y**2 + sympy.Rational(1, 4)
    require_shown("positive", argument, sides)
    with pytest.raises(Refused):
        require_shown("positive", argument - sympy.Rational(1, 3), sides)


def test_an_arcsine_beside_1_is_taken_where_it_stands() -> None:
    """To 50 digits the argument would be 1, and the difference below 0."""
    expression = sympy.pi / 2 - sympy.asin(1 - X) - sympy.sqrt(X)
    sides = {X: (Fraction(1, 10**60), Fraction(1, 10**60))}
    low, high = ends(interval(expression, sides, 160))
    assert 0 < low <= high and abs(low * mpmath.mpf(10) ** 30 - (mpmath.sqrt(2) - 1)) < 1e-12
    true = Inequality({X: (sympy.Rational(1, 10**60), sympy.Integer(1))}, expression)
    with pytest.raises(Refused, match="may be positive"):
        check_counterexample(true, "refuted", {"counterexample": {"x": f"1/{10**60}"}, "value": "-1e-30"})


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        (2 + sympy.tanh(10 * X), "certified"), (sympy.cosh(X) - sympy.sinh(X), "certified"), (sympy.Max(X, 1 - X), "certified"),
        (sympy.Min(1, X + 1), "certified"), (sympy.tanh(X) - sympy.Rational(1, 2), "refuted"), (sympy.Min(X, 1 - X), "refuted"),
    ],
)  # fmt: skip
def test_what_is_enclosed_here_is_enclosed_there(expression: sympy.Expr, outcome: str) -> None:
    problem = Inequality({X: (sympy.Integer(0), sympy.Integer(1))}, expression)
    found, evidence = solve(problem)
    assert found == outcome
    assert check_boxes(problem, found, evidence) if outcome == "certified" else check_counterexample(problem, found, evidence)
