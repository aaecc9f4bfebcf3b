"""The max-margin classifier of P at d to infinity: its margin and its overlap with w* (THEORY §10).

With a_i = sqrt(d) y_i x_i of n = delta d examples, <theta, a_i> = A v_i + s G_i: v = g_0 + |N(0, 1)| along w*, G standard
normal across, independent of v. By the Gaussian min-max theorem, which asks no more of the data than that, some theta with
signal A and size s across has every <theta, a_i> >= 1 if, and but for equality only if,

    delta E (1 - A v - s G)_+^2 <= s^2,

and the max-margin classifier is the shortest (A, s) of this convex set (Montanari, Ruan, Sohn and Yan 2019,
arXiv:1911.01544; Deng, Kammoun and Thrampoulidis 2019, arXiv:1911.05822). It is also where gradient descent on the logistic
loss ends in direction, as slowly as 1/log of the time (Soudry, Hoffer, Nacson, Gunasekar and Srebro 2018, JMLR 19).

Here a = 1/s and the slope b = A/s; F(a, b) = E (a - b v - G)_+^2 = 1/delta is the boundary of the set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory_sim.errors import InputError

__all__ = ["DELTAS", "MaxMargin", "max_margin"]

Floats = NDArray[np.float64]
DELTAS = (1e-3, 1e4)
"""Examples per dimension between which the formulas here are solved."""
_LARGEST_G_0 = 10.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)
_TAIL = 9.5  # P[|g| > 9.5] is 2e-21
_NEGLIGIBLE = 10.0  # E (t - G)_+^2 is below 1e-23 for t < -10
_CLOSE = 1e-14


@dataclass(frozen=True)
class MaxMargin:
    """What the max-margin classifier reaches.

    Attributes
    ----------
    margin : ndarray
        sqrt(d) min_i y_i <theta, x_i> for the unit vector theta; the margin of w* itself tends to g_0.
    overlap : ndarray
        c = <theta, w*>.
    """

    margin: Floats
    overlap: Floats


def max_margin(delta: ArrayLike, g_0: ArrayLike = 1.0) -> MaxMargin:
    """Return margin and overlap of the max-margin classifier trained on n = delta d examples of P, d to infinity.

    Parameters
    ----------
    delta : array_like
        n / d, from 1e-3 to 1e4. P is linearly separable at every delta.
    g_0 : array_like
        Signal strength, from 0 to 10; shapes broadcast.

    Returns
    -------
    MaxMargin
        Arrays of the common shape (THEORY §10). Absolute accuracy of the overlap about 1e-12.

    Raises
    ------
    InputError
        If delta or g_0 lies outside of these ranges.

    Examples
    --------
    >>> from theory_sim.theory.max_margin import max_margin
    >>> round(float(max_margin(0.5).overlap), 3)
    0.783
    """
    ratio, strength = np.broadcast_arrays(_within("delta", delta, DELTAS), _within("g_0", g_0, (0.0, _LARGEST_G_0)))
    solved = [_solve(float(each), float(g)) for each, g in zip(ratio.flat, strength.flat, strict=True)]
    margin, overlap = np.array(solved, dtype=np.float64).reshape((-1, 2)).T
    return MaxMargin(margin.reshape(ratio.shape), overlap.reshape(ratio.shape))


def _solve(delta: float, g_0: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    def miss(slope: float) -> float:
        """Positive while the shortest point of the set has a larger slope: the normal of the boundary is steeper."""
        a = _boundary(slope, delta, g_0)
        return _mean_of_support(a, slope, g_0) * (1.0 + slope * slope) - a * slope

    largest = math.sqrt(delta) * (g_0 + 1.0)
    while miss(largest) > 0.0:
        largest *= 2.0
    slope = brentq(miss, 0.0, largest, xtol=_CLOSE)
    size = math.sqrt(1.0 + slope * slope)
    return _boundary(slope, delta, g_0) / size, slope / size


def _boundary(slope: float, delta: float, g_0: float) -> float:
    """The a with F(a, slope) = 1/delta; F grows with a."""
    from scipy.optimize import brentq

    def over(a: float) -> float:
        v, weight = _margins(a, slope, g_0)
        t = a - slope * v
        return float(weight @ ((t * t + 1.0) * _Phi(t) + t * _phi(t))) - 1.0 / delta

    low = slope * g_0 - _NEGLIGIBLE  # F < 1e-23 there
    high = low + 2.0 * _NEGLIGIBLE
    while over(high) < 0.0:
        high += high - low
    return float(brentq(over, low, high, xtol=_CLOSE))


def _mean_of_support(a: float, slope: float, g_0: float) -> float:
    """Mean of v weighted by (a - slope v - G)_+, which are the multipliers of the examples."""
    v, weight = _margins(a, slope, g_0)
    t = a - slope * v
    multiplier = weight * (t * _Phi(t) + _phi(t))
    return float(multiplier @ v / multiplier.sum())


def _margins(a: float, slope: float, g_0: float) -> tuple[Floats, Floats]:
    """Nodes and weights of v = g_0 + |g| where a - slope v is not far below 0."""
    end = _TAIL if slope == 0.0 else min(_TAIL, max((a + _NEGLIGIBLE) / slope - g_0, _CLOSE))
    x = 0.5 * end * (_NODES + 1.0)
    return g_0 + x, end * _WEIGHTS * _phi(x)


def _phi(t: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    return density


def _Phi(t: Floats) -> Floats:
    from scipy.special import ndtr

    share: Floats = ndtr(t)
    return share


def _within(name: str, value: ArrayLike, ends: tuple[float, float]) -> Floats:
    given = np.asarray(value, dtype=np.float64)
    good = (given >= ends[0]) & (given <= ends[1])
    if not np.all(good):
        bad = float(given[~good].flat[0]) if given.ndim else float(given)
        raise InputError(f"{name} = {bad:g}", f"{ends[0]:g} <= {name} <= {ends[1]:g}", f"choose {name} in that range")
    return given
