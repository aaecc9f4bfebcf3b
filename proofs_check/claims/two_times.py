"""Claims of THEORY §6: the kernel of two times, noise of pre-activations and outputs, and both at finite width."""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Integer, Rational, acos, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.section_06 import CORRELATION, MORE, ONE, over_orthant, relu_mean, rho
from proofs_check.claims.unevaluated import independent_mean, quotient, standard_normal_mean
from proofs_check.problem import All, Identity, Sampled, Step

level_s, level_t, length, other = sympy.symbols("tau_s tau_t |x| |x'|", positive=True)
cosine = sympy.Symbol("cos_theta", real=True)
LEVELS = dict.fromkeys((level_s, level_t, length, other), (Rational(1, 10), Integer(3)))


@claim(
    "pre-activation-correlation",
    source="THEORY §6 [D]",
    assumptions=(
        "coordinates of a neuron's noise independent, with levels tau_s, tau_t and correlation rho between both times",
        "induction over the coordinates; with none, covariance and inner product are 0",
        "<x, x'> = |x| |x'| cos theta; variances by the same at s = t, rho = 1",
    ),
    statement=r"\mathrm{Cov}(\tilde U_sx,\tilde U_tx')=\rho\tau_s\tau_t\langle x,x'\rangle,\quad"
    r"\mathrm{corr}(\tilde U_sx,\tilde U_tx')=\rho(s,t)\cos\theta",
    twins={"without the angle": {"angle": 0}, "one coordinate counted 1.01 times": {"times": MORE},
           "1 % more correlation": {"factor": MORE}},
)
def pre_activation_correlation(angle: int = 1, times: sympy.Expr = ONE, factor: sympy.Expr = ONE) -> All:
    """Correlation of two pre-activations of the noise, from the covariance of its entries."""
    domain = {**CORRELATION, **LEVELS, cosine: (Integer(-1), Integer(1))}
    so_far, mine, yours = sympy.symbols("inner x_k x'_k", real=True)
    g, h = sympy.symbols("g h", real=True)
    # One more coordinate at both times: tau_s g, and tau_t (rho g + sqrt(1 - rho^2) h), independent of those before.
    more = independent_mean(level_s * g * mine * level_t * (rho * g + sqrt(1 - rho**2) * h) * yours, g, h)
    with_one_more = {**CORRELATION, level_s: LEVELS[level_s], level_t: LEVELS[level_t],
                     **dict.fromkeys((so_far, mine, yours), (Integer(-2), Integer(3)))}  # fmt: skip
    covariance = rho * level_s * level_t * (length * other * cosine)
    return All((
        ("covariance, with one more coordinate", Identity(with_one_more, rho * level_s * level_t * so_far + more, (
            Step(rho * level_s * level_t * (so_far + times * mine * yours), "E g^2 = 1, E g h = 0"),
        ))),
        ("correlation", Identity(domain, quotient(covariance, level_s * length * level_t * other), (
            Step(factor * rho * cosine**angle, "levels and lengths cancel"),
        ))),
    ))  # fmt: skip


@claim(
    "two-time-kernel",
    source="THEORY §6 [D]",
    assumptions=(
        "m to infinity: the mean over neurons is the expectation",
        "correlation by the claim pre-activation-correlation",
    ),
    assuming=("pre-activation-correlation",),
    statement=r"k_{s,t}(x,x')=\langle x,x'\rangle\,P[\tilde U_sx>0,\tilde U_tx'>0]="
    r"\langle x,x'\rangle\frac{\pi-\arccos(\rho\cos\theta)}{2\pi}",
    twins={"cos theta without rho": {"alone": True}, "divided by pi": {"over": ONE}, "1 % less": {"over": Rational(202, 100)}},
)
def two_time_kernel(alone: bool = False, over: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """The kernel between the gradients of two times, from its definition."""
    domain = {**CORRELATION, length: LEVELS[length], other: LEVELS[other], cosine: (Rational(-99, 100), Rational(99, 100))}
    inner = length * other * cosine
    start = inner * over_orthant(Integer(1), 0).subs(rho, rho * cosine)
    argument = cosine if alone else rho * cosine
    return Identity(domain, start, (
        Step(inner * (pi - acos(argument)) / (over * pi), "both patterns are 1 with the orthant's probability", "lemma",
             lemma="orthant-probability", given={rho: rho * cosine}),
    ))  # fmt: skip


@claim(
    "equal-time-kernel-is-constant",
    source="THEORY §6 [D]",
    assumptions=(
        "s = t: rho = 1; |cos theta| < 1",
        "m to infinity: the mean over neurons is the expectation",
        "covariance and variances of the pre-activations by the claim pre-activation-correlation, at the level tau_t",
    ),
    assuming=("pre-activation-correlation",),
    statement=r"k_{t,t}(x,x')=\langle x,x'\rangle\,P[\tilde U_tx>0,\tilde U_tx'>0]="
    r"\langle x,x'\rangle\frac{\pi-\theta}{2\pi}\ \text{ whatever }\tau_t"
    r"\quad\Big(\cos\theta=\frac{\langle x,x'\rangle}{\|x\|\|x'\|}\Big)",
    twins={"growing with the level": {"power": 1}, "1/(17 pi)": {"over": Integer(17)},
           "1 % less": {"over": Rational(202, 100)}},
)
def equal_time_kernel(power: int = 0, over: sympy.Expr = Integer(2)) -> Identity:  # noqa: B008
    """The tangent kernel of the limit does not drift: patterns do not change when the noise is scaled (homogeneity)."""
    domain = {level_t: LEVELS[level_t], length: LEVELS[length], other: LEVELS[other],
              cosine: (Rational(-99, 100), Rational(99, 100))}  # fmt: skip
    inner = length * other * cosine
    correlation = quotient(level_t**2 * inner, level_t * length * level_t * other)
    start = inner * over_orthant(ONE, 0).subs(rho, correlation)
    return Identity(domain, start, (
        Step(inner * over_orthant(ONE, 0).subs(rho, cosine), "the level cancels in the correlation"),
        Step(level_t**power * inner * (pi - acos(cosine)) / (over * pi), "both patterns are 1 with the orthant's probability",
             "lemma", lemma="orthant-probability", given={rho: cosine}),
    ))  # fmt: skip


@claim(
    "weight-noise-is-pre-activation-noise",
    source="THEORY §5 [F 25-30], [D]",
    assumptions=("independent weights N(0, sigma^2)", "induction over the coordinates; with none, both sides are 0"),
    statement=r"\mathrm{Cov}(\langle\xi,x\rangle,\langle\xi,x'\rangle)=\sigma^2\langle x,x'\rangle",
    twins={"sigma for sigma^2": {"power": 1}, "one coordinate counted twice": {"times": Integer(2)},
           "one coordinate counted 1.01 times": {"times": MORE}},
)
def weight_noise(power: int = 2, times: sympy.Expr = ONE) -> Identity:
    """Noise on a neuron's weights is noise on its pre-activations, correlated over the inputs as they are among themselves."""
    sigma = sympy.Symbol("sigma", positive=True)
    so_far, mine, yours = sympy.symbols("inner x_k x'_k", real=True)
    box = (Integer(-2), Integer(3))
    h = sympy.Symbol("h", real=True)
    # E[xi_k^2] x_k x'_k more, xi_k = sigma h; independent of those before, and of mean 0.
    covariance = sigma**2 * so_far + mine * yours * standard_normal_mean((sigma * h) ** 2, h)
    return Identity({sigma: (Rational(1, 10), Integer(3)), so_far: box, mine: box, yours: box}, covariance, (
        Step(sigma**power * (so_far + times * mine * yours), "one more coordinate of the inner product"),
    ))  # fmt: skip


def _signs_covariance(pair: sympy.Expr) -> sympy.Expr:
    """Sum over neurons of E[u_j u_k] E[relu relu]: m of one neuron, m (m - 1) of two, with independent noises."""
    alone = sympy.Mul(width, quotient(same, width), evaluate=False)
    return sympy.Add(alone, sympy.Mul(width * (width - 1), pair, relu_mean(1) ** 2, evaluate=False), evaluate=False)


width = sympy.Symbol("m", integer=True, positive=True)
same = sympy.Symbol("kappa_1", positive=True)


@claim(
    "output-noise-of-sign-laws",
    source="THEORY §7 [D]",
    assumptions=(
        "u = +-1/sqrt(m)",
        "independent: E u_j u_k = 0",
        "balanced: the signs add up to 0, all orders as likely: E u_j u_k is the same for all j != k",
        "paired: two neurons, one noise",
        "kappa_1 by the claim arc-cosine-degree-one; different neurons have independent noises, E relu of each",
    ),
    assuming=("arc-cosine-degree-one",),
    statement=r"\frac{\mathrm{Cov}(n_s(x),n_t(x'))}{\tau_s\tau_t\|x\|\|x'\|}=\kappa_1,\quad \kappa_1-\tfrac1{2\pi},\quad0",
    twins={"balanced subtract 1/pi": {"balanced": Integer(2)}, "pairs keep half": {"paired": Rational(1, 2)},
           "balanced subtract 1 % more": {"balanced": MORE}},
)
def sign_laws(balanced: sympy.Expr = Integer(1), paired: sympy.Expr = Integer(0)) -> All:  # noqa: B008
    """Covariance of the noise output for independent, balanced and paired signs, at every width."""
    domain = {width: (Integer(2), sympy.oo), same: (Rational(1, 10), Rational(1, 2))}
    # E u_j u_k for j != k.
    apart = quotient(Integer(-1), width * (width - 1))
    free, even = _signs_covariance(Integer(0)), _signs_covariance(apart)
    squared_sum = sympy.Add(sympy.Mul(width, quotient(ONE, width), evaluate=False),
                            sympy.Mul(width * (width - 1), apart, evaluate=False), evaluate=False)  # fmt: skip
    # Each neuron with itself, and with the other of its pair.
    with_itself, with_other = (sympy.Mul(width, quotient(sign * same, width), evaluate=False) for sign in (1, -1))
    pairs = sympy.Add(with_itself, with_other, evaluate=False)
    return All((
        ("independent", Identity(domain, free, (Step(same, "different neurons do not correlate"),))),
        ("signs that add up to 0", Identity({width: domain[width]}, squared_sum, (
            Step(Integer(0), "E (sum u)^2 = m / m + m (m - 1) E u_j u_k"),
        ))),
        ("balanced", Identity(domain, even, (Step(same - balanced / (2 * pi), "E relu = 1 / sqrt(2 pi)"),))),
        ("paired", Identity(domain, pairs, (Step(paired * same, "the two of a pair cancel"),))),
    ))  # fmt: skip


@claim(
    "flips-of-accumulated-noise",
    source="THEORY §5, §6 [D]",
    expected="supported",
    assumptions=("20 steps at rate 1/2, then 40 at 1/20; lambda = 1/10, tau_xi = 2, tau_0 = 1", "99.9 % interval"),
    statement=r"P[1(\tilde U_sx)\ne1(\tilde U_tx)]=\frac{\arccos\rho(s,t)}\pi\ \text{ for simulated noise}",
    twins={"correlation one step later": {"late": 1}, "no decay": {"kept": False}, "1 % more flips": {"factor": MORE}},
    full={"size": 4_000_000},
)
def flips(size: int = 1_000_000, late: int = 0, kept: bool = True, factor: sympy.Expr = ONE) -> Sampled:
    """Share of neurons whose pattern flips between two times of a run of the noise, against the formula."""
    rates, decay = [Rational(1, 2)] * 20 + [Rational(1, 20)] * 40, Rational(1, 10)
    at, until, injected = 5, 30, Integer(2)

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
        noise, first = rng.standard_normal(size), np.empty(size)
        for step, rate in enumerate(rates[:until]):
            if step == at:
                first = noise.copy()
            noise = float(1 - rate * decay) * noise - float(rate * injected) * rng.standard_normal(size)
        return np.asarray((first > 0) != (noise > 0))

    variances = [Integer(1)]
    for rate in rates:
        variances.append((1 - rate * decay) ** 2 * variances[-1] + (rate * injected) ** 2)
    product = sympy.prod(1 - rate * decay for rate in rates[at + late : until]) if kept else Integer(1)
    rho = product * sqrt(variances[at + late] / variances[until])
    return Sampled(draw, factor * acos(rho) / pi, size)


@claim(
    "two-time-kernel-at-finite-width",
    source="THEORY §6 [D]",
    expected="supported",
    assumptions=("x = (1, 0), x' = (3/5, 4/5), rho = 4/5", "99.9 % Clopper-Pearson interval over neurons"),
    statement=r"\frac1m\sum_j1(\tilde u_{j,s}x>0)1(\tilde u_{j,t}x'>0)\approx\frac{k_{s,t}(x,x')}{\langle x,x'\rangle}",
    twins={"the equal-time kernel": {"rho": Integer(1)}, "1 % larger": {"factor": MORE}},
    full={"size": 4_000_000},
)
def kernel_at_width(size: int = 1_000_000, rho: sympy.Expr = Rational(4, 5), factor: sympy.Expr = ONE) -> Sampled:  # noqa: B008
    """Share of random neurons that are active at both times, against the closed form."""

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
        early, fresh = rng.standard_normal((2, size, 2))
        late = 0.8 * early + 0.6 * fresh
        both = (early[:, 0] > 0) & (late @ np.array([0.6, 0.8]) > 0)
        return np.asarray(both)

    return Sampled(draw, factor * (pi - acos(rho * Rational(3, 5))) / (2 * pi), size)
