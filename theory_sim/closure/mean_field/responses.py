"""Responses of single particles to what was added earlier, kept for some of them (THEORY §16's X, times R_w)."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.closure.mean_field.particles import Particles
from theory_sim.numeric.response_kernels import add_scaled
from theory_sim.theory.closure.problem import Floats

__all__ = ["Responses"]

_MOST, _LEAST = 1024, 64
# Responses of n blocks are n^2 / 2 numbers a particle: beyond, half of the particles are let go.
_BYTES = 256 * 2**20


class Responses:
    """Change of each kept particle's residual weight at block t (row) per unit that was added to the linear part at block s.

    Parameters
    ----------
    particles : Particles
    """

    def __init__(self, particles: Particles) -> None:
        self._particles = particles
        self._count = min(_MOST, particles.label.size)
        self._rows: list[Array] = []
        self._keep()

    def _keep(self) -> None:
        self.kept = self._particles.spread_evenly(self._count // 8)
        weight = self._particles.examples.weight[self.kept]
        total = float(weight.sum())
        self._weight = (weight / total if total > 0.0 else weight).astype(np.float32)

    def thin(self, blocks: int) -> bool:
        """Let half of the particles go if so many blocks would take too much memory, and tell whether."""
        if 2 * blocks * blocks * self._count <= _BYTES or self._count <= _LEAST:
            return False
        self._rows = [row.reshape(row.shape[0], 8, -1)[:, :, : self._count // 16].reshape(row.shape[0], -1).copy()
                      for row in self._rows]
        self._count //= 2
        self._keep()
        return True

    def thinned(self, row: Array) -> Array:
        """A row (n, R) of what was kept before, of what is kept now."""
        while row.shape[1] > self._count:
            row = row.reshape(row.shape[0], 8, -1)[:, :, : row.shape[1] // 16].reshape(row.shape[0], -1)
        return row

    def answer(self, weight: Floats, field: Floats, own: Floats) -> Array:
        """Responses (n, R) at a block's start: -chi (R_w + K X), to what each of n blocks added.

        ``weight`` (J,) are the residual weights there, ``field`` (n,) what is left of a unit, ``own`` (n,) an example's own
        memory times the blocks' lengths.
        """
        slope = (weight * (1.0 - weight))[self.kept].astype(np.float32)
        n = field.size
        total = np.repeat(field.astype(np.float32)[:, None], self._count, axis=1)
        for factor, row in zip(own.tolist(), self._rows[:n], strict=True):
            add_scaled(factor, row, total)
        total *= -slope
        return total

    def enter(self, n: int, row: Array, weight: Floats, at_once: float) -> Floats:
        """Enter block n: ``row`` (n, R), and in the block itself -chi ``at_once``; return the mean (n + 1,)."""
        slope = (weight * (1.0 - weight))[self.kept].astype(np.float32)
        whole = np.concatenate([row, -slope[None, :] * np.float32(at_once)])
        self._rows[n:] = [whole]
        mean: Floats = (whole @ self._weight).astype(np.float64)
        return mean
