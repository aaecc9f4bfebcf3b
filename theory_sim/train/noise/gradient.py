"""More noise on the gradient: like xi, scaled by the learning rate."""

from __future__ import annotations

from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.train.noise.base import WeightNoise

__all__ = ["GradientNoise"]


@PLACEMENTS.register
class GradientNoise(WeightNoise):
    """U moves by - gamma s E beside - gamma xi."""

    name = "gradient"
    summary = r"$-\gamma_t\,s\,E$ added to $U$, as with $\xi$"
    unit = "entry of the gradient"
    times_rate = True

    def increment(self, level: float, rate: float) -> float:
        return rate * level

    @classmethod
    def matched_level(cls, s: float, rate: float, lambda_: float) -> float:
        return s / tau_stationary(rate, lambda_, 1.0)
