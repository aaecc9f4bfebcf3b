"""How residuals of an earlier time separate the classes of Q (THEORY §8).

h = g(z + zeta) + g(z - zeta) - 2 g(z), where g is the network's output on a Q patch and
r = |zeta|. A unit residual whose noise has since kept the correlation rho adds Delta(rho) to h
if it sat on z, and Delta_pm(rho) if it sat on z + zeta or z - zeta.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def _arccos(cosine: Floats) -> Floats:
    angle: Floats = np.arccos(np.clip(cosine, -1.0, 1.0))
    return angle


def delta(rho: ArrayLike, r: float) -> Floats:
    """Return Delta(rho), what a residual on z adds to h; -arctan(r)/pi at rho = 1.

    Examples
    --------
    >>> from theory_sim.theory.separation import delta
    >>> delta([1.0, 0.5], r=0.3).round(4)
    array([-0.0928, -0.0077])
    """
    p = np.asarray(rho, dtype=np.float64)
    return (_arccos(p) - _arccos(p / math.sqrt(1.0 + r * r))) / np.pi


def delta_pm(rho: ArrayLike, r: float) -> Floats:
    """Return Delta_pm(rho), what a residual on z +- zeta adds to h; r^2 arctan(r)/pi at rho = 1.

    Examples
    --------
    >>> from theory_sim.theory.separation import delta_pm
    >>> delta_pm([1.0, 0.5], r=0.3).round(4)
    array([ 0.0083, -0.0058])
    """
    p = np.asarray(rho, dtype=np.float64)
    s = r * r
    near = _arccos(p / math.sqrt(1.0 + s))
    far = _arccos(p * (1.0 - s) / (1.0 + s))
    return (2.0 * near - (1.0 + s) * _arccos(p) - (1.0 - s) * far) / (2.0 * np.pi)


def net_weight(rho: ArrayLike, r: float) -> Floats:
    """Return Delta - Delta_pm, the net weight once the linear part has balanced the residuals.

    Examples
    --------
    Frozen patterns, and patterns that have moved:

    >>> from theory_sim.theory.separation import net_weight
    >>> net_weight([1.0, 0.5], r=0.3).round(4)
    array([-0.1011, -0.0019])
    """
    return delta(rho, r) - delta_pm(rho, r)


def frozen_weight(r: float) -> float:
    """Return arctan(r) (1 + r^2) / pi, the absolute net weight of frozen patterns (rho = 1).

    Examples
    --------
    >>> from theory_sim.theory.separation import frozen_weight
    >>> round(frozen_weight(0.3), 4)
    0.1011
    """
    return math.atan(r) * (1.0 + r * r) / math.pi


def J(r: float) -> float:
    """Return J(r), the net weight summed over all ages of stationary noise, times lambda.

    J(r) = [2 sqrt(1+r^2) - 2 - r^2 - r + (1+r^2) arctan r] / pi, about 2 r^3/(3 pi): under
    moving patterns the separation stays near J(r)/lambda times the residual (THEORY §8).

    Examples
    --------
    >>> from math import pi
    >>> from theory_sim.theory.separation import J
    >>> round(J(0.05) / (2 * 0.05**3 / (3 * pi)), 2)
    0.98
    """
    s = r * r
    # 2 sqrt(1+s) - 2 - s = -(sqrt(1+s) - 1)^2, and sqrt(1+s) - 1 = s/(sqrt(1+s) + 1).
    root = -((s / (math.sqrt(1.0 + s) + 1.0)) ** 2)
    if r < 0.1:
        # (1+r^2) arctan r - r = sum_{k>=1} (-1)^(k+1) 2 r^(2k+1)/((2k-1)(2k+1)): no cancellation.
        odd = sum(
            (1.0 if k % 2 else -1.0) * 2.0 * r ** (2 * k + 1) / ((2 * k - 1) * (2 * k + 1))
            for k in range(1, 12)
        )
    else:
        odd = (1.0 + s) * math.atan(r) - r
    return (root + odd) / math.pi


def pattern_motion(rate: float, tau_xi: float, tau: float, r: float, duration: float) -> float:
    """Return Y = gamma tau_xi^2 duration / (tau^2 r^2) (THEORY §8).

    Parameters
    ----------
    rate, tau_xi, tau : float
        Learning rate, injected noise and noise level.
    r : float
        Norm of zeta.
    duration : float
        Learning-rate time over which the patterns move, usually tau_Q.

    Returns
    -------
    float
        Small: patterns are frozen on the scale r that matters to Q; large: they move. Infinite
        without initial noise (tau = 0), zero if no noise is injected.

    Examples
    --------
    >>> from theory_sim.theory.separation import pattern_motion
    >>> round(pattern_motion(rate=16.0, tau_xi=0.008, tau=1.0, r=0.3, duration=400.0), 2)
    4.55
    """
    if tau_xi == 0.0:
        return 0.0
    scale = tau * r
    relative = tau_xi / scale if scale > 0.0 else math.inf
    return relative * relative * rate * duration


def frozen_fraction(motion: ArrayLike) -> Floats:
    """Return G(Y), the factor by which moving patterns reduce the separation h (THEORY §8).

    G(Y) = [4 (1+Y)^{3/2} - 3 Y^{3/2} - (Y+4)^{3/2} + 4] / (3 Y), near 1 - sqrt(Y) for small Y and
    4/(3 Y) for large Y, G(0) = 1. Small r is assumed.

    Examples
    --------
    >>> from theory_sim.theory.separation import frozen_fraction
    >>> frozen_fraction([0.0, 0.03, 1.0]).round(2)
    array([1.  , 0.84, 0.38])
    """
    y = np.asarray(motion, dtype=np.float64)
    safe = np.where(y > 0.0, y, 1.0)
    # Both branches take the cancelling leading terms out before they are rounded.
    small = (
        4.0 * np.expm1(1.5 * np.log1p(safe))
        - 8.0 * np.expm1(1.5 * np.log1p(safe / 4.0))
        - 3.0 * safe**1.5
    )
    large = 4.0 + safe**1.5 * (
        4.0 * np.expm1(1.5 * np.log1p(1.0 / safe)) - np.expm1(1.5 * np.log1p(4.0 / safe))
    )
    value: Floats = np.where(y > 0.0, np.where(safe < 4.0, small, large) / (3.0 * safe), 1.0)
    return value
