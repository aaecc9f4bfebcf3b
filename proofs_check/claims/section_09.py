"""Claims of THEORY §9: the parameter regime r = d^(-a), lambda = d^(-b)."""

from __future__ import annotations

import sympy
from sympy import Add, Integer, Mul, Rational

from proofs_check.claim import claim
from proofs_check.problem import All, Identity, LinearProgram, Positive, Step

a, b = sympy.symbols("a b", real=True)
c = sympy.Symbol("c", nonnegative=True)
d = sympy.Symbol("d", positive=True)
# THEORY §9; kappa = d^{-c} where it counts.
r, decay, kappa = d**-a, d**-b, d**-c
S_LEARNS_Q, UNLEARNT, UNLEARNT_CUBE = 1 / (r * d), r**2 / decay, r**3 / decay
DECAY_OF_Q, DECAY_OF_P, GAP = decay / r, d * decay, kappa**-6 / (r * d)
MORE = Rational(101, 100)


def _slack(condition: sympy.Expr) -> sympy.Expr:
    """The power of 1/d that a condition goes to 0 with."""
    return sympy.expand(-sympy.log(condition).expand(force=True) / sympy.log(d))


def _least_slack(conditions: tuple[sympy.Expr, ...], optimum: Rational, point: tuple[Rational, Rational]) -> LinearProgram:
    """max t subject to t <= each slack."""
    slacks = [_slack(each) for each in conditions]
    rows = tuple((-each.coeff(a), -each.coeff(b), Integer(1)) for each in slacks)
    bounds = tuple(each.subs({a: 0, b: 0}) for each in slacks)
    return LinearProgram((Integer(0), Integer(0), Integer(1)), rows, bounds, optimum, (*point, optimum))


def _weighted(weights: tuple[Rational, ...], slacks: list[sympy.Expr]) -> sympy.Expr:
    """A mean as it is written, before a and b cancel."""
    return Add(*(Mul(weight, each, evaluate=False) for weight, each in zip(weights, slacks, strict=True)), evaluate=False)


@claim(
    "regime-maximin-point", source="THEORY §9 [D], [L19]", expected="certified",
    assumptions=("conditions 1/(rd), r^2/lambda, lambda/r, d lambda -> 0, each written as a power of 1/d",),
    statement=r"\max_{a,b}\min\{1-a,\;2a-b,\;b-a,\;b-1\}=\tfrac14\ \text{ only at }\ a=\tfrac34,\ b=\tfrac54",
    twins={"0.26": {"optimum": Rational(26, 100)}, "r^3/lambda, as if nothing changed": {"cube": True},
           "1 % more": {"optimum": MORE / 4}, "a 1 % less": {"a": Rational(99, 100) * Rational(3, 4)}},
)
def maximin(optimum: Rational = Rational(1, 4), cube: bool = False, a: Rational = Rational(3, 4)) -> LinearProgram:  # noqa: B008
    """The paper's choice of exponents satisfies the conditions with the largest least slack."""
    conditions = (S_LEARNS_Q, UNLEARNT_CUBE if cube else UNLEARNT, DECAY_OF_Q, DECAY_OF_P)
    return _least_slack(conditions, optimum, (a, Rational(5, 4)))


@claim(
    "regime-maximin-point-cube", source="THEORY §9 [D]", expected="certified",
    assumptions=("r^3/lambda -> 0 in place of r^2/lambda",),
    statement=r"\max_{a,b}\min\{1-a,\;3a-b,\;b-a,\;b-1\}=\tfrac25\ \text{ only at }\ a=\tfrac35,\ b=\tfrac75",
    twins={"1/2": {"optimum": Rational(1, 2)}, "1 % more": {"optimum": MORE * Rational(2, 5)}},
)
def maximin_cube(optimum: Rational = Rational(2, 5)) -> LinearProgram:  # noqa: B008
    """The same with the weaker condition that suffices."""
    conditions = (S_LEARNS_Q, UNLEARNT_CUBE, DECAY_OF_Q, DECAY_OF_P)
    return _least_slack(conditions, optimum, (Rational(3, 5), Rational(7, 5)))


def _corner(objective: tuple[int, int], point: tuple[Rational, Rational]) -> LinearProgram:
    """The vertex of the closed triangle, its slacks not negative, at which a linear function is largest, and only there."""
    slacks = [_slack(each) for each in (S_LEARNS_Q, UNLEARNT, DECAY_OF_P)]
    optimum = sum((Integer(weight) * x for weight, x in zip(objective, point, strict=True)), Integer(0))
    return LinearProgram(
        objective=tuple(map(Integer, objective)), matrix=tuple((-each.coeff(a), -each.coeff(b)) for each in slacks),
        bounds=tuple(each.subs({a: 0, b: 0}) for each in slacks), optimum=optimum, point=point,
    )


@claim(
    "regime-triangle", source="THEORY §9 [D]", expected="certified",
    assumptions=("conditions a < 1, b < 2a, b > 1, from 1/(rd), r^2/lambda, d lambda -> 0",),
    statement=r"\{a\le1,\,b\le2a,\,b\ge1\}\text{ has the corners }(\tfrac12,1),(1,1),(1,2);\ b>a\text{ inside}",
    twins={"(0.51, 1)": {"left": Rational(51, 100)}, "(1, 1.98)": {"top": Rational(198, 100)}},
)
def triangle(left: Rational = Rational(1, 2), top: Rational = Integer(2)) -> All:  # noqa: B008
    """Exponents that satisfy the conditions; b > a, that weight decay does not stop Q, follows from the others."""
    one = Integer(1)
    return All((
        ("a is least at (1/2, 1)", _corner((-1, 0), (left, one))),
        ("b is largest at (1, 2)", _corner((0, 1), (one, top))),
        # 0 at the corner, so below 0 everywhere else: b > a.
        ("a - b is largest at (1, 1), where it is 0", _corner((1, -1), (one, one))),
    ))  # fmt: skip


@claim(
    "regime-maximin-with-kappa", source="THEORY §9 [D]",
    assumptions=("kappa = d^{-c}, 0 <= c < 1/12", "kappa^{-6}/(rd) -> 0, for a gap in error, in place of 1/(rd) -> 0"),
    statement=r"\min\{1-6c-a,\,2a-b,\,b-a,\,b-1\}\le\tfrac14-3c,\ \text{ with equality at }a=\tfrac34-3c,\ b=\tfrac54-3c",
    twins={"c for 6 c": {"power": Integer(1)}, "a = 3/4 - 2 c": {"slope": Integer(2)}, "6.06 c": {"power": 6 * MORE},
           "a = 3/4 - 3.03 c": {"slope": 3 * MORE}},
)
def with_kappa(power: sympy.Expr = Integer(6), slope: sympy.Expr = Integer(3)) -> All:  # noqa: B008
    """How the best exponents move when the sample grows as d^(1 + 2 c): the slack shrinks by 3 c and is gone at c = 1/12."""
    t = sympy.Symbol("t", real=True)
    box, share = (Integer(0), Integer(2)), (Integer(0), Rational(1, 12))
    slack = Rational(1, 4) - 3 * c
    # Slacks in the order of the statement, without b - a, which is not the least.
    slacks = [_slack(each) for each in (kappa**-power / (r * d), UNLEARNT, DECAY_OF_P)]
    at = {a: Rational(3, 4) - slope * c, b: Rational(5, 4) - 3 * c}
    values = sum(t**k * each.subs(at) for k, each in enumerate(slacks))  # equal for every t: equal one by one
    return All((
        ("no point does better: a weighted mean of three", Identity(
            {a: box, b: box, c: share}, _weighted((Rational(1, 2), Rational(1, 4), Rational(1, 4)), slacks), (
                Step(slack, "multipliers 1/2, 1/4, 1/4 add up to 1 and leave neither a nor b"),
            ),
        )),
        ("the three are equal at the point", Identity({c: share, t: box}, values, (
            Step(slack * (1 + t + t**2), "put in"),
        ))),
        ("b - a is above them there", Positive({c: share}, _slack(DECAY_OF_Q).subs(at) - slack, (
            Step(Rational(1, 4) + slope * c, "1/2 less 1/4 - 3 c"),
        ))),
    ))  # fmt: skip


@claim(
    "regime-maximin-cube-with-kappa", source="THEORY §9 [D]",
    assumptions=("r^3/lambda -> 0", "kappa = d^{-c}, 0 <= c < 1/9", "kappa^{-6}/(rd) -> 0"),
    statement=r"\min\{1-6c-a,\,3a-b,\,b-a,\,b-1\}\le\tfrac25-\tfrac{18}5c,\ \text{ with equality at }"
    r"a=\tfrac35-\tfrac{12}5c,\ b=\tfrac75-\tfrac{18}5c",
    twins={"17/5": {"slope": Rational(17, 5)}, "1 % more": {"slope": MORE * Rational(18, 5)}},
)
def cube_with_kappa(slope: Rational = Rational(18, 5)) -> All:  # noqa: B008
    """The same with the weaker condition that suffices: multipliers 3/5, 1/5, 1/5."""
    t = sympy.Symbol("t", real=True)
    box, share = (Integer(0), Integer(2)), (Integer(0), Rational(1, 9))
    slack = Rational(2, 5) - slope * c
    slacks = [_slack(each) for each in (GAP, UNLEARNT_CUBE, DECAY_OF_P)]
    at = {a: Rational(3, 5) - Rational(12, 5) * c, b: Rational(7, 5) - Rational(18, 5) * c}
    values = sum(t**k * each.subs(at) for k, each in enumerate(slacks))
    return All((
        ("no point does better", Identity(
            {a: box, b: box, c: share}, _weighted((Rational(3, 5), Rational(1, 5), Rational(1, 5)), slacks), (
                Step(slack, "a and b cancel"),
            ),
        )),
        ("the three are equal at the point", Identity({c: share, t: box}, values, (Step(slack * (1 + t + t**2), "put in"),))),
        ("b - a is above them there", Positive({c: share}, _slack(DECAY_OF_Q).subs(at) - slack, (
            Step(Rational(2, 5) + (slope - Rational(6, 5)) * c, "4/5 - 6 c / 5 less 2/5 - 18 c / 5"),
        ))),
    ))  # fmt: skip
