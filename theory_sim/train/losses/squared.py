"""Squared loss (y - f)^2 / 2 of a label y = +-1, which is (1 - v)^2 / 2 of the margin v = y f ([F 37-42])."""

from __future__ import annotations

from theory_sim.arrays import Array
from theory_sim.experiment.choices import LOSSES
from theory_sim.train.losses.base import Loss

__all__ = ["Squared"]


@LOSSES.register
class Squared(Loss):
    """(1 - v)^2 / 2: margins above 1 fall again."""

    name = "squared"
    summary = r"$(1-v)^2/2$, which is $(y-f)^2/2$"
    curvature = 1.0
    of_targets = True

    def value(self, margin: Array) -> Array:
        return 0.5 * (1.0 - margin) ** 2

    def slope(self, margin: Array) -> Array:
        return margin - 1.0

    @property
    def curvature_at_zero(self) -> float:
        return 1.0
