"""Claims of THEORY §8: the net weight of a residual on z, balanced by the outer points, has one sign at every age."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, atan, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.section_08 import LESS, MORE, ONE, delta, delta_outer, r
from proofs_check.problem import All, Identity, Positive, Step

v = sympy.Symbol("v", positive=True)
# rho = v / sqrt(1 + v^2), from v = 0 (all forgotten) to infinity (frozen patterns).
AGES = {r: (Rational(1, 100), Rational(99, 100)), v: (Rational(1, 100), Integer(8))}
ROOT_NEAR = sqrt(1 + r**2 + r**2 * v**2)
ROOT_FAR = sqrt((1 + r**2) ** 2 + 4 * r**2 * v**2)
# Arc sines of rho, of rho / sqrt(1 + r^2) and of rho (1 - r^2) / (1 + r^2).
SAME, NEAR, FAR = atan(v), atan(v / ROOT_NEAR), atan((1 - r**2) * v / ROOT_FAR)


def net_weight(
    same: sympy.Expr = SAME, near: sympy.Expr = NEAR, far: sympy.Expr = FAR, last: sympy.Expr = Integer(4)  # noqa: B008
) -> sympy.Expr:
    """2 pi (Delta_pm - Delta), from the arc sines of the three correlations."""
    return (3 + r**2) * same + (1 - r**2) * far - last * near


@claim(
    "net-weight-by-tangents",
    source="THEORY §8 [D]",
    assumptions=("0 < r < 1", "0 < rho < 1, v = rho / sqrt(1 - rho^2)"),
    statement=r"2\pi(\Delta_\pm-\Delta)(\rho)=(3+r^2)\arctan v+(1-r^2)\arctan\frac{(1-r^2)v}{\sqrt{(1+r^2)^2+4r^2v^2}}"
    r"-4\arctan\frac v{\sqrt{1+r^2+r^2v^2}},\quad\rho=\tfrac v{\sqrt{1+v^2}}",
    twins={"3 for 4 of the last": {"last": Integer(3)}, "1 % more of the last": {"last": 4 * MORE}},
)
def by_tangents(last: sympy.Expr = Integer(4)) -> Identity:  # noqa: B008
    """The net weight written with arc tangents, smooth where patterns are frozen."""
    rho = v / sqrt(1 + v**2)
    same, near, far = (pi / 2 - acos(rho * cosine) for cosine in (ONE, 1 / sqrt(1 + r**2), (1 - r**2) / (1 + r**2)))
    alike = "equal derivatives, both vanish at v = 0"
    return Identity(AGES, 2 * pi * (delta_outer(rho) - delta(rho)), (
        Step(net_weight(same, near, far, last), "arc cosines of both, collected"),
        Step(net_weight(SAME, near, far, last), alike, "derivative", v, Integer(0)),
        Step(net_weight(SAME, NEAR, far, last), alike, "derivative", v, Integer(0)),
        Step(net_weight(last=last), alike, "derivative", v, Integer(0)),
    ))  # fmt: skip


def _slope(s: sympy.Expr, a: sympy.Expr, last: sympy.Expr = Integer(4)) -> sympy.Expr:  # noqa: B008
    """(1 + v^2) times the derivative of the net weight in v, at s = r^2 and a = sqrt(1 + s + s v^2)."""
    return 3 + s + (1 - s) ** 2 / sqrt(4 * a**2 - (3 - s) * (1 + s)) - last / a


def _below_one(last: sympy.Expr) -> Positive:
    """The slope is positive for 0 < s < 24/25 and a > sqrt(1 + s): sqrt(1 + s) = 1 + u, u below 2/5, a = 1 + u + b.

    With e = u + b and x = 1 - s the root is sqrt(x^2 + 8 e + 4 e^2), at most (x^2 + 4 e) / x, its tangent at e = 0.
    """
    q, b = sympy.symbols("q b", positive=True)
    u = Rational(2, 5) * q / (1 + q)
    e, s = u + b, u * (2 + u)
    x, a = sympy.factor(sympy.together(1 - s)), 1 + e
    root, line = sqrt(x**2 + 8 * e + 4 * e**2), x**2 + 4 * e
    start = _slope(s, a, last)
    curved = x**2 * 4 * e**2 * (1 + u) ** 2 * (2 + x) / (root * line * (line + x * root))
    straight = 4 * e * ((3 + 2 * u + u**2) * b + u + 5 * u**2 + 5 * u**3 + u**4) / (a * line)
    box = {q: (Rational(1, 100), Integer(50)), b: (Rational(1, 1000), Integer(20))}
    tangent = 3 + s + x**3 / line - 4 / a
    return Positive(box, start, (
        Step(3 + s + x**2 / root - last / a, "4 a^2 - (3 - s)(1 + s) = x^2 + 8 e + 4 e^2"),
        Step(curved + tangent + (4 - last) / a, "x^2 / root less its least value x^3 / (x^2 + 4 e), over one denominator"),
        Step(curved + straight + (4 - last) / a, "the rest over one denominator"),
    ))  # fmt: skip


def _from_half(last: sympy.Expr) -> Positive:
    """The slope without its second term, which is not negative, for s > 40/81: sqrt(1 + s) = 11/9 + q, a = sqrt(1 + s) + b."""
    q, b = sympy.symbols("q b", positive=True)
    root = Rational(11, 9) + q
    above = sympy.expand((2 + root**2) * root - last)
    box = dict.fromkeys((q, b), (Rational(1, 1000), Integer(5)))
    return Positive(box, 3 + (root**2 - 1) - last / (root + b), (
        Step((above + (2 + root**2) * b) / (root + b), "over one denominator"),
    ))  # fmt: skip


@claim(
    "net-weight-is-negative",
    source="THEORY §8 [D]",
    bound="upper",
    assumptions=(
        "0 < rho < 1, v = rho / sqrt(1 - rho^2); at rho = 1 by the claim frozen-net-weight",
        "0 < r < 1",
        "weights by the claim net-weight-by-tangents, 0 at v = 0; positive beyond, as the derivative is",
        "s = r^2 and a = sqrt(1 + s + s v^2) > sqrt(1 + s); 0 < s < 24/25 and s > 40/81 make up all s > 0",
    ),
    assuming=("frozen-net-weight", "net-weight-by-tangents"),
    statement=r"\Delta(\rho)-\Delta_\pm(\rho)<0,\ \text{ as }\ \frac d{dv}2\pi(\Delta_\pm-\Delta)=\frac1{1+v^2}\Big[3+s+"
    r"\frac{(1-s)^2}{\sqrt{4a^2-(3-s)(1+s)}}-\frac4a\Big]>0",
    twins={"1 % more of the last": {"last": 4 * MORE},
           "1 % less in the derivative": {"share": LESS}},
)
def is_negative(last: sympy.Expr = Integer(4), share: sympy.Expr = ONE) -> All:  # noqa: B008
    """Residuals on z, balanced by those on the outer points, lower h at every age: all parts of Q's separation add up."""
    # Term by term: what is not touched cancels before anything is simplified.
    same, near, far = (sympy.Derivative(each, v) for each in (SAME, NEAR, FAR))
    one, two = 1 / (1 + v**2), 1 / (ROOT_NEAR * (1 + v**2))
    three = (1 - r**2) / (ROOT_FAR * (1 + v**2))
    return All((
        ("at v = 0", Identity({r: AGES[r]}, sympy.Subs(net_weight(), v, 0), (Step(Integer(0), "all three angles are 0"),))),
        ("derivative", Identity(AGES, net_weight(same, near, far), (
            Step(net_weight(one, near, far), "arctan"),
            Step(net_weight(one, share * two, far), "1 + tan^2 = (1 + r^2)(1 + v^2) over the root's square"),
            Step(net_weight(one, two, three), "1 + tan^2 = (1 + r^2)^2 (1 + v^2) over the root's square"),
            Step(_slope(r**2, ROOT_NEAR) / (1 + v**2), "4 a^2 - (3 - s)(1 + s) = (1 + s)^2 + 4 s v^2"),
        ))),
        ("positive for s < 24/25", _below_one(last)),
        ("positive for s > 40/81", _from_half(last)),
    ))  # fmt: skip
