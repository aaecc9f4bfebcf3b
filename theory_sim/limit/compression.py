"""Sums of exponentials for the two-time factor arcsin(rho cos theta) of the tangent kernel (THEORY §6, §7).

With age u = -log|rho|, arcsin(c e^{-u}) is replaced by sum_e w_e(c) e^{-p_e u}. Each exponent is one recursion in time, so
that a step costs the same however long the history. The first exponents are 1, 3, 5, ..., with the Taylor weights of
arcsin, which factorise over pairs; the others are geometric and carry the tail, whose root singularity at age zero
needs large exponents for young ages.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError

__all__ = ["Compression", "MOST_POWERS", "taylor", "weak_cosine"]

MOST_POWERS: Final = 10
_MOST_NODES: Final = 300
# Ages beyond this are forgotten by the slowest exponent of the tail.
_FORGOTTEN: Final = 45.0
_COLUMNS: Final = 4096
_RANK: Final = 1e-14


def taylor(k: int) -> float:
    """Coefficient of x^(2k+1) in arcsin(x)."""
    return float(math.comb(2 * k, k) / 4**k / (2 * k + 1))


def weak_cosine(powers: int, tolerance: float) -> float:
    """Largest |cos theta| for which ``powers`` odd powers give arcsin to the tolerance, whatever rho.

    By bisection down to neighbouring numbers: the bound holds at what is returned; `scipy.optimize.brentq` may end beyond it.
    """
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        rest = taylor(powers) * middle ** (2 * powers + 1) / (1.0 - middle * middle)
        low, high = (middle, high) if rest <= tolerance else (low, middle)
    return low


class Compression:
    """Exponents and weights for one run.

    Parameters
    ----------
    powers : int
        Number K of odd powers, exponents 1, 3, ..., 2K - 1.
    age_min : float
        Smallest age u > 0 that occurs; 0 if every age is 0 (frozen patterns).
    tolerance : float
        Largest error of the sum at any age from ``age_min`` on, for any |cos theta| <= 1.
    equal_times : bool
        Whether age 0 occurs too: one more exponent, so large that it tells age 0 from all others, makes that exact.

    Attributes
    ----------
    exponents : (E,) array
        Increasing powers of |rho|.
    error : float
        Largest error found at cos theta = 1 and at smaller cosines, on a grid finer than that of the fit.

    Raises
    ------
    InputError
        If the tolerance cannot be met.
    """

    def __init__(self, powers: int, age_min: float, tolerance: float, *, equal_times: bool = False) -> None:
        self.powers = powers
        self._equal_times = equal_times and age_min > 0.0
        self.exponents: Array = np.zeros(0)
        self.error = 0.0
        self._choose(powers, age_min, tolerance)
        if self._equal_times:
            self.exponents = np.append(self.exponents, _FORGOTTEN / min(age_min, 1.0))

    def _choose(self, powers: int, age_min: float, tolerance: float) -> None:
        odd = 2.0 * np.arange(powers) + 1.0
        self._coefficients = np.array([taylor(k) for k in range(powers)])
        first, oldest = 2.0 * powers + 1.0, _FORGOTTEN / (2.0 * powers + 1.0)
        if age_min == 0.0:
            self._fit(np.zeros(1), np.zeros(1))
            self.exponents = np.append(odd, 0.0)
            self.error = 0.0
            return
        if age_min >= oldest:  # the first powers are exact beyond rounding
            self._fit(np.zeros(0), np.zeros(0))
            self.exponents, self.error = odd, 0.0
            return
        decades = math.log10(oldest / age_min)
        grid = np.geomspace(age_min, oldest, max(80, int(40 * decades)))
        finer = np.geomspace(age_min, oldest, max(300, int(211 * decades)))
        for nodes in range(4, _MOST_NODES, 4):
            exponents = np.geomspace(first, max(15.0 / age_min, 2.0 * first), nodes)
            self._fit(exponents, grid)
            self.exponents = np.append(odd, exponents)
            self.error = max(self._error(c, finer) for c in (1.0, 0.9999, 0.99, 0.9, 0.6, -1.0))
            if self.error <= tolerance:
                return
        raise InputError(
            f"tolerance = {tolerance:g} with ages down to {age_min:.3g}; {_MOST_NODES} exponentials reach {self.error:.2g}",
            "the compressed history must meet the tolerance", "raise the tolerance, or the smallest rate or tau_xi",
        )

    def _fit(self, exponents: Array, grid: Array) -> None:
        self._grid = grid
        left, values, right = np.linalg.svd(np.exp(-np.outer(grid, exponents)), full_matrices=False)
        kept = values > _RANK * values[0] if len(values) else values > 0
        self._left, self._values, self._right = left[:, kept], values[kept], right[kept]

    def _tail(self, cosine: Array, age: Array) -> Array:
        """arcsin(c e^{-u}) less its first powers, (ages, cosines)."""
        x = np.exp(-age)[:, None] * cosine
        # 1 - x^2 without cancellation: the root singularity at c = 1, u = 0 is what is to be resolved.
        rest = (1.0 - cosine) * (1.0 + cosine) - np.expm1(-2.0 * age)[:, None] * cosine**2
        value: Array = np.arctan2(x, np.sqrt(np.maximum(rest, 0.0)))
        for k, coefficient in enumerate(self._coefficients):
            value -= coefficient * x ** (2 * k + 1)
        return value

    def _error(self, cosine: float, ages: Array) -> float:
        fitted = np.exp(-np.outer(ages, self.exponents)) @ self._of_ages(np.array([cosine]))[:, 0]
        x = np.exp(-ages)
        rest = (1.0 - cosine) * (1.0 + cosine) - np.expm1(-2.0 * ages) * cosine**2
        return float(np.abs(fitted - np.arctan2(cosine * x, np.sqrt(np.maximum(rest, 0.0)))).max())

    def weights(self, cosine: Array) -> Array:
        """Weights w_e(c), (E, n), for cosines (n,): arcsin(c rho) = sum_e w_e(c) |rho|^p_e for rho >= 0."""
        moving = self._of_ages(cosine)
        if not self._equal_times:
            return moving
        return np.vstack([moving, np.arcsin(np.clip(cosine, -1.0, 1.0)) - moving.sum(axis=0)])

    def _of_ages(self, cosine: Array) -> Array:
        """Weights for all exponents but that of age 0."""
        weights = np.empty((self.powers + self._right.shape[1], len(cosine)))
        for k, coefficient in enumerate(self._coefficients):
            weights[k] = coefficient * cosine ** (2 * k + 1)
        for start in range(0, len(cosine), _COLUMNS):
            part = slice(start, start + _COLUMNS)
            # In factors: the inverse as one matrix has entries so large that their rounding would be the error.
            projected = self._left.T @ self._tail(cosine[part], self._grid)
            weights[self.powers :, part] = self._right.T @ (projected / self._values[:, None])
        return weights
