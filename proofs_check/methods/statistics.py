"""Means of independent draws against a claimed one: Clopper and Pearson's interval, or the BCa bootstrap's."""

from __future__ import annotations

import math

import numpy as np

from proofs_check.problem import RESAMPLES, Sampled
from proofs_check.problem.base import Solution, solves

__all__ = ["compare"]


@solves(Sampled)
def compare(problem: Sampled) -> Solution:
    """Whether the confidence interval of the mean holds the claimed value.

    Returns
    -------
    outcome : {"supported", "refuted", "undecided"}
        Refuted at the stated confidence: the interval leaves the claimed value out. Undecided: draws that are not finite, or
        all alike.
    evidence : dict
        Kind of interval, its ends, mean, size, confidence and seed.
    """
    from scipy import stats

    draws = problem.draw(np.random.default_rng(problem.seed), problem.size)
    if draws.shape != (problem.size,):
        raise ValueError(f"draw gave shape {draws.shape} for {problem.size} draws")
    if draws.dtype == np.bool_:
        kind = "exact"
        interval = stats.binomtest(int(draws.sum()), problem.size).proportion_ci(problem.confidence, method="exact")
    else:
        kind = "BCa"
        if not np.isfinite(draws).all() or np.ptp(draws) == 0:
            return "undecided", {"reason": "draws that are not finite, or all alike"}
        interval = stats.bootstrap(
            (draws,), np.mean, n_resamples=RESAMPLES, confidence_level=problem.confidence, method="BCa",
            rng=np.random.default_rng([problem.seed, 1]), batch=1,
        ).confidence_interval
    expected = float(problem.expected.evalf(30))
    # Outwards, to digits that do not depend on how the interval is computed.
    low, high = math.floor(float(interval.low) * 1e9) / 1e9, math.ceil(float(interval.high) * 1e9) / 1e9
    inside = low <= expected <= high
    return "supported" if inside else "refuted", {
        "interval": kind, "low": low, "high": high, "mean": float(draws.mean()),
        "expected": expected, "size": problem.size, "confidence": problem.confidence, "seed": problem.seed,
    }
