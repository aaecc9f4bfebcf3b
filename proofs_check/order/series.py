"""arcsin(rho c) between different sites, power by power: rho^(2k+1) c^(2k+1) factorises over time (THEORY §7, §14)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from proofs_check.order.rounding import above

__all__ = ["coefficients", "powers_for", "root_bound", "tail"]

_MOST: Final = 80


def coefficients(count: int) -> list[Fraction]:
    """b_0, ..., b_(count - 1) of arcsin u = sum b_k u^(2k+1): b_(k+1) = b_k (2k+1)^2 / ((2k+2)(2k+3)), decreasing."""
    found = [Fraction(1)]
    for k in range(count - 1):
        found.append(found[-1] * Fraction((2 * k + 1) ** 2, (2 * k + 2) * (2 * k + 3)))
    return found[:count]


def tail(count: int, cosine: float) -> float:
    """Upper bound of the sum over k >= count of b_k c^(2k+1): b_count c^(2 count + 1) / (1 - c^2), since b_k decreases."""
    first = float(coefficients(count + 1)[-1])
    return above(above(first) * cosine ** (2 * count + 1) * (1.0 + 1e-12) / (1.0 - cosine * cosine))


def powers_for(cosine: float, largest: float) -> int:
    """Number of powers whose tail is at most a bound; 0 if there are no cosines."""
    if cosine <= 1e-300:
        return 0
    return next((k for k in range(1, _MOST) if tail(k, cosine) <= largest), _MOST)


def root_bound(cosine: float) -> float:
    """Upper bound of 1 / sqrt(1 - c^2)."""
    return above(1.0 / float(np.sqrt(1.0 - cosine * cosine)) * (1.0 + 1e-12))
