"""Activation patterns and two-time kernels of a wide ReLU layer (THEORY §6, §7).

``rho`` is the correlation of the noise between the two times, ``theta`` the angle between inputs.
All functions broadcast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def _arccos(cosine: ArrayLike) -> Floats:
    # Rounding may put a correlation of one slightly beyond one.
    angle: Floats = np.arccos(np.clip(np.asarray(cosine, dtype=np.float64), -1.0, 1.0))
    return angle


def flip_probability(rho: ArrayLike) -> Floats:
    """Return P[1(U_s x > 0) != 1(U_t x > 0)] = arccos(rho) / pi (Sheppard; THEORY §6)."""
    return _arccos(rho) / np.pi


def tangent_kernel(inner: ArrayLike, cos_theta: ArrayLike, rho: ArrayLike) -> Floats:
    """Return the two-time tangent kernel k_{s,t}(x, x') of an infinitely wide layer.

    Parameters
    ----------
    inner : array_like
        Inner product <x, x'>.
    cos_theta : array_like
        Cosine of the angle between x and x'.
    rho : array_like
        Correlation of the noise between the times s and t.

    Returns
    -------
    ndarray
        <x, x'> (pi - arccos(rho cos theta)) / (2 pi): the degree-0 arc-cosine kernel
        (Cho and Saul 2009; THEORY §6).
    """
    cosine = np.asarray(rho, dtype=np.float64) * np.asarray(cos_theta, dtype=np.float64)
    return np.asarray(inner, dtype=np.float64) * (np.pi - _arccos(cosine)) / (2.0 * np.pi)


def kappa_1(cosine: ArrayLike) -> Floats:
    """Return E[relu(a) relu(b)] for standard normal a, b of correlation ``cosine`` (THEORY §7).

    It is (sqrt(1 - c^2) + c (pi - arccos c)) / (2 pi), the covariance of the noise output per
    unit norms and noise levels when the second layer has independent random signs.
    """
    c = np.clip(np.asarray(cosine, dtype=np.float64), -1.0, 1.0)
    value: Floats = (np.sqrt((1.0 - c) * (1.0 + c)) + c * (np.pi - np.arccos(c))) / (2.0 * np.pi)
    return value
