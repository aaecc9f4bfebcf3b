"""Claims of THEORY §10: how much labelled examples of P can tell about w*, every step from the densities."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, log, oo, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at
from proofs_check.problem import All, Identity, Positive, Step, Value

p, q, Z, d, g_0, m, s = sympy.symbols("p q Z d g_0 m s", positive=True)
x = sympy.Symbol("x", real=True)
T = sympy.Symbol("T", real=True)
BOX = (Rational(1, 10), Integer(3))
DIMENSIONS = (Integer(2), Integer(60))
ALONG = sqrt(2 / pi)  # E|g| of a standard normal
DENSITY = sqrt(d / (2 * pi)) * exp(-d * x**2 / 2)  # of one coordinate of N(0, I/d)


@claim(
    "gibbs-inequality",
    source="THEORY §10 [D], elementary",
    bound="lower",
    assumptions=("p, q > 0: values of two densities at one point; both integrate to 1, so the integral of p - q is 0",),
    statement=r"p\log\frac pq\ge p-q,\ \text{ so }\ \mathrm{KL}(P\|Q)=\int p\log\frac pq\ge0",
    twins={
        "q - p on the right": {"factor": Integer(-1)}, "with log q/p": {"turned": True},
        "1 % more on the right": {"factor": Rational(101, 100)},
    },
)
def gibbs(factor: sympy.Expr = Integer(1), turned: bool = False) -> Positive:  # noqa: B008
    """What all bounds on information rest on."""
    ratio = q / p if turned else p / q
    return Positive({p: BOX, q: BOX}, p * log(ratio) - factor * (p - q), (
        Step(p / q**2, "second derivative in q; value and first derivative vanish at q = p"),
    ), by=q, at=p, order=2, strict=False)  # fmt: skip


@claim(
    "donsker-varadhan",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=(
        "p, q > 0: values of the densities of P and Q at one point, T the value of any function there",
        "Z = E_Q e^T is finite; p and q e^T / Z integrate to 1",
    ),
    statement=r"p\Big[\log\frac pq-T+\log Z\Big]\ge p-\frac{q\,e^T}Z,\ \text{ so }\ \mathrm{KL}(P\|Q)\ge E_PT-\log E_Qe^T",
    twins={"without log Z": {"normalised": 0}, "2 T": {"times": Integer(2)}, "1 % more than T": {"times": Rational(101, 100)}},
)
def donsker_varadhan(normalised: int = 1, times: sympy.Expr = Integer(1)) -> Positive:  # noqa: B008
    """Lower bound of a divergence by any test function."""
    gap = p * (log(p / q) - times * T + normalised * log(Z)) - p + q * exp(T) / Z
    return Positive({p: BOX, q: BOX, Z: BOX, T: (Integer(-2), Integer(3))}, gap, (
        Step(q * exp(T) / Z, "second derivative in T; value and first derivative vanish where q e^T / Z = p"),
    ), by=T, at=log(p * Z / q), order=2, strict=False)  # fmt: skip


@claim(
    "gaussian-has-most-entropy",
    source="THEORY §10 [D]",
    bound="upper",
    assumptions=(
        "u in R^d has a density and E |u|^2 = m",
        "h(u) <= -E log(phi(u)) for the density phi of N(0, (m/d) I), by the claim gibbs-inequality",
        "phi is a product over coordinates: its logarithm is linear in |u|^2, whose mean is put in",
    ),
    assuming=("gibbs-inequality",),
    statement=r"\int\!\phi=1,\quad-E\log\phi(u)=\tfrac d2\log\frac{2\pi m}d+\frac d{2m}E\|u\|^2=\tfrac d2\log\frac{2\pi em}d"
    r"\ \ge\ h(u)",
    twins={
        "without e": {"e": Integer(1)}, "m for m/d": {"shared": 0}, "1 % more than 2 pi e": {"e": Rational(101, 100) * sympy.E},
    },
)
def most_entropy(e: sympy.Expr = sympy.E, shared: int = 1) -> All:
    """Among laws of one second moment the Gaussian has the largest entropy."""
    v = m / d
    one, square = exp(-(x**2) / (2 * v)) / sqrt(2 * pi * v), sympy.Symbol("S", positive=True)
    domain = {d: DIMENSIONS, m: BOX}
    return All((
        ("a coordinate's density integrates to 1", Identity(domain, sympy.Integral(one, (x, -oo, oo)), (
            Step(Integer(1), "Gaussian integral"),
        ))),
        ("its mean of x^2 is m/d, so d of them have m", Identity(domain, d * sympy.Integral(x**2 * one, (x, -oo, oo)), (
            Step(m, "variance of a Gaussian"),
        ))),
        ("minus the logarithm of a coordinate's density", Identity({**domain, x: (Integer(-2), Integer(2))}, -log(one), (
            Step(log(2 * pi * m / d) / 2 + d * x**2 / (2 * m), "of a root and of an exponential"),
        ))),
        # Of any law with E |u|^2 = square: a sum over the d coordinates.
        ("cross-entropy", Identity(domain, at(d * log(2 * pi * m / d) / 2 + d * square / (2 * m), square, m), (
            Step(d / 2 * log(2 * pi * m / d) + d / 2, "the second moment is m"),
            Step(d / 2 * log(2 * pi * e * m / d**shared), "d/2 = (d/2) log e"),
        ))),
    ))  # fmt: skip


def _second_moment(across: int = 1) -> sympy.Expr:
    """E |x_1|^2 of a P example, by the densities along w* and across."""
    along = sympy.Integral((g_0 / sqrt(d) + x) ** 2 * 2 * DENSITY, (x, 0, oo))
    return along + (d - across) * sympy.Integral(x**2 * DENSITY, (x, -oo, oo))


@claim(
    "p-second-moment",
    source="THEORY §10 [D]",
    assumptions=(
        "u = y x_1: along w* gamma_0 + x with x of the density 2 sqrt(d / 2 pi) exp(-d x^2 / 2), x > 0",
        "across w* d - 1 coordinates N(0, 1/d)",
        "gamma_0 = g_0 / sqrt(d)",
    ),
    statement=r"E\|x_1\|^2=\int_0^\infty(\gamma_0+x)^2\,2\varphi_d(x)\,dx+(d-1)\int x^2\varphi_d(x)\,dx"
    r"=1+\frac{g_0^2+2g_0\sqrt{2/\pi}}d",
    twins={
        "d coordinates across": {"across": 0}, "without the cross term": {"cross": Integer(0)},
        "2 g_0 moved by 1 %": {"cross": Rational(202, 100)},
    },
)
def second_moment(across: int = 1, cross: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """Mean squared norm of a P example."""
    return Identity({d: DIMENSIONS, g_0: BOX}, _second_moment(across), (
        Step(1 + (g_0**2 + cross * g_0 * ALONG) / d, "half-normal and normal moments"),
    ))  # fmt: skip


def _conditional_entropy() -> sympy.Expr:
    """h(x_1 | w*, y) of a P example, by the densities along w* and across."""
    along, across = (-log(share * DENSITY) * share * DENSITY for share in (2, 1))
    return sympy.Integral(along, (x, 0, oo)) + (d - 1) * sympy.Integral(across, (x, -oo, oo))


@claim(
    "p-conditional-entropy",
    source="THEORY §10 [D]",
    assumptions=(
        "w* and y given: x_1 is z shifted, and a shift keeps the entropy",
        "z ~ N(0, I/d) conditioned on a half-space: one half-normal coordinate, d - 1 normal ones, independent",
    ),
    statement=r"h(x_1\mid w^*,y)=-\!\int_0^\infty\!2\varphi_d\log(2\varphi_d)-(d-1)\!\int\!\varphi_d\log\varphi_d"
    r"=\tfrac d2\log\frac{2\pi e}d-\log2",
    twins={
        "without log 2": {"half": Integer(0)}, "1 for e": {"e": Integer(1)},
        "1 % more than 2 pi e": {"e": Rational(101, 100) * sympy.E}, "99 % of log 2": {"half": Rational(99, 100)},
    },
)
def conditional_entropy(half: sympy.Expr = Integer(1), e: sympy.Expr = sympy.E) -> Identity:  # noqa: B008
    """Entropy of a P example whose direction is known: the half-space takes one bit from the Gaussian's."""
    return Identity({d: DIMENSIONS}, _conditional_entropy(), (
        Step(d / 2 * log(2 * pi * e / d) - half * log(2), "Gaussian moments; (1/2) log e a coordinate"),
    ))  # fmt: skip


def information(dimension: sympy.Expr, signal: sympy.Expr) -> sympy.Expr:
    """I_1(d), with signal s = g_0^2 + 2 g_0 sqrt(2/pi)."""
    return dimension / 2 * log(1 + signal / dimension) + log(2)


@claim(
    "information-per-example",
    source="THEORY §10 [D]",
    bound="upper",
    assumptions=(
        "y x_1 has the same law for both labels, and y says nothing of w*: I(w*; x_1, y) = I(w*; y x_1)",
        "h(y x_1) <= (d/2) log(2 pi e m / d) by the claim gaussian-has-most-entropy, m = E |x_1|^2 by p-second-moment",
        "h(y x_1 | w*) by the claim p-conditional-entropy",
    ),
    assuming=("gaussian-has-most-entropy",),
    statement=r"I(w^*;x_1,y)\le\tfrac d2\log\frac{2\pi em}d-h(x_1\mid w^*,y)"
    r"=\tfrac d2\log\Big(1+\frac{g_0^2+2g_0\sqrt{2/\pi}}d\Big)+\log2=I_1(d)",
    twins={
        "without log 2": {"bit": Integer(0)}, "g_0 for 2 g_0": {"cross": Integer(1)},
        "99 % of log 2": {"bit": Rational(99, 100)}, "2 g_0 moved by 1 %": {"cross": Rational(202, 100)},
    },
)
def per_example(bit: sympy.Expr = Integer(1), cross: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """What one labelled example of P can tell about w*, in nats, from the densities."""
    moment, given = 1 + (g_0**2 + 2 * g_0 * ALONG) / d, _conditional_entropy()
    known = d / 2 * log(2 * pi * sympy.E / d) - log(2)
    right = information(d, g_0**2 + cross * g_0 * ALONG) + (bit - 1) * log(2)
    return Identity({d: DIMENSIONS, g_0: BOX}, d / 2 * log(2 * pi * sympy.E * _second_moment() / d) - given, (
        Step(d / 2 * log(2 * pi * sympy.E * moment / d) - given, "the second moment", "lemma", lemma="p-second-moment"),
        Step(d / 2 * log(2 * pi * sympy.E * moment / d) - known, "the entropy with w* given", "lemma",
             lemma="p-conditional-entropy"),
        Step(right, "logarithm of a product; the entropies' common part cancels"),
    ))  # fmt: skip


@claim(
    "information-of-independent-examples",
    source="THEORY §10 [D]",
    bound="upper",
    assumptions=(
        "examples are independent given w*: p(a, b | w) = p(a | w) p(b | w); b may be the first n - 1 of n",
        "p_aw, p_bw, p_a, p_b, p_ab: values of the densities; the mean of the last logarithm is a divergence",
    ),
    statement=r"\log\frac{p(a|w)p(b|w)}{p(a,b)}=\log\frac{p(a|w)}{p(a)}+\log\frac{p(b|w)}{p(b)}-\log\frac{p(a,b)}{p(a)p(b)},"
    r"\ \text{ so }\ I(w^*;D_n)\le n\,I_1",
    twins={"plus the divergence": {"factor": Integer(-1)}, "1 % more of the divergence": {"factor": Rational(101, 100)}},
)
def many_examples(factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Independent examples tell at most the sum of what each tells."""
    aw, bw, a, b, ab = sympy.symbols("p_aw p_bw p_a p_b p_ab", positive=True)
    split = log(aw / a) + log(bw / b) - factor * log(ab / (a * b))
    return All((
        ("pointwise", Identity(dict.fromkeys((aw, bw, a, b, ab), BOX), log(aw * bw / ab), (
            Step(log(aw) + log(bw) - log(ab), "logarithms of a product"),
            Step(split, "logarithms added and taken away"),
        ))),
        ("a divergence is not negative", Positive(dict.fromkeys((ab, a, b), BOX), ab * log(ab / (a * b)) - ab + a * b, (
            Step(a**2 * ab / (a * b) ** 2, "second derivative in p_b; vanishes to first order where p_ab = p_a p_b"),
        ), by=b, at=ab / a, order=2, strict=False)),
    ))  # fmt: skip


@claim(
    "information-grows-with-dimension",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=("s = g_0^2 + 2 g_0 sqrt(2/pi) > 0; at g_0 = 0 it is log 2 for every d",),
    statement=r"\frac{d}{dd}I_1(d)=\frac12\Big[\log\Big(1+\frac sd\Big)-\frac s{d+s}\Big]>0",
    twins={"s/d for s/(d + s)": {"within": 0}, "1/2 moved by 1 %": {"half": Rational(101, 200)}},
)
def grows(within: int = 1, half: sympy.Expr = Rational(1, 2)) -> All:  # noqa: B008
    """One example tells more in more dimensions."""
    slope = half * (log(1 + s / d) - s / (d + within * s))
    domain = {d: DIMENSIONS, s: BOX}
    return All((
        ("derivative", Identity(domain, sympy.Derivative(information(d, s), d), (Step(slope, "product rule"),))),
        ("is positive", Positive(domain, slope, (
            Step(half * s / (d + s) ** 2, "derivative in s; 0 at s = 0"),
        ), by=s, at=Integer(0), order=1)),
        ("at g_0 = 0", Identity({d: DIMENSIONS}, at(information(d, s), s, Integer(0)), (Step(log(2), "log 1 = 0"),))),
    ))  # fmt: skip


@claim(
    "information-limit",
    source="THEORY §10 [D]",
    bound="tight",
    assumptions=("s = g_0^2 + 2 g_0 sqrt(2/pi)",),
    statement=r"I_1(d)\to\tfrac s2+\log2\ (d\to\infty),\qquad I_1(d)<\tfrac s2+\log2",
    twins={
        "s for s/2": {"half": Integer(1)}, "log 2 only": {"half": Integer(0)}, "1/2 moved by 1 %": {"half": Rational(101, 200)},
    },
)
def limit(half: sympy.Expr = Rational(1, 2)) -> All:  # noqa: B008
    """The limit, which no dimension exceeds."""
    end = half * s + log(2)
    return All((
        ("limit", Identity({s: BOX}, sympy.Limit(information(d, s), d, oo), (Step(end, "d log(1 + s/d) goes to s"),))),
        ("from below", Positive({d: DIMENSIONS, s: BOX}, end - information(d, s), (
            Step(half - Rational(1, 2) + s / (2 * (d + s)), "derivative in s; 0 at s = 0"),
        ), by=s, at=Integer(0), order=1)),
    ))  # fmt: skip


@claim(
    "information-at-unit-gap",
    source="THEORY §10 [D]",
    expected="certified",
    assumptions=("g_0 = 1, d to infinity",),
    statement=r"\tfrac12+\sqrt{2/\pi}+\log2=1.991031741363\pm10^{-10}",
    twins={"g_0 = 1.01": {"gap": Rational(101, 100)}, "without log 2": {"bit": 0}},
)
def at_unit_gap(gap: sympy.Expr = Integer(1), bit: int = 1) -> Value:  # noqa: B008
    """The number of nats at the paper's signal strength."""
    stated, room = Rational("1.991031741363"), Rational(1, 10**10)
    return Value(gap**2 / 2 + gap * ALONG + bit * log(2), stated - room, stated + room)
