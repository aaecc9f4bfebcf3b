"""Hinge loss max(0, 1 - v)."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import LOSSES
from theory_sim.train.losses.base import Loss

__all__ = ["Hinge"]


@LOSSES.register
class Hinge(Loss):
    """max(0, 1 - v), whose slope jumps from -1 to 0 at v = 1, where 0 is taken.

    Near zero output it is linear: no rate is too large there, and what a large rate does is to oscillate about v = 1.
    """

    name = "hinge"
    summary = r"$\max(0,1-v)$, whose slope jumps at $v=1$"
    largest_rise = 10.0  # its slope is bounded, as the logistic one's
    slope_jumps = True

    def value(self, margin: Array) -> Array:
        return np.maximum(0.0, 1.0 - margin)

    def slope(self, margin: Array) -> Array:
        return np.where(margin < 1.0, -1.0, 0.0)

    @property
    def curvature_at_zero(self) -> float:
        return 0.0
