"""Means of curves that were recorded at different times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory_sim.arrays import Array

__all__ = ["mean_curve"]


def mean_curve(curves: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean over curves, linear between records, at every time at which any was recorded: no peak of a curve is left out.

    Parameters
    ----------
    curves : sequence of (times, values)
        At least one, with increasing times.

    Returns
    -------
    times, mean : (t,) arrays
        From the latest first time to the earliest last one; of one curve its own records.

    Examples
    --------
    >>> times, mean = mean_curve([(np.array([0.0, 1.0, 2.0]), np.array([0.0, 6.0, 0.0]))])
    >>> mean.tolist()
    [0.0, 6.0, 0.0]
    """
    times = np.unique(np.concatenate([times for times, _ in curves]))
    times = times[(times >= max(each[0] for each, _ in curves)) & (times <= min(each[-1] for each, _ in curves))]
    mean: Array = np.mean([np.interp(times, *curve) for curve in curves], axis=0)
    return times, mean
