"""Noise on the iterates, kept: not scaled by the learning rate."""

from __future__ import annotations

from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.train.noise.base import WeightNoise

__all__ = ["IterateNoise"]


@PLACEMENTS.register
class IterateNoise(WeightNoise):
    """U moves by - s E at each step, whatever the rate."""

    name = "iterates"
    summary = r"$-s\,E$ added to $U$, whatever the rate"
    unit = "entry of $U$"

    def increment(self, level: float, rate: float) -> float:
        return level

    @classmethod
    def matched_level(cls, s: float, rate: float, lambda_: float) -> float:
        return s * rate / tau_stationary(rate, lambda_, 1.0)
