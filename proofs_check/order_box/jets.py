"""Bounds, over a cell of parameters, of a quantity and of its derivatives up to the second.

The parameters of a cell are c_k + h_k q_k with |q_k| <= 1, and derivatives are by q. A `Jet` holds bounds for all q at once, so
that products, quotients and roots of jets are jets of the products, quotients and roots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array

__all__ = ["ROUNDED", "Jet", "constant", "parameter", "powers"]

ROUNDED: Final = 1.0 + 1e-12
"""Covers the rounding of an operation on numbers that are not negative, of at most 4000 sums or products."""


@dataclass(frozen=True)
class Jet:
    """A quantity between ``low`` and ``high``, 0 <= low, and its derivatives.

    Attributes
    ----------
    low, high : array
        Bounds of the value.
    first : tuple of arrays
        Upper bounds of |d/dq_k|.
    second : tuple of tuples of arrays
        Upper bounds of |d^2 / dq_k dq_l|, symmetric.
    """

    low: Array
    high: Array
    first: tuple[Array, ...]
    second: tuple[tuple[Array, ...], ...]

    def __mul__(self, other: Jet) -> Jet:
        a, b, k = self, other, range(len(self.first))
        first = tuple((a.first[i] * b.high + a.high * b.first[i]) * ROUNDED for i in k)
        second = tuple(tuple((a.second[i][j] * b.high + a.first[i] * b.first[j] + a.first[j] * b.first[i]
                              + a.high * b.second[i][j]) * ROUNDED for j in k) for i in k)
        return Jet(a.low * b.low / ROUNDED, a.high * b.high * ROUNDED, first, second)

    def __add__(self, other: Jet) -> Jet:
        a, b, k = self, other, range(len(self.first))
        return Jet((a.low + b.low) / ROUNDED, (a.high + b.high) * ROUNDED,
                   tuple((a.first[i] + b.first[i]) * ROUNDED for i in k),
                   tuple(tuple((a.second[i][j] + b.second[i][j]) * ROUNDED for j in k) for i in k))

    def from_number(self, number: float) -> Jet:
        """``number`` minus this, which is not negative."""
        low, high = number - self.high, number - self.low
        slack = 4e-16 * (abs(number) + np.abs(self.high))
        return Jet(np.maximum(low - slack, 0.0), high + slack, self.first, self.second)

    def composed(self, low: Any, high: Any, slope: Any, curvature: Any) -> Jet:
        """A function of this: bounds of its values, of |its derivative| and of |its second derivative|."""
        k = range(len(self.first))
        first = tuple(slope * self.first[i] * ROUNDED for i in k)
        second = tuple(tuple((slope * self.second[i][j] + curvature * self.first[i] * self.first[j]) * ROUNDED for j in k)
                       for i in k)
        return Jet(low / ROUNDED, high * ROUNDED, first, second)

    def reciprocal(self) -> Jet:
        """1 / this, which is positive."""
        if not np.all(self.low > 0):
            raise ZeroDivisionError("a quotient whose denominator may be 0")
        inverse = 1.0 / self.low
        return self.composed(1.0 / self.high, inverse, inverse**2, 2.0 * inverse**3)

    def __getitem__(self, index: Any) -> Jet:
        return Jet(self.low[index], self.high[index], tuple(each[index] for each in self.first),
                   tuple(tuple(each[index] for each in row) for row in self.second))


def constant(value: float, count: int) -> Jet:
    """A number that does not depend on the ``count`` parameters."""
    zero = np.zeros(())
    return Jet(np.array(value), np.array(value), (zero,) * count, ((zero,) * count,) * count)


def parameter(centre: float, half: float, place: int | None, count: int) -> Jet:
    """The parameter at a place among those that vary; ``place`` None for one that does not."""
    found = constant(centre, count)
    if place is None:
        return found
    first = tuple(np.array(half if i == place else 0.0) for i in range(count))
    return Jet(np.array(centre - half) / ROUNDED, np.array(centre + half) * ROUNDED, first, found.second)


def powers(base: Jet, count: int) -> Jet:
    """base^n for n < ``count``, as arrays over n, of a base in (0, 1]."""
    k, n = range(len(base.first)), np.arange(count)
    low, high = (_cumulated(float(each), count) for each in (base.low, base.high))
    once, twice = np.concatenate([[0.0], high])[:count], np.concatenate([[0.0, 0.0], high])[:count]  # base^(n-1), base^(n-2)
    grown = 1.0 + 4e-16 * count
    first = tuple(n * once * base.first[i] * ROUNDED for i in k)
    second = tuple(tuple((n * (n - 1.0) * twice * base.first[i] * base.first[j] + n * once * base.second[i][j]) * ROUNDED
                         for j in k) for i in k)
    return Jet(low / grown, high * grown, tuple(each * grown for each in first), tuple(
        tuple(each * grown for each in row) for row in second))


def _cumulated(base: float, count: int) -> Array:
    found: Array = np.cumprod(np.concatenate([[1.0], np.full(count - 1, base)]))  # within n u, relatively
    return found
