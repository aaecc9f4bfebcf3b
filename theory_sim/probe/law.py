"""Level and correlations of the accumulated noise, by the recursion of THEORY §5 for rules with momentum, a layer at a time.

An entry of the noise with its buffer, (U, b), moves by (U, b) <- A (U, b) + B xi. With xi independent from step to step, its
second moments follow S <- A S A^T + s^2 B B^T, where s^2 is the mean square of the run's own xi at that step, and its
products with an earlier U_s follow v <- A v.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.theory.linear_rules import Move, step_matrices

__all__ = ["NoiseLaw"]


class NoiseLaw:
    """Second moments of the noise's entries, by layer; NaN from the first step on where a rule has no law.

    Parameters
    ----------
    squares : (L,) array
        Mean square entry of each layer at the start.
    sizes : (L,) array
        Number of entries of each.
    """

    def __init__(self, squares: Array, sizes: Array) -> None:
        self._moments = np.zeros((len(squares), 2, 2))
        self._moments[:, 0, 0] = squares
        self._sizes = np.asarray(sizes, dtype=np.float64)
        self._matrices: dict[Any, tuple[Array, Array]] = {}
        # Of each time that was marked: products of U then with (U, b) now, and mean squares then.
        self._marks: dict[Any, tuple[Array, Array]] = {}

    def step(self, moves: Sequence[Move | None], rates: Sequence[float], decays: Sequence[float], coupled: Sequence[bool],
             squares: Array) -> None:
        """One step; ``squares`` are the mean square entries of xi (L,), 0 of a layer that the step left as it was."""
        a, b = np.zeros_like(self._moments), np.zeros((len(moves), 2))
        for layer, move in enumerate(moves):
            if move is None:
                a[layer], b[layer] = math.nan, math.nan
            else:
                key = move, rates[layer], decays[layer], coupled[layer]
                if key not in self._matrices:
                    self._matrices = {key: step_matrices(*key[:3], coupled=key[3])}  # the last, as most layers share it
                a[layer], b[layer] = self._matrices[key]
        self._moments = a @ self._moments @ a.transpose(0, 2, 1) + squares[:, None, None] * b[:, :, None] * b[:, None, :]
        self._marks = {mark: (np.einsum("lij,lj->li", a, products), then) for mark, (products, then) in self._marks.items()}

    def mark(self, name: Any) -> None:
        """Follow the correlation with the present time under a name."""
        self._marks[name] = self._moments[:, :, 0].copy(), self._moments[:, 0, 0].copy()

    def copy_mark(self, name: Any, other: Any) -> None:
        """Let another name stand for the time that a name marks."""
        self._marks[other] = self._marks[name]

    def state(self) -> dict[str, Any]:
        """Moments and marks."""
        return {"moments": self._moments, "marks": self._marks}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave."""
        self._moments, self._marks = state["moments"], dict(state["marks"])

    def levels(self) -> Array:
        """tau_t of each layer, (L,)."""
        levels: Array = np.sqrt(self._moments[:, 0, 0])
        return levels

    def level(self) -> float:
        """Root mean square over all entries."""
        return math.sqrt(float(self._sizes @ self._moments[:, 0, 0] / self._sizes.sum()))

    def correlations(self, name: Any) -> Array:
        """rho of each layer between a marked time and now, (L,); NaN if nothing has the name."""
        if name not in self._marks:
            return np.full(len(self._sizes), math.nan)
        products, then = self._marks[name]
        return _quotient(products[:, 0], then * self._moments[:, 0, 0])


def _quotient(product: Array, squares: Array) -> Array:
    found: Array = np.divide(product, np.sqrt(squares), out=np.full(np.shape(product), math.nan), where=squares > 0)
    return found
