"""Claims of THEORY §8: learning times with frozen patterns, and their constants as certified numbers."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, atan, exp, log, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.section_08 import MORE, ONE, delta, delta_outer, r
from proofs_check.claims.unevaluated import quotient
from proofs_check.problem import All, Identity, Inequality, Root, Step, Value

alpha, g, A, x = sympy.symbols("alpha g A x", positive=True)
mean_weight, seen = sympy.symbols("E p", positive=True)
# Of E over g ~ N(0, 1) the part |g| > 12, by the claim tails-beyond-12.
tail, tail_of_loss = sympy.symbols("tail tail_l", nonnegative=True)
CUT, TAIL = Integer(12), Rational(1, 10**31)
TENTH = Rational(1, 10**10)


@claim(
    "learning-time-of-q",
    source="THEORY §8 [D]",
    assumptions=(
        "frozen patterns, 0 < r < 1",
        "outputs g on z and -g on z +- zeta, so h = -4 g",
        "residuals balanced: R_+ + R_- = -R_0",
        "net weight by the claim frozen-net-weight",
        "E = E[alpha sigma(-alpha g)] of alpha uniform on [0, 1]; half of the Q-holding examples lie on z",
    ),
    statement=r"\frac{d\tau}{dg}=\frac{8\pi}{(1-p_0)\arctan(r)(1+r^2)\,E[\alpha\sigma(-\alpha g)]}",
    twins={"4 pi": {"constant": Integer(4)}, "1 - r^2": {"sign": -1}, "1 % more": {"constant": 8 * MORE}},
)
def of_q(constant: sympy.Expr = Integer(8), sign: int = 1) -> Identity:  # noqa: B008
    """Speed at which Q is learnt; up to g_l, where the loss is l, it takes c_Q / ((1 - p_0) arctan(r) (1 + r^2))."""
    holding = sympy.Symbol("p_Q", positive=True)  # 1 - p_0
    domain = {
        r: (Rational(1, 100), Rational(99, 100)),
        mean_weight: (Rational(1, 100), Rational(1, 2)),
        holding: (Rational(1, 2), Integer(1)),
    }
    residual = holding / 2 * mean_weight  # R_0
    # R_0 Delta + (R_+ + R_-) Delta_pm with R_+ + R_- = -R_0; h falls.
    weight = delta(ONE) - delta_outer(ONE)
    frozen = -atan(r) * (1 + r**2) / pi
    return Identity(domain, quotient(ONE, residual * weight * Rational(-1, 4)), (
        Step(quotient(ONE, residual * frozen * Rational(-1, 4)), "the net weight of frozen patterns", "lemma",
             lemma="frozen-net-weight"),
        Step(constant * pi / (holding * atan(r) * (1 + sign * r**2) * mean_weight), "|h| = 4 g; d tau = dg / rate"),
    ))  # fmt: skip


@claim(
    "learning-time-of-p",
    source="THEORY §8 [D]",
    assumptions=(
        "the linear part <x, x'>/4 of the kernel, by the claim two-time-kernel-parts",
        "signal only: d to infinity at fixed N/d, each example's own noise left out",
        "on P-holding examples y f = <b, w*> v / sqrt(d), y <w*, x_1> = v / sqrt(d), v = g_0 + |g|; A = <b, w*> / sqrt(d)",
        "E = E[v sigma(-A v)]; the speed of b along w*, (1 - q_0) E / (4 sqrt(d)), is put in: only its inverse is derived",
    ),
    assuming=("two-time-kernel-parts",),
    statement=r"\frac{d\tau}{dA}=\frac{4d}{(1-q_0)\,E[v\sigma(-Av)]}",
    twins={"2 d": {"constant": Integer(2)}, "d^2": {"power": 2}, "1 % more": {"constant": 4 * MORE}},
)
def of_p(constant: sympy.Expr = Integer(4), power: int = 1) -> Identity:  # noqa: B008
    """Speed at which P is learnt; up to A_l, where the loss is l, it takes c_P d / (1 - q_0)."""
    d, holding = sympy.symbols("d p_P", positive=True)  # 1 - q_0
    domain = {d: (Integer(2), Integer(500)), mean_weight: (Rational(1, 100), Rational(1, 2)),
              holding: (Rational(1, 2), Integer(1))}
    # db/dtau = (1/4) mean of residual x_1: along w* each P-holding example gives sigma(-A v) v / sqrt(d).
    rate_along = holding * mean_weight / sqrt(d) / 4
    return Identity(domain, quotient(ONE, rate_along / sqrt(d)), (
        Step(constant * d**power / (holding * mean_weight), "one sqrt(d) from the residuals, one from the output"),
    ))  # fmt: skip


def _c_q(level: sympy.Rational, factor: sympy.Expr) -> tuple[sympy.Expr, Root]:
    loss = sympy.Integral(log(1 + exp(-alpha * g)), (alpha, 0, 1))
    end = sympy.Symbol("g_l", positive=True)
    mean = sympy.Integral(alpha / (1 + exp(alpha * g)), (alpha, 0, 1))
    return factor * sympy.Integral(8 * pi / mean, (g, 0, end)), Root(
        end, (loss - level).subs(g, end), Integer(1), Integer(6)
    )


def _c_p(level: sympy.Rational, factor: sympy.Expr, g_0: sympy.Expr) -> tuple[sympy.Expr, Root]:
    density, v = 2 * exp(-(x**2) / 2) / sqrt(2 * pi), g_0 + x
    loss = sympy.Integral(density * log(1 + exp(-A * v)), (x, 0, CUT)) + tail_of_loss
    end = sympy.Symbol("A_l", positive=True)
    mean = sympy.Integral(density * v / (1 + exp(A * v)), (x, 0, CUT)) + tail
    return factor * sympy.Integral(4 / mean, (A, 0, end)), Root(
        end, (loss - level).subs(A, end), Rational(1, 10), Integer(2)
    )


@claim(
    "tails-beyond-12",
    source="THEORY §8 [D]",
    bound="upper",
    expected="certified",
    assumptions=("v = g_0 + |g|, g ~ N(0, 1), 0 <= g_0 <= 2, A >= 0",
                 "0 < sigma(-A v) <= 1/2, 0 < log(1 + e^{-A v}) <= log 2, and 1 <= |g|/12 there"),
    statement=r"0<E[v\,\sigma(-Av);|g|>12]\le\tfrac12E\big[|g|(1+\tfrac{g_0}{12});|g|>12\big]=\varphi(12)\big(1+\tfrac{g_0}{12}\big)"
    r"<10^{-31},\quad0<E[\log(1+e^{-Av});|g|>12]\le\log2\;\tfrac{\varphi(12)}6<10^{-31}",
    twins={"1e-32": {"most": TAIL / 10}, "1 % more of the first": {"factor": MORE}},
)
def tails(most: sympy.Rational = TAIL, factor: sympy.Expr = ONE) -> All:
    """What the certified constants leave out of Gaussian means, and enclose between 0 and 1e-31."""
    g_0 = sympy.Symbol("g_0", nonnegative=True)
    sizes = {g_0: (Integer(0), Integer(2))}
    density = exp(-(x**2) / 2) / sqrt(2 * pi)
    at_cut, scale = exp(-(CUT**2) / 2) / sqrt(2 * pi), 1 / TAIL
    # Half of a mean over |g| > 12, by symmetry; and the whole.
    half = sympy.Integral(density * x * (1 + g_0 / CUT), (x, CUT, sympy.oo))
    whole = sympy.Integral(2 * log(2) * density * x / CUT, (x, CUT, sympy.oo))
    return All((
        ("residual weight, as an integral", Identity(sizes, scale * half, (
            Step(scale * factor * at_cut * (1 + g_0 / CUT), "-phi is the antiderivative of x phi"),
        ))),
        ("residual weight", Inequality(sizes, scale * (most - at_cut * (1 + g_0 / CUT)))),
        ("loss, as an integral", Identity({}, scale * whole, (Step(scale * log(2) * at_cut / 6, "the same"),))),
        ("loss", Inequality({}, scale * (most - log(2) * at_cut / 6))),
    ))  # fmt: skip


def _around(text: str) -> tuple[sympy.Rational, sympy.Rational]:
    return Rational(text) - TENTH, Rational(text) + TENTH


@claim(
    "constant-c-q",
    source="THEORY §8 [D]",
    expected="certified",
    assumptions=("alpha uniform on [0, 1]", "level l = 0.45; g_l is the only zero between 1 and 6 of its equation"),
    statement=r"c_Q(0.45)=8\pi\int_0^{g_\ell}\frac{dg}{E[\alpha\sigma(-\alpha g)]}=153.464877762623\pm10^{-10},\quad "
    r"E\log(1+e^{-\alpha g_\ell})=\ell",
    twins={"1 % larger": {"factor": Rational(101, 100)}, "level 0.451": {"level": Rational(451, 1000)}},
)
def c_q(factor: sympy.Expr = Integer(1), level: sympy.Rational = Rational(9, 20)) -> Value:  # noqa: B008
    """Constant of the learning time of Q, to 1e-10."""
    value, root = _c_q(level, factor)
    return Value(value, *_around("153.464877762623"), (root,))


@claim(
    "constant-c-q-at-lower-level",
    source="THEORY §8 [D]",
    expected="certified",
    assumptions=("alpha uniform on [0, 1]", "level l = 0.3; g_l is the only zero between 1 and 6 of its equation"),
    statement=r"c_Q(0.3)=8\pi\int_0^{g_\ell}\frac{dg}{E[\alpha\sigma(-\alpha g)]}=425.144598989090\pm10^{-10},\quad "
    r"E\log(1+e^{-\alpha g_\ell})=\ell",
    twins={"1 % smaller": {"factor": Rational(99, 100)}},
)
def c_q_lower(factor: sympy.Expr = Integer(1)) -> Value:  # noqa: B008
    """The same at training loss 0.3."""
    value, root = _c_q(Rational(3, 10), factor)
    return Value(value, *_around("425.144598989090"), (root,))


@claim(
    "constant-c-p",
    source="THEORY §8 [D]",
    expected="certified",
    assumptions=("g_0 = 1, level l = 0.45; A_l is the only zero between 1/10 and 2 of its equation",
                 "v = g_0 + |g|, Gaussian tails by the claim tails-beyond-12, enclosed"),
    assuming=("tails-beyond-12",),
    statement=r"c_P(0.45)=4\int_0^{A_\ell}\frac{dA}{E[v\sigma(-Av)]}=1.712075411377\pm10^{-10},\quad "
    r"E\log(1+e^{-A_\ell v})=\ell",
    twins={"1 % larger": {"factor": Rational(101, 100)}, "g_0 = 1.01": {"g_0": Rational(101, 100)}},
)
def c_p(factor: sympy.Expr = Integer(1), g_0: sympy.Expr = Integer(1)) -> Value:  # noqa: B008
    """Constant of the learning time of P, to 1e-10."""
    value, root = _c_p(Rational(9, 20), factor, g_0)
    return Value(value, *_around("1.712075411377"), (root,), {tail: (Integer(0), TAIL), tail_of_loss: (Integer(0), TAIL)})


@claim(
    "constant-c-p-at-lower-level",
    source="THEORY §8 [D]",
    expected="certified",
    assumptions=("g_0 = 1, level l = 0.3; A_l is the only zero between 1/10 and 2 of its equation",
                 "v = g_0 + |g|, Gaussian tails by the claim tails-beyond-12, enclosed"),
    assuming=("tails-beyond-12",),
    statement=r"c_P(0.3)=4\int_0^{A_\ell}\frac{dA}{E[v\sigma(-Av)]}=3.972506873999\pm10^{-10},\quad "
    r"E\log(1+e^{-A_\ell v})=\ell",
    twins={"1 % smaller": {"factor": Rational(99, 100)}},
)
def c_p_lower(factor: sympy.Expr = Integer(1)) -> Value:  # noqa: B008
    """The same at training loss 0.3."""
    value, root = _c_p(Rational(3, 10), factor, Integer(1))
    return Value(value, *_around("3.972506873999"), (root,), {tail: (Integer(0), TAIL), tail_of_loss: (Integer(0), TAIL)})


@claim(
    "order-constant",
    source="THEORY §8 [D]",
    expected="certified",
    assumptions=("level 0.45, g_0 = 1, alpha uniform on [0, 1]; c_Q and c_P as in the claims constant-c-q and constant-c-p",
                 "Gaussian tails by the claim tails-beyond-12, enclosed"),
    assuming=("constant-c-q", "constant-c-p", "tails-beyond-12"),
    statement=r"c_Q(0.45)/c_P(0.45)=89.636751245200\pm10^{-10}",
    twins={"1 % larger": {"factor": Rational(101, 100)}},
)
def order_constant(factor: sympy.Expr = Integer(1)) -> Value:  # noqa: B008
    """The constant, near 90, that asymptotics hide: for small r, S learns Q first once rd (1 - p_0) / (1 - q_0) exceeds it."""
    q, p = _c_q(Rational(9, 20), factor), _c_p(Rational(9, 20), Integer(1), Integer(1))
    within = {tail: (Integer(0), TAIL), tail_of_loss: (Integer(0), TAIL)}
    return Value(q[0] / p[0], *_around("89.636751245200"), (q[1], p[1]), within)
