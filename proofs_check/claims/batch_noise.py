"""Claims on the noise of mini-batches [F 5-9]: exact covariances at every N and B, and the noise scale eta (N/B - 1)."""

from __future__ import annotations

from itertools import combinations, product

import sympy
from sympy import Integer, Mul, Rational

from proofs_check.claim import claim
from proofs_check.problem import All, Identity, Positive, Step

eta = sympy.Symbol("eta", positive=True)
# Sums over the N gradients: of the a-th coordinates, of the b-th, and of their products.
first, second, both = sympy.symbols("G_a G_b G_ab", real=True)
B = sympy.Symbol("B", integer=True, positive=True)
more = sympy.Symbol("k", integer=True, nonnegative=True)
N = B + 1 + more  # any N > B
BOX, SIZES = (Integer(-2), Integer(3)), {B: (Integer(1), Integer(9)), more: (Integer(0), Integer(30))}
ONE, MORE = Integer(1), Rational(101, 100)
ANY = sympy.Symbol("N", integer=True, positive=True)  # with replacement, N may be below B


def _spread(size: sympy.Expr) -> sympy.Expr:
    """Entry (a, b) of S, the covariance of the N gradients with divisor N."""
    return both / size - first * second / size**2


def _covariance(once: sympy.Expr, twice: sympy.Expr, mean: sympy.Expr) -> sympy.Expr:
    """Cov of two coordinates of a batch mean: E c_i^2 = once and E c_i c_j = twice for the counts, E c_i = mean."""
    pairs = first * second - both  # sum over i != j of g_ia g_jb
    return (once * both + twice * pairs - mean**2 * first * second) / B**2


@claim(
    "batch-inclusion",
    source="[F 5-9], elementary",
    assumptions=("B of N examples without replacement, every batch as likely; N > B, and N >= 2 for pairs",),
    statement=r"P[i]=\binom{N-1}{B-1}\Big/\binom NB=\frac BN,\qquad "
    r"P[i,j]=\binom{N-2}{B-2}\Big/\binom NB=\frac{B(B-1)}{N(N-1)}",
    twins={"pairs as if independent": {"lost": 0}, "1/N": {"share": ONE}, "1 % more": {"share": MORE * B},
           "1 % more for pairs": {"factor": MORE}},
)
def inclusion(lost: int = 1, share: sympy.Expr = B, factor: sympy.Expr = ONE) -> All:
    """How likely an example, and a pair, is in a batch: batches that hold them, of all batches."""
    # Factorials written out, so that the counting is what is simplified.
    def choose(n: sympy.Expr, k: sympy.Expr) -> sympy.Expr:
        return sympy.factorial(n) / (sympy.factorial(k) * sympy.factorial(n - k))

    one, two = choose(N - 1, B - 1) / choose(N, B), choose(N + 1 - 2, B + 1 - 2) / choose(N + 1, B + 1)
    # Pairs with B + 1 of N + 1, so that B - 2 does not fall below 0.
    return All((
        ("one", Identity(SIZES, one, (
            Step(1 - (N - B) / N, "n! = n (n - 1)!; (N - B)/N of the batches leave it out"), Step(share / N, "subtracted"),
        ))),
        ("two, for B + 1 of N + 1", Identity(SIZES, two, (
            Step((B + 1) / (N + 1) * (B / N), "n! = n (n - 1)!: one is in, then the other of the rest"),
            Step(factor * (B + 1) * B / ((N + 1) * (N + 1 - lost)), "multiplied"),
        ))),
    ))  # fmt: skip


@claim(
    "batch-covariance-without-replacement",
    source="[F 5-9]",
    assumptions=(
        "any gradients g_i in any dimension; N > B >= 1",
        "probabilities of examples and pairs by the claim batch-inclusion; an example is counted 0 or 1 times",
        "S_ab = (1/N) sum of (g_ia - mean)(g_ib - mean); the sum of g_ia g_jb over i != j is G_a G_b - G_ab",
    ),
    assuming=("batch-inclusion",),
    statement=r"\mathrm{Cov}\Big(\frac1B\sum_{i\in\text{batch}}g_i\Big)=\frac1B\cdot\frac{N-B}{N-1}\,S",
    twins={"without the finite-N factor": {"finite": False}, "N for N - 1": {"lost": Integer(0)},
           "N - 1.01 for N - 1": {"lost": MORE}},
)
def without_replacement(finite: bool = True, lost: sympy.Expr = ONE) -> Identity:
    """Exact covariance of a batch gradient, from the inclusion probabilities of examples and pairs."""
    start = _covariance(B / N, B * (B - 1) / (N * (N - 1)), B / N)
    factor = (N - B) / (N - lost) if finite else Integer(1)
    # N = 2 at least: B >= 1 and k >= 0.
    return Identity({**SIZES, first: BOX, second: BOX, both: BOX}, start, (
        Step(factor / B * _spread(N), "terms of G_ab and of G_a G_b collected"),
    ))  # fmt: skip


@claim(
    "batch-covariance-with-replacement",
    source="[F 5-9]",
    assumptions=(
        "B independent draws from the N examples",
        "counts, put in and not derived: E c_i = B/N, E c_i^2 = B/N + B(B-1)/N^2, E c_i c_j = B(B-1)/N^2",
    ),
    statement=r"\mathrm{Cov}\Big(\frac1B\sum_{k\le B}g_{i_k}\Big)=\frac1B\,S",
    twins={"less at a larger share of the data": {"finite": True}, "1/B^2": {"power": 2}, "1 % more": {"times": MORE}},
)
def with_replacement(finite: bool = False, power: int = 1, times: sympy.Expr = ONE) -> Identity:
    """The same for draws with replacement: noise is left even at B = N."""
    chance = 1 / ANY
    start = _covariance(B * chance + B * (B - 1) * chance**2, B * (B - 1) * chance**2, B * chance)
    factor = 1 - (B - 1) / ANY if finite else Integer(1)
    domain = {B: SIZES[B], ANY: (Integer(2), Integer(30))}
    return Identity({**domain, first: BOX, second: BOX, both: BOX}, start, (
        Step(times * factor / B**power * _spread(ANY), "terms of G_ab and of G_a G_b collected"),
    ))  # fmt: skip


@claim(
    "batch-noise-scale",
    source="[F 5-9], Smith and Le (2018)",
    assumptions=(
        "without replacement, the covariance by the claim batch-covariance-without-replacement",
        "F = S N/(N - 1), the unbiased covariance of the gradients",
        "1/eta steps a unit of tau, each moves by eta times the batch gradient; gradients held fixed over that time",
    ),
    statement=r"\frac1\eta\cdot\eta^2\,\mathrm{Cov}=\frac gNF,\qquad g=\eta\Big(\frac NB-1\Big)",
    twins={"eta N/B": {"one": Integer(0)}, "S for F": {"unbiased": False}, "N/B - 1.01": {"one": MORE}},
)
def noise_scale(one: sympy.Expr = ONE, unbiased: bool = True) -> Identity:
    """One number says how strong the noise of batches is at equal learning-rate time: exact at every N and B."""
    covariance = _covariance(B / N, B * (B - 1) / (N * (N - 1)), B / N)
    spread = _spread(N) * (N / (N - 1) if unbiased else 1)
    domain = {**SIZES, eta: (Rational(1, 10), Integer(3)), first: BOX, second: BOX, both: BOX}
    return Identity(domain, Mul(1 / eta, eta**2, covariance, evaluate=False), (
        Step(eta * ((N - B) / (N - 1) / B * _spread(N)), "the covariance of a batch", "lemma",
             lemma="batch-covariance-without-replacement"),
        Step(eta * (N / B - one) / N * spread, "(N - B)/B = N/B - 1"),
    ))  # fmt: skip


@claim(
    "batch-noise-scale-bounds",
    source="[F 5-9]",
    bound="tight",
    assumptions=("N = B + 1 + k > B",),
    statement=r"g=\eta\Big(\frac NB-1\Big)<\eta\frac NB,\qquad \frac g{\eta N/B}=1-\frac BN;\qquad g=0\ \text{ at }B=N",
    twins={"below eta N/(2B)": {"half": Rational(1, 2)}, "1 - 1/N": {"batch": ONE},
           "below 0.99 eta N/B": {"half": Rational(99, 100)}, "1 - 1.01 B/N": {"batch": MORE * B}},
)
def scale_bounds(half: sympy.Expr = ONE, batch: sympy.Expr = B) -> All:
    """The usual eta N/B is above the exact scale, by the share of the data that a batch holds."""
    g = eta * (N / B - 1)
    # Data sets of up to a thousand batches: the bound is tight where N/B is large.
    domain = {B: SIZES[B], more: (Integer(0), Integer(9000)), eta: (Rational(1, 10), Integer(3))}
    return All((
        ("below", Positive(domain, half * eta * N / B - g, (Step(eta, "the one"),))),
        ("ratio", Identity(domain, g / (eta * N / B), (Step(1 - batch / N, "divided"),))),
        ("full batch", Identity({eta: domain[eta], ANY: (Integer(1), Integer(9))},
            sympy.Subs(eta * (ANY / B - 1), B, ANY), (
                Step(Integer(0), "N/N = 1"),
            ),
        )),
    ))  # fmt: skip


def _enumerated(examples: int, size: int, replacement: bool, twin: sympy.Expr) -> Identity:
    """Covariance over every possible batch, listed, of coordinates a and b of gradients that are symbols."""
    a, b = (sympy.symbols([f"{name}_{i}" for i in range(examples)], real=True) for name in ("a", "b"))
    batches = list(product(range(examples), repeat=size) if replacement else combinations(range(examples), size))
    means = [[sum(g[i] for i in batch) / Integer(size) for g in (a, b)] for batch in batches]
    count = Integer(len(batches))
    joint = sum(one * other for one, other in means) / count
    covariance = joint - sum(one for one, _ in means) / count * (sum(other for _, other in means) / count)
    spread = sum(x * y for x, y in zip(a, b, strict=True)) / Integer(examples) - sum(a) * sum(b) / Integer(examples) ** 2
    factor = Integer(1) if replacement or examples == 1 else Rational(examples - size, examples - 1)
    box = {symbol: (Integer(-2), Integer(3)) for symbol in (*a, *b)}
    return Identity(box, covariance, (Step(twin * factor / size * spread, "both are polynomials in the gradients"),))


@claim(
    "batch-covariance-enumerated",
    source="[F 5-9]",
    assumptions=(
        "every batch, listed: without replacement fewer than all of 2 to 5 examples",
        "with replacement sizes 1 to 3 of 2 to 4 examples",
        "gradients are symbols",
    ),
    statement=r"\mathrm{Cov}=\frac1B\cdot\frac{N-B}{N-1}S\ \text{ without, }\ \frac1BS\ "
    r"\text{ with replacement, over all listed batches}",
    twins={"1 % larger": {"factor": Rational(101, 100)}},
)
def enumerated(factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Both covariances again, without probabilities: by listing all batches of small data sets."""
    # A batch of all examples without replacement has no covariance: 0, without a word from the formula.
    without = [(n, size) for n in range(2, 6) for size in range(1, n)]
    drawn = [(n, size) for n in range(2, 5) for size in range(1, 4)]
    return All((
        *((f"{size} of {n}", _enumerated(n, size, False, factor)) for n, size in without),
        *((f"{size} of {n}, with replacement", _enumerated(n, size, True, factor)) for n, size in drawn),
    ))  # fmt: skip
