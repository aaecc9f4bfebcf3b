"""Bootstrap intervals (scipy.stats.bootstrap), from a fixed seed: the one home of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from theory_sim.statistics.intervals import CONFIDENCE

__all__ = ["bootstrap_interval"]


def bootstrap_interval(
    samples: Sequence[np.ndarray[Any, Any]], statistic: Callable[..., Any], *, method: Literal["BCa", "percentile"],
    resamples: int, seed: int,
) -> tuple[float, float]:
    """Two-sided interval at level `CONFIDENCE` of a statistic of independent samples, each resampled on its own.

    Parameters
    ----------
    samples : sequence of (n,) arrays
        Two or more values each.
    statistic : callable
        Samples to a number.
    method : {"BCa", "percentile"}
        Bias-corrected and accelerated (Efron 1987; of a statistic with an axis), or percentile.
    resamples, seed : int
        How many, and from which seed: the same interval every time.
    """
    from scipy.stats import bootstrap

    ends = bootstrap(tuple(samples), statistic, confidence_level=CONFIDENCE, method=method, n_resamples=resamples,
                     rng=np.random.default_rng(seed)).confidence_interval
    return float(ends.low), float(ends.high)
