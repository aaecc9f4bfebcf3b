"""Probability that a rule on a share of runs, or on a mean over them, decides; known before any run is made."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Final

import numpy as np

from theory_sim.errors import InputError, repr_of, shown

__all__ = [
    "MOST_RUNS", "between_power", "deciding_count", "deciding_power", "mean_power", "runs_for_mean_power", "runs_for_power",
]

_MOST: Final = 1_000_000
"""Values up to which a mean's power is reckoned."""
MOST_RUNS: Final = 2000
"""Runs up to which `runs_for_power` looks."""


def deciding_count(n: int, level: float, *, border: float = 0.5) -> int | None:
    """Smallest count of n runs whose exact interval lies above the border; None if not even n of n does.

    The lower end of the Clopper-Pearson interval of k of n is above the border where a share at the border gives k or more with
    probability below (1 - level) / 2.

    Examples
    --------
    >>> from theory_sim.statistics.power import deciding_count
    >>> deciding_count(10, 0.95), deciding_count(5, 0.95)
    (9, None)
    """
    from scipy.stats import binom

    above = np.flatnonzero(binom.sf(np.arange(n + 1) - 1, n, border) < (1.0 - level) / 2.0)
    return int(above[0]) if len(above) else None


def deciding_power(n: int, share: float, *, level: float, border: float = 0.5) -> float:
    """Probability that n independent runs, each of which shows something with this probability, put the share above the border.

    "Above" is that the whole exact (Clopper-Pearson) interval at the level lies there. Of a share that is to lie below one
    half it is the power at one minus that share.

    Parameters
    ----------
    n : int
        Runs.
    share : float
        True share, from 0 to 1.
    level : float
        Confidence level of the interval.
    border : float

    Raises
    ------
    InputError
        If the share is not from 0 to 1, the level or border not inside (0, 1), or n is negative.

    Examples
    --------
    >>> from theory_sim.statistics.power import deciding_power
    >>> round(deciding_power(10, 0.95, level=0.95), 3)
    0.914
    """
    _require(n=n, share=share, level=level, border=border)
    if not (0.0 <= share <= 1.0 and 0.0 < level < 1.0 and 0.0 < border < 1.0 and n >= 0):
        raise InputError(f"{n} runs, a true share of {share}, a level of {level} and a border of {border}",
                         "0 runs or more, a share from 0 to 1, level and border inside (0, 1)", "correct them")
    least = deciding_count(n, level, border=border)
    if least is None:
        return 0.0
    from scipy.stats import binom

    return float(binom.sf(least - 1, n, share))


def runs_for_power(share: float, power: float, *, level: float, border: float = 0.5) -> int:
    """Fewest runs from which on the power is reached by every number up to twice as many: one more run may lose a little.

    Raises
    ------
    InputError
        If no number up to `MOST_RUNS` does, as for a share that is not above the border.

    Examples
    --------
    >>> from theory_sim.statistics.power import runs_for_power
    >>> runs_for_power(0.95, 0.9, level=0.95), runs_for_power(0.95, 0.9, level=1 - 0.05 / 4)
    (12, 15)
    """
    _require(share=share, power=power, level=level, border=border)
    first = 0
    for n in range(1, MOST_RUNS + 1 if share > border and power <= 1.0 else 1):
        if deciding_power(n, share, level=level, border=border) < power:
            first = 0
        elif first == 0:
            first = n
        if first and n >= 2 * first:
            return first
    raise InputError(f"a power of {power} at a share of {share} against a border of {border}",
                     f"a share that {MOST_RUNS} runs tell from the border", "ask for less power, or a larger share")


def mean_power(n: int, share: float, *, level: float) -> float:
    """Probability that Student's interval of the mean of n values lies above 0, each value being above 0 with this probability.

    Values are independent and normal: one is above 0 with probability Phi(mean / standard deviation), so that the statistic
    is Student's t, not central by sqrt(n) Phi^{-1}(share).

    Parameters
    ----------
    n : int
        Values.
    share : float
        Inside (0, 1).
    level : float
        Confidence level of the interval.

    Raises
    ------
    InputError
        If share or level are not inside (0, 1), or n is negative.

    Examples
    --------
    >>> from theory_sim.statistics.power import mean_power
    >>> round(mean_power(10, 0.95, level=0.95), 3), mean_power(1, 0.95, level=0.95)
    (0.996, 0.0)
    """
    _require(n=n, share=share, level=level)
    if not (0.0 < share < 1.0 and 0.0 < level < 1.0 and n >= 0):
        raise InputError(f"{n} values, a true share of {share} and a level of {level}",
                         "0 values or more, share and level inside (0, 1)", "correct them")
    if n < 2:
        return 0.0
    from scipy.stats import nct, norm, t

    return float(nct.sf(t.ppf((1.0 + level) / 2.0, n - 1), n - 1, n**0.5 * norm.ppf(share)))


def runs_for_mean_power(share: float, power: float, *, level: float) -> int:
    """Fewest values with which the mean's interval reaches a power.

    Raises
    ------
    InputError
        If no number up to `MOST_RUNS` does, as for a share that is not above one half.

    Examples
    --------
    >>> from theory_sim.statistics.power import runs_for_mean_power
    >>> runs_for_mean_power(0.95, 0.9, level=0.95)
    7
    """
    _require(share=share, power=power, level=level)
    for n in range(2, MOST_RUNS + 1 if share > 0.5 else 2):
        if mean_power(n, share, level=level) >= power:
            return n
    raise InputError(f"a power of {power} at a share of {share} against one half",
                     f"a share that {MOST_RUNS} runs tell from one half", "ask for less power, or a larger share")


def between_power(
    n: int, mean: float, spread: float, low: float, high: float, *, level: float, wider: float = 0.0, degrees: int | None = None
) -> float:
    """Probability that Student's interval of a mean of n values lies between two ends.

    Values are independent and normal. Their mean and their standard deviation are independent then, so that this is an integral
    over the second, whose law is chi's.

    Parameters
    ----------
    n : int
        Values.
    mean, spread : float
        True mean and standard deviation of the values.
    low, high : float
        Ends; one of them may be infinite.
    level : float
        Confidence level of the interval.
    wider : float
        What is added to the interval on each side.
    degrees : int, optional
        Degrees of freedom of the standard deviation, n - 1 if left out; n - 2 for a slope, with ``spread`` / sqrt(n) its error.

    Raises
    ------
    InputError
        If the level is not inside (0, 1), the spread not positive, the ends not in order, ``wider`` negative, or a number that
        is no end not finite; of fewer than two values, and of more than a million.

    Examples
    --------
    Of 40 exponents with a standard deviation of 0.12, whether their mean is told to be 1 within 0.1:

    >>> from theory_sim.statistics.power import between_power
    >>> round(between_power(40, 1.0, 0.12, 0.9, 1.1, level=1 - 0.05 / 4), 3)
    0.99
    """
    _require(n=n, mean=mean, spread=spread, low=low, high=high, level=level, wider=wider)
    free = n - 1 if degrees is None else degrees
    _require(degrees=free)
    finite = math.isfinite(mean) and math.isfinite(spread) and math.isfinite(wider)
    if not (2 <= n <= _MOST and 1 <= free <= _MOST and finite and spread > 0.0 and wider >= 0.0 and low < high
            and 0.0 < level < 1.0):
        raise InputError(
            f"{n} values of mean {mean}, spread {spread}, ends {low} and {high}, {wider} wider, level {level}",
            f"2 to {_MOST} values, a mean, a positive spread, ends in order, 0 or more wider, a level inside (0, 1)",
            "correct them")
    from scipy.integrate import quad
    from scipy.stats import chi, norm, t

    error, reach = spread / n**0.5, float(t.ppf((1.0 + level) / 2.0, free))

    def inside(ratio: float) -> float:
        half = wider + reach * error * ratio
        share = norm.cdf((high - half - mean) / error) - norm.cdf((low + half - mean) / error)
        return float(max(share, 0.0) * chi.pdf(ratio * free**0.5, free) * free**0.5)

    first, last = (float(chi.ppf(q, free)) / free**0.5 for q in (1e-12, 1.0 - 1e-12))
    return min(float(quad(inside, first, last, limit=200)[0]), 1.0)


def _require(**given: object) -> None:
    """Raise InputError unless ``n`` and ``degrees`` are whole numbers, and all others numbers."""
    for name, value in given.items():
        kind, what = (Integral, "a whole number") if name in ("n", "degrees") else (Real, "a number")
        if isinstance(value, bool) or not isinstance(value, kind):
            raise InputError(f"{name} = {shown(repr_of(value))}", what, f"give {what}")
