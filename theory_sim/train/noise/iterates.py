"""Noise on the iterates, kept: not scaled by the learning rate."""

from __future__ import annotations

from theory_sim.train.noise.base import WeightNoise

__all__ = ["IterateNoise"]


class IterateNoise(WeightNoise):
    """U moves by - s E at each step, whatever the rate."""

    def kick(self, level: float, rate: float) -> float:
        return level
