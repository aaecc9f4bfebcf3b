"""Means of ratios at few pairs: how often Student's interval of the logarithms holds the truth, and how often BCa would."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from theory_sim.statistics.bootstrap import bootstrap_interval
from theory_sim.statistics.paired import compare_paired

# Logarithms of ratios: normal, and skewed as that of an error over its mean of four may be (a gamma's; digamma(4) - log 4).
LAWS = {
    "normal": (lambda rng, n: rng.normal(0.2, 0.3, n), 0.2),
    "skewed": (lambda rng, n: np.log(rng.gamma(4.0, 0.25, n)), -0.13017666),
}


@pytest.mark.tier2
@pytest.mark.parametrize("n", [8, 16])
@pytest.mark.parametrize("law", LAWS)
def test_students_interval_of_logarithms_covers(law: str, n: int) -> None:
    """2000 samples: at least 93 % of a nominal 95 %, by a binomial bound at 1e-3; exactly so for normal logarithms."""
    draw, mean = LAWS[law]
    rng, held = np.random.default_rng(7), 0
    for _ in range(2000):
        found = compare_paired(np.ones(n), np.exp(draw(rng, n)), kind="ratio")
        held += found.low <= math.exp(mean) <= found.high
    least = stats.binom.ppf(1e-3, 2000, 0.93 if law == "skewed" else 0.95)
    most = stats.binom.ppf(1 - 1e-3, 2000, 0.97 if law == "skewed" else 0.95)
    assert least <= held <= most


@pytest.mark.tier2
@pytest.mark.parametrize(("n", "below"), [(8, 0.93), (16, 0.945)])
def test_the_bootstrap_would_not(n: int, below: float) -> None:
    """The same of BCa, as it stood here before: 1000 samples of normal logarithms, too few held at a bound of 1e-3."""
    draw, mean = LAWS["normal"]
    rng, held = np.random.default_rng(7), 0
    for _ in range(1000):
        low, high = bootstrap_interval([draw(rng, n)], np.mean, method="BCa", resamples=499, seed=1)
        held += low <= mean <= high
    assert held <= stats.binom.ppf(1e-3, 1000, 0.95) and held / 1000 < below
