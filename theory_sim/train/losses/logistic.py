"""Logistic loss l(v) = log(1 + e^{-v}) (THEORY §3)."""

from __future__ import annotations

import math

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import LOSSES
from theory_sim.train.losses.base import Loss

__all__ = ["Logistic"]


@LOSSES.register
class Logistic(Loss):
    """log(1 + e^{-v}), without overflow at any finite margin."""

    name = "logistic"
    summary = r"$\log(1+e^{-v})$, that of the theory"
    curvature = 0.25
    unit = "nat"
    largest_rise = 10.0  # under a stable rate it never rises that far, whatever the initial noise output
    in_theory = True

    def value(self, margin: Array) -> Array:
        return np.logaddexp(0.0, -margin)

    def slope(self, margin: Array) -> Array:
        return -np.exp(-np.logaddexp(0.0, margin))

    @property
    def at_zero(self) -> float:
        return math.log(2)

    @property
    def curvature_at_zero(self) -> float:
        return 0.25

    def at_level(self, level: float) -> float:
        return level
