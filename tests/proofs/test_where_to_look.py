"""Where the search for counterexamples looks, and where the second look does: against brute force and by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from math import ceil, floor, sqrt

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import example, given
from hypothesis import strategies as st
from sympy import Integer, Rational

from proofs_check.claims.section_10 import DIRECTIONS, _two_neurons
from proofs_check.methods.continuity import _least, _range
from proofs_check.methods.counterexample import shown_at, simplest
from proofs_check.methods.narrow import in_dips
from proofs_check.methods.search import _places, rounds
from proofs_check.problem.base import Ground
from proofs_check.recheck.continuity import get_rules, require_shown
from proofs_check.recheck.derivations import _place
from proofs_check.recheck.numbers import AGREED, number
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.sample_points import near_ends, near_singular, rational_points
from proofs_check.recheck.spans import middle

x, y = sympy.symbols("x y", real=True)
n = sympy.Symbol("n", integer=True)


def test_points_of_the_unit_cube_fill_the_domain() -> None:
    ground = Ground({x: (Integer(2), Integer(5)), n: (Integer(-3), Integer(4))}, x, "positive")
    assert _places(ground, np.array([[0.0, 0.0], [0.5, 0.47], [1.0, 1.0]])) == [[2.0, -3.0], [3.5, 0.0], [5.0, 4.0]]


def test_a_narrow_counterexample_far_out_is_found_by_descent() -> None:
    # Below 0 on a thousandth around 7.123 alone, on a domain without end, whose boxes cannot be cut.
    ground = Ground({x: (Integer(0), sympy.oo)}, (x - Rational(7123, 1000)) ** 2 - Rational(1, 4_000_000), "not negative")
    found = next(found for found, _ in islice(rounds(ground, (0,)), 6) if found is not None)
    assert abs(sympy.Rational(found["counterexample"]["x"]) - Rational(7123, 1000)) < Rational(1, 2000)


@pytest.mark.parametrize(("claimed", "false_at"), [
    ("not negative", {-1}), ("positive", {-1, 0}), ("zero", {-1, Rational(1, 2), 1}),
])  # fmt: skip
def test_a_point_is_shown_only_where_the_claim_is_false(claimed: str, false_at: set[sympy.Rational]) -> None:
    domain = {x: (Integer(-2), Integer(2))}
    points = [Integer(-1), Integer(0), Rational(1, 2), Integer(1)]
    assert {at for at in points if shown_at(domain, x, {x: at}, claimed) is not None} == false_at


@example(Fraction(1, 4), Fraction(7, 100), Fraction(6, 7))  # from 0.19 to 0.26: 1/4 before 1/5
@example(Fraction(1, 5), Fraction(5, 100), Fraction(3, 5))  # from 0.17 to 0.22: 1/5 before 2/11
@given(st.fractions(0, 5, max_denominator=997), st.fractions(Fraction(1, 30), Fraction(1, 4)), st.fractions(0, 1))
def test_the_simplest_point_has_the_smallest_denominator(value: Fraction, width: Fraction, share: Fraction) -> None:
    low, high = value - share * width, value + (1 - share) * width
    known = [1, 2, 3, 4, 5, 6, 8, 10]
    smallest = next((q for q in known if ceil(low * q) <= floor(high * q)), None)
    at = Rational(value.numerator, value.denominator)
    found = simplest({x: (Integer(-9), Integer(9))}, {x: at}, lambda point: bool(low <= Fraction(str(point[x])) <= high))
    if smallest is not None:
        assert found[x].q <= smallest


def test_sides_are_cut_by_their_share_of_the_whole() -> None:
    domain = {x: (Integer(0), Integer(1)), y: (Integer(0), Integer(100))}
    points = list(islice(in_dips(domain, sympy.Integer(-1) + 0 * x, "positive"), 4))
    assert points[0] == {x: Rational(1, 2), y: Integer(50)}
    assert points[1] == {x: Rational(1, 4), y: Integer(50)}, "x is as wide as y, of its own domain"
    assert points[2] in ({x: Rational(3, 4), y: Integer(50)}, {x: Rational(1, 4), y: Integer(25)})


@pytest.mark.parametrize("first", [(-2, 3), (-3, -2), (2, 3), (0, 3)])
@pytest.mark.parametrize("second", [(-5, 7), (-5, -4), (4, 5), (-1, 0)])
def test_ranges_of_sums_and_products_are_those_of_their_corners(first: tuple[int, int], second: tuple[int, int]) -> None:
    box = {x: tuple(map(Integer, first)), y: tuple(map(Integer, second))}
    corners = [(a, b) for a in first for b in second]
    products, sums = [a * b for a, b in corners], [a + b for a, b in corners]
    assert _range(x * y, box) == (min(products), max(products)) and _least(x * y, box) == min(products)
    assert _range(x + y, box) == (min(sums), max(sums))
    squares = [a**2 for a in first]
    assert _least(x**2, box) == (0 if first[0] <= 0 <= first[1] else min(squares))


def test_points_near_the_ends() -> None:
    domain = {x: (Integer(2), Integer(4)), n: (Integer(0), Integer(9))}
    points = near_ends(domain)
    assert sorted(point[x] for point in points if point[x] < 3) == [2 + 2 * Fraction(1, 10**k) for k in (12, 9, 3)]
    assert sorted(point[x] for point in points if point[x] > 3) == [4 - 2 * Fraction(1, 10**k) for k in (3, 9, 12)]
    inside = rational_points(domain)[0]
    assert {point[n] for point in points} == {inside[n]} and inside[n].denominator == 1


@pytest.mark.parametrize("root", [Fraction(7, 3), Fraction(5, 2), Fraction(22, 7)])
def test_points_on_both_sides_of_a_pole(root: Fraction) -> None:
    domain = {x: (Integer(2), Integer(4))}
    found = {float(point[x] - root) for point in near_singular([1 / (x - Rational(root.numerator, root.denominator))], domain)}
    for step in (1e-3, 1e-5, 1e-7, 1e-9):
        assert any(abs(each - step) < 1e-3 * step for each in found) and any(abs(each + step) < 1e-3 * step for each in found)
    assert 0.0 not in found


def test_what_roots_logarithms_and_arcs_ask_for() -> None:
    assert set(get_rules(sympy.asin(x))) == {("not negative", 1 - x), ("not negative", 1 + x)}
    assert set(get_rules(sympy.log(x) + sympy.sqrt(y))) == {("positive", x), ("not negative", y)}
    assert set(get_rules(1 / x)) == {("not 0", x)} and get_rules(x**2) == ()


def test_a_way_starts_where_it_is_said() -> None:
    assert _place(sympy.oo, {}) == 10**6 == -_place(-sympy.oo, {})
    assert _place(Rational(2, 3), {}) == Fraction(2, 3)
    assert _place(x / 2, {x: Fraction(3, 2)}) == Fraction(3, 4)
    assert abs(float(_place(sympy.sqrt(x), {x: Fraction(2)})) - sqrt(2)) < 1e-12


def test_a_limit_is_seen_where_two_steps_agree() -> None:
    def approached(gap: float) -> sympy.Limit:  # values that differ by gap at the two steps, 1e-24 and 1e-25, near 0
        return sympy.Limit(Rational(round(gap * 10**30)) / 10**30 * sympy.Integer(10) ** 24 / Rational(9, 10) * y, y, 0, "+")

    assert abs(number(approached(0.9 * float(AGREED)), {}, 40)) < 1e-12
    assert abs(number(approached(1.5 * float(AGREED)), {}, 40)) < 1e-12  # at two nearer steps
    with pytest.raises(Refused, match="not seen"):
        number(sympy.Limit(sympy.sin(sympy.log(y)), y, 0, "+"), {}, 40)


def test_the_middle_of_an_interval() -> None:
    interval = mpmath.iv.mpf([1, 3])
    assert middle(interval) == 2 and middle(mpmath.iv.mpf(5)) == 5


@pytest.mark.parametrize("signs", [(1, -1), (1, 1)])
def test_every_weight_of_two_neurons_is_bounded_and_the_margin_is_not(signs: tuple[int, int]) -> None:
    program = _two_neurons(signs, ((1, 0, 1), (0, 1, 1)), (1, -1, -1))
    bounded = [tuple(row) for row, bound in zip(program.matrix, program.bounds, strict=True) if bound == 1]
    wanted = [tuple(side * int(i == axis) for i in range(5)) for axis in range(4) for side in (1, -1)]
    assert sorted(bounded) == sorted(wanted)
    # Margins: t - y f(x) <= 0, f the sum of the signs of the active neurons times <u, x>.
    for which, (p, q, label) in enumerate(DIRECTIONS):
        row = [-label * sign * side * active[which] for sign, active in zip(signs, ((1, 0, 1), (0, 1, 1)), strict=True)
               for side in (p, q)]  # fmt: skip
        assert (*row, 1) in [tuple(each) for each in program.matrix]


def test_a_box_is_cut_until_the_sign_is_seen_on_each_piece() -> None:
    whole = {x: (Fraction(0), Fraction(1))}
    require_shown("positive", x**2 - x + Rational(3, 10), whole)  # 0.05 at least, which the whole box does not show
    require_shown("not 0", x * y + y**2 - 1, {x: (Fraction(0), Fraction(1, 2)), y: (Fraction(0), Fraction(3, 4))})
    for rule, argument in (("positive", x**2 - x + Rational(1, 5)), ("not 0", x - Rational(1, 3)), ("not negative", -x)):
        with pytest.raises(Refused, match="is not shown"):
            require_shown(rule, argument, whole)
    with pytest.raises(Refused, match="is not shown"):
        require_shown("positive", x, {x: (Fraction(0), Fraction(0))})


def test_special_values_of_one_parameter_are_tried_at_a_point_inside_for_the_others() -> None:
    from proofs_check.methods.counterexample import _special_points

    domain = {symbol: (Integer(0), Integer(1)) for symbol in sympy.symbols("a b c d", real=True)}
    a, b, c, d = domain
    points = list(_special_points(domain, sympy.Limit((a + b + c + d - 1) * x, x, 0)))
    assert points
    for point in points:
        assert sum(value in (0, 1) for value in point.values()) <= 1, point


def test_what_is_not_defined_on_a_piece_can_be_anything_there() -> None:
    from proofs_check.recheck.coarse import _over

    piece = {x: mpmath.iv.mpf([-1, 1])}
    tower = sympy.exp(sympy.exp(sympy.exp(300 * x)))
    for undefined in (1 / x, x ** Rational(-1, 2), sympy.log(x), sympy.sqrt(x - 5), sympy.asin(x + 4), tower):
        found = _over(undefined, piece)
        assert found.a == -mpmath.inf and found.b == mpmath.inf, undefined


@pytest.mark.parametrize("end", [Integer(0), Integer(3), Rational(-7, 2)])
def test_a_rational_end_lies_where_it_is(end: sympy.Rational) -> None:
    from proofs_check.recheck.definitions import _ends

    assert _ends(end, {}) == (Fraction(int(end.p), int(end.q)),) * 2
    low, high = _ends(-sympy.oo, {})
    assert low == high <= -1000 and _ends(sympy.oo, {}) == (-low, -high)


def test_an_exponential_goes_to_zero_only_if_it_is_one_that_falls() -> None:
    from proofs_check.methods.expansion import Rules
    from proofs_check.methods.limits import _values

    rules = Rules(lambda each: True, lambda each: each != 0, lambda each: each == 0,
                  lambda each: 1 if each.is_positive else None)  # fmt: skip

    def found(body: sympy.Expr, end: sympy.Expr) -> list[sympy.Expr]:
        return list(_values(body, x, end, "+", lambda each, box: True, rules))

    assert Integer(1) in found(1 + sympy.exp(-2 * x), sympy.oo)
    for body, end in ((1 + sympy.exp(2 * x), sympy.oo), (1 + sympy.exp(-(x**2) * sympy.sin(x)), sympy.oo),
                      (1 + sympy.exp(-2 * x), -sympy.oo)):  # fmt: skip
        assert Integer(1) not in found(body, end), body
