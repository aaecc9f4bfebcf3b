"""Methods prove no more than what holds, and intervals hold as often as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from scipy import stats
from sympy import Integer, Rational

from proofs_check.claim import Claim
from proofs_check.problem import Corner, Identity, Inequality, LinearProgram, Positive, Root, Sampled, Step, Value
from proofs_check.verify import judge


def made(problem: Any) -> Claim:
    return Claim("made", "", "", (), "exact", "proved", problem, ())


def test_methods_do_not_prove_what_is_false_or_unknown() -> None:
    x = sympy.Symbol("x", positive=True)
    domain = {x: (Integer(1), Integer(2))}
    false = made(lambda: Identity(domain, sympy.sqrt(x**2 + 1), (Step(x + Rational(1, 2), "not so"),)))
    assert judge(false).outcome == "refuted"
    # Equal at one point, and with a derivative that is not 0: no step of kind "derivative".
    also = made(lambda: Identity(domain, x**2, (Step(x, "equal at 1", "derivative", x, Integer(1)),)))
    assert judge(also).outcome == "refuted"
    touching = made(lambda: Inequality(domain, (x - Rational(3, 2)) ** 2))
    assert judge(touching).outcome == "refuted"  # 0 at 3/2, which bisection meets
    assert judge(made(lambda: Positive(domain, x - 3))).outcome == "refuted"
    # True on the domain alone, not by its structure: not proved.
    assert judge(made(lambda: Positive(domain, x - Rational(1, 2)))).outcome == "undecided"
    assert judge(made(lambda: Positive(domain, (x - 1) ** 2, strict=False))).outcome == "proved"
    assert judge(made(lambda: Positive(domain, x**2, by=x, at=Integer(0), order=3))).outcome == "undecided"
    # The corner must be one: x^2 + x does not vanish to second order at 0.
    zero = {x: (Integer(0), Integer(1))}
    assert judge(made(lambda: Inequality(zero, x + x**2, Corner(x, 2)))).outcome == "undecided"
    assert judge(made(lambda: Inequality(zero, x + x**2, Corner(x, 1)))).outcome == "certified"
    assert judge(made(lambda: Inequality(zero, x**2 - x / 100, Corner(x, 1)))).outcome == "refuted"
    t = sympy.Symbol("t", real=True)
    half = sympy.Integral(t, (t, 0, 1))
    assert judge(made(lambda: Value(half, Rational(49, 100), Rational(51, 100)))).outcome == "certified"
    assert judge(made(lambda: Value(half, Rational(51, 100), Rational(52, 100)))).outcome == "refuted"
    x = sympy.Symbol("x", real=True)
    two_roots = Root(x, (x - 1) * (x - 2), Integer(0), Integer(3))
    assert judge(made(lambda: Value(x, Integer(0), Integer(3), (two_roots,)))).outcome == "undecided"
    beyond = Root(x, x - 5, Integer(0), Integer(3))
    assert judge(made(lambda: Value(x, Integer(0), Integer(9), (beyond,)))).outcome == "undecided"
    unbounded = made(lambda: LinearProgram((Integer(1),), ((Integer(-1),),), (Integer(0),), Integer(0)))
    assert judge(unbounded).outcome == "undecided"


@pytest.mark.parametrize(("exact", "count"), [(True, 400), pytest.param(False, 100, marks=pytest.mark.tier2)])
def test_intervals_hold_the_mean_as_often_as_they_say(exact: bool, count: int) -> None:
    """Seeds at 90 %: a count within 99.9 % binomial bounds of what the kind of interval promises."""

    def draw(rng: np.random.Generator, size: int) -> Any:
        return rng.random(size) < 0.3 if exact else rng.exponential(size=size)

    mean = Rational(3, 10) if exact else Integer(1)
    right = sum(
        judge(made(lambda seed=seed: Sampled(draw, mean, 200, 0.9, seed))).outcome == "supported"  # type: ignore[misc]
        for seed in range(count)
    )
    # Clopper and Pearson's holds at least 90 %; the bootstrap of 200 skewed draws is within 3 % of it.
    low, high = (0.9, 0.94) if exact else (0.87, 0.93)
    assert stats.binom.ppf(0.0005, count, low) <= right <= stats.binom.ppf(0.9995, count, high)


def test_values_hold_the_error_function() -> None:
    """Within an integral and alone, by Arb and again by mpmath; a value beside it is refuted."""
    from proofs_check.recheck.values import check_value
    from proofs_check.verify import solve

    x = sympy.Symbol("x", real=True)
    # Integrated by parts: erf(1) - (1 - 1/e)/sqrt(pi).
    mean = sympy.Integral(sympy.erf(x), (x, 0, 1)) + sympy.erf(Rational(1, 2))
    known = sympy.erf(1) - (1 - sympy.exp(-1)) / sympy.sqrt(sympy.pi) + sympy.erf(Rational(1, 2))
    near = Rational(str(known.evalf(25)))
    for moved, outcome in ((Integer(0), "certified"), (Rational(1, 10**12), "refuted")):
        value = Value(mean, near + moved - Rational(1, 10**15), near + moved + Rational(1, 10**15))
        found, evidence = solve(value)
        assert found == outcome
        assert check_value(value, found, evidence)


@pytest.mark.parametrize("false", [sympy.tanh, lambda t: sympy.cosh(t) - 10, lambda t: sympy.Max(t, Rational(1, 4))])
def test_false_statements_in_other_functions_are_refuted(false: Any) -> None:
    t = sympy.Symbol("t", real=True)
    for kind in (Positive, Inequality):
        problem = kind({t: (Integer(0), Integer(1))}, false(t) - 2)
        assert judge(made(lambda problem=problem: problem)).outcome == "refuted"  # type: ignore[misc]


def test_what_no_method_encloses_is_undecided() -> None:
    s, t = sympy.symbols("s t", real=True)
    for of in (sympy.Integral(s * t, (s, 0, 1), (t, 0, 1)), sympy.Integral(sympy.asin(t), (t, 0, 1))):
        assert judge(made(lambda of=of: Value(of, Integer(0), Integer(1)))).outcome == "undecided"  # type: ignore[misc]
    both_sides = Identity({}, sympy.Limit(abs(t) / t, t, 0, "+-"), (Step(Integer(1), ""),))
    assert judge(made(lambda: both_sides)).outcome == "undecided"
    large = Value(sympy.exp(Integer(10) ** 5), Integer(0), Integer(1))
    assert judge(made(lambda: large)).outcome == "undecided"
