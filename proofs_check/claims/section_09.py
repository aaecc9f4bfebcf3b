"""Claims of THEORY §9: the parameter regime r = d^(-a), lambda = d^(-b)."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational

from proofs_check.claim import claim
from proofs_check.problem import Identity, LinearProgram, Step, Together


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


def _corner(objective: tuple[int, int], point: tuple[Rational, Rational]) -> LinearProgram:
    """The vertex of the closed triangle a <= 1, b <= 2 a, b >= 1 at which a linear function is largest, and only there."""
    rows = ((1, 0), (-2, 1), (0, -1))
    optimum = sum((Integer(c) * x for c, x in zip(objective, point, strict=True)), Integer(0))
    return LinearProgram(
        objective=tuple(map(Integer, objective)), matrix=tuple(tuple(map(Integer, row)) for row in rows),
        bounds=(Integer(1), Integer(0), Integer(-1)), optimum=optimum, point=point,
    )


@claim(
    "regime-triangle", source="THEORY §9 [D]", expected="certified",
    assumptions=("conditions a < 1, b < 2a, b > 1, from 1/(rd), r^2/lambda, d lambda -> 0",),
    statement=r"\{a\le1,\,b\le2a,\,b\ge1\}\text{ has the corners }(\tfrac12,1),(1,1),(1,2);\ b>a\text{ inside}",
    twins={"(0.51, 1)": {"left": Rational(51, 100)}, "(1, 1.98)": {"top": Rational(198, 100)}},
)
def triangle(left: Rational = Rational(1, 2), top: Rational = Integer(2)) -> Together:  # noqa: B008
    """Exponents that satisfy the conditions; b > a, that weight decay does not stop Q, follows from the others."""
    one = Integer(1)
    return Together((
        ("a is least at (1/2, 1)", _corner((-1, 0), (left, one))),
        ("b is largest at (1, 2)", _corner((0, 1), (one, top))),
        # 0 at the corner, so below 0 everywhere else: b > a.
        ("a - b is largest at (1, 1), where it is 0", _corner((1, -1), (one, one))),
    ))  # fmt: skip


@claim(
    "regime-maximin-with-kappa", source="THEORY §9 [D]",
    assumptions=("kappa = d^{-c}, 0 <= c < 1/12", "kappa^{-6}/(rd) -> 0, for a gap in error, in place of 1/(rd) -> 0"),
    statement=r"\min\{1-6c-a,\,2a-b,\,b-a,\,b-1\}\le\tfrac14-3c,\ \text{ with equality at }a=\tfrac34-3c,\ b=\tfrac54-3c",
    twins={"c for 6 c": {"power": 1}, "a = 3/4 - 2 c": {"slope": 2}},
)
def with_kappa(power: int = 6, slope: int = 3) -> Together:
    """How the best exponents move when the sample grows as d^(1 + 2 c): the slack shrinks by 3 c and is gone at c = 1/12."""
    a, b, c, t = sympy.symbols("a b c t", real=True)
    box, share = (Integer(0), Integer(2)), (Integer(0), Rational(1, 12))
    slack = Rational(1, 4) - 3 * c
    # Slacks in the order of the statement, without b - a, which is not the least.
    slacks = (1 - power * c - a, 2 * a - b, b - 1)
    mean = slacks[0] / 2 + slacks[1] / 4 + slacks[2] / 4
    at = {a: Rational(3, 4) - slope * c, b: Rational(5, 4) - 3 * c}
    values = sum(t**k * each.subs(at) for k, each in enumerate(slacks))  # equal for every t: equal one by one
    return Together((
        ("no point does better: a weighted mean of three", Identity({a: box, b: box, c: share}, mean, (
            Step(slack, "multipliers 1/2, 1/4, 1/4 add up to 1 and leave neither a nor b"),
        ))),
        ("the three are equal at the point", Identity({c: share, t: box}, values, (
            Step(slack * (1 + t + t**2), "put in"),
        ))),
        ("b - a has room there", Identity({c: share}, (b - a).subs(at), (
            Step(slack + Rational(1, 4) + 3 * c, "1/2, above 1/4 - 3 c"),
        ))),
    ))  # fmt: skip


@claim(
    "regime-maximin-cube-with-kappa", source="THEORY §9 [D]",
    assumptions=("r^3/lambda -> 0", "kappa = d^{-c}, 0 <= c < 1/9", "kappa^{-6}/(rd) -> 0"),
    statement=r"\min\{1-6c-a,\,3a-b,\,b-1\}\le\tfrac25-\tfrac{18}5c,\ \text{ with equality at }"
    r"a=\tfrac35-\tfrac{12}5c,\ b=\tfrac75-\tfrac{18}5c",
    twins={"17/5": {"slope": Rational(17, 5)}},
)
def cube_with_kappa(slope: Rational = Rational(18, 5)) -> Together:  # noqa: B008
    """The same with the weaker condition that suffices: multipliers 3/5, 1/5, 1/5."""
    a, b, c, t = sympy.symbols("a b c t", real=True)
    box, share = (Integer(0), Integer(2)), (Integer(0), Rational(1, 9))
    slack = Rational(2, 5) - slope * c
    slacks = (1 - 6 * c - a, 3 * a - b, b - 1)
    at = {a: Rational(3, 5) - Rational(12, 5) * c, b: Rational(7, 5) - Rational(18, 5) * c}
    mean = (3 * slacks[0] + slacks[1] + slacks[2]) / 5
    values = sum(t**k * each.subs(at) for k, each in enumerate(slacks))
    return Together((
        ("no point does better", Identity({a: box, b: box, c: share}, mean, (Step(slack, "a and b cancel"),))),
        ("the three are equal at the point", Identity({c: share, t: box}, values, (Step(slack * (1 + t + t**2), "put in"),))),
    ))  # fmt: skip
