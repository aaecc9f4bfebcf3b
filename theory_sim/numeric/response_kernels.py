"""Compiled inner loop of the mean field's responses (THEORY §16)."""

from __future__ import annotations

from theory_sim.arrays import Array
from theory_sim.numeric.kernels import compiled

__all__ = ["add_scaled"]


@compiled
def add_scaled(factor: float, row: Array, total: Array) -> None:
    """Add factor x row (n, R) to the first n rows of total."""
    scale = row.dtype.type(factor)
    for s in range(row.shape[0]):
        for p in range(row.shape[1]):
            total[s, p] += scale * row[s, p]
