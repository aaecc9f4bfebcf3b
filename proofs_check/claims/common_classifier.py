"""Claims of THEORY §11: how far the common classifier's output is from its mean at width m."""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Integer, Rational, exp, log, oo, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at, derivative_at, product, quotient
from proofs_check.problem import All, Identity, Positive, Sampled, Step, Value

m, s, p, z, epsilon, rate = sympy.symbols("m s p z epsilon l", positive=True)
x = sympy.Symbol("x", real=True)
BOX = (Rational(1, 10), Integer(3))
WIDTHS = (Integer(1), Integer(60))
HALF = Rational(1, 2)


@claim(
    "neuron-is-active-half-of-the-time",
    source="THEORY §11 [D]",
    assumptions=(
        "a row of the noise is N(0, tau_t^2 I), tau_t > 0; x_1 is fixed and not 0: <u~_j, x_1> is N(0, s^2), s = tau_t |x_1|",
        "patterns are those of the noise",
    ),
    statement=r"P[\tilde u_jx_1>0]=\int_0^\infty\frac{e^{-v^2/(2s^2)}}{\sqrt{2\pi}\,s}dv=\frac12"
    r"\ \text{ for every }s=\tau_t\|x_1\|>0",
    twins={"1/3": {"share": Rational(1, 3)}, "1/2 moved by 1 %": {"share": Rational(101, 200)}},
)
def active(share: sympy.Expr = HALF) -> Identity:
    """Whatever the noise level and the example."""
    density = exp(-(x**2) / (2 * s**2)) / sqrt(2 * pi) / s
    return Identity({s: BOX}, sympy.Integral(density, (x, 0, oo)), (Step(share, "symmetry"),))


@claim(
    "active-neurons-are-binomial",
    source="THEORY §11 [D]",
    assumptions=(
        "rows of the noise are independent, each active with probability 1/2 (claim neuron-is-active-half-of-the-time); K of m",
        "induction over m: with none, K = 0; k = 1 + i, m = k + j, so that both terms exist; k = 0 and k = m + 1 apart",
    ),
    assuming=("neuron-is-active-half-of-the-time",),
    statement=r"P_m(k)=\binom mk2^{-m}:\quad P_0(0)=1,\quad\tfrac12P_m(k)+\tfrac12P_m(k-1)=P_{m+1}(k)\ (1\le k\le m),"
    r"\quad\tfrac12P_m(0)=P_{m+1}(0),\quad\tfrac12P_m(m)=P_{m+1}(m+1)",
    twins={"k + 1 of m + 1": {"shift": 1}, "1/2 moved by 1 %": {"half": Rational(101, 200)}},
)
def binomial_law(shift: int = 0, half: sympy.Expr = HALF) -> All:
    """Exact law of the number of active neurons for one example at one time: one more neuron at a time."""
    i, j = sympy.symbols("i j", integer=True, nonnegative=True)
    k, zero = 1 + i, Integer(0)
    width = k + j

    def law(n: sympy.Expr, hits: sympy.Expr) -> sympy.Expr:
        return sympy.factorial(n) / (sympy.factorial(hits) * sympy.factorial(n - hits)) / 2**n

    start = (half * law(width, k) + (1 - half) * law(width, k - 1)) / law(width + 1, k)
    none, all_of = half * law(j, zero) / law(j + 1, zero), half * law(j, j) / law(j + 1, j + 1)
    alone = {j: (zero, Integer(9))}
    return All((
        ("no neuron", Identity({}, at(law(i, zero), i, zero), (Step(Integer(1), "0! = 1"),))),
        ("one more neuron", Identity({i: (zero, Integer(8)), j: alone[j]}, start, (
            Step(2 * half * (width + 1 - k) / (width + 1) + 2 * (1 - half) * k / (width + 1), "n! = n (n - 1)!"),
            Step(1 + shift / (width + 1), "both sides divided by the right one"),
        ))),
        ("none active", Identity(alone, product(none, law(j + 1, zero)), (Step(law(j + 1, zero), "2^-m by 2"),))),
        ("all active", Identity(alone, product(all_of, law(j + 1, j + 1)), (Step(law(j + 1, j + 1), "2^-m by 2"),))),
    ))  # fmt: skip


@claim(
    "common-classifier-spread",
    source="THEORY §11 [D]",
    assumptions=(
        "u_j = +-1/sqrt(m), so N_A(theta*; x_1) = s p K/m with p = <w*, x_1>, by the claim common-classifier",
        "K = K' active of m rows, or K = 2 K' for m/2 pairs that share a row; K' binomial: E z^K' = ((1 + z)/2)^n",
        "E K' and E K' (K' - 1) are its first two derivatives at z = 1",
        "signs u do not matter: independent and balanced ones have the first law",
    ),
    assuming=("common-classifier",),
    statement=r"E\,N_A=\frac s2\langle w^*,x_1\rangle,\qquad\frac{\mathrm{sd}\,N_A}{E\,N_A}=\frac1{\sqrt m}"
    r"\ \text{ (pairs: }\sqrt{2/m}\text{)}",
    twins={
        "1/m": {"exponent": Integer(1)}, "pairs as if independent": {"paired": Integer(1)}, "s for s/2": {"half": Integer(1)},
        "s/2 moved by 1 %": {"half": Rational(101, 200)}, "2/m moved by 1 %": {"paired": Rational(202, 100)},
        "power -0.505": {"exponent": Rational(101, 200)},
    },
)
def spread(
    exponent: sympy.Expr = HALF, paired: sympy.Expr = Integer(2), half: sympy.Expr = HALF,  # noqa: B008
) -> All:  # fmt: skip
    """Mean and relative spread of the common classifier's output, exact at every width."""
    domain = {s: BOX, p: BOX, m: WIDTHS}

    def moments(rows: sympy.Expr, each: int) -> tuple[sympy.Expr, sympy.Expr]:
        law = ((1 + z) / 2) ** rows
        first, second = (derivative_at(law, z, Integer(1), order) for order in (1, 2))
        output = s * p * each / m
        return output * first, output**2 * (second + first - first**2)

    mean, variance = moments(m, 1)
    of_pairs, variance_of_pairs = moments(m / 2, 2)
    return All((
        ("mean", Identity(domain, mean, (Step(half * s * p, "first derivative at z = 1"),))),
        ("mean, pairs", Identity(domain, of_pairs, (Step(half * s * p, "first derivative at z = 1"),))),
        ("squared spread", Identity(domain, variance / mean**2, (Step(m ** (-2 * exponent), "second derivative at z = 1"),))),
        ("squared spread, pairs", Identity(domain, variance_of_pairs / of_pairs**2, (
            Step(paired / m, "half as many rows, each twice"),
        ))),
    ))  # fmt: skip


@claim(
    "active-share-moment-bound",
    source="THEORY §11 [D], Hoeffding (1963)",
    bound="upper",
    assumptions=(
        "n independent rows, K' of them active, each with probability 1/2; l > 0, or l < 0 by symmetry",
        "the moment of a sum of independent rows is the product of theirs",
    ),
    statement=r"E\,e^{(l/n)(a_j-1/2)}=\cosh\frac l{2n},\ \text{ so }\ E\,e^{l(K'/n-1/2)}=\cosh^n\frac l{2n},"
    r"\qquad\log\cosh v\le\frac{v^2}2",
    twins={
        "v^2/3": {"share": Rational(1, 3)}, "cosh of l/n": {"half": Integer(1)},
        "1/2 moved by 1 %": {"share": Rational(99, 200)}, "2 n moved by 1 %": {"half": Rational(202, 100)},
    },
)
def moment_bound(share: sympy.Expr = Rational(1, 2), half: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """The share of active neurons deviates no more than a Gaussian of variance 1/(4 n)."""
    n = sympy.Symbol("n", positive=True)
    domain = {rate: BOX, n: (Integer(1), Integer(20))}
    cosh = (exp(rate / (half * n)) + exp(-rate / (half * n))) / 2
    whole = (exp(x) + exp(-x)) / 2
    return All((
        ("moment of one row", Identity(domain, (1 + exp(rate / n)) / 2 * exp(-rate / (2 * n)), (
            Step(cosh, "a_j = 0 or 1, each with probability 1/2; the mean taken out"),
        ))),
        ("bound", Positive({x: (Integer(-2), Integer(3))}, share * x**2 - log(whole), (
            Step((2 * share - 1) + ((exp(x) - exp(-x)) / (exp(x) + exp(-x))) ** 2, "second derivative: tanh^2"),
        ), by=x, at=Integer(0), order=2, strict=False)),
    ))  # fmt: skip


@claim(
    "active-share-tail-bound",
    source="THEORY §11 [D], Hoeffding (1963)",
    bound="upper",
    assumptions=(
        "0 < epsilon; Markov's inequality for e^{l (K'/n - 1/2)}, its mean by the claim active-share-moment-bound",
        "both sides of 1/2; n = m rows, n = m/2 for pairs",
    ),
    assuming=("active-share-moment-bound",),
    statement=r"\log P\Big[\frac{K'}n-\frac12\ge\epsilon\Big]\le\frac{l^2}{8n}-l\epsilon\ \text{ for every }l,"
    r"\text{ least at }l=4n\epsilon:\ P\Big[\Big|\frac{K'}n-\frac12\Big|\ge\epsilon\Big]\le2e^{-2n\epsilon^2}",
    twins={
        "4 n epsilon^2": {"twice": Integer(4)}, "l = n epsilon": {"best": Integer(1)},
        "2 n epsilon^2 moved by 1 %": {"twice": Rational(202, 100)}, "l moved by 1 %": {"best": Rational(404, 100)},
    },
)
def tail_bound(twice: sympy.Expr = Integer(2), best: sympy.Expr = Integer(4)) -> All:  # noqa: B008
    """Probability that one example at one time sees a share of active neurons far from a half."""
    n = sympy.Symbol("n", positive=True)
    exponent, domain = rate**2 / (8 * n) - rate * epsilon, {n: WIDTHS, epsilon: (Rational(1, 100), Rational(1, 2))}
    return All((
        ("moment", Identity({**domain, rate: BOX}, n * at(x**2 / 2, x, rate / (2 * n)) - rate * epsilon, (
            Step(exponent, "n log cosh(l/2n) <= n (l/2n)^2/2, by the claim active-share-moment-bound"),
        ))),
        ("at the best l", Identity(domain, at(exponent, rate, best * n * epsilon), (
            Step(-twice * n * epsilon**2, "put in"),
        ))),
        ("which is the best", Positive({**domain, rate: BOX}, exponent + twice * n * epsilon**2, (
            Step((rate - 4 * n * epsilon) ** 2 / (8 * n), "completed to a square"),
        ), strict=False)),
    ))  # fmt: skip


def exact_tail(rows: int, share: sympy.Rational) -> sympy.Rational:
    """P[|K'/n - 1/2| >= share] for K' binomial(n, 1/2), as a fraction."""
    hits = sum(sympy.binomial(rows, k) for k in range(rows + 1) if abs(Rational(k, rows) - Rational(1, 2)) >= share)
    return Rational(hits, 2**rows)


@claim(
    "active-share-exact-tails",
    source="THEORY §11 [D]",
    expected="certified",
    assumptions=(
        "K' binomial by the claim active-neurons-are-binomial; epsilon = 1/10", "n = 20, 100, 250 (500 in pairs) and 500",
        "stated to 6 digits, the last of them to 3; certified within 10^-12, the last within 10^-14",
    ),
    assuming=("active-neurons-are-binomial",),
    statement=r"P[|K'/n-\tfrac12|\ge\tfrac1{10}]\approx0.503445,\ 0.056888,\ 0.001883,\ 8.94\cdot10^{-6};"
    r"\ \text{ below }2e^{-2n/100}",
    twins={
        "exponent 4 n epsilon^2": {"twice": 4}, "strictly beyond": {"strict": True},
        "tails 1 % larger": {"factor": Rational(101, 100)},
    },
)
def exact_tails(twice: int = 2, strict: bool = False, factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Exact tails by adding up fractions, beside the bound: it is some ten times too large at n = 500."""
    share, beyond = Rational(1, 10), Rational(1, 10**9) if strict else Integer(0)
    stated = {
        20: ("0.503444671631", 12), 100: ("0.056887933641", 12),
        250: ("0.001883300935", 12), 500: ("0.00000894006654", 14),
    }
    parts = []
    for rows in stated:
        tail = factor * exact_tail(rows, share + beyond)
        number, digits = stated[rows]
        room = Rational(1, 10**digits)
        parts.append((f"tail at {rows}", Value(tail, Rational(number) - room, Rational(number) + room)))
        bound = 2 * exp(-Integer(twice) * rows * share**2)
        parts.append((f"bound at {rows}", Value(bound - tail, Integer(0), Integer(2))))
        if rows == 500:
            parts.append(("bound by tail at 500", Value(bound / tail, Integer(9), Integer(11))))
    return All(tuple(parts))


@claim(
    "common-classifier-at-all-examples-and-steps",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "N examples and T steps; a union bound over N T events, each by the claim active-share-tail-bound",
        "rows are independent of each other at every time; dependence between times and examples does not matter",
        "0 < delta < 2 N T; m = the bound + k, k >= 0; pairs: n = m/2",
    ),
    assuming=("active-share-tail-bound",),
    statement=r"m\ge\frac1{2\epsilon^2}\log\frac{2NT}\delta\ \text{ (pairs: twice that)}\ \Rightarrow\ P\Big["
    r"\exists i,t:\Big|\frac{N_{A_t}(\theta_*;x_i)}{s\langle w^*,x_i\rangle}-\frac12\Big|\ge\epsilon\Big]"
    r"\le2NTe^{-2n\epsilon^2}\le\delta",
    twins={
        "without T": {"steps": 0}, "pairs need no more": {"paired": Integer(1)},
        "99 % of the width": {"factor": Rational(99, 100)}, "pairs need 1 % less": {"paired": Rational(198, 100)},
    },
)
def union(steps: int = 1, paired: sympy.Expr = Integer(2), factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Width at which the common classifier works for all examples at all steps at once."""
    N, T, delta, k = sympy.symbols("N T delta k", positive=True)
    width = factor * log(2 * N * T**steps / delta) / (2 * epsilon**2)
    domain = {N: (Integer(5), Integer(50)), T: (Integer(2), Integer(50)), delta: (Rational(1, 100), Rational(1, 2)),
              epsilon: (Rational(1, 10), Rational(1, 2))}  # fmt: skip
    n = sympy.Symbol("n", positive=True)  # independent rows
    bound = 2 * N * T * exp(-2 * n * epsilon**2)
    beyond = Positive({**domain, k: BOX}, delta - bound.subs(n, width + k), (
        Step(2 * epsilon**2 * delta * exp(-2 * k * epsilon**2), "derivative in k; 0 at k = 0"),
    ), by=k, at=Integer(0), order=1)  # fmt: skip
    return All((
        ("at the width", Identity(domain, at(bound, n, width), (Step(delta, "n = m; the logarithm undone"),))),
        ("pairs, at twice the width", Identity(domain, at(bound, n, paired * width / 2), (Step(delta, "n = m/2"),))),
        ("and beyond", beyond),
    ))  # fmt: skip


@claim(
    "common-classifier-margin-at-width",
    source="THEORY §11 [D]",
    bound="lower",
    assumptions=(
        "K/m = 1/2 - epsilon + e, e >= 0: no deviation of epsilon or more",
        "0 < epsilon < 1/2, epsilon = h/(2 (1 + h))",
        "theta'_* = s' u w*^T, with <w*, x_1> > 0 (else y is -1 and both sides change sign)",
    ),
    statement=r"s'=\frac s{1-2\epsilon}:\quad N_A(\theta'_*;x_1)\ge\frac s2\langle w^*,x_1\rangle,"
    r"\qquad\|\theta'_*\|=\frac{\|\theta_*\|}{1-2\epsilon}",
    twins={"s/(1 - epsilon)": {"times": Integer(1)}, "2 epsilon moved by 1 %": {"times": Rational(198, 100)}},
)
def margin_at_width(times: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """What a finite width costs the theorem: a common classifier larger by 1/(1 - 2 epsilon)."""
    h, e = sympy.Symbol("h", positive=True), sympy.Symbol("e", nonnegative=True)
    lost = h / (2 * (1 + h))
    larger = s / (1 - times * lost)
    output = larger * p * (Rational(1, 2) - lost + e)
    domain = {s: BOX, p: BOX, h: BOX, e: (Integer(0), Rational(1, 2))}
    alone = {s: BOX, h: BOX}
    return All((
        ("margin", Positive(domain, output - s * p / 2, (
            Step(s * p * e * (1 + h), "1 - 2 epsilon = 1/(1 + h)"),
        ), strict=False)),
        # |theta*|_F = s |u| by the claim common-classifier.
        ("ratio of norms", Identity(alone, quotient(larger, s), (Step(1 / (1 - 2 * lost), "s'/s"),))),
    ))  # fmt: skip


def _outputs(rng: np.random.Generator, size: int, rows: int, pairs: bool) -> NDArray[np.float64]:
    """N_A(theta*; x_1)/(s <w*, x_1>) of drawn networks on drawn examples, d = 3, by its definition."""
    d, width = 3, 2 * rows if pairs else rows
    noise = rng.standard_normal((size, rows, d))
    example = rng.standard_normal((size, d)) / np.sqrt(d)
    example[:, 0] = np.abs(example[:, 0]) + 1 / np.sqrt(d)
    active = np.einsum("krd,kd->kr", noise, example) > 0
    u = rng.choice([-1.0, 1.0], (size, rows)) / np.sqrt(width)
    if pairs:
        active, u = np.concatenate([active, active], axis=1), np.concatenate([u, -u], axis=1)
    s, w_star = 5.0, np.array([1.0, 0.0, 0.0])
    theta = s * u[:, :, None] * w_star  # rows s u_j w*
    output = np.einsum("kr,kr,krd,kd->k", u, active.astype(float), theta, example)
    return np.asarray(output / (s * example[:, 0]))


@claim(
    "common-classifier-drawn",
    source="THEORY §11 [D]",
    expected="supported",
    assumptions=("20 rows, d = 3, g_0 = 1; deviation of 3/20 or more", "99.9 % interval"),
    statement=r"P\Big[\Big|\frac{N_A(\theta_*;x_1)}{s\langle w^*,x_1\rangle}-\frac12\Big|\ge\frac3{20}\Big]"
    r"=\sum_{|k-10|\ge3}\binom{20}k2^{-20}\ \text{ for drawn networks and examples}",
    twins={
        "Hoeffding's bound for the law": {"law": "bound"}, "a deviation of 4/20": {"law": "farther"},
        "6 % more": {"factor": Rational(106, 100)},
    },
    full={"size": 400_000},
)
def drawn(size: int = 40_000, law: str = "exact", factor: sympy.Expr = Integer(1)) -> Sampled:  # noqa: B008
    """Deviations counted on drawn networks against the exact tail."""

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
        return np.asarray(np.abs(_outputs(rng, size, 20, pairs=False) - 0.5) > 3 / 20 - 1e-6)

    share = Rational(3, 20)
    laws = {"exact": exact_tail(20, share), "bound": 2 * exp(-40 * share**2), "farther": exact_tail(20, Rational(1, 5))}
    return Sampled(draw, factor * laws[law], size)


@claim(
    "common-classifier-of-pairs-drawn",
    source="THEORY §11 [D]",
    expected="supported",
    assumptions=(
        "20 neurons in 10 pairs of one row and opposite u, d = 3, g_0 = 1; deviation of 1/5 or more", "99.9 % interval",
    ),
    statement=r"P\Big[\Big|\frac{N_A(\theta_*;x_1)}{s\langle w^*,x_1\rangle}-\frac12\Big|\ge\frac15\Big]"
    r"=\sum_{|k-5|\ge2}\binom{10}k2^{-10}\ \text{ for drawn networks of pairs}",
    twins={"20 rows for 10": {"rows": 20}, "5 % more": {"factor": Rational(105, 100)}},
    full={"size": 400_000},
)
def pairs_drawn(size: int = 40_000, rows: int = 10, factor: sympy.Expr = Integer(1)) -> Sampled:  # noqa: B008
    """Pairs have half as many independent rows: the spread of the law is that of half the width."""

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
        return np.asarray(np.abs(_outputs(rng, size, 10, pairs=True) - 0.5) > 1 / 5 - 1e-6)

    return Sampled(draw, factor * exact_tail(rows, Rational(1, 5)), size)
