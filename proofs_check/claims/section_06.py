"""Claims of THEORY §6: activation patterns and kernels."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, pi, sqrt

from proofs_check.claim import claim
from proofs_check.problem import Identity, Inequality, Step

c = sympy.Symbol("c", real=True)
UNIT = {c: (Rational(-99, 100), Rational(99, 100))}


def kappa_1(half: sympy.Expr = 1 / (2 * pi)) -> sympy.Expr:
    """E[relu(a) relu(b)] of standard normal a, b with correlation c."""
    return half * (sqrt(1 - c**2) + c * (pi - acos(c)))


@claim(
    "arc-cosine-derivative", source="THEORY §6, §7 [D]", assumptions=("|c| < 1",),
    statement=r"\kappa_1'(c)=\frac{\pi-\arccos c}{2\pi}",
    twins={"pi + arccos": {"sign": -1}, "divided by pi": {"over": 1}},
)
def arc_cosine_derivative(sign: int = 1, over: int = 2) -> Identity:
    """The arc-cosine kernel of degree 1 has that of degree 0 as its derivative (Price's theorem, read off the closed form)."""
    return Identity(UNIT, sympy.diff(kappa_1(), c), (
        Step((pi - sign * acos(c)) / (over * pi), "the derivatives of the two roots cancel"),
    ))  # fmt: skip


@claim(
    "arc-cosine-at-zero-and-one", source="THEORY §7 [D]",
    statement=r"\kappa_1(1)=\tfrac12,\quad\kappa_1(0)=\tfrac1{2\pi}:\ \text{balanced signs subtract }\kappa_1(0)",
    twins={"1/pi at 0": {"at_zero": 1 / pi}, "1/4 at 1": {"at_one": Rational(1, 4)}},
)
def arc_cosine_values(at_zero: sympy.Expr = 1 / (2 * pi), at_one: sympy.Expr = Rational(1, 2)) -> Identity:  # noqa: B008
    """Two values of the arc-cosine kernel of degree 1, joined into one line by a weight s."""
    s = sympy.Symbol("s", real=True)
    values = s * kappa_1().subs(c, 1) + (1 - s) * kappa_1().subs(c, 0)
    return Identity({s: (Integer(0), Integer(1))}, values, (
        Step(s * at_one + (1 - s) * at_zero, "arccos 1 = 0, arccos 0 = pi / 2"),
    ))  # fmt: skip


@claim(
    "arc-cosine-positive", source="THEORY §7 [D]", bound="lower", expected="certified", assumptions=("-0.99 <= c <= 0.99",),
    statement=r"\kappa_1(c)>0\quad(-0.99\le c\le0.99)",
    twins={"less 0.001": {"less": Rational(1, 1000)}},
)
def arc_cosine_positive(less: sympy.Expr = Integer(0)) -> Inequality:  # noqa: B008
    """Noise outputs at any two inputs are positively correlated, up to nearly opposite ones."""
    return Inequality({c: (Rational(-99, 100), Rational(99, 100))}, kappa_1() - less)


rho = sympy.Symbol("rho", real=True)


@claim(
    "orthant-probability", source="THEORY §6 [D]", assumptions=("a, b standard normal with correlation rho", "|rho| < 1"),
    statement=r"P[a>0,\,b>0]=\frac{\pi-\arccos\rho}{2\pi}",
    twins={"arcsin for arccos": {"wrong": "asin"}, "divided by pi": {"over": 1}},
)
def orthant(wrong: str = "", over: int = 2) -> Identity:
    """Degree-0 arc-cosine kernel, from the Gaussian density in polar coordinates of independent a and w, b = rho a + root w."""
    radius, angle = sympy.Symbol("R", positive=True), sympy.Symbol("theta", real=True)
    # a = R cos theta > 0 and b > 0 mean theta between -arctan(rho / sqrt(1 - rho^2)) and pi / 2.
    lowest = -sympy.atan(rho / sqrt(1 - rho**2))
    density = sympy.integrate(radius * sympy.exp(-(radius**2) / 2), (radius, 0, sympy.oo)) / (2 * pi)
    probability = sympy.integrate(density, (angle, lowest, pi / 2))
    inverse = sympy.asin(rho) if wrong else acos(rho)
    return Identity({rho: (Rational(-99, 100), Rational(99, 100))}, probability, (
        Step((pi / 2 + sympy.asin(rho)) / (2 * pi), "arctan(rho / sqrt(1 - rho^2)) = arcsin rho", "derivative", rho,
             Integer(0)),
        Step((pi - inverse) / (over * pi), "arcsin + arccos = pi / 2", "derivative", rho, Integer(0)),
    ))  # fmt: skip


@claim(
    "sheppard", source="THEORY §6 [D]", assumptions=("patterns at both times are signs of a, b with correlation rho",),
    statement=r"P[\text{pattern flips}]=1-2P[a>0,\,b>0]=\frac{\arccos\rho}\pi",
    twins={"half of it": {"times": Rational(1, 2)}},
)
def sheppard(times: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """Share of activation patterns that have flipped between two times."""
    together = (pi - acos(rho)) / (2 * pi)
    return Identity({rho: (Rational(-99, 100), Rational(99, 100))}, 1 - 2 * together, (
        Step(times * acos(rho) / pi, "both signs are equal with twice the orthant's probability"),
    ))  # fmt: skip


@claim(
    "two-time-kernel-parts", source="THEORY §6, §7 [D]", assumptions=("|rho cos theta| <= 1",),
    statement=r"\frac{\pi-\arccos x}{2\pi}=\frac14+\frac{\arcsin x}{2\pi}",
    twins={"1/2 for 1/4": {"constant": Rational(1, 2)}},
)
def kernel_parts(constant: sympy.Expr = Rational(1, 4)) -> Identity:  # noqa: B008
    """The two-time kernel is a linear part, the same at all times, and an arc sine that forgets."""
    return Identity({rho: (Rational(-99, 100), Rational(99, 100))}, (pi - acos(rho)) / (2 * pi), (
        Step(constant + sympy.asin(rho) / (2 * pi), "arccos = pi / 2 - arcsin", "derivative", rho, Integer(0)),
    ))  # fmt: skip
