"""Exact error on fresh P-only examples of the signal's linear part (THEORY §10)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.theory.overlap import P_error

__all__ = ["PError"]


class PError(Observer):
    """Overlap of (1/2) sum_j w_j Wbar_j with w*, and the exact error of that direction on P; NaN for data without w*.

    Of a network whose second layer is trained it is the first layer's signal alone: what a moving second layer makes of the
    noise in the first is not in it. ``accuracy_test`` counts signs of the whole function.
    """

    variables: Mapping[str, Variable] = {
        "P_overlap": Variable((), "1", "overlap of the signal's linear part on x_1 with w*; 0 before the first step"),
        "P_error": Variable((), "1", "exact probability that its sign errs on a fresh P example; of the first layer alone"),
    }

    def __init__(self, g0: float) -> None:
        self._g0 = g0

    def observe(self, snapshot: Snapshot) -> Values:
        if snapshot.train.pq is None:
            return {"P_overlap": math.nan, "P_error": math.nan}
        direction = snapshot.network.signal_direction()
        norm = float(np.linalg.norm(direction))
        overlap = float(direction @ snapshot.train.w_star) / norm if norm > 0 else 0.0
        return {"P_overlap": overlap, "P_error": float(P_error(overlap, self._g0))}
