"""Claims of THEORY §10, §13: the error on P that max-margin and averaging leave, from d/2 examples and from all that hold it.

That trained classifiers tend to these values is the Gaussian min-max theorem (Montanari, Ruan, Sohn and Yan 2019,
arXiv:1911.01544; Deng, Kammoun and Thrampoulidis 2019, arXiv:1911.05822): an assumption here. Shown is what follows.
With theta = (r along w*, s across) and v = g_0 + |g|, every <theta, a_i> >= 1 can be had if

    N^2 = E (1 - r v - s G)_+^2 <= s^2/delta,

and max-margin is the shortest such (r, s). Y = a - b v - G stands for any other point with a = 1/s, b = r/s.
"""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Integer, Rational, erf, exp, oo, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at, derivative_at, quotient
from proofs_check.problem import All, Identity, Positive, Sampled, Step, Value

a, b, m, x, g_0 = sympy.symbols("a b m x g_0", positive=True)
G, t = sympy.symbols("G t", real=True)
# Of an expectation over g ~ N(0, 1) the part |g| > 12, at most 2 phi(12) (1 + g_0) < 1e-31 for each mean below.
tail = sympy.Symbol("tail", nonnegative=True)
TAIL, CUT = (Integer(0), Rational(1, 10**31)), Integer(12)
SLACK = Rational(1, 10**14)
turn, excess, slope = sympy.symbols("turn excess k", real=True)
TURN, EXCESS = (-Rational(1, 10**7), Rational(1, 10**7)), (Integer(0), SLACK)
HALF_NORMAL = 2 * exp(-(x**2) / 2) / sqrt(2 * pi)
MEAN = 1 + sqrt(2 / pi)

# Of the shortest point a, b (b to 27 places, a less 1e-15, so that the point is shown to lie within the set), and there
# M_0 = E Y_+, M_1 = E v Y_+, P[Y > 0] to 1e-17.
AT_HALF = tuple(map(Rational, (
    "3.100568145545143", "1.258370233239182139754068377", "1.03664398309579400", "1.56556684374754862", "0.75587740206027369",
)))  # fmt: skip
AT_ALL = tuple(map(Rational, (
    "4.286877003246624", "3.224615893676662311324517944", "0.24512577290941277", "0.29728548861541445", "0.26495032990313833",
)))  # fmt: skip
M_0, M_1, P = sympy.symbols("M_0 M_1 P", positive=True)
CLOSE = Rational(2, 10**17)


def phi(z: sympy.Expr) -> sympy.Expr:
    """Density of a standard normal."""
    return exp(-(z**2) / 2) / sqrt(2 * pi)


def Phi(z: sympy.Expr) -> sympy.Expr:
    """Its distribution function."""
    return (1 + erf(z / sqrt(2))) / 2


@claim(
    "max-margin-means-over-noise",
    source="THEORY §10 [D]",
    assumptions=(
        "G ~ N(0, 1), t real; (t - G)_+ is t - G for G < t and 0 beyond",
        "each mean is the integral from -oo to t, by an antiderivative that is 0 at -oo",
    ),
    statement=r"E(t-G)_+=t\Phi(t)+\phi(t),\qquad E(t-G)_+^2=(t^2+1)\Phi(t)+t\phi(t),\qquad E\,G(t-G)_+=-\Phi(t)",
    twins={
        "t^2 for t^2 + 1": {"more": Integer(0)}, "plus Phi": {"sign": Integer(1)},
        "1 moved by 1 %": {"more": Rational(101, 100)}, "-1.01 Phi": {"sign": Rational(-101, 100)},
    },
)
def means_over_noise(more: sympy.Expr = Integer(1), sign: sympy.Expr = Integer(-1)) -> All:  # noqa: B008
    """The three means over the noise across that the functional needs, from its density."""
    both = {G: (Integer(-3), Integer(3)), t: (Integer(-3), Integer(3))}
    alone = {t: both[t]}

    def mean(name: str, what: sympy.Expr, antiderivative: sympy.Expr, closed: sympy.Expr) -> tuple[tuple[str, Identity], ...]:
        return (
            (f"{name}: antiderivative", Identity(both, sympy.Derivative(antiderivative, G), (Step(what * phi(G), "derived"),))),
            (f"{name}: from -oo", Identity(alone, sympy.Limit(antiderivative, G, -oo), (Step(Integer(0), "it starts at 0"),))),
            (f"{name}: to t", Identity(alone, at(antiderivative, G, t), (Step(closed, "at G = t"),))),
        )

    first = t * Phi(t) + phi(t)
    return All((
        *mean("first", t - G, t * Phi(G) + phi(G), first),
        *mean("second", (t - G) ** 2, (t**2 + more) * Phi(G) + (2 * t - G) * phi(G), (t**2 + more) * Phi(t) + t * phi(t)),
        *mean("with G", G * (t - G), (G - t) * phi(G) + sign * Phi(G), sign * Phi(t)),
        ("second by first", Identity(alone, (t**2 + 1) * Phi(t) + t * phi(t), (
            Step(t * first + Phi(t), "so E Y_+^2 = a M_0 - b M_1 + P[Y > 0]"),
        ))),
    ))  # fmt: skip


def best_weight(name: str) -> tuple[str, Identity]:
    """Part of a claim: what a square costs at its best weight, where E p^2 <= s^2/delta."""
    s, delta, square, h = sympy.symbols("s delta M_2 h", positive=True)
    box = (Rational(1, 10), Integer(3))
    cost = s**2 / (2 * delta * h) + h * square / 2
    return name, Identity(dict.fromkeys((s, delta, square), box), at(cost, h, s / sqrt(delta * square)), (
        Step(s * sqrt(square / delta), "both halves are equal"),
    ))  # fmt: skip


@claim(
    "max-margin-weak-duality",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=(
        "X = 1 - r v - s G = p - e with p = X_+ >= 0, e >= 0; y = Y_+ >= 0; any weight h > 0",
        "averaged: E X y = M_0 - r M_1 + s P[Y > 0], with M_0 = E y, M_1 = E v y, E G y = -P[Y > 0] "
        "(claim max-margin-means-over-noise), and E p^2 <= s^2/delta",
        "at the best weight, h = s/sqrt(delta E y^2), the right side is s sqrt(E y^2/delta)",
    ),
    assuming=("max-margin-means-over-noise",),
    statement=r"X\,Y_+\le\frac{X_+^2}{2h}+\frac{hY_+^2}2,\ \text{ so }\ "
    r"rM_1+s\Big(\sqrt{E Y_+^2/\delta}-P[Y>0]\Big)\ge M_0\ \text{ for all feasible }(r,s)\text{ and all }Y",
    twins={
        "half the right side": {"share": Rational(1, 2)}, "e with the other sign": {"sign": -1},
        "99 % of the right side": {"share": Rational(99, 100)},
    },
)
def weak_duality(share: sympy.Expr = Integer(1), sign: int = 1) -> All:  # noqa: B008
    """Any Y gives a half-plane that holds every feasible point, and so a bound on the margin from above."""
    p, e, y = sympy.symbols("p e y", nonnegative=True)
    h = sympy.Symbol("h", positive=True)
    side = (Integer(0), Integer(3))
    right = share * (p**2 / (2 * h) + h * y**2 / 2)
    return All((
        ("at every point", Positive({p: side, e: side, y: side, h: (Rational(1, 10), Integer(1))}, right - (p - sign * e) * y, (
            Step((p - h * y) ** 2 / (2 * h) + e * y, "a square, and what the negative part of X takes away"),
        ), strict=False)),
        best_weight("at the best weight"),
    ))  # fmt: skip


@claim(
    "max-margin-stationary",
    source="THEORY §10 [D]",
    assumptions=(
        "F = E Y_+^2 = E[(t^2 + 1) Phi(t) + t phi(t)], t = a - b v, by the claim max-margin-means-over-noise; likewise E Y_+",
        "F is differentiated under the mean; a(b) on F(a, b) = 1/delta, so a' = -F_b/F_a = m = E v Y_+/E Y_+; "
        "margin a/sqrt(1 + b^2)",
        "upper bound on the margin by the claim max-margin-weak-duality: sqrt(M_1^2 + (1/delta - P)^2)/M_0, M_1 = m M_0",
        "1/delta - P = a M_0 - b M_1 by the claim max-margin-means-over-noise",
    ),
    assuming=("max-margin-means-over-noise", "max-margin-weak-duality"),
    statement=r"\partial_aF=2E\,Y_+,\qquad\partial_bF=-2E\,vY_+,\qquad "
    r"\frac d{db}\frac{a(b)}{\sqrt{1+b^2}}=\frac{(1+b^2)m-ab}{(1+b^2)^{3/2}},\qquad "
    r"m^2+(a-bm)^2-\frac{a^2}{1+b^2}=(1+b^2)\Big(m-\frac{ab}{1+b^2}\Big)^2",
    twins={
        "1 for 1 + b^2": {"more": Integer(0)}, "without the 2": {"factor": Integer(1)},
        "1 + 1.01 b^2": {"more": Rational(101, 100)}, "2 moved by 1 %": {"factor": Rational(202, 100)},
    },
)
def stationary(more: sympy.Expr = Integer(1), factor: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """The lower and the upper bound on the margin meet just where the lower one is stationary: max-margin is found there."""
    size, domain = 1 + more * b**2, {a: (Integer(1), Integer(5)), b: (Rational(1, 2), Integer(4)), m: (Integer(1), Integer(3))}
    v, t = sympy.Symbol("v", positive=True), a - b * sympy.Symbol("v", positive=True)
    ramp, inside = t * Phi(t) + phi(t), {**domain, v: (Rational(1, 2), Integer(3))}
    functional = (t**2 + 1) * Phi(t) + t * phi(t)
    further = sympy.Symbol("db", real=True)  # along the curve a moves by m of it
    margin = (a + m * further) / sqrt(1 + (b + further) ** 2)
    return All((
        ("F in a", Identity(inside, sympy.Derivative(functional, a), (Step(factor * ramp, "chain rule, t = a - b v"),))),
        ("F in b", Identity(inside, sympy.Derivative(functional, b), (Step(-factor * v * ramp, "the same"),))),
        ("slope", Identity(domain, derivative_at(margin, further, Integer(0)), (
            Step((size * m - a * b) / (1 + b**2) ** Rational(3, 2), "a' = m"),
        ))),
        ("gap", Identity(domain, m**2 + (a - b * m) ** 2 - quotient(a**2, 1 + b**2), (
            Step(size * (m - a * b / (1 + b**2)) ** 2, "a square in m"),
        ))),
    ))  # fmt: skip


def _mean(of: sympy.Expr) -> sympy.Expr:
    return sympy.Integral(HALF_NORMAL * of, (x, 0, CUT)) + tail


def _make_error(k: sympy.Expr, strength: sympy.Expr) -> sympy.Expr:
    """Error on fresh P at the slope k = c/sqrt(1 - c^2), by the claim p-error-at-a-margin."""
    return _mean(Phi(-k * (strength + x)))


def _max_margin(
    delta: sympy.Rational, at: tuple[sympy.Rational, ...], strength: sympy.Expr, spread: int,
    found: dict[str, tuple[str, str]],
) -> All:
    """Margin, slope, overlap and error, each between its value in ``found`` plus and minus the second number there."""
    first, second, *means = at
    v = strength + x if spread else strength + sqrt(2 / pi)
    z = first - second * v
    ramp = z * Phi(z) + phi(z)
    square = first * M_0 - second * M_1 + P  # E Y_+^2, by the claim max-margin-means-over-noise
    across = sqrt(square / delta) - P
    # Of the angle between the half-plane's normal (M_1, across) and the shortest point, at most the square of the tangent.
    gap = (M_1**2 + across**2) * (1 + second**2) / (first * M_0) ** 2 - 1
    known = {symbol: (value - CLOSE, value + CLOSE) for symbol, value in zip((M_0, M_1, P), means, strict=True)}
    near = {name: (Rational(value) - Rational(more), Rational(value) + Rational(more)) for name, (value, more) in found.items()}
    within = {tail: TAIL, turn: TURN, excess: EXCESS, slope: near["slope"], **known}

    def part(name: str, expression: sympy.Expr, low: sympy.Rational, high: sympy.Rational) -> tuple[str, Value]:
        return name, Value(expression, low, high, within={s: within[s] for s in expression.free_symbols & set(within)})

    return All((
        part("E Y_+", _mean(ramp), *known[M_0]), part("E v Y_+", _mean(v * ramp), *known[M_1]),
        part("P[Y > 0]", _mean(Phi(z)), *known[P]),
        part("feasible", 1 / delta - square, Integer(0), SLACK), part("gap", gap, -SLACK, SLACK),
        part("margin", first * sqrt((1 + excess) / (1 + second**2)), *near["margin"]),
        part("slope", (M_1 + turn * across) / (across - turn * M_1), *near["slope"]),
        part("overlap", (M_1 + turn * across) / sqrt((M_1**2 + across**2) * (1 + turn**2)), *near["overlap"]),
        part("error", _make_error(slope, strength), *near["error"]),
    ))  # fmt: skip


ASSUMED = (
    "g_0 = 1; the Gaussian min-max theorem (literature in this file's head): noise across Gaussian, independent of v",
    "lower bound on the margin by a feasible point, upper by max-margin-weak-duality; their gap bounds the angle between",
    "Gaussian tails beyond 12, below 1e-31 by the reader's estimate 2 phi(12) (1 + g_0), enclosed",
)
MOVED: dict[str, dict[str, sympy.Expr | int]] = {
    "10 % more examples": {"more": Rational(11, 10)}, "10 % fewer": {"more": Rational(9, 10)},
    "1 % more examples": {"more": Rational(101, 100)}, "g_0 = 1.01": {"strength": Rational(101, 100)},
    "mean margin for its law": {"spread": 0},
}  # fmt: skip


@claim(
    "max-margin-from-half-d-examples",
    source="THEORY §10, §13 [D]",
    expected="certified",
    assumptions=ASSUMED,
    assuming=("max-margin-weak-duality",),
    statement=r"\delta=\tfrac12:\ \text{margin }\sqrt d\gamma=1.9290230\pm10^{-7},\ "
    r"c=0.7828969\pm2\cdot10^{-7},\ \text{error }0.0289036\pm2\cdot10^{-7}",
    twins=MOVED,
)
def from_half(more: sympy.Expr = Integer(1), strength: sympy.Expr = Integer(1), spread: int = 1) -> All:  # noqa: B008
    """What max-margin on the d/2 P-only examples leaves: 2.9 % error on fresh P."""
    return _max_margin(more / 2, AT_HALF, strength, spread, {
        "margin": ("1.9290230", "1e-7"), "slope": ("1.2583702", "4e-7"), "overlap": ("0.7828969", "2e-7"),
        "error": ("0.0289036", "2e-7"),
    })  # fmt: skip


@claim(
    "max-margin-from-all-examples",
    source="THEORY §10, §13 [D]",
    expected="certified",
    assumptions=("delta = (1 - q_0)/kappa^2 = 2.8 for q_0 = 0.3, kappa = 1/2", *ASSUMED),
    assuming=("max-margin-weak-duality",),
    statement=r"\delta=2.8:\ \text{margin }\sqrt d\gamma=1.2697666\pm10^{-7},\ "
    r"c=0.9551264\pm2\cdot10^{-7},\ \text{error }(4.1583\pm0.0002)\cdot10^{-5}",
    twins=MOVED,
)
def from_all(more: sympy.Expr = Integer(1), strength: sympy.Expr = Integer(1), spread: int = 1) -> All:  # noqa: B008
    """What max-margin on all examples that hold P leaves: 0.004 %."""
    return _max_margin(more * Rational(14, 5), AT_ALL, strength, spread, {
        "margin": ("1.2697666", "1e-7"), "slope": ("3.2246159", "1.2e-6"), "overlap": ("0.9551264", "2e-7"),
        "error": ("4.1583e-5", "2e-9"),
    })  # fmt: skip


@claim(
    "averaging-error-left",
    source="THEORY §10, §13 [D]",
    expected="certified",
    assumptions=("g_0 = 1, d to infinity; overlap by the claim p-averaging-overlap",
                 "tails beyond 12, below 1e-31 by the reader's estimate, enclosed"),
    assuming=("p-averaging-overlap",),
    statement=r"\text{averaging errs on }0.0279020127687\ (\delta=\tfrac12)\text{ and }9.76601222090\cdot10^{-5}\ (\delta=2.8)"
    r"\text{ of fresh P, }\pm10^{-13}",
    twins={
        "10 % more examples": {"more": Rational(11, 10)}, "mu = g_0 + 1/2": {"mean": Rational(3, 2)},
        "1 % more examples": {"more": Rational(101, 100)}, "1 % larger errors": {"larger": Rational(101, 100)},
    },
)
def averaging_left(
    more: sympy.Expr = Integer(1), mean: sympy.Expr = MEAN, larger: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """What averaging leaves, from d/2 examples and from all."""
    near, within = Rational(1, 10**13), {tail: TAIL}

    def left(delta: sympy.Rational, value: str) -> Value:
        k = sqrt(more * delta) * mean  # c/sqrt(1 - c^2), by the first part
        return Value(larger * _make_error(k, Integer(1)), Rational(value) - near, Rational(value) + near, within=within)

    delta, signal = sympy.symbols("delta mu", positive=True)
    square = delta * signal**2 / (1 + delta * signal**2)
    known = {delta: (Rational(1, 10), Integer(5)), signal: (Rational(1, 2), Integer(3))}
    return All((
        ("slope", Identity(known, sqrt(square) / sqrt(1 - square), (Step(sqrt(delta) * signal, "c/sqrt(1 - c^2)"),))),
        ("d/2 examples", left(Rational(1, 2), "0.0279020127687")), ("all", left(Rational(14, 5), "0.0000976601222090")),
    ))  # fmt: skip


@claim(
    "max-margin-overlap-drawn",
    source="THEORY §10 [D]",
    expected="supported",
    assumptions=(
        "delta = 1/2, g_0 = 1; trained on 50 examples at d = 100 and on 25 at d = 50; 99.9 % interval",
        "twice the first less the second is free of 1/d; what is left, of order 1/d^2, is far below the interval's width",
    ),
    statement=r"E\big[2c_{d=100}-c_{d=50}\big]=0.7828969\ \text{ for drawn examples, max-margin's }c=\langle\hat w,w^*\rangle",
    twins={
        "20 % more examples": {"more": 6}, "g_0 = 1.2": {"strength": 1.2}, "mean margin for its law": {"averaged": True},
        "3 % more": {"factor": Rational(103, 100)},
    },
    full={"size": 10_000},
)
def drawn(
    size: int = 500, more: int = 5, strength: float = 1.0, averaged: bool = False, factor: sympy.Expr = Integer(1)  # noqa: B008
) -> Sampled:
    """Hard-margin classifiers trained on drawn examples, against the value certified; a twin draws from another law."""

    def overlap(d: int, rng: np.random.Generator) -> float:
        from scipy.optimize import nnls

        n = d * more // 10
        examples = rng.standard_normal((n, d))  # sqrt(d) y x_1, w* the first axis
        examples[:, 0] = strength + (np.sqrt(2 / np.pi) if averaged else np.abs(examples[:, 0]))
        # weights >= 0 that minimise |examples^T weights|^2 / d + (sum - 1)^2: then every <example, direction> is
        # >= d (1 - sum), with equality where a weight is positive, the conditions of max-margin.
        above = np.vstack([examples.T / np.sqrt(d), np.ones(n)])
        weights = nnls(above, np.append(np.zeros(d), 1.0), maxiter=30 * n)[0]
        direction = weights @ examples
        return float(direction[0] / np.linalg.norm(direction))

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
        # Rounded, so that the mean does not hang on the last bits of a linear algebra library.
        return np.round([2 * overlap(100, rng) - overlap(50, rng) for _ in range(size)], 9)

    return Sampled(draw, factor * Rational("0.7828969"), size)
