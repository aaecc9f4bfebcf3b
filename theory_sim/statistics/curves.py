"""Means of curves that were recorded at different times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["mean_curve"]

Array = np.ndarray[Any, Any]


def mean_curve(grid: Array, curves: Sequence[tuple[Array, Array]]) -> Array:
    """Mean over curves (times, values) of the values at the times of a grid, linear between records.

    Parameters
    ----------
    grid : (t,) array
        Increasing times, within those of every curve.
    curves : sequence of (times, values)
        At least one.
    """
    mean: Array = np.mean([np.interp(grid, times, values) for times, values in curves], axis=0)
    return mean
