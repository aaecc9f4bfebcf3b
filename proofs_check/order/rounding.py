"""Bounds of rounding errors in IEEE double precision, round to nearest.

All bounds are themselves computed in floating point, from non-negative numbers, by sums, products, quotients and roots alone. A
relative error of each such operation is at most u, so that `above` covers thousands of them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["TINY", "UNIT", "above", "gamma"]

UNIT: Final = 2.0**-53
"""u: a sum, product, quotient or root is exact up to a factor within 1 - u and 1 + u."""
TINY: Final = 1e-280
"""Far above what the underflow of all operations of a run could add: at most 2^-1022 each, even with subnormals flushed."""


def above(bound: float) -> float:
    """Upper bound of a bound that was computed by at most 8000 operations on non-negative numbers: (1 + u)^8000 < 1 + 2^-39."""
    return bound * (1.0 + 2.0**-39) + TINY


def gamma(count: float) -> float:
    """Upper bound of gamma_n = n u / (1 - n u).

    A product of n factors (1 + delta)^(+-1), |delta| <= u, is within 1 +- gamma_n (Higham 2002, Lemma 3.1). So a dot product of
    n terms, summed in any order, with or without fused multiply-add, is exact up to gamma_n times the sum of the terms'
    absolute values.
    """
    part = count * UNIT
    if not part < 0.01:
        raise ValueError(f"{count:g} operations: too many for a bound of their rounding errors")
    return above(part / (1.0 - part))
