"""Angle, exponential, logarithm and logistic loss of arrays, each with a proved bound of its error.

No transcendental function of the system's library is trusted: it only guesses. Constants at a grid come from ball arithmetic;
between grid points a few terms of a series are enough; a guessed logarithm is corrected by the exponential.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from flint import arb

from proofs_check.methods.enclosure import precision
from proofs_check.order.rounding import UNIT
from theory_sim.arrays import Array

__all__ = ["ANGLE_ERROR", "LARGEST_MARGIN", "LOSS_ERROR", "SLOPE_ERROR", "angle", "log_of_rest", "logistic"]

_GRID: Final = 64
_LAST_ANGLE: Final = 101  # 101 / 64 > pi / 2
LARGEST_MARGIN: Final = 40.0
"""Largest |y f| for which the loss is evaluated."""
ANGLE_ERROR: Final = 40 * UNIT
"""Bound of the error of `angle`, for a sine within 16 u and a cosine within 8 u of exact ones."""
_EXP_ERROR: Final = 8 * UNIT  # relative
SLOPE_ERROR: Final = 20 * UNIT
"""Bound of the error of the logistic function in `logistic`, absolute."""
LOSS_ERROR: Final = 80 * UNIT
"""Bound of the error of the loss in `logistic`, absolute."""


@cache
def _tables() -> tuple[Array, Array, Array]:
    """Cosines and sines of k / 64, and exp(-k / 64): doubles within (1 + 2^-40) u of the exact numbers, relatively."""
    with precision(128):
        angles = [arb(k) / _GRID for k in range(_LAST_ANGLE + 1)]
        cosines = np.array([float(each.cos().mid()) for each in angles])
        sines = np.array([float(each.sin().mid()) for each in angles])
        powers = np.array([float((-arb(k) / _GRID).exp().mid()) for k in range(int(LARGEST_MARGIN) * _GRID + 1)])
    return cosines, sines, powers


def angle(sine: Array, cosine: Array) -> Array:
    """The angle in [0, pi / 2] whose sine is within 16 u of one array and whose cosine within 8 u of the other.

    Both are given, since neither alone determines the angle well near both ends: the arc cosine has no derivative at 1.

    Returns
    -------
    ndarray
        Within `ANGLE_ERROR`.
    """
    cosines, sines, _ = _tables()
    # Any grid point will do that is near enough, which is checked below: this arc tangent need not be right.
    grid = np.clip(np.rint(_GRID * np.arctan2(sine, cosine)), 0, _LAST_ANGLE).astype(np.int64)
    # sin(phi - k/64). Errors: 16 u + 8 u of the arguments; of the tables, products and the difference below u each: 29 u.
    z = sine * cosines[grid] - cosine * sines[grid]
    if not np.all(np.abs(z) <= 1.0 / _GRID):
        raise ValueError("sines and cosines that are of no angle")
    # phi - k/64 lies in [-1.58, 1.58], where a sine of at most 1/64 + 29 u determines it: arcsin, with slope at most 1.0002.
    # arcsin z to z^7: what is left out is below 0.0305 |z|^9 / (1 - z^2) < 2e-18; its rounding, below u |z| 8 < u / 8.
    square = z * z
    rest = z * (1.0 + square * (1.0 / 6.0 + square * (3.0 / 40.0 + square * (5.0 / 112.0))))
    # The last sum is at most 1.6: another 2 u. In all 29.01 u + 0.02 u + u / 8 + 2 u < 40 u.
    found: Array = grid / _GRID + rest
    return found


def _exp_minus(x: Array) -> Array:
    """exp(-x) for 0 <= x <= 40, within 8 u relatively."""
    _, _, powers = _tables()
    grid = np.rint(_GRID * x)
    # Exact: x and k/64 are within a factor of 2 of each other (Sterbenz), or k = 0. |z| <= 1/128 (1 + 2 u).
    z = grid / _GRID - x
    # Taylor to z^7: what is left out is below (1/128)^8 / 8! < 4e-22; Horner's rounding is below 3 u, since |z| is small.
    series = 1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (
        1.0 / 120.0 + z * (1.0 / 720.0 + z / 5040.0))))))
    # The table's u, the product's u and 3 u make 5.1 u.
    found: Array = powers[grid.astype(np.int64)] * series
    return found


def logistic(margin: Array) -> tuple[Array, Array]:
    """Logistic loss log(1 + e^{-v}) and the weight 1 / (1 + e^v) of margins v, |v| <= 40.

    Returns
    -------
    loss, weight : ndarray
        Within `LOSS_ERROR` and `SLOPE_ERROR`.
    """
    size = np.abs(margin)
    if not np.all(size <= LARGEST_MARGIN):
        raise ValueError("margins beyond 40")
    power = _exp_minus(size)
    whole = 1.0 + power
    # E / (1 + E) or 1 / (1 + E), E within 8 u relatively: at most 8 u of the numerator, 4 u + u of 1 + E, u of the quotient.
    weight = np.where(margin >= 0, power, 1.0) / whole
    # log(1 + E) is guessed, and the guess y corrected: log(1 + E) = y + log((1 + E) e^{-y}) = y + delta up to delta^2.
    guess = np.clip(np.log1p(power), 0.0, 1.0)
    delta = whole * _exp_minus(guess) - 1.0
    # Error of delta: 8 u E of E, 2 u of 1 + E, 8.1 u of exp, 1.1 u of the product; the difference is exact: below 20 u.
    if not np.all(np.abs(delta) <= 1e-12):
        raise ValueError("a logarithm far from the exponential's inverse")
    # The sum's u (log 2) and delta^2 < u / 10^8: below 22 u; adding -v, of at most 40.7 in all, another 41 u: below 80 u.
    loss = (guess + delta) + np.maximum(-margin, 0.0)
    return loss, weight


def log_of_rest(residual: Array) -> Array:
    """- log(1 - a) of residuals a in [0, 1), at most 40: within 1e-11.

    The loss of the output that has this residual.
    """
    rest = 1.0 - residual  # within u
    guess = -np.log1p(-residual)
    if not (np.all(rest > 0) and np.all(guess >= 0) and np.all(guess <= LARGEST_MARGIN)):
        raise ValueError("residuals that are not in [0, 1)")
    # - log(1 - a) = y - log((1 - a) e^y) for any y, and |log(1 + d)| <= 1.01 |d| for |d| <= 0.01. Relatively, 1 - a is within
    # u / (1 - a) < 2^-53 e^40 at worst; residuals of losses below 10 are within 3e-12.
    off = np.abs(rest / _exp_minus(guess) - 1.0)
    if not np.all(off <= 5e-12) or not np.all(guess <= 10.0):
        raise ValueError("a logarithm far from the exponential's inverse")
    return np.asarray(guess)
