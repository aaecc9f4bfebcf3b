"""Claims of THEORY §6: activation patterns and kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Integer, Rational, acos, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import independent_mean, quotient, standard_normal_mean
from proofs_check.problem import Corner, Identity, Inequality, Sampled, Step, Together

c = sympy.Symbol("c", real=True)
UNIT = {c: (Rational(-99, 100), Rational(99, 100))}
ONE = Integer(1)
MORE = Rational(101, 100)


def kappa_1(half: sympy.Expr = 1 / (2 * pi)) -> sympy.Expr:
    """E[relu(a) relu(b)] of standard normal a, b with correlation c, by the claim arc-cosine-degree-one."""
    return half * (sqrt(1 - c**2) + c * (pi - acos(c)))


def _relu_mean(power: int) -> sympy.Expr:
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
def arc_cosine_values(at_zero: sympy.Expr = 1 / (2 * pi), at_one: sympy.Expr = Rational(1, 2)) -> Together:  # noqa: B008
    """Equal and independent pre-activations: the ends of the arc-cosine kernel of degree 1, beside the means they stand for."""
    return Together((
        ("at 1", Identity({}, _relu_mean(2), (
            Step(at_one, "half of the second moment"),
            Step(sympy.Subs(kappa_1(), c, 1), "no root is left, and arccos 1 = 0"),
        ))),
        ("at 0", Identity({}, _relu_mean(1) ** 2, (
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
def arc_cosine_corner(factor: sympy.Expr = ONE, second: sympy.Expr = ONE) -> Together:
    """The corner c = -1, where the kernel vanishes like the third power of the angle."""
    phi = sympy.Symbol("varphi", positive=True)
    # 22/7 > pi.
    wanted = sympy.sin(phi) - factor * phi * sympy.cos(phi)
    # cos phi = -c.
    by_angle = sqrt(1 - c**2) + second * c * acos(-c)
    return Together((
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


def _over_orthant(trigonometric: sympy.Expr, power: int) -> sympy.Expr:
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
        "|rho| < 1",
    ),
    statement=r"\frac bR=\sin(\theta+\theta_0),\ \theta_0=\arctan\frac\rho{\sqrt{1-\rho^2}}:\ "
    r"a>0,\,b>0\iff-\theta_0<\theta<\tfrac\pi2\pmod{2\pi},\qquad E[ab]=\rho,\ E[b^2]=1",
    twins={"minus theta_0": {"sign": -1}, "1 % more of a": {"factor": MORE}},
)
def orthant_wedge(sign: int = 1, factor: sympy.Expr = ONE) -> Together:
    """Where both of two correlated normals are positive: a wedge, from the zero of b to that of a."""
    a, other = sympy.symbols("a w", real=True)
    b = factor * rho * a + sqrt(1 - rho**2) * other
    along = b.subs({a: sympy.cos(theta), other: sympy.sin(theta)})

    def mean(polynomial: sympy.Expr) -> sympy.Expr:
        return independent_mean(polynomial, a, other)

    return Together((
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
    probability = _over_orthant(Integer(1), 0)
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
        Step(1 - 2 * _over_orthant(ONE, 0), "the four wedges make up the circle, and opposite ones are equal"),
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
    return Identity(CORRELATION, _over_orthant(product, 2), (
        Step(simpler, "fractions put together"),
        Step(simpler.subs(sympy.atan(rho / sqrt(1 - rho**2)), sympy.asin(rho)), "arctan(rho / sqrt(1 - rho^2)) = arcsin rho",
             "lemma", lemma="arc-tangent-as-arc-sine"),
        Step(right, "arcsin = pi / 2 - arccos", "lemma", lemma="arc-sine-and-arc-cosine"),
    ))  # fmt: skip


level_s, level_t, length, other = sympy.symbols("tau_s tau_t |x| |x'|", positive=True)
cosine = sympy.Symbol("cos_theta", real=True)
LEVELS = dict.fromkeys((level_s, level_t, length, other), (Rational(1, 10), Integer(3)))


@claim(
    "pre-activation-correlation",
    source="THEORY §6 [D]",
    assumptions=(
        "coordinates of a neuron's noise independent, with levels tau_s, tau_t and correlation rho between both times",
        "induction over the coordinates; with none, covariance and inner product are 0",
        "<x, x'> = |x| |x'| cos theta; variances by the same at s = t, rho = 1",
    ),
    statement=r"\mathrm{Cov}(\tilde U_sx,\tilde U_tx')=\rho\tau_s\tau_t\langle x,x'\rangle,\quad"
    r"\mathrm{corr}(\tilde U_sx,\tilde U_tx')=\rho(s,t)\cos\theta",
    twins={"without the angle": {"angle": 0}, "one coordinate counted 1.01 times": {"times": MORE},
           "1 % more correlation": {"factor": MORE}},
)
def pre_activation_correlation(angle: int = 1, times: sympy.Expr = ONE, factor: sympy.Expr = ONE) -> Together:
    """Correlation of two pre-activations of the noise, from the covariance of its entries."""
    domain = {**CORRELATION, **LEVELS, cosine: (Integer(-1), Integer(1))}
    so_far, mine, yours = sympy.symbols("inner x_k x'_k", real=True)
    g, h = sympy.symbols("g h", real=True)
    # One more coordinate at both times: tau_s g, and tau_t (rho g + sqrt(1 - rho^2) h), independent of those before.
    more = independent_mean(level_s * g * mine * level_t * (rho * g + sqrt(1 - rho**2) * h) * yours, g, h)
    with_one_more = {**CORRELATION, level_s: LEVELS[level_s], level_t: LEVELS[level_t],
                     **dict.fromkeys((so_far, mine, yours), (Integer(-2), Integer(3)))}  # fmt: skip
    covariance = rho * level_s * level_t * (length * other * cosine)
    return Together((
        ("covariance, with one more coordinate", Identity(with_one_more, rho * level_s * level_t * so_far + more, (
            Step(rho * level_s * level_t * (so_far + times * mine * yours), "E g^2 = 1, E g h = 0"),
        ))),
        ("correlation", Identity(domain, quotient(covariance, level_s * length * level_t * other), (
            Step(factor * rho * cosine**angle, "levels and lengths cancel"),
        ))),
    ))  # fmt: skip


@claim(
    "two-time-kernel",
    source="THEORY §6 [D]",
    assumptions=(
        "m to infinity: the mean over neurons is the expectation",
        "correlation by the claim pre-activation-correlation",
    ),
    assuming=("pre-activation-correlation",),
    statement=r"k_{s,t}(x,x')=\langle x,x'\rangle\,P[\tilde U_sx>0,\tilde U_tx'>0]="
    r"\langle x,x'\rangle\frac{\pi-\arccos(\rho\cos\theta)}{2\pi}",
    twins={"cos theta without rho": {"alone": True}, "divided by pi": {"over": ONE}, "1 % less": {"over": Rational(202, 100)}},
)
def two_time_kernel(alone: bool = False, over: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """The kernel between the gradients of two times, from its definition."""
    domain = {**CORRELATION, length: LEVELS[length], other: LEVELS[other], cosine: (Rational(-99, 100), Rational(99, 100))}
    inner = length * other * cosine
    start = inner * _over_orthant(Integer(1), 0).subs(rho, rho * cosine)
    argument = cosine if alone else rho * cosine
    return Identity(domain, start, (
        Step(inner * (pi - acos(argument)) / (over * pi), "both patterns are 1 with the orthant's probability", "lemma",
             lemma="orthant-probability", given={rho: rho * cosine}),
    ))  # fmt: skip


@claim(
    "equal-time-kernel-is-constant",
    source="THEORY §6 [D]",
    assumptions=(
        "s = t: rho = 1; |cos theta| < 1",
        "m to infinity: the mean over neurons is the expectation",
        "covariance and variances of the pre-activations by the claim pre-activation-correlation, at the level tau_t",
    ),
    assuming=("pre-activation-correlation",),
    statement=r"k_{t,t}(x,x')=\langle x,x'\rangle\,P[\tilde U_tx>0,\tilde U_tx'>0]="
    r"\langle x,x'\rangle\frac{\pi-\theta}{2\pi}\ \text{ whatever }\tau_t"
    r"\quad\Big(\cos\theta=\frac{\langle x,x'\rangle}{\|x\|\|x'\|}\Big)",
    twins={"growing with the level": {"power": 1}, "1/(17 pi)": {"over": Integer(17)},
           "1 % less": {"over": Rational(202, 100)}},
)
def equal_time_kernel(power: int = 0, over: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """The tangent kernel of the limit does not drift: patterns do not change when the noise is scaled (homogeneity)."""
    domain = {level_t: LEVELS[level_t], length: LEVELS[length], other: LEVELS[other],
              cosine: (Rational(-99, 100), Rational(99, 100))}  # fmt: skip
    inner = length * other * cosine
    correlation = quotient(level_t**2 * inner, level_t * length * level_t * other)
    start = inner * _over_orthant(ONE, 0).subs(rho, correlation)
    return Identity(domain, start, (
        Step(inner * _over_orthant(ONE, 0).subs(rho, cosine), "the level cancels in the correlation"),
        Step(level_t**power * inner * (pi - acos(cosine)) / (over * pi), "both patterns are 1 with the orthant's probability",
             "lemma", lemma="orthant-probability", given={rho: cosine}),
    ))  # fmt: skip


@claim(
    "weight-noise-is-pre-activation-noise",
    source="THEORY §5 [F 25-30], [D]",
    assumptions=("independent weights N(0, sigma^2)", "induction over the coordinates; with none, both sides are 0"),
    statement=r"\mathrm{Cov}(\langle\xi,x\rangle,\langle\xi,x'\rangle)=\sigma^2\langle x,x'\rangle",
    twins={"sigma for sigma^2": {"power": 1}, "one coordinate counted twice": {"times": Integer(2)},
           "one coordinate counted 1.01 times": {"times": MORE}},
)
def weight_noise(power: int = 2, times: sympy.Expr = ONE) -> Identity:
    """Noise on a neuron's weights is noise on its pre-activations, correlated over the inputs as they are among themselves."""
    sigma = sympy.Symbol("sigma", positive=True)
    so_far, mine, yours = sympy.symbols("inner x_k x'_k", real=True)
    box = (Integer(-2), Integer(3))
    h = sympy.Symbol("h", real=True)
    # E[xi_k^2] x_k x'_k more, xi_k = sigma h; independent of those before, and of mean 0.
    covariance = sigma**2 * so_far + mine * yours * standard_normal_mean((sigma * h) ** 2, h)
    return Identity({sigma: (Rational(1, 10), Integer(3)), so_far: box, mine: box, yours: box}, covariance, (
        Step(sigma**power * (so_far + times * mine * yours), "one more coordinate of the inner product"),
    ))  # fmt: skip


def _signs_covariance(pair: sympy.Expr) -> sympy.Expr:
    """Sum over neurons of E[u_j u_k] E[relu relu]: m of one neuron, m (m - 1) of two, with independent noises."""
    alone = sympy.Mul(width, quotient(same, width), evaluate=False)
    return sympy.Add(alone, sympy.Mul(width * (width - 1), pair, _relu_mean(1) ** 2, evaluate=False), evaluate=False)


width = sympy.Symbol("m", integer=True, positive=True)
same = sympy.Symbol("kappa_1", positive=True)


@claim(
    "output-noise-of-sign-laws",
    source="THEORY §7 [D]",
    assumptions=(
        "u = +-1/sqrt(m)",
        "independent: E u_j u_k = 0",
        "balanced: the signs add up to 0, all orders as likely: E u_j u_k is the same for all j != k",
        "paired: two neurons, one noise",
        "kappa_1 by the claim arc-cosine-degree-one; different neurons have independent noises, E relu of each",
    ),
    assuming=("arc-cosine-degree-one",),
    statement=r"\frac{\mathrm{Cov}(n_s(x),n_t(x'))}{\tau_s\tau_t\|x\|\|x'\|}=\kappa_1,\quad \kappa_1-\tfrac1{2\pi},\quad0",
    twins={"balanced subtract 1/pi": {"balanced": Integer(2)}, "pairs keep half": {"paired": Rational(1, 2)},
           "balanced subtract 1 % more": {"balanced": MORE}},
)
def sign_laws(balanced: sympy.Expr = Integer(1), paired: sympy.Expr = Integer(0)) -> Together:  # noqa: B008
    """Covariance of the noise output for independent, balanced and paired signs, at every width."""
    domain = {width: (Integer(2), sympy.oo), same: (Rational(1, 10), Rational(1, 2))}
    # E u_j u_k for j != k.
    apart = quotient(Integer(-1), width * (width - 1))
    free, even = _signs_covariance(Integer(0)), _signs_covariance(apart)
    squared_sum = sympy.Add(sympy.Mul(width, quotient(ONE, width), evaluate=False),
                            sympy.Mul(width * (width - 1), apart, evaluate=False), evaluate=False)  # fmt: skip
    # Each neuron with itself, and with the other of its pair.
    with_itself, with_other = (sympy.Mul(width, quotient(sign * same, width), evaluate=False) for sign in (1, -1))
    pairs = sympy.Add(with_itself, with_other, evaluate=False)
    return Together((
        ("independent", Identity(domain, free, (Step(same, "different neurons do not correlate"),))),
        ("signs that add up to 0", Identity({width: domain[width]}, squared_sum, (
            Step(Integer(0), "E (sum u)^2 = m / m + m (m - 1) E u_j u_k"),
        ))),
        ("balanced", Identity(domain, even, (Step(same - balanced / (2 * pi), "E relu = 1 / sqrt(2 pi)"),))),
        ("paired", Identity(domain, pairs, (Step(paired * same, "the two of a pair cancel"),))),
    ))  # fmt: skip


@claim(
    "flips-of-accumulated-noise",
    source="THEORY §5, §6 [D]",
    expected="supported",
    assumptions=("20 steps at rate 1/2, then 40 at 1/20; lambda = 1/10, tau_xi = 2, tau_0 = 1", "99.9 % interval"),
    statement=r"P[1(\tilde U_sx)\ne1(\tilde U_tx)]=\frac{\arccos\rho(s,t)}\pi\ \text{ for simulated noise}",
    twins={"correlation one step later": {"late": 1}, "no decay": {"kept": False}, "1 % more flips": {"factor": MORE}},
    full={"size": 4_000_000},
)
def flips(size: int = 1_000_000, late: int = 0, kept: bool = True, factor: sympy.Expr = ONE) -> Sampled:
    """Share of neurons whose pattern flips between two times of a run of the noise, against the formula."""
    rates, decay = [Rational(1, 2)] * 20 + [Rational(1, 20)] * 40, Rational(1, 10)
    at, until, injected = 5, 30, Integer(2)

    def draw(rng: np.random.Generator, size: int) -> NDArray[Any]:
        noise, first = rng.standard_normal(size), np.empty(size)
        for step, rate in enumerate(rates[:until]):
            if step == at:
                first = noise.copy()
            noise = float(1 - rate * decay) * noise - float(rate * injected) * rng.standard_normal(size)
        return np.asarray((first > 0) != (noise > 0))

    variances = [Integer(1)]
    for rate in rates:
        variances.append((1 - rate * decay) ** 2 * variances[-1] + (rate * injected) ** 2)
    product = sympy.prod(1 - rate * decay for rate in rates[at + late : until]) if kept else Integer(1)
    rho = product * sqrt(variances[at + late] / variances[until])
    return Sampled(draw, factor * acos(rho) / pi, size)


@claim(
    "two-time-kernel-at-finite-width",
    source="THEORY §6 [D]",
    expected="supported",
    assumptions=("x = (1, 0), x' = (3/5, 4/5), rho = 4/5", "99.9 % Clopper-Pearson interval over neurons"),
    statement=r"\frac1m\sum_j1(\tilde u_{j,s}x>0)1(\tilde u_{j,t}x'>0)\approx\frac{k_{s,t}(x,x')}{\langle x,x'\rangle}",
    twins={"the equal-time kernel": {"rho": Integer(1)}, "1 % larger": {"factor": MORE}},
    full={"size": 4_000_000},
)
def kernel_at_width(size: int = 1_000_000, rho: sympy.Expr = Rational(4, 5), factor: sympy.Expr = ONE) -> Sampled:  # noqa: B008
    """Share of random neurons that are active at both times, against the closed form."""

    def draw(rng: np.random.Generator, size: int) -> NDArray[Any]:
        early, fresh = rng.standard_normal((2, size, 2))
        late = 0.8 * early + 0.6 * fresh
        both = (early[:, 0] > 0) & (late @ np.array([0.6, 0.8]) > 0)
        return np.asarray(both)

    return Sampled(draw, factor * (pi - acos(rho * Rational(3, 5))) / (2 * pi), size)
