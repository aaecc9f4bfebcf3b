"""Which errors are possible where some of the drawn examples are known: Clopper and Pearson's interval."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["CONFIDENCE", "error_interval"]

CONFIDENCE: Final = 0.999


def error_interval(least: int, most: int, n: int) -> tuple[float, float]:
    """Interval of a probability of which between ``least`` and ``most`` of n draws are known: rounded outwards to 1e-6.

    Each end is exact at half of 1 - CONFIDENCE (Clopper and Pearson).

    Examples
    --------
    >>> error_interval(0, 0, 1000)
    (0.0, 0.007573)
    """
    from scipy import stats

    tail = 0.5 * (1.0 - CONFIDENCE)
    low = 0.0 if least == 0 else float(stats.beta.ppf(tail, least, n - least + 1))
    high = 1.0 if most == n else float(stats.beta.isf(tail, most + 1, n - most))
    return max(math.floor(low * 1e6 - 1e-3), 0) / 1e6, min(math.ceil(high * 1e6 + 1e-3), 10**6) / 1e6
