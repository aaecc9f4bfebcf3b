"""The closure's equations (THEORY §8, §16) written out step by step with plain sums: slow, and nothing shared with the package.

One gradient step at a time; every earlier step is remembered for itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ALPHAS, MARGINS, COMMON, SPREAD = 6, 10, 4, 2


@dataclass
class Course:
    """What the reference finds before each step, and at the end."""

    signal: list[float] = field(default_factory=list)
    interference: list[float] = field(default_factory=list)
    g: list[tuple[float, float]] = field(default_factory=list)
    loss_P: list[float] = field(default_factory=list)
    loss_Q: list[float] = field(default_factory=list)
    loss_both: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Given:
    """What the equations take of an experiment."""

    d: float
    n_examples: float
    p0: float
    q0: float
    g0: float
    r: float
    alpha_min: float
    alpha_max: float
    lambda_: float
    tau_xi: float
    tau_0: float

    @classmethod
    def of(cls, e: Any) -> Given:
        """Of an Experiment."""
        return cls(e.d, e.n_examples, e.p0_value, e.q0, e.g0, e.r, e.alpha_min, e.alpha_max, e.lambda_, e.tau_xi, e.tau_0_value)


def normal_nodes(count: int) -> list[tuple[float, float]]:
    """Nodes and weights of a standard normal mean."""
    x, w = np.polynomial.hermite_e.hermegauss(count)
    return list(zip(x, w / w.sum(), strict=True))


def uniform_nodes(low: float, high: float, count: int) -> list[tuple[float, float]]:
    """Nodes and weights of a uniform mean."""
    x, w = np.polynomial.legendre.leggauss(count)
    return [(0.5 * (low + high) + 0.5 * (high - low) * a, 0.5 * b) for a, b in zip(x, w, strict=True)]


def half_normal_nodes() -> list[tuple[float, float]]:
    """Nodes and weights of a mean over |g| up to 5."""
    pairs = [(a, b * math.exp(-a * a / 2)) for a, b in uniform_nodes(0.0, 5.0, MARGINS)]
    total = sum(b for _, b in pairs)
    return [(a, b / total) for a, b in pairs]


def particles(p: Any) -> list[dict[str, float]]:
    """Every example that holds P: kind 0 is P-only, 1 both; label is that of its Q patch, 0 without one."""
    both = 1.0 - p.p0 - p.q0
    groups = [(0, 0.0, 0.0, p.p0)]
    for label in (1.0, -1.0):
        groups += [(1, label, a, 0.5 * both * w) for a, w in uniform_nodes(p.alpha_min, p.alpha_max, ALPHAS)]
    grid = itertools.product(groups, half_normal_nodes(), normal_nodes(COMMON), normal_nodes(SPREAD))
    return [
        {"kind": kind, "label": label, "alpha": alpha, "v": p.g0 + g, "xi": xi, "eta": eta, "weight": share * wg * wx * we}
        for (kind, label, alpha, share), (g, wg), (xi, wx), (eta, we) in grid
    ]


def angle(cosine: float, slopes: tuple[float, float]) -> float:
    """The kernel k of THEORY §6 for unit vectors: slopes of two neurons multiplied, over who is on which side of its kink."""
    below, above = slopes
    both = (math.pi - math.acos(max(-1.0, min(1.0, cosine)))) / (2 * math.pi)  # share of neurons above for both; below likewise
    return both * above**2 + both * below**2 + (1 - 2 * both) * above * below


def q_kernels(r: float, rho: float, slopes: tuple[float, float]) -> tuple[float, float, float]:
    """K_++, K_+-, K_-- of THEORY §8."""
    near, far = 1 / math.sqrt(1 + r * r), (1 - r * r) / (1 + r * r)
    outer = 0.5 * ((1 + r * r) * angle(rho, slopes) + (1 - r * r) * angle(rho * far, slopes))
    return angle(rho, slopes), angle(rho * near, slopes), outer


def solve(p: Any, rates: Sequence[float], patterns: str = "moving", slopes: tuple[float, float] = (0.0, 1.0)) -> Course:
    """Closure of a ``Given``, or anything with its fields, over the given rates, one step each; slopes below and above 0."""
    mean_slope, half_gap = (slopes[0] + slopes[1]) / 2, (slopes[1] - slopes[0]) / 2
    linear = mean_slope**2  # 1/4 for ReLU
    points = particles(p)
    column = {name: np.array([point[name] for point in points]) for name in points[0]}
    kinds = [(p.p0, column["kind"] == 0), (1.0 - p.p0 - p.q0, column["kind"] == 1)]
    alphas = uniform_nodes(p.alpha_min, p.alpha_max, ALPHAS)
    variance, decays = [p.tau_0**2], []
    residual_weights: list[Array] = []  # residual weight of each point, step by step
    residuals: list[tuple[float, float]] = []
    left: dict[tuple[int, int], float] = {}  # R_w(t, s)
    reacted: dict[tuple[int, int, int], float] = {}  # kind, t, s
    course = Course()
    signal = 0.0
    for t in range(len(rates) + 1):
        def decay(s: int, t: int = t) -> float:
            return math.prod(decays[s + 1 : t])

        def rho(s: int, t: int = t) -> float:
            if patterns == "redrawn":
                return 0.0
            return 1.0 if patterns == "frozen" else math.prod(decays[s:t]) * math.sqrt(variance[s] / variance[t])

        own = [(linear * left[t, s] + half_gap**2 * decay(s) * math.asin(min(1.0, rho(s))) * 2 / math.pi) / p.n_examples
               for s in range(t)]
        memory = np.zeros(len(points))
        own_output = np.zeros(len(points))
        for s in range(t):
            memory += left[t, s] * rates[s] * residual_weights[s]
            own_output += own[s] * rates[s] * residual_weights[s]
        holding = p.p0 + (1.0 - p.p0 - p.q0)
        mean = float(column["weight"] @ memory) / holding if holding else 0.0
        square = float(column["weight"] @ memory**2) / holding if holding else 0.0
        unit = linear * math.sqrt(holding * (p.d - 1) / (p.n_examples * p.d**2))
        across, spread = unit * mean, unit * math.sqrt(max(0.0, square - mean**2))
        g = [0.0, 0.0]
        for s in range(t):
            middle, mixed, outer = q_kernels(p.r, rho(s), slopes)
            g[0] += rates[s] * decay(s) * (middle * residuals[s][0] + mixed * residuals[s][1])
            g[1] += rates[s] * decay(s) * (mixed * residuals[s][0] + outer * residuals[s][1])
        output = np.where(column["label"] > 0, g[0], -g[1]) * column["alpha"]
        margin = signal * column["v"] + own_output + across * column["xi"] + spread * column["eta"] + output
        residual_weight = 1 / (1 + np.exp(margin))
        course.signal.append(signal)
        course.interference.append(across**2 + spread**2)
        course.g.append((g[0], g[1]))
        loss = np.log1p(np.exp(-margin))
        course.loss_P.append(_mean(loss, column["weight"], kinds[0][1]))
        course.loss_both.append(_mean(loss, column["weight"], kinds[1][1]))
        alone = [w * (math.log1p(math.exp(-a * g[0])) + math.log1p(math.exp(a * g[1]))) / 2 for a, w in alphas]
        course.loss_Q.append(sum(alone) if p.q0 else math.nan)
        if t == len(rates):
            return course
        rate = rates[t]
        for k, (share, inside) in enumerate(kinds):
            slope = _mean(residual_weight * (1 - residual_weight), column["weight"], inside) if share else 0.0
            for s in range(t):
                remembered = sum(rates[u] * own[u] * reacted[k, u, s] for u in range(s + 1, t))
                reacted[k, t, s] = -slope * (left[t, s] + remembered)
        for s in range(t):
            reaction = sum(share * reacted[k, t, s] for k, (share, _) in enumerate(kinds))
            left[t + 1, s] = (1 - rate * p.lambda_) * left[t, s] + rate * linear * reaction / p.d
        left[t + 1, t] = 1.0
        drive = float(column["weight"] @ (column["v"] * residual_weight))
        signal = (1 - rate * p.lambda_) * signal + rate * linear * drive / p.d
        residual_weights.append(residual_weight)
        residuals.append((
            0.5 * p.q0 * sum(w * a / (1 + math.exp(a * g[0])) for a, w in alphas)
            + float((column["weight"] * column["alpha"] * residual_weight)[column["label"] > 0].sum()),
            -0.5 * p.q0 * sum(w * a / (1 + math.exp(-a * g[1])) for a, w in alphas)
            - float((column["weight"] * column["alpha"] * residual_weight)[column["label"] < 0].sum()),
        ))  # fmt: skip
        decays.append(1 - rate * p.lambda_)
        variance.append(decays[-1] ** 2 * variance[-1] + rate**2 * p.tau_xi**2)
    raise AssertionError("unreachable")


def _mean(values: Array, weight: Array, inside: Array) -> float:
    total = float(weight[inside].sum())
    return float(values[inside] @ weight[inside]) / total if total else math.nan
