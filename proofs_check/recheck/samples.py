"""Draws: drawn again from the claim's own law and seed, and the interval computed by other code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import mpmath
import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.special import gammaln

from proofs_check.problem import RESAMPLES, Sampled
from proofs_check.problem.base import Evidence
from proofs_check.recheck.refusal import Refused, only_keys, same_number
from proofs_check.recheck.registry import rechecks

__all__ = ["check_sample"]


@rechecks(Sampled, "supported", "refuted")
def check_sample(problem: Sampled, outcome: str, evidence: Evidence) -> str:
    """Look at every number stored, and at whether the claimed mean lies in the interval."""
    only_keys(evidence, {"interval", "low", "high", "mean", "expected", "size", "confidence", "seed"})
    expected = float(sympy.N(problem.expected, 30))
    _require(evidence, {"expected": expected, "size": problem.size, "confidence": problem.confidence, "seed": problem.seed})
    _require_sense(evidence, outcome)
    draws = problem.draw(np.random.default_rng(problem.seed), problem.size)
    exact = draws.dtype == np.bool_
    if evidence["interval"] != ("exact" if exact else "BCa"):
        raise Refused("another kind of interval")
    _require(evidence, {"mean": float(np.mean(draws))})
    low, high = _clopper_pearson(int(draws.sum()), problem) if exact else _bca(cast("NDArray[np.float64]", draws), problem)
    _require(evidence, {"low": math.floor(low * 1e9) / 1e9, "high": math.ceil(high * 1e9) / 1e9})
    side = "in" if outcome == "supported" else "outside of"
    return f"{problem.size} draws made again; the claimed mean lies {side} their {problem.confidence:g} interval"


def _require(evidence: Evidence, found: Mapping[str, int | float]) -> None:
    for name, value in found.items():
        if not same_number(evidence[name], value):
            raise Refused(f"{name} = {evidence[name]} stored, {value!r} found")


def _require_sense(evidence: Evidence, outcome: str) -> None:
    """What the numbers must be for any draws; looked at first, since an interval of many draws takes a second."""
    low, mean, high = (evidence[name] for name in ("low", "mean", "high"))
    if not all(type(each) is float and math.isfinite(each) for each in (low, mean, high)):
        raise Refused("ends and mean of an interval are numbers with a point")
    probabilities = evidence["interval"] == "exact"
    if not low <= high or (probabilities and not 0.0 <= low <= mean <= high <= 1.0):
        raise Refused(f"no interval of a mean {mean} is from {low} to {high}")
    if (low <= evidence["expected"] <= high) != (outcome == "supported"):
        raise Refused(f"the interval does not show {outcome!r}")


def _clopper_pearson(hits: int, problem: Sampled) -> tuple[float, float]:
    """Probabilities at which the binomial tail beyond the hits is half of what the confidence leaves, by bisection."""
    n, tail = problem.size, (1 - problem.confidence) / 2
    ways = gammaln(n + 1) - gammaln(np.arange(n + 1) + 1) - gammaln(n - np.arange(n + 1) + 1)

    def beyond(p: float, counts: NDArray[np.int64]) -> float:
        return float(np.exp(ways[counts] + counts * np.log(p) + (n - counts) * np.log1p(-p)).sum())

    def where(counts: NDArray[np.int64], *, rising: bool) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if (beyond(middle, counts) < tail) == rising else (low, middle)
        return (low + high) / 2

    at_least, at_most = np.arange(hits, n + 1), np.arange(hits + 1)
    return 0.0 if hits == 0 else where(at_least, rising=True), 1.0 if hits == n else where(at_most, rising=False)


def _bca(draws: NDArray[np.float64], problem: Sampled) -> tuple[float, float]:
    """Bias-corrected and accelerated bootstrap interval of a mean (Efron 1987), from the same resampled indices."""
    rng, n = np.random.default_rng([problem.seed, 1]), len(draws)
    means = np.array([draws[rng.integers(0, n, (1, n))[0]].mean() for _ in range(RESAMPLES)])
    mean = draws.mean()
    share = (np.count_nonzero(means < mean) + np.count_nonzero(means <= mean)) / (2 * RESAMPLES)

    def normal(x: float) -> float:
        return float(mpmath.ncdf(x))

    def quantile(p: float) -> float:
        return float(mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(p) - 1))

    bias = quantile(share)
    away = mean - (draws.sum() - draws) / (n - 1)  # jackknife: the mean without each draw
    centred = away - away.mean()
    acceleration = float((centred**3).sum() / (6.0 * (centred**2).sum() ** 1.5))
    ends = []
    for tail in ((1 - problem.confidence) / 2, (1 + problem.confidence) / 2):
        z = bias + quantile(tail)
        ends.append(float(np.percentile(means, 100 * normal(bias + z / (1 - acceleration * z)))))
    return ends[0], ends[1]
