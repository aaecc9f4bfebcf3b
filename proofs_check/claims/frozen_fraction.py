"""Claims of THEORY §8: how much of the frozen patterns' pull is left when they move, and what fitted examples still pull."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, atan, sqrt

from proofs_check.claim import claim
from proofs_check.problem import Corner, Identity, Inequality, Step, Together

r = sympy.Symbol("r", positive=True)
s = sympy.Symbol("s", positive=True)
Y = sympy.Symbol("Y", positive=True)


def _scaled(age: sympy.Expr) -> sympy.Expr:
    """|Delta - Delta_pm| pi / r at w = r s, s^2 = age, for r -> 0."""
    return 2 * sqrt(1 + age) - Rational(3, 2) * sqrt(age) - sqrt(age + 4) / 2


@claim(
    "net-weight-of-young-residuals",
    source="THEORY §8 [D]",
    bound="asymptotic",
    assumptions=("r to 0 with w = sqrt(1 - rho^2) / rho = r s",),
    statement=r"\frac{\pi|\Delta-\Delta_\pm|}r\to2\sqrt{1+s^2}-\tfrac32s-\tfrac12\sqrt{s^2+4}",
    twins={"s^2 + 2": {"last": 2}, "s for 3 s / 2": {"middle": 1}},
)
def young(last: int = 4, middle: sympy.Expr = Rational(3, 2)) -> Identity:  # noqa: B008
    """How the net weight falls with age when residuals are so young that patterns near the kink have only begun to move."""
    # Tangents of the three angles whose cosines are rho, rho / sqrt(1 + r^2), rho (1 - r^2) / (1 + r^2).
    near = r * sqrt(s**2 + 1 + r**2 * s**2)
    far = r * sqrt(4 + (1 + r**2) ** 2 * s**2) / (1 - r**2)
    inner = atan(near) - atan(r * s)
    outer = (2 * atan(near) - (1 + r**2) * atan(r * s) - (1 - r**2) * atan(far)) / 2
    limit = sympy.Limit(inner / r, r, 0) + sympy.Limit(outer / r, r, 0)
    return Identity({s: (Rational(1, 10), Integer(5))}, limit, (
        Step(2 * sqrt(1 + s**2) - middle * s - sqrt(s**2 + last) / 2, "arctan x = x to leading order"),
    ))  # fmt: skip


@claim(
    "frozen-fraction",
    source="THEORY §8 [D]",
    assumptions=(
        "small r: weights by the claim net-weight-of-young-residuals",
        "a constant residual over the time tau_Q",
        "s^2 = Y u / tau_Q at age u, Y = gamma tau_xi^2 tau_Q / (tau_t^2 r^2)",
    ),
    statement=r"G(Y)=\int_0^1\!\Big(2\sqrt{1+Yx}-\tfrac32\sqrt{Yx}-\tfrac12\sqrt{Yx+4}\Big)dx"
    r"=\frac{4(1+Y)^{3/2}-3Y^{3/2}-(Y+4)^{3/2}+4}{3Y}",
    twins={"3 for 4 at the end": {"constant": 3}, "2 Y^{3/2}": {"middle": 2}},
)
def frozen_fraction(constant: int = 4, middle: int = 3) -> Identity:
    """Mean of the net weight over the ages up to tau_Q, relative to frozen patterns."""
    half = Rational(3, 2)
    right = (4 * (1 + Y) ** half - middle * Y**half - (Y + 4) ** half + constant) / (3 * Y)
    u = sympy.Symbol("u", positive=True)
    integral = sum(sympy.Integral(part, (u, 0, Y)) for part in _scaled(u).args) / Y
    return Identity({Y: (Rational(1, 100), Integer(20))}, integral, (Step(right, "integrated, with u = Y x"),))


@claim(
    "frozen-fraction-bounds",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < Y <= 100",),
    statement=r"1-\sqrt Y<G(Y)<1",
    twins={"1 - sqrt(Y) / 2 below": {"slope": Rational(1, 2)}, "0.99 above": {"most": Rational(99, 100)}},
)
def fraction_bounds(slope: sympy.Expr = Integer(1), most: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """Patterns that move a little reduce the separation by the square root of Y; written in y = sqrt(Y)."""
    y, half = sympy.Symbol("y", positive=True), Rational(3, 2)
    domain = {y: (Integer(0), Integer(10))}
    threefold = 4 * (1 + y**2) ** half - 3 * y**3 - (y**2 + 4) ** half + 4  # 3 y^2 G
    return Together((
        ("below", Inequality(domain, threefold - 3 * y**2 * (1 - slope * y), Corner(y, 4 if slope == 1 else 3))),
        ("above", Inequality(domain, 3 * y**2 * most - threefold, Corner(y, 3 if most == 1 else 2))),
    ))  # fmt: skip


@claim(
    "frozen-fraction-limits",
    source="THEORY §8 [D]",
    bound="asymptotic",
    statement=r"\frac{1-G(Y)}{\sqrt Y}\to1\ (Y\to0),\qquad Y\,G(Y)\to\tfrac43\ (Y\to\infty)",
    twins={"1/2 at 0": {"small": Rational(1, 2)}, "2/3 at infinity": {"large": Rational(2, 3)}},
)
def fraction_limits(small: sympy.Expr = Integer(1), large: sympy.Expr = Rational(4, 3)) -> Together:  # noqa: B008
    """Both ends of G: nearly frozen, and moving."""
    y, half = sympy.Symbol("y", positive=True), Rational(3, 2)
    G = (4 * (1 + y**2) ** half - 3 * y**3 - (y**2 + 4) ** half + 4) / (3 * y**2)
    # In x = 1 / y the root functions are analytic at 0.
    x = sympy.Symbol("x", positive=True)
    far = (4 * (1 + x**2) ** half - 3 - (1 + 4 * x**2) ** half + 4 * x**3) / (3 * x**3)
    return Together((
        ("frozen", Identity({}, sympy.Limit((1 - G) / y, y, 0), (Step(small, "expanded at Y = 0"),))),
        ("moving", Identity({}, sympy.Limit(far, x, 0), (Step(large, "expanded at 1 / Y = 0; Y G = y^3 (...) / 3"),))),
    ))  # fmt: skip


eta_1, eta_2, decay, injected = sympy.symbols("eta_1 eta_2 lambda tau_xi", positive=True)


@claim(
    "pattern-motion-from-stationary-start",
    source="THEORY §8 [D]",
    bound="asymptotic",
    assumptions=("tau_0 = tau_infinity(eta_1)", "eta_1 lambda to 0"),
    statement=r"Y=\frac{\eta_2\tau_\xi^2\tau_Q}{\tau_\infty^2(\eta_1)r^2}\sim\frac{2(\eta_2/\eta_1)\lambda\tau_Q}{r^2}",
    twins={"without the 2": {"twice": 1}},
)
def motion(twice: int = 2) -> Identity:
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
    twins={"log 2 / g": {"tail": 0}, "e^g for e^-g": {"sign": 1}},
)
def mean_weight(tail: int = 1, sign: int = -1) -> Together:
    """How hard examples that hold both patterns still pull once Q is learnt: only like 1 / g."""
    g, a = sympy.symbols("g a", positive=True)
    antiderivative = -sympy.log(1 + sympy.exp(-a * g)) / g
    sizes = {g: (Rational(1, 2), Integer(8))}
    right = (sympy.log(2) - tail * sympy.log(1 + sympy.exp(sign * g))) / g
    between = sympy.Subs(antiderivative, a, 1) - sympy.Subs(antiderivative, a, 0)
    return Together((
        ("antiderivative", Identity({**sizes, a: (Rational(1, 100), Integer(1))}, sympy.Derivative(antiderivative, a), (
            Step(1 / (1 + sympy.exp(a * g)), "the logistic function of -a g"),
        ))),
        ("between 0 and 1", Identity(sizes, between, (Step(right, "the fundamental theorem; log 2 at a = 0"),))),
    ))  # fmt: skip
