"""What a direction is worth on P (THEORY §10)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory_sim.errors import InputError

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
_NEGLIGIBLE = 45.0  # exponents below -45 change no digit of the integral
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)


def P_error(overlap: ArrayLike, g0: float = 1.0) -> Floats:
    """Return the exact error on P of a linear classifier with the given overlap with w*.

    Parameters
    ----------
    overlap : array_like
        c = <w, w*>/|w| in [-1, 1], any shape; NaN (no direction) gives NaN.
    g0 : float
        Signal strength, >= 0; the margin of P is g0/sqrt(d).

    Returns
    -------
    ndarray, same shape
        E Phi(-c (g0 + |g|)/sqrt(1 - c^2)) with g ~ N(0, 1) (THEORY §10). Relative accuracy about
        1e-12 as long as the result does not underflow.

    Raises
    ------
    InputError
        If an overlap exceeds one in absolute value beyond rounding, or g0 < 0.

    Examples
    --------
    >>> from theory_sim.theory.overlap import P_error
    >>> P_error([0.0, 0.8, 1.0]).round(4)
    array([0.5   , 0.0235, 0.    ])
    """
    c = np.asarray(overlap, dtype=np.float64)
    if np.any(np.abs(c) > 1.0 + _ROUNDING):
        raise InputError(
            f"overlap {float(np.nanmax(np.abs(c))):g}",
            "an overlap lies in [-1, 1]",
            "divide the inner product by both norms",
        )
    if not g0 >= 0.0:
        raise InputError(f"g0 = {g0:g}", "g0 must not be negative", "use g0 = 1, as the paper does")
    c = np.clip(c, -1.0, 1.0)
    size = np.abs(c)
    gap = (1.0 - size) * (1.0 + size)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(gap > 0.0, size / np.sqrt(gap), np.inf)
    slope = np.where(np.isnan(c), np.nan, slope)
    error = np.where(np.isinf(slope), 0.0, _error_of_slope(np.where(np.isinf(slope), 0.0, slope), g0))
    result: Floats = np.where(c >= 0.0, error, 1.0 - error)
    return result


def _error_of_slope(k: Floats, g0: float) -> Floats:
    # 2 int_0^inf phi(x) Phi(-k (g0 + x)) dx with Phi(-y) = erfcx(y/sqrt 2) exp(-y^2/2)/2 and
    # x = t/sqrt(1 + k^2): the Gaussian factors combine, the rest of the integrand is smooth.
    from scipy.special import erfcx

    scale = np.sqrt(1.0 + k * k)
    slope = k * k * g0 / scale
    end = 2.0 * _NEGLIGIBLE / (slope + np.sqrt(slope * slope + 2.0 * _NEGLIGIBLE))
    t = 0.5 * end[..., None] * (_NODES + 1.0)
    k_, scale_, slope_ = k[..., None], scale[..., None], slope[..., None]
    values = erfcx(k_ * (g0 + t / scale_) / math.sqrt(2.0)) * np.exp(-t * (0.5 * t + slope_))
    integral = 0.5 * end * (values @ _WEIGHTS)
    result: Floats = np.exp(-0.5 * (k * g0) ** 2) * integral / (math.sqrt(2.0 * math.pi) * scale)
    return result


def averaging_overlap(n: float, d: int, g0: float = 1.0) -> float:
    """Return the overlap of the average of n P examples with w*, to leading order in d.

    c^2 = delta mu^2/(1 + delta mu^2), delta = n/d, mu = g0 + sqrt(2/pi) (THEORY §10).

    Examples
    --------
    >>> from theory_sim.theory.overlap import averaging_overlap
    >>> round(averaging_overlap(n=100, d=200), 3)
    0.786
    """
    strength = n / d * (g0 + math.sqrt(2.0 / math.pi)) ** 2
    return math.sqrt(strength / (1.0 + strength))
