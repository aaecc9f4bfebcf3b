"""Whether increasing values lie evenly on a linear or on a logarithmic scale, and values in between."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["halved", "logarithmic"]

# Logarithms differ in their last digits between machines, and a run is known by its values.
_DIGITS = 9


def logarithmic(values: NDArray[np.float64]) -> bool:
    """Whether increasing values are more even on a logarithmic scale."""
    if values[0] <= 0 or len(values) < 3:
        return bool(values[0] > 0 and values[-1] / values[0] >= 10 * (1 - 1e-9))
    steps, factors = np.diff(values), np.diff(np.log(values))
    return bool(factors.std() / factors.mean() < steps.std() / steps.mean())


def halved(values: Sequence[float], levels: int, *, whole: bool) -> list[float]:
    """Increasing values with those between them, each interval halved so many times on the values' scale.

    The values between have 9 digits, or are whole numbers. More levels keep those of fewer.
    """
    scale = logarithmic(np.array(values, dtype=float))
    fine: list[float] = []
    for low, high in itertools.pairwise(values):
        fine.append(low)
        for part in range(1, 2**levels):
            share = part / 2**levels
            between = low * (high / low) ** share if scale else low + share * (high - low)
            fine.append(round(between) if whole else float(f"{between:.{_DIGITS}g}"))
    return [*fine, values[-1]]
