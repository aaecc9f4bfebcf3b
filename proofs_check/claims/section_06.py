"""Claims of THEORY §6: orthants, and the arc-cosine kernels."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import independent_mean
from proofs_check.problem import All, Corner, Identity, Inequality, Step

c = sympy.Symbol("c", real=True)
UNIT = {c: (Rational(-99, 100), Rational(99, 100))}
ONE = Integer(1)
MORE = Rational(101, 100)


def kappa_1(half: sympy.Expr = 1 / (2 * pi)) -> sympy.Expr:
    """E[relu(a) relu(b)] of standard normal a, b with correlation c, by the claim arc-cosine-degree-one."""
    return half * (sqrt(1 - c**2) + c * (pi - acos(c)))


def relu_mean(power: int) -> sympy.Expr:
    """E[relu(a)^power] of a standard normal a, as the integral that defines it."""
    x = sympy.Symbol("x", positive=True)
    return sympy.Integral(x**power * sympy.exp(-(x**2) / 2) / sqrt(2 * pi), (x, 0, sympy.oo))


@claim(
    "arc-cosine-derivative",
    source="THEORY §6, §7 [D]",
    assumptions=("|c| < 1", "kappa_1 by the claim arc-cosine-degree-one"),
    assuming=("arc-cosine-degree-one",),
    statement=r"\kappa_1'(c)=\frac{\pi-\arccos c}{2\pi}",
    twins={"pi + arccos": {"sign": -1}, "divided by pi": {"over": ONE}, "1 % less": {"over": Rational(202, 100)}},
)
def arc_cosine_derivative(sign: int = 1, over: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """The arc-cosine kernel of degree 1 has that of degree 0 as its derivative (Price's theorem, read off the closed form)."""
    return Identity(UNIT, sympy.Derivative(kappa_1(), c), (
        Step((pi - sign * acos(c)) / (over * pi), "the derivatives of the two roots cancel"),
    ))  # fmt: skip


@claim(
    "arc-cosine-at-zero-and-one",
    source="THEORY §7 [D]",
    statement=r"E[(a)_+^2]=\kappa_1(1)=\tfrac12,\quad E[(a)_+]^2=\kappa_1(0)=\tfrac1{2\pi}\quad(a\text{ standard normal})",
    twins={"1/pi at 0": {"at_zero": 1 / pi}, "1/4 at 1": {"at_one": Rational(1, 4)},
           "1 % more at 0": {"at_zero": MORE / (2 * pi)}, "1 % more at 1": {"at_one": MORE / 2}},
)
def arc_cosine_values(at_zero: sympy.Expr = 1 / (2 * pi), at_one: sympy.Expr = Rational(1, 2)) -> All:  # noqa: B008
    """Equal and independent pre-activations: the ends of the arc-cosine kernel of degree 1, beside the means they stand for."""
    return All((
        ("at 1", Identity({}, relu_mean(2), (
            Step(at_one, "half of the second moment"),
            Step(sympy.Subs(kappa_1(), c, 1), "no root is left, and arccos 1 = 0"),
        ))),
        ("at 0", Identity({}, relu_mean(1) ** 2, (
            Step(at_zero, "E relu = 1 / sqrt(2 pi)"), Step(sympy.Subs(kappa_1(), c, 0), "the root alone is left"),
        ))),
    ))  # fmt: skip


@claim(
    "arc-cosine-positive",
    source="THEORY §7 [D]",
    bound="lower",
    expected="certified",
    assumptions=("-0.99 <= c <= 0.99",),
    statement=r"\kappa_1(c)>0\quad(-0.99\le c\le0.99)",
    twins={"less 0.001": {"less": Rational(1, 1000)}, "1 % more of the second term": {"factor": MORE}},
)
def arc_cosine_positive(less: sympy.Expr = Integer(0), factor: sympy.Expr = ONE) -> Inequality:  # noqa: B008
    """Noise outputs at any two inputs are positively correlated, up to nearly opposite ones."""
    more = (factor - 1) * c * (pi - acos(c)) / (2 * pi)
    return Inequality({c: (Rational(-99, 100), Rational(99, 100))}, kappa_1() + more - less)


@claim(
    "arc-cosine-positive-up-to-opposite-inputs",
    source="THEORY §7 [D]",
    bound="lower",
    expected="certified",
    assumptions=("0 < phi <= pi; the identity for |c| < 1, and at c = 1 by continuity",),
    statement=r"2\pi\,\kappa_1(c)=\sin\varphi-\varphi\cos\varphi>0\quad(\varphi=\arccos(-c),\ 0<\varphi\le\pi):\ "
    r"\kappa_1>0\text{ for }c>-1",
    twins={"1 % more of the second term": {"factor": MORE}, "1 % more of it in the identity": {"second": MORE}},
)
def arc_cosine_corner(factor: sympy.Expr = ONE, second: sympy.Expr = ONE) -> All:
    """The corner c = -1, where the kernel vanishes like the third power of the angle."""
    phi = sympy.Symbol("varphi", positive=True)
    # 22/7 > pi.
    wanted = sympy.sin(phi) - factor * phi * sympy.cos(phi)
    # cos phi = -c.
    by_angle = sqrt(1 - c**2) + second * c * acos(-c)
    return All((
        ("by the angle from the opposite input", Identity(UNIT, 2 * pi * kappa_1(), (
            Step(by_angle, "pi - arccos c = arccos(-c)", "derivative", c, Integer(0)),
            Step(sympy.Subs(sympy.sin(phi) - second * phi * sympy.cos(phi), phi, acos(-c)), "sine and cosine of arccos(-c)"),
        ))),
        ("positive", Inequality({phi: (Integer(0), Rational(22, 7))}, wanted, Corner(phi, 3 if factor == 1 else 1))),
    ))  # fmt: skip


rho = sympy.Symbol("rho", real=True)
theta = sympy.Symbol("theta", real=True)
CORRELATION = {rho: (Rational(-99, 100), Rational(99, 100))}
TILT = sympy.atan(rho / sqrt(1 - rho**2))
"""Of the line b = 0: see the claim orthant-in-polar-coordinates."""


def over_orthant(trigonometric: sympy.Expr, power: int) -> sympy.Expr:
    """Mean of R^power times a function of theta over a > 0, b > 0: by the claim orthant-in-polar-coordinates a wedge."""
    return _over_wedge(trigonometric, power, -TILT, pi / 2)


def _over_wedge(trigonometric: sympy.Expr, power: int, low: sympy.Expr, high: sympy.Expr) -> sympy.Expr:
    """Integral of R^power times a function of theta between two angles, under the density of independent a and w."""
    radius = sympy.Symbol("R", positive=True)
    # The density's 1/(2 pi) inside, so that the product is one term, which a lemma can replace.
    radial = sympy.Integral(radius ** (1 + power) * sympy.exp(-(radius**2) / 2) / (2 * pi), (radius, 0, sympy.oo))
    return radial * sympy.Integral(trigonometric, (theta, low, high))


@claim(
    "orthant-in-polar-coordinates",
    source="THEORY §6 [D]",
    assumptions=(
        "a = R cos theta and w = R sin theta independent standard normals, b = rho a + sqrt(1 - rho^2) w",
        "|rho| < 1; that the density of (R, theta) is R e^{-R^2/2}/(2 pi), and the wedge a > 0, b > 0 the angles from -theta_0 "
        "to pi/2, are left to the reader",
    ),
    statement=r"\frac bR=\sin(\theta+\theta_0),\ \theta_0=\arctan\frac\rho{\sqrt{1-\rho^2}},\qquad E[ab]=\rho,\ E[b^2]=1",
    twins={"minus theta_0": {"sign": -1}, "1 % more of a": {"factor": MORE}},
)
def orthant_wedge(sign: int = 1, factor: sympy.Expr = ONE) -> All:
    """Where both of two correlated normals are positive: a wedge, from the zero of b to that of a."""
    a, other = sympy.symbols("a w", real=True)
    b = factor * rho * a + sqrt(1 - rho**2) * other
    along = b.subs({a: sympy.cos(theta), other: sympy.sin(theta)})

    def mean(polynomial: sympy.Expr) -> sympy.Expr:
        return independent_mean(polynomial, a, other)

    return All((
        ("b over R", Identity({**CORRELATION, theta: (Integer(-4), Integer(4))}, along, (
            Step(sympy.sin(theta + sympy.asin(rho)), "sine of a sum; cos arcsin rho = sqrt(1 - rho^2)"),
            Step(sympy.sin(theta + sign * TILT), "arctan(rho / sqrt(1 - rho^2)) = arcsin rho", "lemma",
                 lemma="arc-tangent-as-arc-sine"),
        ))),
        ("covariance", Identity(CORRELATION, mean(a * b), (Step(rho, "E a^2 = 1, E a w = 0"),))),
        ("variance", Identity(CORRELATION, mean(b**2), (Step(ONE, "rho^2 + 1 - rho^2"),))),
    ))  # fmt: skip


@claim(
    "orthant-probability",
    source="THEORY §6 [D]",
    assumptions=("a, b standard normal with correlation rho", "|rho| < 1", "wedge by the claim orthant-in-polar-coordinates"),
    assuming=("orthant-in-polar-coordinates",),
    statement=r"P[a>0,\,b>0]=\frac{\pi-\arccos\rho}{2\pi}",
    twins={"arcsin for arccos": {"wrong": "asin"}, "divided by pi": {"over": ONE}, "1 % less": {"over": Rational(202, 100)}},
)
def orthant(wrong: str = "", over: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """Degree-0 arc-cosine kernel, from the Gaussian density in polar coordinates of independent a and w, b = rho a + root w."""
    probability = over_orthant(Integer(1), 0)
    inverse = sympy.asin(rho) if wrong else acos(rho)
    return Identity(CORRELATION, probability, (
        Step((pi / 2 + sympy.asin(rho)) / (2 * pi), "arctan(rho / sqrt(1 - rho^2)) = arcsin rho", "derivative", rho,
             Integer(0)),
        Step((pi - inverse) / (over * pi), "arcsin + arccos = pi / 2", "derivative", rho, Integer(0)),
    ))  # fmt: skip


@claim(
    "sheppard",
    source="THEORY §6 [D]",
    assumptions=(
        "patterns at both times are signs of standard normal a, b with correlation rho, |rho| < 1",
        "wedges by the claim orthant-in-polar-coordinates",
    ),
    assuming=("orthant-in-polar-coordinates",),
    statement=r"P[a>0,b<0]+P[a<0,b>0]=1-2P[a>0,\,b>0]=\frac{\arccos\rho}\pi",
    twins={"half of it": {"times": Rational(1, 2)}, "1 % more": {"times": MORE}},
)
def sheppard(times: sympy.Expr = ONE) -> Identity:
    """Share of activation patterns that have flipped between two times."""
    flipped = _over_wedge(ONE, 0, -pi / 2, -TILT) + _over_wedge(ONE, 0, pi / 2, pi - TILT)
    return Identity(CORRELATION, flipped, (
        Step(1 - 2 * over_orthant(ONE, 0), "the four wedges make up the circle, and opposite ones are equal"),
        Step(1 - 2 * (pi - acos(rho)) / (2 * pi), "probability of the orthant", "lemma", lemma="orthant-probability"),
        Step(times * acos(rho) / pi, "multiplied out"),
    ))  # fmt: skip


@claim(
    "two-time-kernel-parts",
    source="THEORY §6, §7 [D]",
    assumptions=("x = rho cos theta, |x| < 1; the ends by continuity",),
    statement=r"\frac{\pi-\arccos x}{2\pi}=\frac14+\frac{\arcsin x}{2\pi}",
    twins={"1/2 for 1/4": {"constant": Rational(1, 2)}, "1 % more than 1/4": {"constant": MORE / 4}},
)
def kernel_parts(constant: sympy.Expr = Rational(1, 4)) -> Identity:  # noqa: B008
    """The two-time kernel is a linear part, the same at all times, and an arc sine that forgets."""
    return Identity(CORRELATION, (pi - acos(rho)) / (2 * pi), (
        Step(constant + sympy.asin(rho) / (2 * pi), "arccos = pi / 2 - arcsin", "derivative", rho, Integer(0)),
    ))  # fmt: skip


@claim(
    "arc-tangent-as-arc-sine",
    source="elementary",
    assumptions=("|rho| < 1",),
    statement=r"\arctan\frac\rho{\sqrt{1-\rho^2}}=\arcsin\rho",
    twins={"arccos": {"cosine": True}, "1 % larger": {"factor": MORE}},
)
def arc_tangent(cosine: bool = False, factor: sympy.Expr = ONE) -> Identity:
    """An angle of the unit circle, by its tangent and by its sine."""
    return Identity(CORRELATION, sympy.atan(rho / sqrt(1 - rho**2)), (
        Step(factor * (acos(rho) if cosine else sympy.asin(rho)), "equal derivatives, both vanish at 0", "derivative", rho,
             Integer(0)),
    ))  # fmt: skip


@claim(
    "arc-sine-and-arc-cosine",
    source="elementary",
    assumptions=("|rho| < 1",),
    statement=r"\arcsin\rho=\frac\pi2-\arccos\rho",
    twins={"pi for pi / 2": {"half": ONE}, "1 % more than pi / 2": {"half": MORE / 2}},
)
def arc_sine(half: sympy.Expr = Rational(1, 2)) -> Identity:  # noqa: B008
    """Complementary angles."""
    return Identity(CORRELATION, sympy.asin(rho), (
        Step(half * pi - acos(rho), "equal derivatives, and both vanish at 0", "derivative", rho, Integer(0)),
    ))  # fmt: skip


@claim(
    "arc-cosine-degree-one",
    source="THEORY §7 [D]",
    assumptions=("a, b standard normal with correlation rho", "|rho| < 1", "wedge by the claim orthant-in-polar-coordinates"),
    assuming=("orthant-in-polar-coordinates",),
    statement=r"E[(a)_+(b)_+]=\kappa_1(\rho)=\frac{\sqrt{1-\rho^2}+\rho(\pi-\arccos\rho)}{2\pi}",
    twins={"minus the root": {"sign": -1}, "1 % larger": {"factor": Rational(101, 100)}},
)
def degree_one(sign: int = 1, factor: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """Degree-1 arc-cosine kernel, from the Gaussian density in polar coordinates."""
    product = sympy.cos(theta) * (rho * sympy.cos(theta) + sqrt(1 - rho**2) * sympy.sin(theta))
    right = factor * (sign * sqrt(1 - rho**2) + rho * (pi - acos(rho))) / (2 * pi)
    simpler = (sqrt(1 - rho**2) / 2 + rho * pi / 4 + rho * sympy.atan(rho / sqrt(1 - rho**2)) / 2) / pi
    return Identity(CORRELATION, over_orthant(product, 2), (
        Step(simpler, "fractions put together"),
        Step(simpler.subs(sympy.atan(rho / sqrt(1 - rho**2)), sympy.asin(rho)), "arctan(rho / sqrt(1 - rho^2)) = arcsin rho",
             "lemma", lemma="arc-tangent-as-arc-sine"),
        Step(right, "arcsin = pi / 2 - arccos", "lemma", lemma="arc-sine-and-arc-cosine"),
    ))  # fmt: skip
