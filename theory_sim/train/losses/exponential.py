"""Exponential loss e^{-v}, the logistic loss's own tail."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import LOSSES
from theory_sim.train.losses.base import Loss

__all__ = ["Exponential"]


@LOSSES.register
class Exponential(Loss):
    """e^{-v}; infinite below a margin of about -700, where a run has diverged."""

    name = "exponential"
    summary = r"$e^{-v}$"

    def value(self, margin: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(-margin))

    def slope(self, margin: Array) -> Array:
        return -self.value(margin)

    @property
    def curvature_at_zero(self) -> float:
        return 1.0
