"""Claims of THEORY §10: what overlap with w* an amount of information allows, hence how many examples P needs."""

from __future__ import annotations

import sympy
from sympy import Derivative, Integer, Limit, Rational, exp, gamma, log, sqrt

from proofs_check.claim import claim
from proofs_check.claims.information_on_p import ALONG, g_0, information
from proofs_check.claims.unevaluated import at, power, quotient
from proofs_check.problem import All, Identity, Positive, Step

mu, kappa, d, h = sympy.symbols("mu kappa d h", positive=True)  # mu = (d - 1)/2
c = h / (1 + h)  # any overlap between 0 and 1
t = sympy.Symbol("t", real=True)
BOX = (Rational(1, 10), Integer(3))
HALVES = (Rational(1, 2), Integer(20))
INSIDE = {t: (Rational(-9, 10), Rational(9, 10)), mu: HALVES, kappa: (Rational(1, 10), Integer(30))}


def series_term(k: sympy.Expr, times: sympy.Expr = Integer(1)) -> sympy.Expr:  # noqa: B008
    """Term k of the normaliser's series in kappa."""
    return gamma(d / 2) / (gamma(k + 1) * gamma(k + d / 2)) * (times * kappa / 2) ** (2 * k)


@claim(
    "von-mises-fisher-normaliser",
    source="THEORY §10 [D]",
    assumptions=(
        "d >= 2; w uniform on the sphere, v any unit vector: t = <v, w> has a density proportional to (1 - t^2)^{(d-3)/2}",
        "mu = (d-1)/2 > 0; a function that is 0 at both ends has a derivative that integrates to 0",
        "odd moments are 0 by symmetry, E t^0 = 1; the series of e^{kappa t} converges for every kappa",
        "I_nu(kappa) is defined by its series, of terms (kappa/2)^{2k+nu}/(k! Gamma(k + nu + 1))",
    ),
    statement=r"E\,t^{2k+2}=\frac{2k+1}{2k+d}E\,t^{2k},\ \text{ so }\ M_d(\kappa)=E\,e^{\kappa t}"
    r"=\sum_k\frac{\Gamma(d/2)}{k!\,\Gamma(k+d/2)}\Big(\frac\kappa2\Big)^{2k}"
    r"=\Gamma\big(\tfrac d2\big)\Big(\frac2\kappa\Big)^{d/2-1}I_{d/2-1}(\kappa)",
    twins={
        "2k + d + 1": {"more": Integer(1)}, "kappa for kappa/2": {"times": Integer(2)},
        "kappa/2 moved by 1 %": {"times": Rational(101, 100)}, "2k + 1.01 d": {"of_d": Rational(101, 100)},
    },
)
def normaliser(
    more: sympy.Expr = Integer(0), times: sympy.Expr = Integer(1), of_d: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """The normaliser of the von Mises-Fisher law is a Bessel function: all moments agree with its series."""
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    half_power = sympy.Symbol("k", nonnegative=True)
    at_t = sympy.Symbol("t", positive=True)
    inside = {at_t: (Rational(1, 10), Rational(9, 10)), mu: HALVES, half_power: (Integer(0), Integer(5))}
    ends = {mu: HALVES, half_power: inside[half_power]}
    moved = at_t ** (2 * half_power) * (1 - at_t**2) ** (mu - 1)
    moved *= 2 * half_power + 1 - (2 * half_power + 2 * mu + 1 + more) * at_t**2
    weight = at_t ** (2 * half_power + 1) * (1 - at_t**2) ** mu
    start = {d: (Integer(2), Integer(20)), kappa: BOX}
    domain = {**start, k: (Integer(0), Integer(6))}
    # E t^{2k+2} kappa^{2k+2}/(2k+2)! by E t^{2k} kappa^{2k}/(2k)!.
    ratio = kappa**2 * (2 * k + 1) / (2 * k + of_d * d) / ((2 * k + 1) * (2 * k + 2))
    of_series = (times * kappa / 2) ** 2 / ((k + 1) * (k + d / 2))
    nu = d / 2 - 1
    bessel = (kappa / 2) ** (2 * k + nu) / (gamma(k + 1) * gamma(k + nu + 1))
    return All((
        ("integration by parts", Identity(inside, Derivative(weight, at_t), (
            Step(moved, "product rule, d = 2 mu + 1; the integral of the left side is 0"),
        ))),
        # Odd in t, so that one end is enough.
        ("0 at the end t = 1", Identity(ends, Limit(weight, at_t, 1, "-"), (Step(Integer(0), "mu > 0"),))),
        ("first term", Identity(start, at(series_term(k, times), k, Integer(0)), (Step(Integer(1), "E t^0"),))),
        ("ratio of neighbouring terms", Identity(domain, quotient(series_term(k + 1, times), series_term(k, times)), (
            Step(of_series, "Gamma(z + 1) = z Gamma(z)"),
            Step(ratio, "that of the moments"),
        ))),
        ("Bessel function", Identity(domain, gamma(d / 2) * (2 / kappa) ** (d / 2 - 1) * bessel, (
            Step(series_term(k), "term by term, nu = d/2 - 1"),
        ))),
    ))  # fmt: skip


@claim(
    "tilted-cosine-relation",
    source="THEORY §10 [D]",
    assumptions=(
        "t of density proportional to (1 - t^2)^{mu-1} e^{kappa t} on [-1, 1]; mu = (d-1)/2, d >= 2",
        "the integral of the derivative of (1 - t^2)^mu e^{kappa t} is 0, as this is 0 at both ends",
    ),
    statement=r"\frac d{dt}\big[(1-t^2)^\mu e^{\kappa t}\big]=\big[\kappa(1-t^2)-2\mu t\big](1-t^2)^{\mu-1}e^{\kappa t},"
    r"\ \text{ so }\ \kappa(1-E\,t^2)=2\mu\,E\,t",
    twins={
        "mu t": {"twice": Integer(1)}, "1 + t^2": {"sign": -1}, "2 mu moved by 1 %": {"twice": Rational(202, 100)},
    },
)
def tilted(twice: sympy.Expr = Integer(2), sign: int = 1) -> All:  # noqa: B008
    """One relation between the first two moments of a cosine under the von Mises-Fisher law."""
    weight = (1 - t**2) ** mu * exp(kappa * t)
    right = (kappa * (1 - sign * t**2) - twice * mu * t) * (1 - t**2) ** (mu - 1) * exp(kappa * t)
    ends = {mu: HALVES, kappa: INSIDE[kappa]}
    return All((
        ("derivative", Identity(INSIDE, Derivative(weight, t), (Step(right, "product rule"),))),
        ("0 at t = 1", Identity(ends, Limit(weight, t, 1, "-"), (Step(Integer(0), "mu > 0"),))),
        ("0 at t = -1", Identity(ends, Limit(weight, t, -1, "+"), (Step(Integer(0), "mu > 0"),))),
    ))  # fmt: skip


@claim(
    "bessel-ratio-bound",
    source="THEORY §10 [D], Amos (1974)",
    bound="upper",
    assumptions=(
        "every d >= 2, mu = (d-1)/2; every kappa > 0",
        "M_d and I_nu by their series, of the claim von-mises-fisher-normaliser; A = E t = M_d'/M_d > 0",
        "q = 1 - E t^2 > 0, s = Var t >= 0: A^2 + q + s = 1",
        "kappa q = 2 mu A, by the claim tilted-cosine-relation: A, q, s, kappa are free but for the sum, and give mu",
    ),
    assuming=("von-mises-fisher-normaliser", "tilted-cosine-relation"),
    statement=r"A_d(\kappa)=\frac{I_{d/2}(\kappa)}{I_{d/2-1}(\kappa)}\le B(\kappa)=\frac{\sqrt{\mu^2+\kappa^2}-\mu}\kappa"
    r"=\frac\kappa{\mu+\sqrt{\mu^2+\kappa^2}}",
    twins={"mu 10 % larger": {"scale": Rational(11, 10)}, "1 % smaller": {"factor": Rational(99, 100)}},
)
def bessel_ratio(scale: sympy.Expr = Integer(1), factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Amos' bound in two lines: the variance of the cosine is not negative."""
    a, b = sympy.symbols("a b", positive=True)
    e = sympy.Symbol("e", nonnegative=True)
    total = a**2 + b + e  # A = a/sqrt(total), q = b/total, s = e/total
    mean, q, s = a / sqrt(total), b / total, e / total
    half = kappa * q / (2 * mean)
    root = sqrt((scale * half) ** 2 + kappa**2)
    domain = {kappa: BOX, a: BOX, b: BOX, e: (Integer(0), Integer(1))}
    reach = {mu: HALVES, kappa: BOX}
    index = sympy.Symbol("k", integer=True, nonnegative=True)
    # Of Gamma(d/2) (2/kappa)^{d/2-1} I_{d/2}.
    above = gamma(d / 2) * (2 / kappa) ** (d / 2 - 1) * (kappa / 2) ** (2 * index + d / 2)
    above /= gamma(index + 1) * gamma(index + d / 2 + 1)
    terms = {d: (Integer(2), Integer(20)), kappa: BOX, index: (Integer(0), Integer(6))}
    return All((
        ("A is the ratio of Bessel functions", Identity(terms, Derivative(series_term(index + 1), kappa), (
            Step(above, "term by term: the derivative of the series of M_d"),
        ))),
        ("two forms", Identity(reach, (sqrt(mu**2 + kappa**2) - mu) / kappa, (
            Step(kappa / (mu + sqrt(mu**2 + kappa**2)), "times the sum of root and mu"),
        ))),
        ("moments", Identity(domain, mean**2 + q + s, (Step(Integer(1), "by their definition"),))),
        ("bound", Positive(domain, factor * (root - scale * half) / kappa - mean, (
            Step(kappa * s / (sqrt(half**2 + kappa**2) + half + kappa * mean), "times root + mu + kappa A; kappa q = 2 mu A"),
        ), strict=False)),
    ))  # fmt: skip


def bound_of_logarithm(
    root: sympy.Expr, twice: sympy.Expr = Integer(2), share: sympy.Expr = Integer(1),  # noqa: B008
) -> sympy.Expr:  # fmt: skip
    """f(kappa), the integral of B from 0, with the root of mu^2 + kappa^2."""
    return root - mu - share * mu * log((mu + root) / (twice * mu))


@claim(
    "normaliser-bound",
    source="THEORY §10 [D]",
    bound="upper",
    assumptions=("log M_d(0) = 0 and (log M_d)' = A_d <= B, by the claim bessel-ratio-bound",),
    assuming=("bessel-ratio-bound",),
    statement=r"f(\kappa)=\sqrt{\mu^2+\kappa^2}-\mu-\mu\log\frac{\mu+\sqrt{\mu^2+\kappa^2}}{2\mu}:\quad "
    r"f'=B,\ f(0)=0,\ \text{ so }\ \log M_d\le f",
    twins={
        "mu for 2 mu": {"twice": Integer(1)}, "half of the logarithm": {"share": Rational(1, 2)},
        "2 mu moved by 1 %": {"twice": Rational(202, 100)}, "99 % of the logarithm": {"share": Rational(99, 100)},
    },
)
def logarithm_bound(twice: sympy.Expr = Integer(2), share: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """The logarithm of the normaliser is bounded by the integral of Amos' bound."""
    f = bound_of_logarithm(sqrt(mu**2 + kappa**2), twice, share)
    return All((
        ("derivative", Identity({mu: HALVES, kappa: BOX}, Derivative(f, kappa), (
            Step(kappa / (mu + sqrt(mu**2 + kappa**2)), "put over one denominator"),
        ))),
        ("0 at 0", Identity({mu: HALVES}, at(f, kappa, Integer(0)), (Step(Integer(0), "log 1 = 0"),))),
    ))  # fmt: skip


def needed_information(mu: sympy.Expr, power_of_c: sympy.Expr = Integer(2)) -> sympy.Expr:  # noqa: B008
    """-mu log(1 - c^2): nats that an overlap c takes, as the claim information-needed-for-overlap derives it."""
    return -mu * log(1 - c**power_of_c)


@claim(
    "information-needed-for-overlap",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=(
        "w* uniform on the sphere; the answer w-hat is any unit vector computed from the examples, and from chance of its own",
        "E <w-hat, w*> >= c = h/(1 + h), 0 < c < 1",
        "donsker-varadhan with P the joint law of examples and w*, Q with w* drawn anew, T = kappa <w-hat, w*>: "
        "I >= kappa c - log M_d(kappa) for every kappa > 0; log M_d <= f by the claim normaliser-bound",
    ),
    assuming=("donsker-varadhan", "normaliser-bound"),
    statement=r"I\ge\kappa c-f(\kappa)\Big|_{\kappa=2\mu c/(1-c^2)}=-\mu\log(1-c^2)=-\tfrac{d-1}2\log(1-c^2),"
    r"\quad\text{the best }\kappa:\ B(\kappa)=c",
    twins={
        "1 - c": {"exponent": Integer(1)}, "kappa = mu c/(1 - c^2)": {"twice": Integer(1)},
        "kappa moved by 1 %": {"twice": Rational(202, 100)}, "mu moved by 1 %": {"times": Rational(101, 100)},
    },
)
def information_needed(
    exponent: sympy.Expr = Integer(2), twice: sympy.Expr = Integer(2), times: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """Nats about w* without which no method reaches an overlap."""
    best = twice * mu * c / (1 - c**2)
    # sqrt(mu^2 + kappa^2) at the best kappa, where 1 - c^2 = (1 + 2 h)/(1 + h)^2.
    root = mu * (1 + c**2) / (1 - c**2)
    domain, in_d = {mu: HALVES, h: BOX}, {d: (Integer(2), Integer(40)), h: BOX}
    named = sympy.Symbol("rho", positive=True)  # the root of mu^2 + kappa^2

    def gain(at_root: sympy.Expr) -> sympy.Expr:
        return kappa * c - bound_of_logarithm(at_root)

    return All((
        ("the root is positive", Positive(domain, root, (Step(mu * ((1 + h) ** 2 + h**2) / (1 + 2 * h), "times (1 + h)^2"),))),
        ("is the root", Identity(domain, mu**2 + power(best, Integer(2)), (
            Step(root**2, "(1 - c^2)^2 + 4 c^2 = (1 + c^2)^2"),
        ))),
        ("slope at the best kappa", Identity({**domain, kappa: BOX}, Derivative(gain(sqrt(mu**2 + kappa**2)), kappa), (
            Step(c - kappa / (mu + sqrt(mu**2 + kappa**2)), "c - B(kappa)"),
        ))),
        ("B = c", Identity(domain, quotient(best, mu + root), (Step(c, "mu + root = 2 mu/(1 - c^2)"),))),
        ("value", Identity(domain, at(at(gain(named), kappa, best), named, root), (
            Step(mu * log((mu + root) / (2 * mu)), "kappa c = root - mu"),
            Step(mu * log(1 / (1 - c**2)), "(mu + root)/(2 mu) = 1/(1 - c^2)"),
            Step(times * needed_information(mu, exponent), "logarithm of a reciprocal"),
        ))),
        ("in d", Identity(in_d, at(needed_information(mu), mu, (d - 1) / 2), (
            Step(-(d - 1) / 2 * log(1 - c**2), "mu = (d - 1)/2"),
        ))),
    ))  # fmt: skip


@claim(
    "p-needs-order-d-examples",
    source="THEORY §10 [F 18-21], [D]",
    bound="lower",
    assumptions=(
        "every d >= 2; n independent examples that hold P; E <w-hat, w*> >= c = h/(1 + h) under the uniform prior",
        "I(w*; D_n) <= n I_1 by the claims information-per-example (I_1 as there) and information-of-independent-examples",
        "I(w*; D_n) >= -((d - 1)/2) log(1 - c^2) by the claim information-needed-for-overlap",
        "s_1, s_2 >= 0 are what the two leave over: n I_1 = -((d - 1)/2) log(1 - c^2) + s_1 + s_2",
    ),
    assuming=("information-per-example", "information-of-independent-examples", "information-needed-for-overlap"),
    statement=r"\frac nd\ge-\Big(1-\frac1d\Big)\frac{\log(1-c^2)}{2I_1(d)},\quad "
    r"I_1(d)=\tfrac d2\log\Big(1+\frac{g_0^2+2g_0\sqrt{2/\pi}}d\Big)+\log2",
    twins={
        "1 + 1/d": {"sign": 1}, "without the 2": {"twice": Integer(1)}, "2 moved by 1 %": {"twice": Rational(198, 100)},
        "1 - c for 1 - c^2": {"exponent": Integer(1)}, "2 g_0 moved by 1 % in I_1": {"cross": Rational(198, 100)},
    },
)
def needs_examples(
    sign: int = -1, twice: sympy.Expr = Integer(2), exponent: sympy.Expr = Integer(2), cross: sympy.Expr = Integer(2),  # noqa: B008
) -> Positive:  # fmt: skip
    """No method learns P from fewer than a constant times d examples."""
    first, second = sympy.symbols("s_1 s_2", nonnegative=True)
    unit = (Integer(0), Integer(1))
    domain = {d: (Integer(2), Integer(50)), g_0: BOX, h: BOX, first: unit, second: unit}
    of_one, claimed = (information(d, g_0**2 + times * g_0 * ALONG) for times in (Integer(2), cross))
    count = (needed_information((d - 1) / 2) + first + second) / of_one
    bound = (1 + sign / d) * needed_information(Integer(1), exponent) / (twice * claimed)
    return Positive(domain, count / d - bound, (
        Step((first + second) / (d * of_one), "divided by d I_1"),
    ), strict=False)  # fmt: skip
