"""Claims of THEORY §10: what overlap with w* an amount of information allows, hence how many examples P needs."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, gamma, log, sqrt

from proofs_check.claim import claim
from proofs_check.problem import Identity, Positive, Step, Together

mu, kappa, c, d, n = sympy.symbols("mu kappa c d n", positive=True)  # mu = (d - 1)/2
t = sympy.Symbol("t", real=True)
BOX = (Rational(1, 10), Integer(3))
HALVES = (Rational(1, 2), Integer(20))
INSIDE = {t: (Rational(-9, 10), Rational(9, 10)), mu: HALVES, kappa: (Rational(1, 10), Integer(30))}


@claim(
    "von-mises-fisher-normaliser",
    source="THEORY §10 [D]",
    assumptions=(
        "d >= 2; w uniform on the sphere, v any unit vector: t = <v, w> has a density proportional to (1 - t^2)^{(d-3)/2}",
        "mu = (d-1)/2 > 0, so that t^{2k+1} (1 - t^2)^mu is 0 at t = -1 and 1, and its derivative integrates to 0",
        "odd moments are 0 by symmetry; the series converges for every kappa",
    ),
    statement=r"E\,t^{2k+2}=\frac{2k+1}{2k+d}E\,t^{2k},\ \text{ so }\ M_d(\kappa)=E\,e^{\kappa t}"
    r"=\sum_k\frac{\Gamma(d/2)}{k!\,\Gamma(k+d/2)}\Big(\frac\kappa2\Big)^{2k}"
    r"=\Gamma\big(\tfrac d2\big)\Big(\frac2\kappa\Big)^{d/2-1}I_{d/2-1}(\kappa)",
    twins={"2k + d + 1": {"more": 1}, "kappa for kappa/2": {"base": 1}},
)
def normaliser(more: int = 0, base: int = 4) -> Together:
    """The normaliser of the von Mises-Fisher law is a Bessel function: all moments agree with its series."""
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    order = sympy.Symbol("k", nonnegative=True)
    at_t = sympy.Symbol("t", positive=True)
    inside = {at_t: (Rational(1, 10), Rational(9, 10)), mu: HALVES, order: (Integer(0), Integer(5))}
    moved = at_t ** (2 * order) * (2 * order + 1 - (2 * order + 2 * mu + 1 + more) * at_t**2) * (1 - at_t**2) ** (mu - 1)
    at = {d: (Integer(2), Integer(20)), k: (Integer(0), Integer(6))}

    def coefficient(index: sympy.Expr) -> sympy.Expr:
        return gamma(d / 2) / (Integer(base) ** index * gamma(index + 1) * gamma(index + d / 2))

    ratio = (2 * k + 1) / (2 * k + d) / ((2 * k + 1) * (2 * k + 2))  # of E t^2k / (2k)!
    series = sympy.gammasimp(coefficient(k + 1) / coefficient(k))
    return Together((
        ("integration by parts", Identity(inside, sympy.diff(at_t ** (2 * order + 1) * (1 - at_t**2) ** mu, at_t), (
            Step(moved, "product rule, d = 2 mu + 1; the integral of the left side is 0"),
        ))),
        ("ratio of neighbouring terms", Identity(at, ratio, (Step(series, "Gamma(z + 1) = z Gamma(z)"),))),
    ))  # fmt: skip


@claim(
    "tilted-cosine-relation",
    source="THEORY §10 [D]",
    assumptions=(
        "t of density proportional to (1 - t^2)^{mu-1} e^{kappa t} on [-1, 1]; mu = (d-1)/2, d >= 2",
        "the integral of the derivative of (1 - t^2)^mu e^{kappa t} is 0, as mu > 0",
    ),
    statement=r"\frac d{dt}\big[(1-t^2)^\mu e^{\kappa t}\big]=\big[\kappa(1-t^2)-2\mu t\big](1-t^2)^{\mu-1}e^{\kappa t},"
    r"\ \text{ so }\ \kappa(1-E\,t^2)=2\mu\,E\,t",
    twins={"mu t": {"twice": 1}, "1 + t^2": {"sign": -1}},
)
def tilted(twice: int = 2, sign: int = 1) -> Together:
    """One relation between the first two moments of a cosine under the von Mises-Fisher law."""
    weight = (1 - t**2) ** mu * exp(kappa * t)
    right = (kappa * (1 - sign * t**2) - twice * mu * t) * (1 - t**2) ** (mu - 1) * exp(kappa * t)
    ends = {mu: HALVES, kappa: INSIDE[kappa]}
    return Together((
        ("derivative", Identity(INSIDE, sympy.diff(weight, t), (Step(right, "product rule"),))),
        ("0 at t = 1", Identity(ends, weight.subs(t, 1), (Step(Integer(0), "mu > 0"),))),
        ("0 at t = -1", Identity(ends, weight.subs(t, -1), (Step(Integer(0), "mu > 0"),))),
    ))  # fmt: skip


@claim(
    "bessel-ratio-bound",
    source="THEORY §10 [D], Amos (1974)",
    bound="upper",
    assumptions=(
        "every d >= 2, mu = (d-1)/2; every kappa > 0",
        "A = E t = M_d'/M_d = I_{d/2}(kappa)/I_{d/2-1}(kappa) > 0, q = 1 - E t^2 > 0, s = Var t >= 0: A^2 + q + s = 1",
        "kappa q = 2 mu A, by the claim tilted-cosine-relation: A, q, s, kappa are free but for the sum, and give mu",
    ),
    statement=r"A_d(\kappa)=\frac{I_{d/2}(\kappa)}{I_{d/2-1}(\kappa)}\le B(\kappa)=\frac{\sqrt{\mu^2+\kappa^2}-\mu}\kappa"
    r"=\frac\kappa{\mu+\sqrt{\mu^2+\kappa^2}}",
    twins={"mu 10 % larger": {"scale": Rational(11, 10)}, "1 % smaller": {"factor": Rational(99, 100)}},
)
def bessel_ratio(scale: sympy.Expr = Integer(1), factor: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """Amos' bound in two lines: the variance of the cosine is not negative."""
    a, b = sympy.symbols("a b", positive=True)
    e = sympy.Symbol("e", nonnegative=True)
    total = a**2 + b + e  # A = a/sqrt(total), q = b/total, s = e/total
    mean, q, s = a / sqrt(total), b / total, e / total
    half = kappa * q / (2 * mean)
    root = sqrt((scale * half) ** 2 + kappa**2)
    domain = {kappa: BOX, a: BOX, b: BOX, e: (Integer(0), Integer(1))}
    reach = {mu: HALVES, kappa: BOX}
    return Together((
        ("two forms", Identity(reach, (sqrt(mu**2 + kappa**2) - mu) / kappa, (
            Step(kappa / (mu + sqrt(mu**2 + kappa**2)), "times the sum of root and mu"),
        ))),
        ("moments", Identity(domain, mean**2 + q + s, (Step(Integer(1), "by their definition"),))),
        ("bound", Positive(domain, factor * (root - scale * half) / kappa - mean, (
            Step(kappa * s / (sqrt(half**2 + kappa**2) + half + kappa * mean), "times root + mu + kappa A; kappa q = 2 mu A"),
        ), strict=False)),
    ))  # fmt: skip


def bound_of_logarithm() -> sympy.Expr:
    """f(kappa), the integral of B from 0."""
    root = sqrt(mu**2 + kappa**2)
    return root - mu - mu * log((mu + root) / (2 * mu))


@claim(
    "normaliser-bound",
    source="THEORY §10 [D]",
    bound="upper",
    assumptions=("log M_d(0) = 0 and (log M_d)' = A_d <= B, by the claim bessel-ratio-bound",),
    statement=r"f(\kappa)=\sqrt{\mu^2+\kappa^2}-\mu-\mu\log\frac{\mu+\sqrt{\mu^2+\kappa^2}}{2\mu}:\quad"
    r"f'=B,\ f(0)=0,\ \text{ so }\ \log M_d\le f",
    twins={"mu for 2 mu": {"twice": 1}, "half of the logarithm": {"share": Rational(1, 2)}},
)
def logarithm_bound(twice: int = 2, share: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """The logarithm of the normaliser is bounded by the integral of Amos' bound."""
    root = sqrt(mu**2 + kappa**2)
    f = root - mu - share * mu * log((mu + root) / (twice * mu))
    return Together((
        ("derivative", Identity({mu: HALVES, kappa: BOX}, sympy.diff(f, kappa), (
            Step(kappa / (mu + root), "put over one denominator"),
        ))),
        ("0 at 0", Identity({mu: HALVES}, f.subs(kappa, 0), (Step(Integer(0), "log 1 = 0"),))),
    ))  # fmt: skip


@claim(
    "information-needed-for-overlap",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=(
        "w* uniform on the sphere; the answer w-hat is any unit vector computed from the examples, and from chance of its own",
        "E <w-hat, w*> >= c, 0 < c < 1",
        "donsker-varadhan with P the joint law of examples and w*, Q with w* drawn anew, T = kappa <w-hat, w*>: "
        "I >= kappa c - log M_d(kappa) for every kappa > 0; log M_d <= f by the claim normaliser-bound",
    ),
    statement=r"I\ge\kappa c-f(\kappa)\Big|_{\kappa=2\mu c/(1-c^2)}=-\mu\log(1-c^2)=-\tfrac{d-1}2\log(1-c^2),"
    r"\quad\text{the best }\kappa:\ B(\kappa)=c",
    twins={"1 - c": {"power": 1}, "kappa = mu c/(1 - c^2)": {"twice": 1}},
)
def information_needed(power: int = 2, twice: int = 2) -> Together:
    """Nats about w* without which no method reaches an overlap."""
    best = twice * mu * c / (1 - c**2)
    # sqrt(mu^2 + kappa^2) = mu (1 + c^2)/(1 - c^2) at the best kappa.
    root, h = mu * (1 + c**2) / (1 - c**2), sympy.Symbol("h", positive=True)
    domain = {mu: HALVES, c: (Rational(1, 10), Rational(9, 10))}
    value = best * c - (root - mu - mu * log((mu + root) / (2 * mu)))
    return Together((
        ("the root is positive, with c = h/(1 + h)", Positive({mu: HALVES, h: BOX}, root.subs(c, h / (1 + h)), (
            Step(mu * ((1 + h) ** 2 + h**2) / (1 + 2 * h), "times (1 + h)^2"),
        ))),
        ("is the root", Identity(domain, mu**2 + best**2, (Step(root**2, "(1 - c^2)^2 + 4 c^2 = (1 + c^2)^2"),))),
        ("B = c", Identity(domain, best / (mu + root), (Step(c, "mu + root = 2 mu/(1 - c^2)"),))),
        ("value", Identity(domain, value, (
            Step(mu * log((mu + root) / (2 * mu)), "kappa c = root - mu"),
            Step(mu * log(1 / (1 - c**2)), "(mu + root)/(2 mu) = 1/(1 - c^2)"),
            Step(-mu * log(1 - c**power), "logarithm of a reciprocal", "derivative", c, Integer(0)),
        ))),
    ))  # fmt: skip


@claim(
    "p-needs-order-d-examples",
    source="THEORY §10 [F 18-21], [D]",
    bound="lower",
    assumptions=(
        "every d >= 2; n independent examples that hold P",
        "I(w*; D_n) <= n I_1 by the claims information-per-example and information-of-independent-examples",
        "I = (d-1) L/2 + s_1 by the claim information-needed-for-overlap, L = -log(1 - c^2) > 0",
        "n I_1 = I + s_2; s_1, s_2 >= 0",
    ),
    statement=r"\frac nd\ge-\Big(1-\frac1d\Big)\frac{\log(1-c^2)}{2I_1(d)}",
    twins={"1 + 1/d": {"sign": 1}, "without the 2": {"twice": 1}},
)
def needs_examples(sign: int = -1, twice: int = 2) -> Positive:
    """No method learns P from fewer than a constant times d examples."""
    of_one, needed = sympy.symbols("I_1 L", positive=True)
    first, second = sympy.symbols("s_1 s_2", nonnegative=True)
    unit = (Integer(0), Integer(1))
    domain = {d: (Integer(2), Integer(50)), of_one: BOX, needed: BOX, first: unit, second: unit}
    count = ((d - 1) / 2 * needed + first + second) / of_one
    return Positive(domain, count / d - (1 + sign / d) * needed / (twice * of_one), (
        Step((first + second) / (d * of_one), "divided by d I_1"),
    ), strict=False)  # fmt: skip
