"""Arrays of balls: doubles with radii. Each operation's ball holds the exact results of all numbers in its operands' balls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array

__all__ = ["UNIT", "Balls", "exact", "product", "widened"]

UNIT: Final = 2.0**-53
# Radii are sums and products of a few non-negative numbers: at most 30 roundings, and what underflows.
_OUT: Final = 1.0 + 2.0**-47
_UNDERFLOW: Final = 1e-290


def widened(radius: Array) -> Array:
    """An upper bound of a radius that at most 30 operations on upper bounds have given."""
    return np.asarray(radius * _OUT + _UNDERFLOW)


@dataclass(frozen=True)
class Balls:
    """Middles and radii of one shape."""

    mid: Array
    rad: Array

    def __add__(self, other: Balls) -> Balls:
        mid = self.mid + other.mid
        return Balls(mid, widened(self.rad + other.rad + UNIT * np.abs(mid)))

    def __sub__(self, other: Balls) -> Balls:
        mid = self.mid - other.mid
        return Balls(mid, widened(self.rad + other.rad + UNIT * np.abs(mid)))

    def __neg__(self) -> Balls:
        return Balls(-self.mid, self.rad)

    def __mul__(self, other: Balls) -> Balls:
        mid = self.mid * other.mid
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad) + UNIT * np.abs(mid)
        return Balls(mid, widened(rad))

    def __truediv__(self, other: Balls) -> Balls:
        """By balls of positive numbers: |a / b - A / B| <= (|a| + |A / B| |b|) / (B - |b|) with a, b within the radii."""
        below = other.mid - other.rad
        if not np.all(below > 0):
            raise ZeroDivisionError("a ball that may hold 0")
        mid = self.mid / other.mid
        rad = (self.rad + np.abs(mid) * other.rad * (1 + 4 * UNIT)) / below * (1 + 4 * UNIT) + UNIT * np.abs(mid)
        return Balls(mid, widened(rad))

    def scaled(self, factor: float) -> Balls:
        """Times an exact number."""
        mid = self.mid * factor
        return Balls(mid, widened(self.rad * abs(factor) + UNIT * np.abs(mid)))

    def shifted(self, number: float) -> Balls:
        """Plus an exact number."""
        mid = self.mid + number
        return Balls(mid, widened(self.rad + UNIT * np.abs(mid)))

    def root(self) -> Balls:
        """Square roots, of numbers that are not negative: |sqrt x - sqrt y| <= min(|x - y| / sqrt y, sqrt |x - y|)."""
        mid = np.sqrt(np.maximum(self.mid, 0.0))
        slope = np.divide(self.rad, mid, out=np.full_like(mid, np.inf), where=mid > 0)
        return Balls(mid, widened(np.minimum(slope, np.sqrt(self.rad)) * (1 + 8 * UNIT) + UNIT * mid))

    def upper(self) -> Array:
        """Upper bounds of absolute values."""
        return widened(np.abs(self.mid) + self.rad)

    def __getitem__(self, index: Any) -> Balls:
        return Balls(self.mid[index], self.rad[index])

    @property
    def transposed(self) -> Balls:
        """With both axes exchanged."""
        return Balls(self.mid.T, self.rad.T)


def exact(values: Array) -> Balls:
    """Doubles as balls."""
    mid = np.asarray(values, dtype=np.float64)
    return Balls(mid, np.zeros_like(mid))


def product(left: Balls, right: Balls) -> Balls:
    """Matrix product, in whatever order it is summed.

    The rounding of an entry is at most (n + 2) u sum |a| |b|, n <= 2^40 terms; that and what the radii add are bounded by norms
    of rows and columns (Cauchy and Schwarz).
    """
    n = left.mid.shape[1]
    mid = left.mid @ right.mid
    rows, row_radii = (_norms(part, 1) for part in (left.mid, left.rad))
    columns, column_radii = (_norms(part, 0) for part in (right.mid, right.rad))
    rad = np.multiply.outer(rows, (n + 2) * 1.01 * UNIT * columns + column_radii)
    rad += np.multiply.outer(row_radii, columns + column_radii)
    if not (np.all(rows < 1e20) and np.all(columns < 1e20)):  # NaN included
        raise OverflowError("numbers out of range")
    # Squares of what is below 1e-154 may be lost: at most n 1e-154 times a norm.
    return Balls(mid, widened(rad) + 1e-120)


def _norms(part: Array, axis: int) -> Array:
    """Upper bounds of the norms of rows or columns; a sum of n squares is within n u of itself."""
    n = part.shape[axis]
    return np.asarray(np.sqrt(np.einsum("ij,ij->i" if axis else "ij,ij->j", part, part)) * (1.0 + (n + 4) * UNIT))
