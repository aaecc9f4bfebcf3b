"""Claims of THEORY §8: the separation that is left while patterns move, an integral over the ages of residuals."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, atan, exp, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.section_08 import LESS, MORE, ONE, RADII, delta, delta_outer, r
from proofs_check.problem import All, Corner, Identity, Inequality, Step

k, x = sympy.symbols("k x", positive=True)
COSINE = (Rational(1, 1000), ONE)
J_TIMES_PI = 2 * sqrt(1 + r**2) - 2 - r**2 - r + (1 + r**2) * atan(r)
# The cosines of the angles from z to z + zeta, and from z + zeta to z - zeta.
NEAR, FAR = 1 / sqrt(1 + r**2), (1 - r**2) / (1 + r**2)


def _antiderivative(at: sympy.Expr, sign: int = -1) -> sympy.Expr:
    return at * acos(k * at) + sign * sqrt(1 - k**2 * at**2) / k


def _area(of: sympy.Expr) -> sympy.Expr:
    """Integral of arccos(k x) over 0 < x < 1, as it stands."""
    return sympy.Integral(acos(of * x), (x, 0, 1))


def _area_found(of: sympy.Expr) -> sympy.Expr:
    return acos(of) + (1 - sqrt(1 - of**2)) / of


@claim(
    "antiderivative-of-arccos",
    source="elementary",
    assumptions=("0 < k <= 1", "0 < x < 1; the two ends by continuity"),
    statement=r"\frac d{dx}\Big[x\arccos(kx)-\frac{\sqrt{1-k^2x^2}}k\Big]=\arccos(kx)",
    twins={"plus the root": {"sign": 1}, "1 % larger": {"factor": MORE}},
)
def antiderivative(sign: int = -1, factor: sympy.Expr = ONE) -> Identity:
    """What the integrals over ages are made of."""
    domain = {k: COSINE, x: (Rational(1, 100), Rational(99, 100))}
    return Identity(domain, sympy.Derivative(_antiderivative(x, sign), x), (
        Step(factor * acos(k * x), "the derivatives of the roots cancel"),
    ))  # fmt: skip


@claim(
    "area-under-arccos",
    source="elementary",
    assumptions=("0 < k <= 1",),
    statement=r"\int_0^1\arccos(kx)\,dx=\arccos k+\frac{1-\sqrt{1-k^2}}k",
    twins={"minus the root's part": {"sign": Integer(-1)}, "1 % more of it": {"sign": MORE}},
)
def area(sign: sympy.Expr = ONE) -> Identity:
    """The integral that gives the separation kept by moving patterns."""
    return Identity({k: COSINE}, _area(k), (
        Step(acos(k) + sign * (1 - sqrt(1 - k**2)) / k, "antiderivative by the claim antiderivative-of-arccos, at 1 and at 0"),
    ))  # fmt: skip


@claim(
    "area-over-all-ages",
    source="THEORY §8 [D]",
    assumptions=("0 < k <= 1", "stationary noise: rho = e^{-lambda u} at age u", "the age 0 by continuity",
        "the integral over the ages is the antiderivative's limit less its value at age 0, by the fundamental theorem"),
    statement=r"\int_0^\infty\arccos(ke^{-\lambda u})\,e^{-\lambda u}du=\frac1\lambda\Big[\arccos k+\frac{1-\sqrt{1-k^2}}k\Big]"
    r"=\frac1\lambda\int_0^1\arccos(k\rho)\,d\rho",
    twins={"without lambda": {"power": 0}, "1 % larger": {"factor": MORE}},
)
def over_ages(power: int = 1, factor: sympy.Expr = ONE) -> All:
    """An integral over the ages of stationary noise is one over the correlation, divided by lambda: by its antiderivative."""
    u, decay = sympy.symbols("u lambda", positive=True)
    domain = {k: COSINE, decay: (Rational(1, 10), Integer(3))}
    found = -factor * _antiderivative(exp(-decay * u)) / decay**power
    between = sympy.Limit(found, u, sympy.oo) - sympy.Subs(found, u, 0)
    return All((
        ("antiderivative", Identity({**domain, u: (Rational(1, 100), Integer(4))}, sympy.Derivative(found, u), (
            Step(acos(k * exp(-decay * u)) * exp(-decay * u), "chain rule"),
        ))),
        ("between 0 and infinity", Identity(domain, between, (
            Step(factor * _area_found(k) / decay**power, "-1/k remains at infinite age"),
            Step(factor * _area(k) / decay**power, "area under arccos", "lemma", lemma="area-under-arccos"),
        ))),
    ))  # fmt: skip


@claim(
    "separation-kept-by-moving-patterns",
    source="THEORY §8 [D]",
    assumptions=(
        "0 < r < 1",
        "stationary noise, rho = e^{-lambda u}: over the ages 1/lambda of it, by the claim area-over-all-ages",
        "the sign by the claim net-weight-is-negative",
    ),
    assuming=("area-over-all-ages", "net-weight-is-negative"),
    statement=r"\int_0^1|\Delta-\Delta_\pm|(\rho)\,d\rho=\int_0^1(\Delta_\pm-\Delta)(\rho)\,d\rho=J(r)="
    r"\frac{2\sqrt{1+r^2}-2-r^2-r+(1+r^2)\arctan r}\pi",
    twins={"1 % larger": {"factor": MORE}},
)
def plateau_integral(factor: sympy.Expr = ONE) -> Identity:
    """J(r)/lambda is the integral of the net weight over the ages of stationary noise, with rho as the variable."""
    inside = {r: (Rational(1, 100), Rational(99, 100))}

    def combined(near: sympy.Expr, same: sympy.Expr, far: sympy.Expr) -> sympy.Expr:
        return (4 * near - (3 + r**2) * same - (1 - r**2) * far) / (2 * pi)

    near, far = (1 - r * NEAR) / NEAR, (1 - 2 * r / (1 + r**2)) / FAR
    return Identity(inside, sympy.Integral(delta_outer(x) - delta(x), (x, 0, 1)), (
        Step(combined(_area(NEAR), _area(ONE), _area(FAR)), "term by term; the constant parts of the kernels cancel"),
        Step(combined(_area_found(NEAR), _area(ONE), _area(FAR)), "to z +- zeta", "lemma", lemma="area-under-arccos",
             given={k: NEAR}),
        Step(combined(_area_found(NEAR), ONE, _area(FAR)), "to itself", "lemma", lemma="area-under-arccos", given={k: ONE}),
        Step(combined(_area_found(NEAR), ONE, _area_found(FAR)), "from z + zeta to z - zeta", "lemma",
             lemma="area-under-arccos", given={k: FAR}),
        Step(combined(acos(NEAR) + near, ONE, acos(FAR) + far), "sines of the two angles"),
        Step(combined(atan(r) + near, ONE, acos(FAR) + far), "arccos(1 / sqrt(1 + r^2)) = arctan r", "lemma",
             lemma="single-angle"),
        Step(combined(atan(r) + near, ONE, 2 * atan(r) + far), "arccos((1 - r^2) / (1 + r^2)) = 2 arctan r", "lemma",
             lemma="double-angle"),
        Step(factor * J_TIMES_PI / pi, "collected"),
    ))  # fmt: skip


@claim(
    "plateau-leading-order",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < r <= 2", "J(r) is the closed form; the claim separation-kept-by-moving-patterns has it for 0 < r < 1"),
    assuming=("separation-kept-by-moving-patterns",),
    statement=r"\frac{2r^3}3-\frac{r^4}4-\frac{r^5}5<\pi J(r)<\frac{2r^3}3",
    twins={"1 % less above": {"above": LESS}, "1 % more below": {"below": MORE}},
)
def plateau(above: sympy.Expr = ONE, below: sympy.Expr = ONE) -> All:
    """J(r) is 2 r^3 / (3 pi) to leading order and below it, with the corner r = 0 by expansion."""
    near, far = {r: (Integer(0), ONE)}, {r: (ONE, Integer(2))}
    upper = above * 2 * r**3 / 3 - J_TIMES_PI
    lower = J_TIMES_PI - below * 2 * r**3 / 3 + r**4 / 4 + r**5 / 5
    return All((
        ("above, r <= 1", Inequality(near, upper, Corner(r, 4 if above == 1 else 3))),
        ("below, r <= 1", Inequality(near, lower, Corner(r, 5 if below == 1 else 3))),
        ("above, r >= 1", Inequality(far, upper)), ("below, r >= 1", Inequality(far, lower)),
    ))  # fmt: skip


@claim(
    "separation-kept-by-z-alone",
    source="THEORY §8 [D]",
    assumptions=(
        "r > 0",
        "stationary noise, rho = e^{-lambda u}: over the ages 1/lambda of it, by the claim area-over-all-ages",
        "the sign by the claim separation-of-z-is-negative",
    ),
    assuming=("area-over-all-ages", "separation-of-z-is-negative"),
    statement=r"\int_0^1|\Delta|\,d\rho=\int_0^1(-\Delta)\,d\rho=\frac{\arctan r+\sqrt{1+r^2}-1-r}\pi",
    twins={"1 % more of r": {"sign": -MORE}},
)
def z_alone(sign: sympy.Expr = Integer(-1)) -> Identity:  # noqa: B008
    """Without the balancing residuals the separation kept would be of second order in r, not of third."""
    near = (1 - r * NEAR) / NEAR
    return Identity(RADII, sympy.Integral(-delta(x), (x, 0, 1)), (
        Step((_area(NEAR) - _area(ONE)) / pi, "term by term"),
        Step((_area_found(NEAR) - _area(ONE)) / pi, "to z +- zeta", "lemma", lemma="area-under-arccos", given={k: NEAR}),
        Step((_area_found(NEAR) - 1) / pi, "to itself", "lemma", lemma="area-under-arccos", given={k: ONE}),
        Step((acos(NEAR) + near - 1) / pi, "the sine of the angle"),
        Step((atan(r) + near - 1) / pi, "arccos(1 / sqrt(1 + r^2)) = arctan r", "lemma", lemma="single-angle"),
        Step((atan(r) + sqrt(1 + r**2) - 1 + sign * r) / pi, "multiplied out"),
    ))  # fmt: skip
