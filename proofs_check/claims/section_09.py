"""Claims of THEORY §9: the parameter regime r = d^(-a), lambda = d^(-b)."""

from __future__ import annotations

from sympy import Integer, Rational

from proofs_check.claim import claim
from proofs_check.problem import LinearProgram


@claim(
    "regime-maximin-point", source="THEORY §9 [D], [L19]", expected="certified",
    assumptions=("conditions 1/(rd), r^2/lambda, lambda/r, d lambda -> 0, each written as a power of d",),
    statement=r"\max_{a,b}\min\{1-a,\;2a-b,\;b-a,\;b-1\}=\tfrac14\ \text{ only at }\ a=\tfrac34,\ b=\tfrac54",
    twins={"0.26": {"optimum": Rational(26, 100)}, "r^3/lambda, as if nothing changed": {"cube": True},
           "a = 0.74": {"a": Rational(74, 100)}},
)
def maximin(optimum: Rational = Rational(1, 4), cube: bool = False, a: Rational = Rational(3, 4)) -> LinearProgram:  # noqa: B008
    """The paper's choice of exponents satisfies the conditions with the largest least slack."""
    one, power = Integer(1), Integer(3 if cube else 2)
    return LinearProgram(
        objective=(Integer(0), Integer(0), one),
        matrix=((one, Integer(0), one), (-power, one, one), (one, -one, one), (Integer(0), -one, one)),
        bounds=(one, Integer(0), Integer(0), -one), optimum=optimum, point=(a, Rational(5, 4), optimum),
    )


@claim(
    "regime-maximin-point-cube", source="THEORY §9 [D]", expected="certified",
    assumptions=("r^3/lambda -> 0 in place of r^2/lambda",),
    statement=r"\max_{a,b}\min\{1-a,\;3a-b,\;b-a,\;b-1\}=\tfrac25\ \text{ only at }\ a=\tfrac35,\ b=\tfrac75",
    twins={"1/2": {"optimum": Rational(1, 2)}},
)
def maximin_cube(optimum: Rational = Rational(2, 5)) -> LinearProgram:  # noqa: B008
    """The same with the weaker condition that suffices."""
    one = Integer(1)
    return LinearProgram(
        objective=(Integer(0), Integer(0), one),
        matrix=((one, Integer(0), one), (Integer(-3), one, one), (one, -one, one), (Integer(0), -one, one)),
        bounds=(one, Integer(0), Integer(0), -one), optimum=optimum, point=(Rational(3, 5), Rational(7, 5), optimum),
    )
