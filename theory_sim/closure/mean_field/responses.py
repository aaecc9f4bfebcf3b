"""Responses of single particles to what was added earlier, kept for some of them (THEORY §16's X, times R_w)."""

from __future__ import annotations

from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.closure.mean_field.particles import Particles
from theory_sim.numeric.response_kernels import add_scaled
from theory_sim.theory.closure.loss import LOGISTIC, LossOfMargin
from theory_sim.theory.closure.problem import Floats

__all__ = ["MOST_BYTES", "MOST_KEPT", "ROWS", "Responses"]

MOST_KEPT: Final = 1024
_LEAST: Final = 64
# Responses of n blocks are n^2 / 2 numbers a particle: beyond, half of the particles are let go.
MOST_BYTES: Final = 256 * 2**20
# Arrays that are let go have room for a multiple of so many rows: a block finds the place that the one before left, and the
# responses that stay lie close together.
ROWS: Final = 64


class Responses:
    """Change of each kept particle's residual weight at block t (row) per unit that was added to the linear part at block s.

    Parameters
    ----------
    particles : Particles
    loss : LossOfMargin
    """

    def __init__(self, particles: Particles, loss: LossOfMargin = LOGISTIC) -> None:
        self._particles, self._loss = particles, loss
        self._count = min(MOST_KEPT, particles.label.size)
        self._rows: list[Array] = []
        self._keep()

    def _keep(self) -> None:
        self.kept = self._particles.spread_evenly(self._count // 8)
        weight = self._particles.examples.weight[self.kept]
        total = float(weight.sum())
        self._weight = (weight / total if total > 0.0 else weight).astype(np.float32)

    def thin(self, blocks: int) -> bool:
        """Let half of the particles go if so many blocks would take too much memory, and tell whether."""
        if 2 * blocks * blocks * self._count <= MOST_BYTES or self._count <= _LEAST:
            return False
        self._count //= 2
        for n, row in enumerate(self._rows):  # one by one: each takes the place of one that is let go
            self._rows[n] = self.thinned(row)
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
        slope = self._loss.slope(weight[self.kept]).astype(np.float32)
        n = field.size
        total = self._passing(n)
        total[:] = field.astype(np.float32)[:, None]
        for factor, row in zip(own.tolist(), self._rows[:n], strict=True):
            add_scaled(factor, row, total)
        total *= -slope
        return total

    def enter(self, n: int, row: Array, before: Array | None, forward: float, weight: Floats, at_once: float) -> Floats:
        """Enter block n and return the mean of its responses (n + 1,).

        They are ``row`` (n, R) at the block's start, moved on to its centre by ``forward`` times the change since the row
        ``before`` (n - 1, R), if any; and -chi ``at_once`` in the block itself.
        """
        slope = self._loss.slope(weight[self.kept]).astype(np.float32)
        whole = np.empty((n + 1, self._count), np.float32)
        whole[:n], whole[n] = row, -slope * np.float32(at_once)
        if before is not None:
            change = np.subtract(row[: n - 1], before, out=self._passing(n - 1))
            change *= np.float32(forward)
            whole[: n - 1] += change
        self._rows[n:] = [whole]
        mean: Floats = (whole @ self._weight).astype(np.float64)
        return mean

    def _passing(self, n: int) -> Array:
        """An array (n, R) that is let go soon."""
        return np.empty((-(-n // ROWS) * ROWS, self._count), np.float32)[:n]
