"""Claims of THEORY §8: why the learning rate decides the order."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, atan, pi, sqrt

from proofs_check.claim import claim
from proofs_check.problem import Identity, Inequality, Step

r = sympy.Symbol("r", positive=True)
rho = sympy.Symbol("rho", nonnegative=True)
RADII = {r: (Rational(1, 100), Integer(2))}


def delta(rho: sympy.Expr) -> sympy.Expr:
    """What a unit of residual on z adds to h, from the kernels: 2 k(z, z + zeta) - 2 k(z, z)."""
    def k(inner: sympy.Expr, cosine: sympy.Expr) -> sympy.Expr:
        return inner * (pi - acos(rho * cosine)) / (2 * pi)

    return 2 * k(Integer(1), 1 / sqrt(1 + r**2)) - 2 * k(Integer(1), Integer(1))


def delta_outer(rho: sympy.Expr) -> sympy.Expr:
    """The same for a unit on z + zeta: k(z+, z+) + k(z+, z-) - 2 k(z+, z), for a residual of one half on each of both."""
    def k(inner: sympy.Expr, cosine: sympy.Expr) -> sympy.Expr:
        return inner * (pi - acos(rho * cosine)) / (2 * pi)

    s = r**2
    return k(1 + s, Integer(1)) + k(1 - s, (1 - s) / (1 + s)) - 2 * k(Integer(1), 1 / sqrt(1 + s))


@claim(
    "single-angle", source="elementary", assumptions=("r > 0",),
    statement=r"\arccos\frac1{\sqrt{1+r^2}}=\arctan r",
    twins={"arctan 2r": {"scale": 2}},
)
def single_angle(scale: int = 1) -> Identity:
    """The angle between z and z + zeta, twice written."""
    return Identity(RADII, acos(1 / sqrt(1 + r**2)), (
        Step(atan(scale * r), "equal derivatives, and both vanish at r = 0", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "double-angle", source="elementary", assumptions=("r > 0",),
    statement=r"\arccos\frac{1-r^2}{1+r^2}=2\arctan r",
    twins={"3 arctan r": {"times": 3}},
)
def double_angle(times: int = 2) -> Identity:
    """The angle between z + zeta and z - zeta is twice that between z and either."""
    return Identity(RADII, acos((1 - r**2) / (1 + r**2)), (
        Step(times * atan(r), "equal derivatives, and both vanish at r = 0", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "separation-of-z", source="THEORY §8 [D]", assumptions=("r > 0", "0 <= rho <= 1"),
    statement=r"\Delta(\rho)=\frac{\arccos\rho-\arccos(\rho/\sqrt{1+r^2})}\pi",
    twins={"the order reversed": {"sign": -1}, "1 + r for 1 + r^2": {"power": 1}},
)
def separation_of_z(sign: int = 1, power: int = 2) -> Identity:
    """What a residual on z adds to the separation, from the two-time kernels of section 6."""
    domain = {**RADII, rho: (Integer(0), Rational(99, 100))}
    return Identity(domain, delta(rho), (
        Step(sign * (acos(rho) - acos(rho / sqrt(1 + r**power))) / pi, "g(z+zeta) + g(z-zeta) - 2 g(z), by symmetry"),
    ))  # fmt: skip


@claim(
    "separation-of-outer-points", source="THEORY §8 [D]", assumptions=("0 < r < 1", "0 <= rho <= 1"),
    statement=r"\Delta_\pm(\rho)=\frac{2\arccos\frac\rho{\sqrt{1+r^2}}-(1+r^2)\arccos\rho"
    r"-(1-r^2)\arccos\frac{\rho(1-r^2)}{1+r^2}}{2\pi}",
    twins={"1 + r^2 twice": {"inner": 1}, "without the 2": {"twice": 1}},
)
def separation_of_outer_points(inner: int = -1, twice: int = 2) -> Identity:
    """What a residual on z +- zeta adds to the separation, from the two-time kernels of section 6."""
    s, domain = r**2, {r: (Rational(1, 100), Rational(99, 100)), rho: (Integer(0), Rational(99, 100))}
    right = twice * acos(rho / sqrt(1 + s)) - (1 + s) * acos(rho) - (1 + inner * s) * acos(rho * (1 - s) / (1 + s))
    return Identity(domain, delta_outer(rho), (Step(right / (2 * pi), "the constant parts of the kernels cancel"),))


@claim(
    "separation-kept-by-moving-patterns", source="THEORY §8 [D]",
    assumptions=("0 < r < 1", "stationary noise, rho = e^{-lambda u}", "areas by the claim antiderivative-of-arccos"),
    statement=r"\int_0^1(\Delta_\pm-\Delta)(\rho)\,d\rho=J(r)=\frac{2\sqrt{1+r^2}-2-r^2-r+(1+r^2)\arctan r}\pi",
    twins={"r^2 twice": {"square": 2}, "1 % larger": {"factor": Rational(101, 100)}},
)
def plateau_integral(square: int = 1, factor: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """J(r)/lambda is the integral of the net weight over the ages of stationary noise, with rho as the variable."""
    inside = {r: (Rational(1, 100), Rational(99, 100))}
    # int_0^1 arccos(k rho) d rho = arccos k + (1 - sqrt(1 - k^2)) / k, whose derivative in the upper limit is arccos.
    near, far = 1 / sqrt(1 + r**2), (1 - r**2) / (1 + r**2)

    def area(k: sympy.Expr, root: sympy.Expr) -> sympy.Expr:
        return acos(k) + (1 - root) / k

    of_z = (1 - area(near, r / sqrt(1 + r**2))) / pi
    of_outer = (2 * area(near, r / sqrt(1 + r**2)) - (1 + r**2) - (1 - r**2) * area(far, 2 * r / (1 + r**2))) / (2 * pi)
    right = factor * (2 * sqrt(1 + r**2) - 2 - square * r**2 - r + (1 + r**2) * atan(r)) / pi
    middle = (2 * atan(r) - (1 - r**2) * acos(far)) / (2 * pi) + atan(r) / pi
    rest = sympy.simplify(of_outer - of_z - (2 * acos(near) - (1 - r**2) * acos(far)) / (2 * pi) - acos(near) / pi)
    return Identity(inside, of_outer - of_z, (
        Step((2 * acos(near) - (1 - r**2) * acos(far)) / (2 * pi) + acos(near) / pi + rest, "arc cosines and roots apart"),
        Step(middle + rest, "arccos(1 / sqrt(1 + r^2)) = arctan r", "lemma", lemma="single-angle"),
        Step(right, "arccos((1 - r^2) / (1 + r^2)) = 2 arctan r", "lemma", lemma="double-angle"),
    ))  # fmt: skip


@claim(
    "antiderivative-of-arccos", source="elementary", assumptions=("0 < k < 1", "0 <= x <= 1"),
    statement=r"\frac d{dx}\Big[x\arccos(kx)-\frac{\sqrt{1-k^2x^2}}k\Big]=\arccos(kx)",
    twins={"plus the root": {"sign": 1}},
)
def antiderivative(sign: int = -1) -> Identity:
    """The integral that gives the separation kept by moving patterns, between 0 and 1."""
    k, x = sympy.symbols("k x", positive=True)
    domain = {k: (Rational(1, 10), Rational(9, 10)), x: (Integer(0), Integer(1))}
    return Identity(domain, sympy.diff(x * acos(k * x) + sign * sqrt(1 - k**2 * x**2) / k, x), (
        Step(acos(k * x), "the derivatives of the roots cancel"),
    ))  # fmt: skip


@claim(
    "frozen-separation-of-z", source="THEORY §8 [D]", assumptions=("r > 0", "rho = 1"),
    statement=r"\Delta(1)=-\frac{\arctan r}\pi",
    twins={"1 % larger": {"factor": Rational(101, 100)}, "plus": {"factor": Integer(-1)}, "r for arctan r": {"linear": True}},
)
def frozen_delta(factor: sympy.Expr = Integer(1), linear: bool = False) -> Identity:  # noqa: B008
    """With frozen patterns a residual on z separates Q's classes to first order in r."""
    right = -factor * (r if linear else atan(r)) / pi
    return Identity(RADII, delta(Integer(1)), (
        Step(-acos(1 / sqrt(1 + r**2)) / pi, "arccos 1 = 0"),
        Step(right, "both sides have the derivative -1 / (pi (1 + r^2)) and vanish at r = 0", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "frozen-separation-of-outer-points", source="THEORY §8 [D]", assumptions=("0 < r < 1", "rho = 1"),
    statement=r"\Delta_\pm(1)=\frac{r^2\arctan r}\pi",
    twins={"r for r^2": {"power": 1}, "1 % larger": {"factor": Rational(101, 100)}},
)
def frozen_delta_outer(power: int = 2, factor: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """With frozen patterns a residual on z +- zeta adds to the separation to third order in r."""
    inside = {r: (Rational(1, 100), Rational(99, 100))}
    angle, double = acos(1 / sqrt(1 + r**2)), acos((1 - r**2) / (1 + r**2))
    double_angle, single = "double-angle", "single-angle"
    return Identity(inside, delta_outer(Integer(1)), (
        Step((2 * angle - (1 - r**2) * double) / (2 * pi), "arccos 1 = 0"),
        Step((2 * atan(r) - (1 - r**2) * double) / (2 * pi), "arccos(1 / sqrt(1 + r^2)) = arctan r", "lemma", lemma=single),
        Step(factor * r**power * atan(r) / pi, "arccos((1 - r^2) / (1 + r^2)) = 2 arctan r", "lemma", lemma=double_angle),
    ))  # fmt: skip


@claim(
    "frozen-net-weight", source="THEORY §8 [D]", assumptions=("r > 0", "rho = 1"),
    statement=r"\Delta(1)-\Delta_\pm(1)=-\frac{\arctan r}\pi(1+r^2)",
    twins={"1 - r^2": {"sign": -1}},
)
def net_weight(sign: int = 1) -> Identity:
    """What a unit of residual on z, balanced by the outer points, adds to the separation when patterns are frozen."""
    return Identity(RADII, -atan(r) / pi - r**2 * atan(r) / pi, (
        Step(-atan(r) * (1 + sign * r**2) / pi, "collected"),
    ))  # fmt: skip


@claim(
    "plateau-below-two-thirds-cube", source="THEORY §8 [D]", bound="upper", expected="certified",
    assumptions=("0.05 <= r <= 2",),
    statement=r"J(r)=\frac{2\sqrt{1+r^2}-2-r^2-r+(1+r^2)\arctan r}\pi<\frac{2r^3}{3\pi}\quad(0.05\le r\le2)",
    twins={"60 % of it": {"factor": Rational(3, 5)}},
)
def plateau(factor: sympy.Expr = Integer(1)) -> Inequality:  # noqa: B008
    """The separation that moving patterns keep is below its leading order in r."""
    J = (2 * sqrt(1 + r**2) - 2 - r**2 - r + (1 + r**2) * atan(r)) / pi
    return Inequality({r: (Rational(1, 20), Integer(2))}, factor * 2 * r**3 / (3 * pi) - J)
