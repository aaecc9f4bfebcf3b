"""Statistics of learning times of which some are only known to lie beyond the end of the run (right-censored)."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from theory_sim.errors import InputError
from theory_sim.statistics.intervals import CONFIDENCE

__all__ = ["MedianTime", "median_time"]


@dataclass(frozen=True)
class MedianTime:
    """Median of a learning time with an interval at level `CONFIDENCE`, or more where the method is exact.

    Attributes
    ----------
    median, low, high : float
        Infinite where they lie beyond the last record; NaN without runs.
    n, censored : int
        Runs, and how many of them did not learn.
    method : {"order statistics", "Kaplan-Meier", "none"}
        Exact and free of the distribution, if nothing was learnt after the first run ended without learning; else the
        product-limit estimate with log-log bounds inverted (Brookmeyer and Crowley 1982); none with too few runs.
    coverage : float
        Exact probability that the interval holds the median (order statistics), or the nominal one; NaN without an interval.
    """

    median: float
    low: float
    high: float
    n: int
    censored: int
    method: Literal["order statistics", "Kaplan-Meier", "none"]
    coverage: float


def median_time(times: ArrayLike, censored_at: ArrayLike) -> MedianTime:
    """Median learning time over independent runs.

    Parameters
    ----------
    times : array_like, (runs,)
        Learning times, infinite where not learnt.
    censored_at : array_like, (runs,)
        Last tau of each run.

    Raises
    ------
    InputError
        If the lengths differ.

    Examples
    --------
    Eight runs, of which one had not learnt at its end, tau = 1000:

    >>> from math import inf
    >>> from theory_sim.statistics.censored import median_time
    >>> found = median_time([409.0, 373.0, 534.0, 389.0, 421.0, 447.0, 402.0, inf], censored_at=[1000.0] * 8)
    >>> found.median, found.censored, found.method
    (415.0, 1, 'order statistics')
    """
    values, ends = np.asarray(times, dtype=float), np.asarray(censored_at, dtype=float)
    if values.ndim != 1 or values.shape != ends.shape:
        raise InputError(f"times of shape {values.shape} and ends of shape {ends.shape}", "an end for each run",
                         "give both of every run")
    kept = ~np.isnan(values)
    values, ends = values[kept], ends[kept]
    n, learnt = len(values), np.isfinite(values)
    censored = int(n - learnt.sum())
    if n == 0:
        return MedianTime(math.nan, math.nan, math.nan, 0, 0, "none", math.nan)
    if not learnt.any() or learnt.all() or values[learnt].max() <= ends[~learnt].min():
        return _by_order(np.sort(values), censored)
    return _by_product_limit(values, ends, learnt)


def _by_order(ordered: np.ndarray[Any, np.dtype[np.float64]], censored: int) -> MedianTime:
    """The k-th smallest and k-th largest, k as large as the binomial law allows; censored times stand at infinity."""
    from scipy.stats import binom

    n = len(ordered)
    middle = (ordered[(n - 1) // 2], ordered[n // 2])
    median = float(middle[0] if middle[0] == middle[1] else 0.5 * (middle[0] + middle[1]))
    # P(k-th smallest <= median <= k-th largest) = 1 - 2 P(Bin(n, 1/2) < k).
    k = int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    if k < 1:
        return MedianTime(median, math.nan, math.nan, n, censored, "none", math.nan)
    coverage = 1.0 - 2.0 * float(binom.cdf(k - 1, n, 0.5))
    return MedianTime(median, float(ordered[k - 1]), float(ordered[n - k]), n, censored, "order statistics", coverage)


def _by_product_limit(
    values: np.ndarray[Any, Any], ends: np.ndarray[Any, Any], learnt: np.ndarray[Any, Any]
) -> MedianTime:
    from scipy.stats import CensoredData, ecdf

    survival: Any = ecdf(CensoredData(uncensored=values[learnt], right=ends[~learnt])).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)  # dealt with below
        bounds: Any = survival.confidence_interval(CONFIDENCE, method="log-log")

    def first_below(probabilities: np.ndarray[Any, Any]) -> float:
        below = np.flatnonzero(probabilities <= 0.5)
        return float(survival.quantiles[below[0]]) if len(below) else math.inf

    # log(-log S) has no value at S = 1 (no bound below 1 then) nor at S = 0 (the bound is 0).
    low = np.where(np.isnan(bounds.low.probabilities), np.floor(survival.probabilities), bounds.low.probabilities)
    high = np.where(np.isnan(bounds.high.probabilities), np.ceil(survival.probabilities), bounds.high.probabilities)
    return MedianTime(first_below(survival.probabilities), first_below(low), first_below(high), len(values),
                      int((~learnt).sum()), "Kaplan-Meier", CONFIDENCE)
