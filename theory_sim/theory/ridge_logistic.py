"""Logistic regression with ridge on P at d to infinity: overlap, training loss and size of its minimiser (THEORY §10).

With a_i = sqrt(d) y_i x_i of n = delta d examples, theta minimises (1/n) sum_i l(<theta, a_i>) + (ridge/2) |theta|^2,
l(z) = log(1 + e^-z). By the Gaussian min-max theorem its signal A = <theta, w*>, its size s across and the outputs
z of the training examples tend to those of

    min over A, s and z of  E l(z) + (ridge/2)(A^2 + s^2)  subject to  E (z - A v - s G)^2 <= s^2 / delta,

v = g_0 + |N(0, 1)|, G standard normal, whose stationary point is a proximal fixed point (Salehi, Abbasi and Hassibi 2019,
arXiv:1906.03761; Mignacco, Krzakala, Lu and Zdeborova 2020, arXiv:2002.11544). Ridge to 0 leads to the max-margin classifier,
ridge to infinity to averaging.

In the linear part <x, x'>/4 of the network's kernel, a share p of the examples with weight decay lambda has
ridge = 4 d lambda / p, as in the ridge's floor (THEORY §9).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.theory.max_margin import DELTAS

__all__ = ["RidgeLogistic", "ridge_logistic", "ridge_logistic_at_loss"]

Floats = NDArray[np.float64]
_RIDGES = (1e-5, 1e3)
_LARGEST_G_0 = 10.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_TAIL = 10.0  # of the standardised output, beyond which lie 2e-23
_STEP = 10.0**0.5  # between two ridges of the course from averaging to small ridges
_COURSE = (*(_RIDGES[1] / _STEP**number for number in range(16)), _RIDGES[0])
_CLOSE = 1e-9
_ROUNDS = 200


@dataclass(frozen=True)
class RidgeLogistic:
    """The minimiser, as d goes to infinity.

    Attributes
    ----------
    ridge : float
        Weight of |theta|^2 / 2 beside the mean loss; outputs are y f = <theta, a>.
    signal : float
        A = <theta, w*>.
    across : float
        s, the size of theta across w*.
    gamma : float
        By how much an example moves its own output: z = q + gamma / (1 + e^z) from the output q without it.
    overlap : float
        c = A / sqrt(A^2 + s^2).
    loss : float
        Mean training loss in nats, without the ridge's part.
    """

    ridge: float
    signal: float
    across: float
    gamma: float
    overlap: float
    loss: float


@cache
def ridge_logistic(delta: float, ridge: float, g_0: float = 1.0) -> RidgeLogistic:
    """Return the minimiser for n = delta d examples of P and a ridge, d to infinity.

    Parameters
    ----------
    delta : float
        n / d, from 1e-3 to 1e4.
    ridge : float
        From 1e-5 to 1e3.
    g_0 : float
        Signal strength, from 0 to 10.

    Returns
    -------
    RidgeLogistic
        Relative accuracy about 1e-9, 3e-8 at the smallest ridge without a gap (THEORY §10).

    Raises
    ------
    InputError
        If an argument lies outside of these ranges.

    Examples
    --------
    >>> from theory_sim.theory.ridge_logistic import ridge_logistic
    >>> found = ridge_logistic(0.5, ridge=0.1)
    >>> round(found.overlap, 3), round(found.loss, 3)
    (0.807, 0.065)
    """
    _check(delta, g_0)
    if not _RIDGES[0] <= ridge <= _RIDGES[1]:
        raise InputError(f"ridge = {ridge:g}", f"{_RIDGES[0]:g} <= ridge <= {_RIDGES[1]:g}",
                         "for smaller ones see max_margin, for larger ones averaging_overlap")
    steps = max(1, math.ceil(math.log(_RIDGES[1] / ridge, _STEP)))
    x = _averaging(delta, g_0)
    for step in range(1, steps + 1):
        at = _RIDGES[1] ** (1.0 - step / steps) * ridge ** (step / steps)
        x = _root(partial(_equations, ridge=at, delta=delta, g_0=g_0), x)
    return _as_result(x, ridge, g_0)


@cache
def ridge_logistic_at_loss(delta: float, loss: float, g_0: float = 1.0) -> RidgeLogistic:
    """Return the minimiser whose ridge leaves a given mean training loss: of all theta with that loss the shortest.

    Parameters
    ----------
    delta : float
        n / d, from 1e-3 to 1e4.
    loss : float
        In nats, below log 2; what the ridge 1e3 leaves is the largest, what 1e-5 leaves the smallest.
    g_0 : float
        Signal strength, from 0 to 10.

    Returns
    -------
    RidgeLogistic
        As `ridge_logistic`, with the ridge found.

    Raises
    ------
    InputError
        If an argument lies outside of these ranges.

    Examples
    --------
    >>> from theory_sim.theory.ridge_logistic import ridge_logistic_at_loss
    >>> round(ridge_logistic_at_loss(0.5, 0.45).ridge, 3)
    3.17
    """
    _check(delta, g_0)
    if not 0.0 < loss < math.log(2.0):
        raise InputError(f"loss = {loss:g}", "0 < loss < log 2 = 0.693, the loss of no output",
                         "use 0.45, the level of the learning order")
    x = _averaging(delta, g_0)
    for ridge in _COURSE:
        x = _root(partial(_equations, ridge=ridge, delta=delta, g_0=g_0), x)
        reached = _means(x, g_0)[3]
        if ridge == _COURSE[0] and reached < loss:
            raise InputError(f"loss = {loss:g}", f"at most {reached:.4g}, which the ridge {ridge:g} leaves",
                             "lower it, or see averaging_overlap for its limit")
        if reached <= loss:
            break
    else:
        raise InputError(f"loss = {loss:g}", f"at least {reached:.2g}, which the ridge {ridge:g} leaves",
                         "raise it, or see max_margin for its limit")

    def equations(y: Floats) -> Floats:
        own = _equations(y[:3], math.exp(y[3]), delta, g_0)
        return np.array([*own, math.log(_means(y[:3], g_0)[3] / loss)])

    y = _root(equations, np.array([*x, math.log(ridge)]))
    return _as_result(y[:3], math.exp(y[3]), g_0)


def _averaging(delta: float, g_0: float) -> Floats:
    """Logarithms of A, s and gamma where the ridge is so large that every example has the residual weight 1/2."""
    ridge = _RIDGES[1]
    mean = g_0 + math.sqrt(2.0 / math.pi)
    logarithms: Floats = np.log([mean / (2.0 * ridge), 1.0 / (2.0 * ridge * math.sqrt(delta)), 1.0 / (delta * ridge)])
    return logarithms


def _equations(x: Floats, ridge: float, delta: float, g_0: float) -> Floats:
    """Stationarity in A, the constraint, stationarity in s; each 0 at the minimiser."""
    signal, across, gamma = np.exp(x)
    along, square, undone, _ = _means(x, g_0)
    return np.array([
        math.log(along / (ridge * signal)), math.log(gamma * gamma * square * delta / (across * across)),
        undone * delta - 1.0 + ridge * gamma * delta,
    ])  # fmt: skip


def _means(x: Floats, g_0: float) -> tuple[float, float, float, float]:
    """E[v p], E[p^2], E[gamma l''/(1 + gamma l'')] and E[l] at the outputs z, with the residual weight p = 1/(1 + e^z)."""
    from scipy.special import erfcx, expit, ndtr

    signal, across, gamma = np.exp(x)
    size = math.hypot(signal, across)
    cosine, sine = signal / size, across / size
    # q = A v + s G without the example's own part is A g_0 + size u, u skew-normal; |g| given u is a truncated normal.
    u, weight = _panels((-_TAIL * sine, _TAIL * sine, _TAIL))  # the density rises within a few times sine
    ratio = cosine / sine * u
    density = weight * math.sqrt(2.0 / math.pi) * np.exp(-0.5 * u * u) * ndtr(ratio)
    v = g_0 + cosine * u + sine * math.sqrt(2.0 / math.pi) / erfcx(-ratio / math.sqrt(2.0))
    z = _proximal(signal * g_0 + size * u, gamma)
    slope = expit(-z)
    stiffness = gamma * slope * (1.0 - slope)  # gamma l''(z)
    each = np.stack([v * slope, slope * slope, stiffness / (1.0 + stiffness), np.logaddexp(0.0, -z)])
    along, square, undone, loss = (float(mean) for mean in each @ density)
    return along, square, undone, loss


def _panels(ends: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss and Legendre on each interval between the ends."""
    halves = [(0.5 * (high - low), 0.5 * (high + low)) for low, high in pairwise(ends)]
    nodes = np.concatenate([middle + half * _NODES for half, middle in halves])
    return nodes, np.concatenate([half * _WEIGHTS for half, _ in halves])


def _proximal(q: Floats, gamma: float) -> Floats:
    """The z with z - gamma/(1 + e^z) = q, by Newton's method from the side on which it converges monotonically."""
    from scipy.special import expit

    # The left side is convex below 0 and concave above, and its root has the sign of q + gamma/2.
    z = np.where(q > -0.5 * gamma, np.maximum(q, 0.0), np.minimum(q + gamma, 0.0))
    for _ in range(_ROUNDS):
        slope = expit(-z)
        step = (z - gamma * slope - q) / (1.0 + gamma * slope * (1.0 - slope))
        z = z - step
        if np.all(np.abs(step) <= 1e-13 * (1.0 + np.abs(z))):
            break
    result: Floats = z
    return result


def _root(equations: Callable[[Floats], Floats], start: Floats) -> Floats:
    from scipy.optimize import root

    found = root(equations, start, tol=1e-13, options={"factor": 0.1})
    if not float(np.max(np.abs(equations(found.x)))) < _CLOSE:
        raise InputError(f"no fixed point found: {found.message}", "delta, ridge or loss and g_0 in their ranges",
                         "choose less extreme ones")
    point: Floats = found.x
    return point


def _as_result(x: Floats, ridge: float, g_0: float) -> RidgeLogistic:
    signal, across, gamma = (float(each) for each in np.exp(x))
    return RidgeLogistic(ridge, signal, across, gamma, signal / math.hypot(signal, across), _means(x, g_0)[3])


def _check(delta: float, g_0: float) -> None:
    for name, value, (low, high) in (("delta", delta, DELTAS), ("g_0", g_0, (0.0, _LARGEST_G_0))):
        if not low <= value <= high:
            raise InputError(f"{name} = {value:g}", f"{low:g} <= {name} <= {high:g}", f"choose {name} in that range")
