"""Claims of THEORY §10, §13: what logistic regression with ridge leaves as error on P, at d to infinity.

That trained minimisers tend to these values is the Gaussian min-max theorem (Salehi, Abbasi and Hassibi 2019, arXiv:1906.03761;
Mignacco, Krzakala, Lu and Zdeborova 2020, arXiv:2002.11544): an assumption here. What is shown is what follows. The problem is

    min over A, s >= 0 and z of  E l(z) + (ridge/2)(A^2 + s^2)  subject to  E (z - q)^2 <= s^2/delta,  q = A v + s G;

l(z) = log(1 + e^-z), with the residual weight p = -l'(z) = 1/(1 + e^z).
"""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Derivative, Integer, Rational, exp, log, sqrt

from proofs_check.claim import claim
from proofs_check.claims.error_left import CUT, HALF_NORMAL, Phi, best_weight, phi, x
from proofs_check.claims.unevaluated import at, quotient
from proofs_check.problem import All, Identity, Positive, Sampled, Step, Value

Floats = NDArray[np.float64]
z, z_0 = sympy.symbols("z z_0", real=True)
gamma, h = sympy.symbols("gamma h", positive=True)
WEIGHT = 1 / (1 + exp(z))
LOSS = log(1 + exp(-z))
# Means beyond |q - A g_0| = 12 sqrt(A^2 + s^2), where a standard normal has 4e-33: each below 1e-29.
tail = sympy.Symbol("tail", real=True)
TAIL = (-Rational(1, 10**29), Rational(1, 10**29))
SLACK = Rational(1, 10**14)
CLOSE = Rational(2, 10**17)
L, V, Q, S = sympy.symbols("L V Q S", positive=True)
off_A, off_s, k = sympy.symbols("off_A off_s k", real=True)
HALF, ALL = Rational(1, 2), Rational(14, 5)

# Ridge; A, s and gamma of the minimiser (gamma less 1e-15, so that z is shown to be feasible); the range of z; and there
# L = E l(z), V = E v p, Q = E q p, S = E p^2 to 1e-17.
AT_HALF = (Rational(32, 25), tuple(map(Rational, (
    "0.3610670396104672327890868", "0.2694489368008746933082221", "1.3968083843112317", "-3.7", "5.8",
    "0.31424343778830878", "0.46216581070139813", "0.15584916057179281", "0.07442336077742608",
))))  # fmt: skip
AT_ALL = (Rational(8, 35), tuple(map(Rational, (
    "0.9790360475346105281669542", "0.2779546203407496680967314", "1.0762150270712095", "-10.2", "13.2",
    "0.15548814869323558", "0.22377966800791100", "0.21110912155097263", "0.02382273722183225",
))))  # fmt: skip


@claim(
    "ridge-logistic-fixed-point",
    source="THEORY §10, after arXiv:1906.03761 [D]",
    assumptions=(
        "gamma is the constraint's multiplier, z minimises l(z) + (z - q)^2/(2 gamma), and e(q, gamma) is the least value",
        "what follows, and is not asked here: stationary in A: ridge A = E v p; in gamma: gamma^2 E p^2 = s^2/delta;",
        "in s, with E G p(q) = s E dp/dq (Stein): ridge = 1/(gamma delta) - E l''/(1 + gamma l'')",
    ),
    statement=r"z=q+\gamma p,\qquad\frac{\partial e}{\partial q}=-p,\qquad\frac{\partial e}{\partial\gamma}=-\frac{p^2}2,\qquad"
    r"\frac{dp}{dq}=-\frac{\ell''}{1+\gamma\ell''},\qquad p=-\ell'(z)=\frac1{1+e^z},\quad\ell''=p(1-p)",
    twins={
        "gamma p^2 for gamma p^2/2": {"half": Integer(1)}, "1 - gamma l''": {"sign": -1},
        "1/2 moved by 1 %": {"half": Rational(101, 200)},
    },
)
def fixed_point(half: sympy.Expr = Rational(1, 2), sign: int = 1) -> All:  # noqa: B008
    """The proximal fixed point: derivatives of the functional, all by way of z."""
    alone = {z: (Integer(-3), Integer(3))}
    domain = {**alone, gamma: (Rational(1, 10), Integer(5))}
    q = sympy.Symbol("q", real=True)
    proximal = LOSS + (z - q) ** 2 / (2 * gamma)
    output, envelope = z - gamma * WEIGHT, LOSS + half * gamma * WEIGHT**2
    second = WEIGHT * (1 - WEIGHT)
    moved = quotient(Derivative(envelope, z), Derivative(output, z))
    return All((
        ("p", Identity(alone, -Derivative(LOSS, z), (Step(WEIGHT, "slope of the loss"),))),
        ("l''", Identity(alone, Derivative(LOSS, (z, 2)), (Step(second, "p (1 - p)"),))),
        ("z is stationary", Identity(domain, at(Derivative(proximal, z), q, output), (Step(Integer(0), "z - q = gamma p"),))),
        ("z is the least", Positive({**domain, q: alone[z]}, Derivative(proximal, (z, 2)), (
            Step(exp(z) / (1 + exp(z)) ** 2 + 1 / gamma, "convex"),
        ))),
        ("e", Identity(domain, at(proximal, q, output), (Step(envelope, "z - q = gamma p"),))),
        ("in q", Identity(domain, moved, (Step(-WEIGHT, "chain rule: both move with z"),))),
        ("in gamma", Identity(domain, Derivative(envelope, gamma) - moved * Derivative(output, gamma), (
            Step(-(WEIGHT**2) / 2, "at fixed q"),
        ))),
        ("residual weight", Identity(domain, quotient(Derivative(WEIGHT, z), Derivative(output, z)), (
            Step(-second / (1 + sign * gamma * second), "chain rule"),
        ))),
    ))  # fmt: skip


@claim(
    "ridge-logistic-weak-duality",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=(
        "any z_0, p = 1/(1 + e^(z_0)), any weight h > 0, y = z - q; averaged with E y^2 <= s^2/delta, q = A v + s G",
        "at the best weight, h = s/sqrt(delta E p^2), the right side is s sqrt(E p^2/delta)",
        "E p G = (E p q_0 - A_0 E p v)/s_0 for q_0 = A_0 v + s_0 G, z_0 a function of q_0",
    ),
    statement=r"\ell(z)\ge\ell(z_0)-p(z-z_0),\quad |py|\le\frac{hp^2}2+\frac{y^2}{2h},\ \text{ so }\ "
    r"E\ell(z)\ge E[\ell(z_0)+pz_0]-A\,E[pv]-s\Big(E[pG]+\sqrt{E p^2/\delta}\Big)",
    twins={
        "half the slope": {"share": Rational(1, 2)}, "h p^2/4": {"weight": Integer(4)},
        "2 moved by 1 %": {"weight": Rational(202, 100)},
    },
)
def weak_duality(share: sympy.Expr = Integer(1), weight: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """Any outputs z_0 bound the functional from below by a paraboloid in (A, s), whose least value bounds the least of all."""
    p, y = sympy.symbols("p y", real=True)
    side = (Integer(-3), Integer(3))
    above = LOSS - LOSS.subs(z, z_0) + share * (z - z_0) / (1 + exp(z_0))
    box = {p: side, y: side, h: (Rational(1, 10), Integer(1))}
    square = h * p**2 / weight + y**2 / (2 * h)
    return All((
        ("the loss is convex", Positive({z: side, z_0: side}, above, (
            Step(exp(-z) / (1 + exp(-z)) ** 2, "second derivative; the line is the tangent at z_0"),
        ), by=z, at=z_0, order=2, strict=False)),
        ("square", Positive(box, square - p * y, (Step((h * p - y) ** 2 / (2 * h), "a square"),), strict=False)),
        ("square, the other sign", Positive(box, square + p * y, (
            Step((h * p + y) ** 2 / (2 * h), "a square"),
        ), strict=False)),
        best_weight("at the best weight"),
    ))  # fmt: skip


def _at_minimum(
    delta: sympy.Rational, ridge: sympy.Rational, at: tuple[sympy.Rational, ...], strength: sympy.Expr,
    found: dict[str, tuple[str, str]],
) -> All:
    """Signal, size across, slope, overlap, loss and error of the minimiser, each near its value in ``found``."""
    signal, across, stiff, low, high, *means = at
    size = sqrt(signal**2 + across**2)
    q = z - stiff * WEIGHT
    u = (q - signal * strength) / size  # skew-normal; given u, |g| is a truncated normal
    share = Phi(signal * u / across)
    density = 2 * phi(u) / size * (1 + stiff * WEIGHT * (1 - WEIGHT))
    along = density * ((strength + signal / size * u) * share + across / size * phi(signal * u / across))

    def mean(of: sympy.Expr) -> sympy.Expr:
        return sympy.Integral(of, (z, low, high)) + tail

    # The paraboloid: its lowest point, its lowest value, and what the candidate's own value is above that.
    lowest = (V, (Q - signal * V) / across + sqrt(S / delta))
    value = L + Q + stiff * S - (lowest[0] ** 2 + lowest[1] ** 2) / (2 * ridge)
    own = L + ridge / 2 * size**2
    most = sqrt(2 * SLACK / ridge)  # by strong convexity the minimiser is no farther from the lowest point
    most = Rational(int(most * 10**9) + 1, 10**9)
    A, s = lowest[0] / ridge + off_A, lowest[1] / ridge + off_s
    known = {symbol: (each - CLOSE, each + CLOSE) for symbol, each in zip((L, V, Q, S), means, strict=True)}
    near = {name: (Rational(value) - Rational(more), Rational(value) + Rational(more)) for name, (value, more) in found.items()}
    above = sympy.Symbol("above", real=True)  # least value of the functional less that of the paraboloid
    within = {tail: TAIL, off_A: (-most, most), off_s: (-most, most), k: near["slope"], above: (Integer(0), SLACK), **known}

    def part(name: str, expression: sympy.Expr, low: sympy.Rational, high: sympy.Rational) -> tuple[str, Value]:
        return name, Value(expression, low, high, within={s: within[s] for s in expression.free_symbols & set(within)})

    error = sympy.Integral(HALF_NORMAL * Phi(-k * (strength + x)), (x, 0, CUT)) + tail
    return All((
        part("E l(z)", mean(LOSS * density * share), *known[L]), part("E v p", mean(WEIGHT * along), *known[V]),
        part("E q p", mean(WEIGHT * q * density * share), *known[Q]),
        part("E p^2", mean(WEIGHT**2 * density * share), *known[S]),
        part("feasible", across**2 / delta - stiff**2 * S, Integer(0), SLACK), part("gap", own - value, -SLACK, SLACK),
        part("signal", A, *near["signal"]), part("across", s, *near["across"]),
        part("slope", A / s, *near["slope"]), part("overlap", A / sqrt(A**2 + s**2), *near["overlap"]),
        part("loss", value + above - ridge / 2 * (A**2 + s**2), *near["loss"]), part("error", error, *near["error"]),
    ))  # fmt: skip


ASSUMED = (
    "g_0 = 1; d lambda = 1/25, as in d = 200, lambda = 2e-4; ridge = 4 d lambda/p for a share p of the examples",
    "the Gaussian min-max theorem (literature in this file's head): noise across Gaussian, independent of v",
    "upper bound on the least value by a feasible point, lower by ridge-logistic-weak-duality; what lies between is at least",
    "ridge/2 times the minimiser's squared distance from the lower bound's lowest point",
    "Gaussian tails beyond 12 standard deviations, below 1e-29 by the reader's estimate, enclosed",
)
MOVED: dict[str, dict[str, sympy.Expr | int]] = {
    "1 % more examples": {"more": Rational(101, 100)}, "twice the ridge": {"times": 2},
    "g_0 = 1.01": {"strength": Rational(101, 100)},
}  # fmt: skip


@claim(
    "ridge-logistic-from-half-d-examples",
    source="THEORY §10, §13 [D]",
    expected="certified",
    assumptions=("p_0 = 1/8, so ridge 1.28", *ASSUMED),
    assuming=("ridge-logistic-weak-duality",),
    statement=r"\delta=\tfrac12:\ A=0.361067,\ s=0.269449,\ c=0.8014375,\ \text{loss }0.314243,\ \text{error }0.023099\ "
    r"(\pm10^{-6})",
    twins=MOVED,
)
def from_half(more: sympy.Expr = Integer(1), times: int = 1, strength: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """What logistic regression with weight decay on the d/2 P-only examples leaves: 2.3 % error on fresh P."""
    return _at_minimum(more * HALF, times * AT_HALF[0], AT_HALF[1], strength, {
        "signal": ("0.361067", "1e-6"), "across": ("0.269449", "1e-6"), "slope": ("1.340020", "3e-6"),
        "overlap": ("0.8014375", "1e-6"), "loss": ("0.314243", "1e-6"), "error": ("0.023099", "1e-6"),
    })  # fmt: skip


@claim(
    "ridge-logistic-from-all-examples",
    source="THEORY §10, §13 [D]",
    expected="certified",
    assumptions=("1 - q_0 = 7/10, kappa = 1/2, so delta = 2.8 and ridge 8/35", *ASSUMED),
    assuming=("ridge-logistic-weak-duality",),
    statement=r"\delta=2.8:\ A=0.979036,\ s=0.277955,\ c=0.961982,\ \text{loss }0.155488\ (\pm10^{-6}),\ "
    r"\text{error }(1.2068\pm0.0003)\cdot10^{-5}",
    twins=MOVED,
)
def from_all(more: sympy.Expr = Integer(1), times: int = 1, strength: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """What it leaves with all examples that hold P and the same weight decay: 0.0012 %."""
    return _at_minimum(more * ALL, times * AT_ALL[0], AT_ALL[1], strength, {
        "signal": ("0.979036", "1e-6"), "across": ("0.277955", "1e-6"), "slope": ("3.5222873", "5e-6"),
        "overlap": ("0.961982", "1e-6"), "loss": ("0.155488", "1e-6"), "error": ("1.2068e-5", "3e-9"),
    })  # fmt: skip


@claim(
    "ridge-logistic-drawn",
    source="THEORY §10 [D]",
    expected="supported",
    assumptions=(
        "delta = 1/2, g_0 = 1, ridge 1.28; trained on 40 examples at d = 80 and on 20 at d = 40; 99.9 % interval of each mean",
        "twice the first less the second is free of 1/d; what is left, of order 1/d^2, is far below the intervals' widths",
    ),
    statement=r"E\big[2\ell_{d=80}-\ell_{d=40}\big]=0.314243\ \text{(training loss)},\qquad "
    r"E\big[2c_{d=80}-c_{d=40}\big]=0.8014375\ \text{ for drawn examples}",
    twins={
        "20 % more examples": {"more": 6}, "g_0 = 1.1": {"strength": 1.1}, "mean margin for its law": {"averaged": True},
        "three quarters of the ridge": {"ridge": 0.96},
        "5 % more loss": {"loss_factor": Rational(105, 100)}, "4 % more overlap": {"overlap_factor": Rational(104, 100)},
    },
    full={"size": 4000},
)
def drawn(
    size: int = 200, more: int = 5, strength: float = 1.0, averaged: bool = False, ridge: float = 1.28,
    loss_factor: sympy.Expr = Integer(1), overlap_factor: sympy.Expr = Integer(1),  # noqa: B008
) -> All:
    """Logistic regressions trained on drawn examples, against the values certified; a twin draws from another law."""

    def trained(rng: np.random.Generator, size: int) -> list[tuple[Floats, Floats]]:
        """Loss and overlap of each draw, at d = 80 and at d = 40."""
        grams: dict[int, list[Floats]] = {80: [], 40: []}
        along: dict[int, list[Floats]] = {80: [], 40: []}
        for _ in range(size):
            for d in grams:
                examples = rng.standard_normal((d * more // 10, d))  # sqrt(d) y x_1, w* the first axis
                examples[:, 0] = strength + (np.sqrt(2 / np.pi) if averaged else np.abs(examples[:, 0]))
                grams[d].append(examples @ examples.T)
                along[d].append(examples[:, 0].copy())
        return [_trained(np.array(grams[d]), np.array(along[d]), ridge) for d in grams]

    def loss(rng: np.random.Generator, size: int) -> Floats:
        (large, _), (small, _) = trained(rng, size)
        return np.round(2 * large - small, 6)

    def overlap(rng: np.random.Generator, size: int) -> Floats:
        (_, large), (_, small) = trained(rng, size)
        return np.round(2 * large - small, 6)

    return All((
        ("loss", Sampled(loss, loss_factor * Rational("0.314243"), size)),
        ("overlap", Sampled(overlap, overlap_factor * Rational("0.8014375"), size)),
    ))  # fmt: skip


def _trained(gram: Floats, along: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Loss and overlap of many logistic regressions at once, by Newton's method for the outputs.

    The minimum is theta = X^T s / (ridge n), s = sigma(-z) the weights that the examples keep, z = X theta their outputs.

    Parameters
    ----------
    gram : ndarray
        X X^T of each, shape (regressions, n, n).
    along : ndarray
        The examples' parts along w*, shape (regressions, n).
    ridge : float
        Weight decay.
    """
    n = along.shape[1]
    kernel, z = gram / (ridge * n), np.zeros_like(along)
    for _ in range(50):
        kept = np.exp(-np.logaddexp(0.0, z))
        slope = np.eye(n) + kernel * (kept * (1 - kept))[:, None, :]
        change = np.linalg.solve(slope, kernel @ kept[..., None] - z[..., None])[..., 0]
        z = z + change
        if np.abs(change).max() < 1e-12:
            break
    else:
        raise ArithmeticError("Newton's method for the outputs has not converged")
    kept = np.exp(-np.logaddexp(0.0, z))
    norm = np.sqrt((kept[:, None, :] @ gram @ kept[..., None])[:, 0, 0])
    loss: Floats = np.logaddexp(0.0, -z).mean(axis=1)
    return loss, (along * kept).sum(axis=1) / norm
