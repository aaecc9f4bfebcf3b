"""Claims of THEORY §8: what residuals of each age add to the separation of Q's classes."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, atan, pi, sqrt

from proofs_check.claim import claim
from proofs_check.problem import Corner, Identity, Inequality, Positive, Step, Together

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
    "single-angle",
    source="elementary",
    assumptions=("r > 0",),
    statement=r"\arccos\frac1{\sqrt{1+r^2}}=\arctan r",
    twins={"arctan 2r": {"scale": 2}},
)
def single_angle(scale: int = 1) -> Identity:
    """The angle between z and z + zeta, twice written."""
    # As far as other claims ask for it.
    return Identity({r: (Rational(1, 100), Integer(4))}, acos(1 / sqrt(1 + r**2)), (
        Step(atan(scale * r), "equal derivatives, and both vanish at r = 0", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "double-angle",
    source="elementary",
    assumptions=("r > 0",),
    statement=r"\arccos\frac{1-r^2}{1+r^2}=2\arctan r",
    twins={"3 arctan r": {"times": 3}},
)
def double_angle(times: int = 2) -> Identity:
    """The angle between z + zeta and z - zeta is twice that between z and either."""
    return Identity(RADII, acos((1 - r**2) / (1 + r**2)), (
        Step(times * atan(r), "equal derivatives, and both vanish at r = 0", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "separation-of-z",
    source="THEORY §8 [D]",
    assumptions=("r > 0", "0 <= rho <= 1"),
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
    "separation-of-outer-points",
    source="THEORY §8 [D]",
    assumptions=("0 < r < 1", "0 <= rho <= 1"),
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
    "separation-kept-by-moving-patterns",
    source="THEORY §8 [D]",
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
    "antiderivative-of-arccos",
    source="elementary",
    assumptions=("0 < k <= 1", "0 < x < 1; the two ends by continuity"),
    statement=r"\frac d{dx}\Big[x\arccos(kx)-\frac{\sqrt{1-k^2x^2}}k\Big]=\arccos(kx)",
    twins={"plus the root": {"sign": 1}},
)
def antiderivative(sign: int = -1) -> Identity:
    """The integral that gives the separation kept by moving patterns, between 0 and 1."""
    k, x = sympy.symbols("k x", positive=True)
    domain = {k: (Rational(1, 10), Integer(1)), x: (Rational(1, 100), Rational(99, 100))}
    return Identity(domain, sympy.Derivative(x * acos(k * x) + sign * sqrt(1 - k**2 * x**2) / k, x), (
        Step(acos(k * x), "the derivatives of the roots cancel"),
    ))  # fmt: skip


@claim(
    "frozen-separation-of-z",
    source="THEORY §8 [D]",
    assumptions=("r > 0", "rho = 1"),
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
    "frozen-separation-of-outer-points",
    source="THEORY §8 [D]",
    assumptions=("0 < r < 1", "rho = 1"),
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
    "frozen-net-weight",
    source="THEORY §8 [D]",
    assumptions=("0 < r < 1", "rho = 1"),
    statement=r"\Delta(1)-\Delta_\pm(1)=-\frac{\arctan r}\pi(1+r^2)",
    twins={"1 - r^2": {"sign": -1}},
)
def net_weight(sign: int = 1) -> Identity:
    """What a unit of residual on z, balanced by the outer points, adds to the separation when patterns are frozen."""
    domain = {r: (Rational(1, 100), Rational(99, 100))}
    single = (delta(Integer(1)) - delta_outer(Integer(1))).subs(acos(1 / sqrt(1 + r**2)), atan(r))
    both = single.subs(acos((1 - r**2) / (1 + r**2)), 2 * atan(r))
    return Identity(domain, delta(Integer(1)) - delta_outer(Integer(1)), (
        Step(single, "the angle between z and z + zeta", "lemma", lemma="single-angle"),
        Step(both, "the angle between z + zeta and z - zeta", "lemma", lemma="double-angle"),
        Step(-atan(r) * (1 + sign * r**2) / pi, "collected"),
    ))  # fmt: skip


w = sympy.Symbol("w", positive=True)
# rho = 1 / sqrt(1 + w^2): w is the tangent of the angle arccos rho, and Q that of arccos(rho / sqrt(1 + r^2)).
Q = sqrt(w**2 + r**2 * (1 + w**2))
AGES = {r: (Rational(1, 100), Integer(2)), w: (Rational(1, 100), Integer(4))}


@claim(
    "separation-of-z-by-tangents",
    source="THEORY §8 [D]",
    assumptions=("r > 0", "0 < rho < 1, w = sqrt(1 - rho^2) / rho"),
    statement=r"\Delta(\rho)=\frac{\arctan w-\arctan\sqrt{w^2+r^2(1+w^2)}}\pi,\quad\rho=\tfrac1{\sqrt{1+w^2}}",
    twins={"r for r^2": {"power": 1}},
)
def by_tangents(power: int = 2) -> Identity:
    """Delta written with arc tangents, smooth where patterns are frozen."""
    wrong = sqrt(w**2 + r**power * (1 + w**2))
    cosine = 1 / sqrt(1 + w**2)
    return Identity(AGES, (acos(cosine) - acos(cosine / sqrt(1 + r**2))) / pi, (
        Step((atan(w) - acos(cosine / sqrt(1 + r**2))) / pi, "arccos(1 / sqrt(1 + w^2)) = arctan w", "lemma",
             lemma="single-angle", given={r: w}),
        Step((atan(w) - acos(1 / sqrt(1 + Q**2))) / pi, "(1 + r^2) (1 + w^2) = 1 + Q^2", "derivative", r, Integer(0)),
        Step((atan(w) - atan(wrong)) / pi, "arccos(1 / sqrt(1 + Q^2)) = arctan Q", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "separation-of-z-bounded-by-frozen",
    source="THEORY §8 [D]",
    bound="upper",
    assumptions=("r > 0", "0 < rho < 1"),
    statement=r"|\Delta(\rho)|<\frac{\arctan r}\pi=|\Delta(1)|",
    twins={"1 % less": {"factor": Rational(99, 100)}},
)
def bounded_by_frozen(factor: sympy.Expr = Integer(1)) -> Positive:  # noqa: B008
    """Moving patterns separate less than frozen ones, at every age."""
    domain = {r: AGES[r], w: (Rational(1, 10**4), Integer(4))}
    return Positive(domain, factor * atan(r) - atan(Q) + atan(w), (
        Step(r**2 / (Q * (Q + w)), "1 - w / Q = r^2 (1 + w^2) / (Q (Q + w)), 1 + Q^2 = (1 + r^2)(1 + w^2)"),
    ), by=w, at=Integer(0), order=1)  # fmt: skip


@claim(
    "separation-of-z-bounded-by-age",
    source="THEORY §8 [D]",
    bound="upper",
    assumptions=("r > 0", "0 < rho < 1"),
    statement=r"|\Delta(\rho)|<\frac{\rho r^2}{2\pi\sqrt{1-\rho^2}}",
    twins={"1 % less": {"factor": Rational(99, 100)}, "rho squared": {"power": 2}},
)
def bounded_by_age(factor: sympy.Expr = Integer(1), power: int = 1) -> Positive:  # noqa: B008
    """With moving patterns a residual on z separates to second order in r only; rho / sqrt(1 - rho^2) = 1 / w."""
    excess = r**2 / (2 * w**power) * factor - atan(Q) + atan(w)
    slope = r * (r**2 * Q + r**2 * (1 + w**2) / (Q + w)) / (w * Q * (1 + r**2))
    return Positive(AGES, excess, (
        Step(slope, "Q (1 + r^2) - w = r^2 Q + (Q - w), and Q - w = r^2 (1 + w^2) / (Q + w)"),
    ), by=r, at=Integer(0), order=1)  # fmt: skip


@claim(
    "separation-of-z-below-square-at-all-ages",
    source="THEORY §8 [D]",
    bound="upper",
    expected="refuted",
    assumptions=("0.01 <= r <= 1", "0 <= rho <= 1"),
    twins={},
    corrected="separation-of-z-bounded-by-age",
    statement=r"|\Delta(\rho)|<r^2/2\ \text{ whatever the age}",
)
def below_square() -> Inequality:
    """Tempting and false: near rho = 1 the separation is of first order in r; the bound must grow with rho/sqrt(1 - rho^2)."""
    excess = r**2 / 2 - (acos(rho / sqrt(1 + r**2)) - acos(rho)) / pi
    return Inequality({r: (Rational(1, 100), Integer(1)), rho: (Integer(0), Integer(1))}, excess)


@claim(
    "separation-of-z-second-order",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < r <= 1/2", "1/2 <= w <= 4, rho = 1 / sqrt(1 + w^2)"),
    statement=r"0<\Delta(\rho)\pi+\frac{\rho r^2}{2\sqrt{1-\rho^2}}<2r^4",
    twins={"half of the remainder": {"constant": Integer(1)}},
    full={"widest": Integer(20)},
)
def second_order(constant: sympy.Expr = Integer(2), widest: sympy.Expr = Integer(4)) -> Inequality:  # noqa: B008
    """Delta is -rho r^2 / (2 pi sqrt(1 - rho^2)) up to fourth order in r, down to r = 0; above it by the bound of its age."""
    domain = {r: (Integer(0), Rational(1, 2)), w: (Rational(1, 2), widest)}
    return Inequality(domain, constant * r**4 + atan(Q) - atan(w) - r**2 / (2 * w), Corner(r, 4))


def _outer(r: sympy.Expr, rho: sympy.Expr) -> sympy.Expr:
    """2 pi Delta_pm."""
    s = r**2
    return 2 * acos(rho / sqrt(1 + s)) - (1 + s) * acos(rho) - (1 - s) * acos(rho * (1 - s) / (1 + s))


@claim(
    "separation-of-outer-points-second-order",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < r <= 1/2", "0 <= rho <= 9/10"),
    statement=r"\Big|2\pi\Delta_\pm(\rho)+\frac{\rho r^2}{\sqrt{1-\rho^2}}\Big|<60\,r^4",
    twins={"r^4 / 100": {"constant": Rational(1, 100)}, "half of the leading term": {"leading": Rational(1, 2)}},
)
def outer_second_order(
    constant: sympy.Expr = Integer(60),  # noqa: B008
    leading: sympy.Expr = Integer(1),  # noqa: B008
    most: sympy.Expr = Rational(9, 10),  # noqa: B008
) -> Together:
    """Residuals on z +- zeta separate to the same second order as those on z."""
    domain = {r: (Integer(0), Rational(1, 2)), rho: (Integer(0), most)}
    off = _outer(r, rho) + leading * rho * r**2 / sqrt(1 - rho**2)
    order = 4 if leading == 1 else 2
    return Together((
        ("above", Inequality(domain, constant * r**4 - off, Corner(r, order))),
        ("below", Inequality(domain, constant * r**4 + off, Corner(r, order))),
    ))  # fmt: skip


@claim(
    "separation-cancels-at-second-order",
    source="THEORY §8 [D]",
    bound="upper",
    expected="certified",
    assumptions=("0 < r <= 1/2", "0 <= rho <= 9/10"),
    statement=r"|\Delta(\rho)-\Delta_\pm(\rho)|<\frac{10}\pi r^4",
    twins={"r^4 / pi": {"constant": Integer(1)}, "the sum for the difference": {"sign": 1}},
)
def cancels(
    constant: sympy.Expr = Integer(10),  # noqa: B008
    sign: int = -1,
    most: sympy.Expr = Rational(9, 10),  # noqa: B008
) -> Together:
    """With moving patterns, balanced residuals on z and z +- zeta cancel: what is left is of fourth order."""
    domain = {r: (Integer(0), Rational(1, 2)), rho: (Integer(0), most)}
    net = acos(rho) - acos(rho / sqrt(1 + r**2)) + sign * _outer(r, rho) / 2
    order = 4 if sign == -1 else 2
    return Together((
        ("above", Inequality(domain, constant * r**4 - net, Corner(r, order))),
        ("below", Inequality(domain, constant * r**4 + net, Corner(r, order))),
    ))  # fmt: skip


PLATEAU = 2 * sqrt(1 + r**2) - 2 - r**2 - r + (1 + r**2) * atan(r)


@claim(
    "plateau-leading-order",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < r <= 2",),
    statement=r"\frac{2r^3}3-\frac{r^4}4-\frac{r^5}5<\pi J(r)<\frac{2r^3}3",
    twins={"60 % of it above": {"above": Rational(3, 5)}, "1 % more below": {"below": Rational(101, 100)}},
)
def plateau(above: sympy.Expr = Integer(1), below: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """J(r) is 2 r^3 / (3 pi) to leading order and below it, with the corner r = 0 by expansion."""
    near, far = {r: (Integer(0), Integer(1))}, {r: (Integer(1), Integer(2))}
    upper = above * 2 * r**3 / 3 - PLATEAU
    lower = PLATEAU - below * 2 * r**3 / 3 + r**4 / 4 + r**5 / 5
    return Together((
        ("above, r <= 1", Inequality(near, upper, Corner(r, 4 if above == 1 else 3))),
        ("below, r <= 1", Inequality(near, lower, Corner(r, 5 if below == 1 else 3))),
        ("above, r >= 1", Inequality(far, upper)), ("below, r >= 1", Inequality(far, lower)),
    ))  # fmt: skip


@claim(
    "separation-kept-by-z-alone",
    source="THEORY §8 [D]",
    assumptions=("r > 0", "stationary noise, rho = e^{-lambda u}", "areas by the claim antiderivative-of-arccos"),
    statement=r"\int_0^1|\Delta|\,d\rho=\frac{\arctan r+\sqrt{1+r^2}-1-r}\pi",
    twins={"plus r": {"sign": 1}},
)
def z_alone(sign: int = -1) -> Identity:
    """Without the balancing residuals the separation kept would be of second order in r, not of third."""
    k = 1 / sqrt(1 + r**2)
    # int_0^1 arccos(k rho) d rho, by the antiderivative; k = 1 gives 1.
    area = acos(k) + (1 - r * k) / k
    right = (atan(r) + sqrt(1 + r**2) - 1 + sign * r) / pi
    return Identity(RADII, (area - 1) / pi, (
        Step((atan(r) + (1 - r * k) / k - 1) / pi, "arccos(1 / sqrt(1 + r^2)) = arctan r", "lemma", lemma="single-angle"),
        Step(right, "multiplied out"),
    ))  # fmt: skip
