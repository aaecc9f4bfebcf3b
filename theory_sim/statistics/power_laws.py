"""Exponent of a power law from values at several sizes, and its scatter over independent runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from theory_sim.errors import InputError
from theory_sim.statistics.bootstrap import bootstrap_interval

__all__ = ["curvature_error", "jackknife_slopes", "log_slope", "median_slope"]

_RESAMPLES: Final = 4000
_SEED: Final = 0


def log_slope(sizes: ArrayLike, values: ArrayLike) -> float:
    """Least-squares slope of log value against log size.

    Parameters
    ----------
    sizes : array_like, (sizes,)
        Positive, at least two different ones.
    values : array_like, (sizes,)
        One at each size.

    Returns
    -------
    float
        NaN unless every value is finite and positive.

    Raises
    ------
    InputError
        If the sizes give no slope, or the lengths differ.

    Examples
    --------
    >>> from theory_sim.statistics.power_laws import log_slope
    >>> round(log_slope([1.0, 2.0, 4.0], [3.0, 12.0, 48.0]), 6)
    2.0
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or not (x > 0).all() or len(set(x.tolist())) < 2:
        raise InputError(f"sizes {x.tolist()} with {y.size} values", "a value at each of two or more positive sizes",
                         "add sizes")
    if not (np.isfinite(y) & (y > 0)).all():
        return math.nan
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def curvature_error(sizes: ArrayLike, values: ArrayLike) -> float:
    """By how much the exponent differs, within the sizes, from the slope of the straight line: no scatter tells that.

    Half of the range over which the local exponent of the least-squares parabola, log value against log size, changes from the
    smallest size to the largest. Added to a slope's statistical error it gives an interval that holds the local exponents.

    Parameters
    ----------
    sizes, values
        As for `log_slope`, three different sizes or more.

    Returns
    -------
    float
        Not negative; NaN unless every value is finite and positive, and with fewer than three sizes.

    Raises
    ------
    InputError
        As `log_slope`.

    Examples
    --------
    The local exponent of x + 1/2 is x / (x + 1/2): 0.67 at 1 and 0.94 at 8, half the range 0.14.

    >>> from theory_sim.statistics.power_laws import curvature_error
    >>> round(curvature_error([1.0, 2.0, 4.0, 8.0], [1.5, 2.5, 4.5, 8.5]), 2)
    0.13
    """
    slope = log_slope(sizes, values)
    x = np.log(np.asarray(sizes, dtype=float))
    if math.isnan(slope) or len(set(x.tolist())) < 3:
        return math.nan
    # y = a + b x + c x^2 has the local slope b + 2 c x, which changes by 2 |c| (range of x) over the sizes.
    return float(abs(np.polyfit(x - x.mean(), np.log(np.asarray(values, dtype=float)), 2)[0]) * np.ptp(x))


def median_slope(sizes: ArrayLike, samples: Sequence[np.ndarray[Any, Any]]) -> tuple[float, float, float]:
    """Slope of log median against log size, with its percentile bootstrap interval over the values of each size.

    Parameters
    ----------
    sizes : array_like, (sizes,)
        Positive, at least two different ones.
    samples : sequence of (n,) arrays
        Independent positive values at each size.

    Returns
    -------
    tuple of float
        Slope and both ends; an end is NaN where a size has fewer than two values.

    Raises
    ------
    InputError
        As `log_slope`.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.statistics.power_laws import median_slope
    >>> slope, low, high = median_slope([1.0, 2.0], [np.array([0.9, 1.0, 1.1]), np.array([3.6, 4.0, 4.4])])
    >>> round(slope, 6), low < slope < high
    (2.0, True)
    """

    def slope(*resampled: np.ndarray[Any, Any]) -> float:
        return log_slope(sizes, [np.median(sample) for sample in resampled])

    if min(map(len, samples)) < 2:
        return slope(*samples), math.nan, math.nan
    return slope(*samples), *bootstrap_interval(samples, slope, method="percentile", resamples=_RESAMPLES, seed=_SEED)


def jackknife_slopes(sizes: ArrayLike, values: ArrayLike) -> list[float]:
    """Pseudo-values of the slope of log root-mean-square value against log size.

    Their mean is the slope with its bias of order 1/runs taken off, and has the Student interval of independent numbers
    (Tukey's jackknife; Miller 1974, The jackknife: a review).

    Parameters
    ----------
    sizes : array_like, (sizes,)
        Positive, at least two different ones.
    values : array_like, (runs, sizes)
        Values of each independent run at every size; what a run has in common at different sizes is allowed for.

    Returns
    -------
    list of float
        One a run: n s - (n - 1) s_i, with s the slope of all n runs and s_i that without run i. NaN for runs with a value that
        is not finite (the others are computed without them), and if fewer than two remain.

    Raises
    ------
    InputError
        As `log_slope`.

    Examples
    --------
    >>> from theory_sim.statistics.power_laws import jackknife_slopes
    >>> [round(slope, 6) for slope in jackknife_slopes([1.0, 2.0], [[1.0, 4.0], [2.0, 8.0], [3.0, 12.0]])]
    [2.0, 2.0, 2.0]
    """
    squares = np.atleast_2d(np.asarray(values, dtype=float)) ** 2
    known = np.isfinite(squares).all(axis=1)
    found = np.full(len(squares), math.nan)
    n = int(known.sum())
    if n > 1:
        kept = squares[known]
        whole = log_slope(sizes, np.sqrt(kept.mean(axis=0)))
        without = [log_slope(sizes, np.sqrt(np.delete(kept, i, axis=0).mean(axis=0))) for i in range(n)]
        found[known] = n * whole - (n - 1) * np.array(without)
    return [float(value) for value in found]
