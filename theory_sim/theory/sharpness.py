"""The largest eigenvalue of the Hessian on P as d goes to infinity: the edge of its bulk, or the outlier that w* makes.

P examples have inputs N(0, I / d) across w* and a part v / sqrt d along it. On them the Hessian of the mean loss is
C / N times S = Z' D Z / d, with the slopes chi of the residual weights on D's diagonal, and A / (4 N) times chi of an example's
own pattern (constants C and A of THEORY §6). With the Stieltjes transform g, S has the bulk x(g) = 1 / g + delta
E[chi / (1 - chi g)] (Marchenko and Pastur 1967), whose edge is the least x on 0 < g < 1 / max chi, and the outlier at which
x(g) = delta E[chi v^2 / (1 - chi g)], if there is one beyond it. Here delta is the number of P examples over d.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from theory_sim.theory.arc_cosine import RELU, KernelConstants

__all__ = ["bound_of_P", "curvature_of_P", "sharpness_of_P"]

Floats = NDArray[np.float64]
_HALVINGS = 50


def curvature_of_P(
    *, d: float, n_examples: float, q0: float, g0: float, curvature: float = 0.25, constants: KernelConstants = RELU
) -> float:
    """Return the eigenvalue at f = 0, where all slopes are ``curvature``: in closed form.

    Examples
    --------
    >>> round(200 * curvature_of_P(d=200, n_examples=800, q0=0.5, g0=0.0), 3)
    0.095
    """
    delta = (1.0 - q0) * n_examples / d
    along = g0 * g0 + 2.0 * g0 * math.sqrt(2.0 / math.pi)  # E v^2 - 1
    x = (1.0 + math.sqrt(delta)) ** 2
    if along * math.sqrt(delta) > 1.0:
        x = (1.0 + delta * along) * (1.0 + 1.0 / along)
    return curvature * (constants.linear * x + 0.25 * constants.arcsine) / n_examples if delta > 0.0 else 0.0


def bound_of_P(d: float, n_examples: float, v: Floats, weight: Floats, slope: Floats, constants: KernelConstants) -> float:
    """A bound of `sharpness_of_P`, of the same arguments, at no cost: the edge at the largest slope, and what w* adds."""
    largest, share = float(slope.max()), float(weight.sum())
    edge = largest * (1.0 + math.sqrt(share * n_examples / d)) ** 2
    along = n_examples / d * float(weight @ (v * v * slope))
    return (constants.linear * (edge + along) + 0.25 * constants.arcsine * largest) / n_examples


def sharpness_of_P(
    d: float, n_examples: float, v: Floats, weight: Floats, slope: Floats, constants: KernelConstants
) -> float:
    """Return the eigenvalue for examples (J,) of parts v along w*, with their probabilities and slopes.

    An example's own pattern is counted with the largest slope: exact where all are equal, and above it elsewhere.
    """
    count, largest = n_examples / d * weight, float(slope.max())
    if largest <= 0.0 or not np.any(count > 0.0):
        return 0.0

    def x(g: float) -> float:
        return 1.0 / g + float(count @ (slope / (1.0 - slope * g)))

    def falls(g: float) -> bool:
        return float(count @ (slope * slope / (1.0 - slope * g) ** 2)) < 1.0 / (g * g)

    def beyond(g: float) -> bool:
        return 1.0 / g > float(count @ (slope * (v * v - 1.0) / (1.0 - slope * g)))

    edge = _last(falls, 1.0 / largest)
    top = x(edge) if beyond(edge) else x(_last(beyond, edge))
    return (constants.linear * top + 0.25 * constants.arcsine * largest) / n_examples


def _last(holds: Callable[[float], bool], end: float) -> float:
    """Where in (0, end) a condition that holds at first ceases to, by halving."""
    low, high = 0.0, end
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
