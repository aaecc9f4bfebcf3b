"""Claims of THEORY §14: inequalities on which the order at finite width rests (docs/explanation/order_width.md).

Hoeffding's and Bernstein's bounds for means of independent numbers follow from the first and third by Markov's inequality.
"""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, erf, exp, log, pi, sqrt

from proofs_check.claim import claim
from proofs_check.problem import All, Positive, Step

p, q, b, e, k, A, L, s = sympy.symbols("p q b e k A L s", positive=True)
u, v, z = sympy.symbols("u v z", real=True)
SOME = (Rational(1, 10), Integer(3))
BOTH = (Integer(-3), Integer(3))
HALF, NEAR = Rational(1, 2), Rational(99, 100)


@claim(
    "width-hoeffding-lemma",
    source="THEORY §14 [D], after Hoeffding 1963",
    bound="upper",
    assumptions=(
        "X is 1 with the weight p and 0 with the weight q; a number in an interval of length 1 is a mean of such ones",
        "cited: so an average of n independent numbers in intervals of length R exceeds its mean by t with a probability of at "
        "most exp(-2 n t^2 / R^2)",
    ),
    statement=r"\log\frac{p\,e^u+q}{p+q}-\frac{u\,p}{p+q}\le\frac{u^2}8",
    twins={"u^2/9 for u^2/8": {"factor": Rational(8, 9)}, "1 % less": {"factor": NEAR}},
)
def hoeffding(factor: sympy.Expr = Integer(1)) -> Positive:  # noqa: B008
    """Concentration of outputs over neurons: each pair's part of an output lies in a known interval."""
    gap = factor * u**2 / 8 + u * p / (p + q) - log((p * exp(u) + q) / (p + q))
    return Positive({p: SOME, q: SOME, u: BOTH}, gap, (
        Step((p * exp(u) - q) ** 2 / (4 * (p * exp(u) + q) ** 2), "second derivative in u; value and first vanish at 0"),
    ), by=u, at=Integer(0), order=2, strict=False)  # fmt: skip


@claim(
    "width-bernstein-inverted",
    source="THEORY §14 [D], after Bernstein 1946",
    bound="upper",
    assumptions=(
        "t = s + 2 L / 3 with s = (2 v L)^(1/2), v a variance, L = log(1/delta); numbers exceed their mean by at most 1",
        "cited: their sum exceeds its mean by t with a probability of at most exp(-t^2 / (2 (v + t/3)))",
    ),
    statement=r"t=\sqrt{2vL}+\tfrac23L\ \Rightarrow\ t^2\ge2L\Big(v+\frac t3\Big)",
    twins={"L/3 for 2L/3": {"factor": HALF}, "1 % less": {"factor": NEAR}},
)
def bernstein(factor: sympy.Expr = Integer(1)) -> Positive:  # noqa: B008
    """How many neurons the signal moves, at most."""
    t = s + factor * 2 * L / 3
    return Positive({s: (Rational(1, 1000), Integer(3)), L: SOME}, t**2 - 2 * L * (s**2 / (2 * L) + t / 3), (
        Step(2 * L * s / 3, "expand"),
    ), strict=False)  # fmt: skip


@claim(
    "width-signal-moves-few",
    source="THEORY §14 [D]",
    bound="upper",
    assumptions=(
        "G ~ N(0, 1): the noise part of a pre-activation in units of its standard deviation, b > 0 a bound of the signal's",
        "P[|G| <= b] = erf(b/sqrt 2); E (1 - |G|/b)_+ = erf(b/sqrt 2) - 2 (phi(0) - phi(b))/b",
        "a pattern that the signal changes has |G| <= b, and what the neuron then puts out is at most b - |G|",
    ),
    statement=r"\mathbb P[|G|\le b]\le\sqrt{\tfrac2\pi}\,b,\qquad\mathbb E\Big(1-\frac{|G|}b\Big)_+\le\frac b{\sqrt{2\pi}}",
    twins={"1 % fewer": {"few": NEAR}, "1 % less kept": {"kept": NEAR}, "a third kept": {"kept": Rational(2, 3)}},
)
def moves_few(few: sympy.Expr = Integer(1), kept: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Patterns moved by the signal: a share of order 1/sqrt(m) of the neurons, of which each keeps half of the signal."""
    density = exp(-(b**2) / 2) / sqrt(2 * pi)
    near = {b: (Rational(1, 1000), Integer(3))}
    return All((
        ("moved", Positive(near, few * sqrt(2 / pi) * b - erf(b / sqrt(2)), (
            Step(sqrt(2 / pi) * b * exp(-(b**2) / 2), "second derivative; value and first vanish at 0"),
        ), by=b, at=Integer(0), order=2, strict=False)),
        ("kept", Positive(near, kept * b**2 / sqrt(2 * pi) - b * erf(b / sqrt(2)) + 2 * (1 / sqrt(2 * pi) - density), (
            Step(sqrt(2 / pi) * b * exp(-(b**2) / 2), "third derivative of b times the gap; those below vanish at 0"),
        ), by=b, at=Integer(0), order=3, strict=False)),
    ))  # fmt: skip


@claim(
    "width-errors-add-as-squares",
    source="THEORY §14 [D]",
    bound="upper",
    assumptions=(
        "k = gamma (1 - gamma lambda), A = 2 k - gamma^2 Lambda > 0, Lambda >= lambda_max(K)/(4N)",
        "delta' = (1 - gamma lambda) delta - gamma sum_i w_i s_i z_i phi_i with z_i = <phi_i, delta> + e_i, 0 <= s_i <= 1/4",
        "|sum_i w_i s_i z_i phi_i|^2 <= Lambda sum_i w_i s_i z_i^2; so |delta'|^2 <= (1 - gamma lambda)^2 |delta|^2 "
        "+ sum_i w_i s_i (2 k z_i e_i - A z_i^2)",
    ),
    statement=r"2kze-Az^2\le\frac{k^2}Ae^2,\ \text{ so }\ \|\delta'\|^2\le(1-\gamma\lambda)^2\|\delta\|^2+\frac{k^2}{4A}"
    r"\sum_iw_ie_i^2",
    twins={"half of it": {"factor": HALF}, "1 % less": {"factor": NEAR}, "k for k^2": {"power": 1}},
)
def squares(factor: sympy.Expr = Integer(1), power: int = 2) -> Positive:  # noqa: B008
    """The coupling: an error of outputs moves weights by its square, since the loss undoes a part of what it moved."""
    gap = factor * k**power * e**2 / A - 2 * k * z * e + A * z**2
    return Positive({k: SOME, A: SOME, e: SOME, z: BOTH}, gap, (
        Step(2 * A, "second derivative in z; value and first vanish at z = k e / A"),
    ), by=z, at=k * e / A, order=2, strict=False)  # fmt: skip


@claim(
    "width-loss-moves-by-slope",
    source="THEORY §14 [D]",
    bound="upper",
    assumptions=("l(v) = log(1 + e^-v), a = -l'(v) = 1/(1 + e^v)",),
    statement=r"-az\le\ell(v+z)-\ell(v)\le-az+\frac{z^2}8",
    twins={"z^2/9 for z^2/8": {"factor": Rational(8, 9)}, "1 % less": {"factor": NEAR}, "the slope 1 % less": {"slope": NEAR}},
)
def loss_moves(factor: sympy.Expr = Integer(1), slope: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """What a change of outputs does to losses."""
    change = log(1 + exp(-v - z)) - log(1 + exp(-v))
    linear = slope * z / (1 + exp(v))
    domain = {v: BOTH, z: BOTH}
    return All((
        ("above", Positive(domain, factor * z**2 / 8 - linear - change, (
            Step((exp(v + z) - 1) ** 2 / (4 * (exp(v + z) + 1) ** 2), "second derivative in z; value and first vanish at 0"),
        ), by=z, at=Integer(0), order=2, strict=False)),
        ("below", Positive(domain, change + linear, (
            Step(exp(v + z) / (exp(v + z) + 1) ** 2, "second derivative in z; value and first vanish at 0"),
        ), by=z, at=Integer(0), order=2, strict=False)),
    ))  # fmt: skip
