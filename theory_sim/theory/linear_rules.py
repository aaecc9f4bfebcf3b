"""Optimisers whose step is linear in the gradients, with one buffer at most: what they do to noise and to curvature.

A gradient G, coupled weight decay included, makes b' = kept b + taken G and the direction velocity b' + gradient G, by which a
weight moves times the rate (THEORY §15). The state of a weight is (U, b).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Move", "lasting_factor", "stability_factor", "stationary_covariance", "step_matrices"]

Floats = NDArray[np.float64]


class Move(NamedTuple):
    """How a step makes its direction of a gradient G: b' = kept b + taken G, direction = velocity b' + gradient G."""

    kept: float = 0.0
    taken: float = 0.0
    velocity: float = 0.0
    gradient: float = 1.0


def step_matrices(move: Move, rate: float, lambda_: float, *, coupled: bool) -> tuple[Floats, Floats]:
    """Return A (2, 2) and B (2,) of a step (U, b) <- A (U, b) + B g, for a gradient g without weight decay.

    Parameters
    ----------
    move : Move
        The rule.
    rate, lambda_ : float
        Learning rate gamma and weight decay.
    coupled : bool
        Whether the decay lambda U is part of the gradient, or shrinks U by 1 - gamma lambda beside the rule.
    """
    direct = move.velocity * move.taken + move.gradient
    decay = rate * lambda_ * direct if coupled else rate * lambda_
    a = np.array([[1.0 - decay, -rate * move.velocity * move.kept],
                  [move.taken * lambda_ if coupled else 0.0, move.kept]])
    return a, np.array([-rate * direct, move.taken])


def stationary_covariance(a: Floats, b: Floats) -> Floats:
    """Return the covariance S (2, 2) with S = A S A^T + B B^T; NaN if A does not contract."""
    if max(abs(np.linalg.eigvals(a))) >= 1.0:
        return np.full((2, 2), math.nan)
    p, q, r, s = a[0, 0], a[0, 1], a[1, 0], a[1, 1]
    # In (S_00, S_01, S_11).
    system = np.array([[1.0 - p * p, -2.0 * p * q, -q * q],
                       [-p * r, 1.0 - p * s - q * r, -q * s],
                       [-r * r, -2.0 * r * s, 1.0 - s * s]])
    first, cross, last = np.linalg.solve(system, [b[0] * b[0], b[0] * b[1], b[1] * b[1]])
    return np.array([[first, cross], [cross, last]])


def lasting_factor(move: Move) -> float:
    """Return by how many rates a unit gradient moves a weight in the end, without weight decay: 1/(1 - mu) for heavy ball."""
    return move.velocity * move.taken / (1.0 - move.kept) + move.gradient


def stability_factor(move: Move) -> float:
    """Return s such that steps on a quadratic of curvature c are stable up to the rate s / c, without weight decay.

    2 for gradient descent, 2 (1 + mu) for heavy ball, 2 (1 + mu)/(1 + 2 mu) for Nesterov's: both roots of
    x^2 - (1 + kept - z (velocity taken + gradient)) x + kept (1 - z gradient) are within the unit circle for z < s; the
    first to leave it does so at -1.
    """
    through = move.velocity * move.taken + move.gradient * (1.0 + move.kept)
    return 2.0 * (1.0 + move.kept) / through if through > 0 else math.inf
