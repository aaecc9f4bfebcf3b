"""How many examples P takes, from below and from above, for every dimension (THEORY §10).

Both bounds are given per dimension, as n / d for n examples that hold P, so that they stay finite as d grows: together
they say that P takes a number of examples proportional to d. Every argument may be an array; shapes broadcast.
Each step is a claim of its own.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory_sim.errors import InputError

__all__ = ["averaging_shortfall", "information_per_example", "samples_lower_bound", "samples_upper_bound"]

Floats = NDArray[np.float64]
_HALF_NORMAL_MEAN = math.sqrt(2.0 / math.pi)


def information_per_example(d: ArrayLike, g_0: ArrayLike = 1.0) -> Floats:
    """Return I_1(d), the most that one labelled example can tell about w*, in nats.

    Parameters
    ----------
    d : array_like
        Dimension, >= 2; ``inf`` gives the limit, which no dimension exceeds.
    g_0 : array_like
        Signal strength, >= 0; the margin of P is gamma_0 = g_0 / sqrt(d).

    Returns
    -------
    ndarray
        (d/2) log(1 + (g_0^2 + 2 g_0 sqrt(2/pi)) / d) + log 2 (THEORY §10); the limit is
        (g_0^2 + 2 g_0 sqrt(2/pi)) / 2 + log 2.

    Raises
    ------
    InputError
        If d < 2 or g_0 < 0.

    Examples
    --------
    >>> from math import inf
    >>> from theory_sim.theory.sample_complexity import information_per_example
    >>> information_per_example([200, inf]).round(4)
    array([1.9827, 1.991 ])
    """
    dimension, strength = _dimension(d), _strength(g_0)
    signal = strength * (strength + 2.0 * _HALF_NORMAL_MEAN)
    finite = np.where(np.isinf(dimension), 2.0, dimension)
    shared = np.where(np.isinf(dimension), 0.5 * signal, 0.5 * finite * np.log1p(signal / finite))
    result: Floats = shared + math.log(2.0)
    return result


def samples_lower_bound(d: ArrayLike, overlap: ArrayLike, g_0: ArrayLike = 1.0) -> Floats:
    """Return a number n / d that every method needs to reach an overlap with w*.

    Parameters
    ----------
    d : array_like
        Dimension, >= 2; ``inf`` gives the limit.
    overlap : array_like
        c in [0, 1): mean of <w, w*> for the unit vector w that the method answers, over w* uniform on the sphere.
    g_0 : array_like
        Signal strength, >= 0.

    Returns
    -------
    ndarray
        n / d >= -(1 - 1/d) log(1 - c^2) / (2 I_1(d)), with n the examples that hold P (THEORY §10).

    Raises
    ------
    InputError
        If d < 2, g_0 < 0, or an overlap lies outside of [0, 1).

    Examples
    --------
    >>> from theory_sim.theory.sample_complexity import samples_lower_bound
    >>> round(float(samples_lower_bound(200, 0.8)), 3)
    0.256
    """
    dimension, c = _dimension(d), _overlap(overlap)
    result: Floats = (1.0 - 1.0 / dimension) * -np.log1p(-c * c) / (2.0 * information_per_example(dimension, g_0))
    return result


def averaging_shortfall(d: ArrayLike) -> Floats:
    """Return by how much the mean overlap of averaging may stay below its large-d formula at dimension d.

    That is (12 / (25 sqrt(5))) (2 - 4/pi) / (d - 1), about 0.156 / (d - 1): half the largest curvature of
    a / sqrt(a^2 + b) times the variance of the sum along w* (THEORY §10). ``inf`` gives 0; d >= 2.

    Examples
    --------
    >>> from theory_sim.theory.sample_complexity import averaging_shortfall
    >>> averaging_shortfall([20, 200]).round(5)
    array([0.00821, 0.00078])
    """
    result: Floats = 12.0 / (25.0 * math.sqrt(5.0)) * (2.0 - 4.0 / math.pi) / (_dimension(d) - 1.0)
    return result


def samples_upper_bound(overlap: ArrayLike, g_0: ArrayLike = 1.0, *, d: ArrayLike = math.inf) -> Floats:
    """Return a number n / d with which the average of y x_1 reaches an overlap with w*.

    Parameters
    ----------
    overlap : array_like
        c in [0, 1): mean of <w, w*> for w the direction of the average.
    g_0 : array_like
        Signal strength, >= 0.
    d : array_like
        Dimension, >= 2; by default the limit of large d.

    Returns
    -------
    ndarray
        n / d = (1 - 1/d) c_d^2 / ((1 - c_d^2) mu^2), mu = g_0 + sqrt(2/pi) and c_d the overlap asked for plus
        `averaging_shortfall`; infinite if c_d >= 1, where the bound promises nothing (THEORY §10). It holds at every d for
        any whole n not below d times this.

    Raises
    ------
    InputError
        If d < 2, g_0 < 0, or an overlap lies outside of [0, 1).

    Examples
    --------
    >>> from theory_sim.theory.sample_complexity import samples_upper_bound
    >>> round(float(samples_upper_bound(0.8, d=200)), 3)
    0.55
    """
    dimension, mean = _dimension(d), _strength(g_0) + _HALF_NORMAL_MEAN
    aimed = _overlap(overlap) + averaging_shortfall(dimension)
    reachable = aimed < 1.0
    c = np.where(reachable, aimed, 0.0)
    wanted = (1.0 - 1.0 / dimension) * c * c / ((1.0 - c) * (1.0 + c) * mean * mean)
    result: Floats = np.where(reachable, wanted, np.inf)
    return result


def _dimension(d: ArrayLike) -> Floats:
    dimension = np.asarray(d, dtype=np.float64)
    good = dimension >= 2.0
    if not np.all(good):
        raise InputError(f"d = {_first_bad(dimension, good)}", "d >= 2", "directions need two dimensions: raise d")
    return dimension


def _strength(g_0: ArrayLike) -> Floats:
    strength = np.asarray(g_0, dtype=np.float64)
    good = (strength >= 0.0) & np.isfinite(strength)
    if not np.all(good):
        raise InputError(f"g_0 = {_first_bad(strength, good)}", "0 <= g_0 < infinity", "use g_0 = 1, as the paper does")
    return strength


def _overlap(overlap: ArrayLike) -> Floats:
    c = np.asarray(overlap, dtype=np.float64)
    good = (c >= 0.0) & (c < 1.0)
    if not np.all(good):
        raise InputError(f"overlap {_first_bad(c, good)}", "0 <= overlap < 1", "give the overlap aimed at, below 1")
    return c


def _first_bad(values: Floats, good: NDArray[np.bool_]) -> str:
    return f"{float(values[~good].flat[0]):g}" if values.ndim else f"{float(values):g}"
