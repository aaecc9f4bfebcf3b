"""Claims of THEORY §8: the share of frozen patterns' separation that is left when they move; the weight of fitted examples."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, sqrt

from proofs_check.claim import claim
from proofs_check.claims.net_weight import net_weight, v
from proofs_check.claims.section_08 import LESS, MORE, ONE, r
from proofs_check.claims.unevaluated import quotient
from proofs_check.problem import All, Corner, Identity, Inequality, Step

s = sympy.Symbol("s", positive=True)
Y = sympy.Symbol("Y", positive=True)


def _scaled(age: sympy.Expr) -> sympy.Expr:
    """|Delta - Delta_pm| pi / r at w = r s, s^2 = age, for r -> 0."""
    return 2 * sqrt(1 + age) - Rational(3, 2) * sqrt(age) - sqrt(age + 4) / 2


@claim(
    "net-weight-of-young-residuals",
    source="THEORY §8 [D]",
    bound="asymptotic",
    assumptions=(
        "r to 0 with w = sqrt(1 - rho^2) / rho = r s",
        "Delta - Delta_pm by the claim net-weight-by-tangents at v = 1 / w, its sign by the claim net-weight-is-negative",
    ),
    assuming=("net-weight-by-tangents", "net-weight-is-negative"),
    statement=r"\frac{\pi|\Delta-\Delta_\pm|}r\to2\sqrt{1+s^2}-\tfrac32s-\tfrac12\sqrt{s^2+4}",
    twins={"s^2 + 2": {"last": 2}, "s for 3 s / 2": {"middle": ONE}, "1 % more of 3 s / 2": {"middle": MORE * Rational(3, 2)}},
)
def young(last: int = 4, middle: sympy.Expr = Rational(3, 2)) -> Identity:  # noqa: B008
    """How the net weight falls with age when residuals are so young that patterns near the kink have only begun to move."""
    # The claim's expression is 2 pi (Delta_pm - Delta).
    weight = net_weight().subs(v, 1 / (r * s)) / 2
    return Identity({s: (Rational(1, 10), Integer(5))}, sympy.Limit(weight / r, r, 0), (
        Step(2 * sqrt(1 + s**2) - middle * s - sqrt(s**2 + last) / 2, "arctan x = x to leading order, pi / 2 cancels"),
    ))  # fmt: skip


@claim(
    "frozen-fraction",
    source="THEORY §8 [D]",
    assumptions=(
        "small r: weights by the claim net-weight-of-young-residuals, s^2 by the claim age-of-young-residuals",
        "a constant residual over the time tau_Q; relative to frozen patterns, whose weight is 1 in the same units",
    ),
    assuming=("net-weight-of-young-residuals", "age-of-young-residuals"),
    statement=r"G(Y)=\frac1{\tau_Q}\int_0^{\tau_Q}\!\Big(2\sqrt{1+s^2}-\tfrac32s-\tfrac12\sqrt{s^2+4}\Big)du\Big|_{s^2=Yu/\tau_Q}"
    r"=\frac{4(1+Y)^{3/2}-3Y^{3/2}-(Y+4)^{3/2}+4}{3Y}",
    twins={"3 for 4 at the end": {"constant": Integer(3)}, "2 Y^{3/2}": {"middle": Integer(2)},
           "4.04 at the end": {"constant": 4 * MORE}, "1 % more of Y^{3/2}": {"middle": 3 * MORE}},
)
def frozen_fraction(constant: sympy.Expr = Integer(4), middle: sympy.Expr = Integer(3)) -> Identity:  # noqa: B008
    """Mean of the net weight over the ages up to tau_Q, relative to frozen patterns."""
    half = Rational(3, 2)
    right = (4 * (1 + Y) ** half - middle * Y**half - (Y + 4) ** half + constant) / (3 * Y)
    u, time = sympy.symbols("u tau_Q", positive=True)
    mean = sympy.Add(*(sympy.Integral(part, (u, 0, time)) for part in _scaled(Y * u / time).args)) / time
    return Identity({Y: (Rational(1, 100), Integer(20)), time: (ONE, Integer(500))}, mean, (
        Step(right, "integrated term by term"),
    ))  # fmt: skip


@claim(
    "age-of-young-residuals",
    source="THEORY §8 [D]",
    bound="asymptotic",
    assumptions=(
        "Y = gamma tau_xi^2 tau_Q / (tau_t^2 r^2)",
        "rho = e^{-kappa u} at age u, kappa = gamma tau_xi^2 / (2 tau_t^2) by the claim noise-decorrelation-rate",
        "r to 0 with u = r^2 x",
    ),
    assuming=("noise-decorrelation-rate",),
    statement=r"s^2=\frac{w^2}{r^2}=\frac{\rho^{-2}-1}{r^2}\sim\frac{\gamma\tau_\xi^2}{\tau_t^2r^2}u=Y\frac u{\tau_Q}",
    twins={"without the 2 of rho^2": {"power": ONE}, "1 % more": {"power": 2 * MORE}},
)
def young_age(power: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """How far patterns have moved at an age, in units in which Q's kink has the width 1."""
    speed, x = sympy.symbols("kappa x", positive=True)
    domain = {speed: (Rational(1, 10), Integer(3)), x: (Rational(1, 10), Integer(3))}
    # gamma tau_xi^2 / tau_t^2 = 2 kappa.
    exact, simple = (exp(2 * speed * x * r**2) - 1) / r**2, power * speed * x * r**2 / r**2
    return Identity(domain, sympy.Limit(quotient(exact, simple), r, 0), (Step(ONE, "e^y - 1 is y to leading order"),))


@claim(
    "frozen-fraction-bounds",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < Y <= 100", "G by the claim frozen-fraction"),
    assuming=("frozen-fraction",),
    statement=r"1-\sqrt Y<G(Y)<1",
    twins={"1 - sqrt(Y) / 2 below": {"slope": Rational(1, 2)}, "1 - 0.99 sqrt(Y) below": {"slope": LESS},
           "0.99 above": {"most": LESS}},
)
def fraction_bounds(slope: sympy.Expr = Integer(1), most: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Patterns that move a little reduce the separation by the square root of Y; written in y = sqrt(Y)."""
    y, half = sympy.Symbol("y", positive=True), Rational(3, 2)
    domain = {y: (Integer(0), Integer(10))}
    threefold = 4 * (1 + y**2) ** half - 3 * y**3 - (y**2 + 4) ** half + 4  # 3 y^2 G
    return All((
        ("below", Inequality(domain, threefold - 3 * y**2 * (1 - slope * y), Corner(y, 4 if slope == 1 else 3))),
        ("above", Inequality(domain, 3 * y**2 * most - threefold, Corner(y, 3 if most == 1 else 2))),
    ))  # fmt: skip


@claim(
    "frozen-fraction-limits",
    source="THEORY §8 [D]",
    bound="asymptotic",
    assumptions=("G by the claim frozen-fraction",),
    assuming=("frozen-fraction",),
    statement=r"\frac{1-G(Y)}{\sqrt Y}\to1\ (Y\to0),\qquad Y\,G(Y)\to\tfrac43\ (Y\to\infty)",
    twins={"1/2 at 0": {"small": Rational(1, 2)}, "2/3 at infinity": {"large": Rational(2, 3)},
           "1 % more at 0": {"small": MORE}, "1 % more at infinity": {"large": MORE * Rational(4, 3)}},
)
def fraction_limits(small: sympy.Expr = Integer(1), large: sympy.Expr = Rational(4, 3)) -> All:  # noqa: B008
    """Both ends of G: nearly frozen, and moving."""
    y, half = sympy.Symbol("y", positive=True), Rational(3, 2)
    G = (4 * (1 + y**2) ** half - 3 * y**3 - (y**2 + 4) ** half + 4) / (3 * y**2)
    return All((
        ("frozen", Identity({}, sympy.Limit((1 - G) / y, y, 0), (Step(small, "expanded at Y = 0"),))),
        ("moving", Identity({}, sympy.Limit(y**2 * G, y, sympy.oo), (Step(large, "expanded at 1 / Y = 0"),))),
    ))  # fmt: skip


eta_1, eta_2, decay, injected = sympy.symbols("eta_1 eta_2 lambda tau_xi", positive=True)


@claim(
    "pattern-motion-from-stationary-start",
    source="THEORY §8 [D]",
    bound="asymptotic",
    assumptions=("tau_0 = tau_infinity(eta_1), by the claim noise-stationary-level", "eta_1 lambda to 0"),
    assuming=("noise-stationary-level",),
    statement=r"Y=\frac{\eta_2\tau_\xi^2\tau_Q}{\tau_\infty^2(\eta_1)r^2}\sim\frac{2(\eta_2/\eta_1)\lambda\tau_Q}{r^2}",
    twins={"without the 2": {"twice": ONE}, "1 % more": {"twice": 2 * MORE}},
)
def motion(twice: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """How much the patterns move for S when the noise starts at L-S's stationary level."""
    time = sympy.Symbol("tau_Q", positive=True)
    box = (Rational(1, 10), Integer(3))
    level = eta_1 * injected**2 / (decay * (2 - eta_1 * decay))
    small = sympy.Symbol("x", positive=True)  # eta_1 lambda
    exact, simple = eta_2 * injected**2 * time / (level * r**2), twice * eta_2 / eta_1 * decay * time / r**2
    ratio = sympy.Limit((exact / simple).subs(decay, small / eta_1), small, 0)
    domain = dict.fromkeys((eta_1, eta_2, injected, time, r), box)
    return Identity(domain, ratio, (Step(Integer(1), "the ratio of both is (2 - eta_1 lambda) / 2"),))


@claim(
    "weight-left-on-fitted-examples",
    source="THEORY §8 [D]",
    assumptions=("alpha uniform on [0, 1]", "g > 0"),
    statement=r"M(g)=E\,\sigma(-\alpha g)=\frac{\log2-\log(1+e^{-g})}g",
    twins={"log 2 / g": {"tail": Integer(0)}, "e^g for e^-g": {"sign": 1}, "1 % more of the second term": {"tail": MORE}},
)
def mean_weight(tail: sympy.Expr = ONE, sign: int = -1) -> Identity:
    """The residual weight of examples that hold both patterns once Q is learnt: only like 1 / g."""
    g, a = sympy.symbols("g a", positive=True)
    mean = sympy.Integral(exp(-a * g) / (1 + exp(-a * g)), (a, 0, 1))
    return Identity({g: (Rational(1, 2), Integer(8))}, mean, (
        Step((sympy.log(2) - tail * sympy.log(1 + exp(sign * g))) / g, "antiderivative -log(1 + e^{-a g}) / g"),
    ))  # fmt: skip
