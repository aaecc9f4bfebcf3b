"""Claims of THEORY §8: what residuals of each age add to the separation of Q's classes."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, acos, atan, pi, sqrt

from proofs_check.claim import claim
from proofs_check.problem import All, Corner, Identity, Inequality, Positive, Step

r = sympy.Symbol("r", positive=True)
rho = sympy.Symbol("rho", nonnegative=True)
RADII = {r: (Rational(1, 100), Integer(2))}


ONE = Integer(1)
MORE, LESS = Rational(101, 100), Rational(99, 100)
Vector = tuple[sympy.Expr, sympy.Expr]
# In the plane of z and zeta / r.
Z: Vector = (ONE, Integer(0))
PLUS: Vector = (ONE, r)
MINUS: Vector = (ONE, -r)


def _inner(x: Vector, other: Vector) -> sympy.Expr:
    return x[0] * other[0] + x[1] * other[1]


def kernel(x: Vector, other: Vector, rho: sympy.Expr) -> sympy.Expr:
    """Two-time kernel of two inputs, by the claim two-time-kernel."""
    inner = _inner(x, other)
    cosine = inner / (sqrt(_inner(x, x)) * sqrt(_inner(other, other)))
    return inner * (pi - acos(rho * cosine)) / (2 * pi)


def separation(source: Vector, rho: sympy.Expr) -> sympy.Expr:
    """What a unit of residual on one input adds to h = g(z + zeta) + g(z - zeta) - 2 g(z)."""
    return kernel(source, PLUS, rho) + kernel(source, MINUS, rho) - 2 * kernel(source, Z, rho)


def delta(rho: sympy.Expr) -> sympy.Expr:
    """What a unit of residual on z adds to h."""
    return separation(Z, rho)


def delta_outer(rho: sympy.Expr) -> sympy.Expr:
    """The same for a unit on z +- zeta: one half on each of both."""
    return (separation(PLUS, rho) + separation(MINUS, rho)) / 2


@claim(
    "single-angle",
    source="elementary",
    assumptions=("r > 0",),
    statement=r"\arccos\frac1{\sqrt{1+r^2}}=\arctan r",
    twins={"arctan 2r": {"scale": Integer(2)}, "arctan 1.01 r": {"scale": MORE}},
)
def single_angle(scale: sympy.Expr = ONE) -> Identity:
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
    twins={"3 arctan r": {"times": Integer(3)}, "2.02 arctan r": {"times": 2 * MORE}},
)
def double_angle(times: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """The angle between z + zeta and z - zeta is twice that between z and either."""
    return Identity(RADII, acos((1 - r**2) / (1 + r**2)), (
        Step(times * atan(r), "equal derivatives, and both vanish at r = 0", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "separation-of-z",
    source="THEORY §8 [D]",
    assumptions=("r > 0", "0 <= rho <= 1", "<z, zeta> = 0, |z| = 1, |zeta| = r", "kernels by the claim two-time-kernel"),
    assuming=("two-time-kernel",),
    statement=r"\Delta(\rho)=k(z,z+\zeta)+k(z,z-\zeta)-2k(z,z)=\frac{\arccos\rho-\arccos(\rho/\sqrt{1+r^2})}\pi",
    twins={"the order reversed": {"sign": Integer(-1)}, "1 + r for 1 + r^2": {"power": 1}, "1 % larger": {"sign": MORE}},
)
def separation_of_z(sign: sympy.Expr = ONE, power: int = 2) -> Identity:
    """What a residual on z adds to the separation, from the two-time kernels of section 6."""
    domain = {**RADII, rho: (Integer(0), ONE)}
    return Identity(domain, delta(rho), (
        Step(sign * (acos(rho) - acos(rho / sqrt(1 + r**power))) / pi, "g(z+zeta) + g(z-zeta) - 2 g(z), by symmetry"),
    ))  # fmt: skip


@claim(
    "separation-of-outer-points",
    source="THEORY §8 [D]",
    assumptions=("0 < r < 1", "0 <= rho <= 1", "half a unit on each of z + zeta and z - zeta",
                 "kernels by the claim two-time-kernel"),
    assuming=("two-time-kernel",),
    statement=r"\Delta_\pm(\rho)=\frac{2\arccos\frac\rho{\sqrt{1+r^2}}-(1+r^2)\arccos\rho"
    r"-(1-r^2)\arccos\frac{\rho(1-r^2)}{1+r^2}}{2\pi}",
    twins={"1 + r^2 twice": {"inner": 1}, "without the 2": {"twice": ONE}, "2.02 for 2": {"twice": 2 * MORE}},
)
def separation_of_outer_points(inner: int = -1, twice: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """What a residual on z +- zeta adds to the separation, from the two-time kernels of section 6."""
    s, domain = r**2, {r: (Rational(1, 100), Rational(99, 100)), rho: (Integer(0), ONE)}
    right = twice * acos(rho / sqrt(1 + s)) - (1 + s) * acos(rho) - (1 + inner * s) * acos(rho * (1 - s) / (1 + s))
    return Identity(domain, delta_outer(rho), (Step(right / (2 * pi), "the constant parts of the kernels cancel"),))


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
    twins={"1 - r^2": {"sign": Integer(-1)}, "1 + 1.01 r^2": {"sign": MORE}},
)
def net_weight(sign: sympy.Expr = ONE) -> Identity:
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
    twins={"r for r^2": {"power": 1}, "1 % more of r^2": {"factor": MORE}},
)
def by_tangents(power: int = 2, factor: sympy.Expr = ONE) -> Identity:
    """Delta written with arc tangents, smooth where patterns are frozen."""
    wrong = sqrt(w**2 + factor * r**power * (1 + w**2))
    cosine = 1 / sqrt(1 + w**2)
    return Identity(AGES, delta(cosine), (
        Step((acos(cosine) - acos(cosine / sqrt(1 + r**2))) / pi, "as in the claim separation-of-z"),
        Step((atan(w) - acos(cosine / sqrt(1 + r**2))) / pi, "arccos(1 / sqrt(1 + w^2)) = arctan w", "lemma",
             lemma="single-angle", given={r: w}),
        Step((atan(w) - acos(1 / sqrt(1 + Q**2))) / pi, "(1 + r^2) (1 + w^2) = 1 + Q^2", "derivative", r, Integer(0)),
        Step((atan(w) - atan(wrong)) / pi, "arccos(1 / sqrt(1 + Q^2)) = arctan Q", "derivative", r, Integer(0)),
    ))  # fmt: skip


@claim(
    "separation-of-z-is-negative",
    source="THEORY §8 [D]",
    bound="upper",
    assumptions=("r > 0", "0 < rho <= 1, w = sqrt(1 - rho^2) / rho >= 0", "Delta by the claim separation-of-z-by-tangents"),
    assuming=("separation-of-z-by-tangents",),
    statement=r"\Delta(\rho)<0,\ \text{ so }\ \pi|\Delta(\rho)|=\arctan\sqrt{w^2+r^2(1+w^2)}-\arctan w",
    twins={"with w^2 counted 0.99 times": {"kept": LESS}},
)
def is_negative(kept: sympy.Expr = ONE) -> Positive:
    """A residual on z lowers h at every age: it draws g(z) up more than its neighbours."""
    age = sympy.Symbol("w", nonnegative=True)
    further = sqrt(kept * age**2 + r**2 * (1 + age**2))
    return Positive({r: AGES[r], age: (Integer(0), Integer(4))}, atan(further) - atan(age), (
        Step(r * (1 + age**2) / (further * (1 + further**2)), "the derivative of Q in r is r (1 + w^2) / Q"),
    ), by=r, at=Integer(0), order=1)  # fmt: skip


@claim(
    "separation-of-z-bounded-by-frozen",
    source="THEORY §8 [D]",
    bound="upper",
    assumptions=("r > 0", "0 < rho < 1", "|Delta| by the claim separation-of-z-is-negative",
                 "|Delta(1)| by the claim frozen-separation-of-z"),
    assuming=("separation-of-z-is-negative", "frozen-separation-of-z"),
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
    assumptions=("r > 0", "0 < rho < 1", "|Delta| by the claim separation-of-z-is-negative; rho / sqrt(1 - rho^2) = 1 / w"),
    assuming=("separation-of-z-is-negative",),
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
    assumptions=("0 < r <= 1/2", "1/2 <= w <= 4, rho = 1 / sqrt(1 + w^2)", "Delta by the claim separation-of-z-by-tangents"),
    assuming=("separation-of-z-by-tangents",),
    statement=r"0<\pi\Delta(\rho)+\frac{\rho r^2}{2\sqrt{1-\rho^2}}<1.76\,r^4",
    twins={"1 % less of the remainder": {"constant": LESS * Rational(176, 100)},
           "1 % less of the leading term": {"leading": LESS}, "1 % more of the leading term": {"leading": MORE}},
    full={"widest": Integer(20)},
)
def second_order(
    constant: sympy.Expr = Rational(176, 100),  # noqa: B008
    widest: sympy.Expr = Integer(4),  # noqa: B008
    leading: sympy.Expr = ONE,
) -> All:
    """Delta is -rho r^2 / (2 pi sqrt(1 - rho^2)) up to fourth order in r, down to r = 0, and above it."""
    domain = {r: (Integer(0), Rational(1, 2)), w: (Rational(1, 2), widest)}
    off, order = atan(w) - atan(Q) + leading * r**2 / (2 * w), 4 if leading == 1 else 2
    return All((
        ("above 0, the bound by age", bounded_by_age(leading)),
        ("below the fourth order", Inequality(domain, constant * r**4 - off, Corner(r, order))),
    ))  # fmt: skip


def _outer(r: sympy.Expr, rho: sympy.Expr) -> sympy.Expr:
    """2 pi Delta_pm, by the claim separation-of-outer-points."""
    s = r**2
    return 2 * acos(rho / sqrt(1 + s)) - (1 + s) * acos(rho) - (1 - s) * acos(rho * (1 - s) / (1 + s))


@claim(
    "separation-of-outer-points-second-order",
    source="THEORY §8 [D]",
    bound="tight",
    expected="certified",
    assumptions=("0 < r <= 1/2", "0 <= rho <= 9/10", "Delta_pm by the claim separation-of-outer-points"),
    assuming=("separation-of-outer-points",),
    statement=r"\Big|2\pi\Delta_\pm(\rho)+\frac{\rho r^2}{\sqrt{1-\rho^2}}\Big|<22.2\,r^4",
    twins={"1 % less of the remainder": {"constant": LESS * Rational(222, 10)},
           "half of the leading term": {"leading": Rational(1, 2)}, "1 % more of the leading term": {"leading": MORE}},
)
def outer_second_order(
    constant: sympy.Expr = Rational(222, 10),  # noqa: B008
    leading: sympy.Expr = ONE,
    most: sympy.Expr = Rational(9, 10),  # noqa: B008
) -> All:
    """Residuals on z +- zeta separate to the same second order as those on z."""
    domain = {r: (Integer(0), Rational(1, 2)), rho: (Integer(0), most)}
    off = _outer(r, rho) + leading * rho * r**2 / sqrt(1 - rho**2)
    order = 4 if leading == 1 else 2
    return All((
        ("above", Inequality(domain, constant * r**4 - off, Corner(r, order))),
        ("below", Inequality(domain, constant * r**4 + off, Corner(r, order))),
    ))  # fmt: skip


@claim(
    "separation-cancels-at-second-order",
    source="THEORY §8 [D]",
    bound="upper",
    expected="certified",
    assumptions=("0 < r <= 1/2", "0 <= rho <= 9/10", "weights by the claims separation-of-z, separation-of-outer-points"),
    assuming=("separation-of-z", "separation-of-outer-points"),
    statement=r"|\Delta(\rho)-\Delta_\pm(\rho)|<\frac{9.22}\pi r^4",
    twins={"1 % less": {"constant": LESS * Rational(922, 100)}, "the sum for the difference": {"sign": 1}},
)
def cancels(
    constant: sympy.Expr = Rational(922, 100),  # noqa: B008
    sign: int = -1,
    most: sympy.Expr = Rational(9, 10),  # noqa: B008
) -> All:
    """With moving patterns, balanced residuals on z and z +- zeta cancel: what is left is of fourth order."""
    domain = {r: (Integer(0), Rational(1, 2)), rho: (Integer(0), most)}
    net = acos(rho) - acos(rho / sqrt(1 + r**2)) + sign * _outer(r, rho) / 2
    order = 4 if sign == -1 else 2
    return All((
        ("above", Inequality(domain, constant * r**4 - net, Corner(r, order))),
        ("below", Inequality(domain, constant * r**4 + net, Corner(r, order))),
    ))  # fmt: skip
