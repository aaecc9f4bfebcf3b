"""More noise on the gradient: like xi, scaled by the learning rate."""

from __future__ import annotations

from theory_sim.train.noise.base import WeightNoise

__all__ = ["GradientNoise"]


class GradientNoise(WeightNoise):
    """U moves by - gamma s E beside - gamma xi."""

    def kick(self, level: float, rate: float) -> float:
        return rate * level
