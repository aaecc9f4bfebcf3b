"""Means with Student intervals and shares with exact ones: the one home of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from theory_sim.errors import InputError

__all__ = [
    "CONFIDENCE", "Interval", "half_width", "mean_interval", "positive_mean_interval", "share_interval",
    "student_quantile",
]

CONFIDENCE: Final = 0.95
"""Level of an interval where none is asked for."""


@dataclass(frozen=True)
class Interval:
    """A statistic with its two-sided interval, the range of the sample and its size.

    For learning times, ``censored`` counts runs that did not learn; the mean and interval are then those of the runs
    that did, which is a biased view, so that printers must show the count. A run that learnt and was above the level again
    later counts as learnt; one without an order (diverged, oscillated) counts as neither.
    """

    value: float
    low: float
    high: float
    smallest: float
    largest: float
    n: int
    censored: int = 0


def mean_interval(
    sample: Sequence[float], level: float = CONFIDENCE, *, least: float = -math.inf, most: float = math.inf
) -> Interval:
    """Mean with a Student interval (independent values, near-normal mean).

    Parameters
    ----------
    sample : sequence of float
        Infinities count as censored, not-a-number not at all.
    level : float
        Confidence level, inside (0, 1).
    least, most : float
        What no value can be below, 0 for a time, or above, 1 for an accuracy: the interval is cut there, which costs it no
        coverage.

    Returns
    -------
    Interval
        Infinitely wide of one value, not-a-number of none.

    Examples
    --------
    >>> from theory_sim.statistics.intervals import mean_interval
    >>> found = mean_interval([409.0, 373.0, 534.0, 389.0])
    >>> round(found.value), round(found.low), round(found.high)
    (426, 310, 543)
    """
    values = np.asarray([x for x in sample if math.isfinite(x)], dtype=np.float64)
    censored, n = sum(math.isinf(x) for x in sample), len(values)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, math.nan, math.nan, 0, censored)
    mean = float(values.mean())
    half = half_width(float(values.std(ddof=1)), n, level) if n > 1 else math.inf
    low, high = max(mean - half, least), min(mean + half, most)
    return Interval(mean, low, high, float(values.min()), float(values.max()), n, censored)


def positive_mean_interval(sample: Sequence[float], level: float = CONFIDENCE, *, most: float = math.inf) -> Interval:
    """Mean of what is never negative, such as an error, with Student's interval of its logarithm (delta method).

    Where a value is negative all the same, as a user's own loss may be, it is `mean_interval`.

    Its ends are mean x exp(-+ t s / (mean sqrt n)), so that none is below 0. Of skewed values it holds the mean more often than
    `mean_interval`: of 5 exponential ones at 95 % in 93 %, not 88 %; of 5 uniform ones both do in 94 % (tests/statistics).

    Parameters
    ----------
    sample, level
        As for `mean_interval`.
    most : float
        What no value can be above, 1 for a share: the interval is cut there, which costs it no coverage.
    """
    plain = mean_interval(sample, level)
    if plain.smallest < 0.0:
        return plain
    if plain.n < 2 or plain.value == 0.0:  # nothing is known of the spread; or all are 0
        return replace(plain, low=max(plain.low, 0.0), high=min(plain.high, most))
    factor = math.exp(min((plain.high - plain.value) / plain.value, 700.0))
    return replace(plain, low=plain.value / factor, high=min(plain.value * factor, most))


def half_width(spread: float, n: float, level: float = CONFIDENCE) -> float:
    """Half the width of the Student interval of a mean, from the standard deviation (ddof 1) of n > 1 values.

    Examples
    --------
    >>> from theory_sim.statistics.intervals import half_width
    >>> round(half_width(2.0, n=10), 3)
    1.431
    """
    return student_quantile(n - 1, level) * spread / math.sqrt(n)


def student_quantile(freedom: float, level: float = CONFIDENCE) -> float:
    """Multiple of a standard error that a two-sided Student interval reaches to, at this many degrees of freedom.

    Examples
    --------
    >>> from theory_sim.statistics.intervals import student_quantile
    >>> round(student_quantile(9), 3)
    2.262
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))


def share_interval(successes: int, n: int, level: float = CONFIDENCE) -> Interval:
    """Share with the exact (Clopper-Pearson) interval; not-a-number between 0 and 1 of n = 0.

    Raises
    ------
    InputError
        If the count is not one of n, or the level not inside (0, 1).

    Examples
    --------
    >>> from theory_sim.statistics.intervals import share_interval
    >>> found = share_interval(9, 10)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.9, 0.555, 0.997)
    """
    if not 0 <= successes <= n or not 0.0 < level < 1.0:
        raise InputError(f"{successes} of {n} at level {level}", "a count from 0 to n and a level inside (0, 1)",
                         "correct the count or the level")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0.0, 1.0, 0)
    from scipy.stats import binomtest

    low, high = binomtest(successes, n).proportion_ci(level, method="exact")
    return Interval(successes / n, float(low), float(high), 0.0, 1.0, n)
