"""Outputs of the infinitely wide network from its memories (THEORY §7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.limit.geometry import Geometry, Patches
from theory_sim.limit.memories import Memories, Residuals
from theory_sim.limit.spatial import Pairs, PairTerms
from theory_sim.numeric.limit_kernels import own_terms
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.losses import Loss

__all__ = ["Evaluation", "Evaluator", "NoiseValues"]

# A block of patches stays in cache between the product that gives outputs and the one that gives the gradient.
_BLOCK_BYTES: Final = 2**21


class NoiseValues(NamedTuple):
    """Noise output n_t at the training patches (n,), the fresh ones (n_test,) and the directions (3,)."""

    patches: Array
    fresh: Array
    directions: Array


@dataclass(frozen=True)
class Evaluation:
    """Outputs at one time.

    Attributes
    ----------
    f, g : (N,), (3,) arrays
        Outputs on the training set and at z - zeta, z, z + zeta.
    signal, g_signal : (n,), (3,) arrays
        Their signal part, of examples with a patch x_1 and at the directions.
    linear : (d,) array
        Decayed sum of residual times input: the signal's linear part is the kernel's linear constant, 1/4, times it.
    gradient : (d,) array
        Sum over patches of residual times x_1, for the residuals of the whole training set at these outputs.
    squared_gradient : (layers,) array
        Squared norm of the data term's gradient at the residuals that were given, at the patterns of their own time.
    directions_memory : (E, 3) array
        Memories of the directions.
    terms : PairTerms
        Terms between different patches.
    noise : NoiseValues or None
        Noise output.
    """

    f: Array
    g: Array
    signal: Array
    g_signal: Array
    linear: Array
    gradient: Array
    squared_gradient: Array
    directions_memory: Array
    terms: PairTerms
    noise: NoiseValues | None

    def residuals(self, geometry: Geometry, patches: Array, directions: Array, linear: Array) -> Residuals:
        """Residuals of a step that leaves here, with the descent of the signal that they mean."""
        w, v = -float((patches * self.signal).sum()), -float((directions * self.g_signal).sum())
        return Residuals(patches, directions, linear, np.array([w + v]) if geometry.shared else np.array([w, v]))


class Evaluator:
    """Evaluates memories on one training set.

    Parameters
    ----------
    geometry : Geometry
        What does not change.
    train : Data
        Training set.
    patches : Patches
        Its patches x_1, and the fresh ones.
    pairs : Pairs
        Terms between different patches.
    pool : BlockPool
        Open pool of threads.
    loss : Loss
        Whose slope gives the residuals.
    """

    def __init__(
        self, geometry: Geometry, train: Data, patches: Patches, pairs: Pairs, pool: BlockPool, loss: Loss
    ) -> None:
        self._loss = loss
        self._geometry, self._train, self._patches, self._pairs, self._pool = geometry, train, patches, pairs, pool
        n, d = patches.x.shape
        self._rows = max(8, min(1024, _BLOCK_BYTES // max(1, d * patches.x.itemsize)))
        self._blocks = -(-n // self._rows)

    def evaluate(
        self, memories: Memories, seen: tuple[Array, Array], past: Residuals | None, noise: NoiseValues | None
    ) -> Evaluation:
        """Outputs, and the squared gradient of the last step's residuals: both read the pairs of patches, once.

        Parameters
        ----------
        memories : Memories
            State of the signal.
        seen : tuple of (E, n), (E, 3) arrays
            Its memories of patches and directions, as the patterns see them.
        past : Residuals or None
            Residuals of the step that led here; None where their gradient is not asked for.
        noise : NoiseValues or None
            Noise output.
        """
        of, x = self._geometry, self._patches.x
        n, count = len(x), len(self._train)
        memory, q_memory = seen if of.arcsine == 1.0 else (of.arcsine * seen[0], of.arcsine * seen[1])
        terms = self._pairs.terms(memory, np.zeros(n) if past is None else of.arcsine * past.patches)
        total = memories.linear + memories.direct @ of.directions if of.shared else memories.linear
        linear = total * of.linear
        g_signal: Array = np.einsum("eab,eb->a", of.q_weights, q_memory)
        cross: Array | None = None
        if of.cross is not None:
            g_signal += of.directions @ linear + np.einsum("edn,en->d", of.cross, memory)
            cross = np.einsum("edn,ed->n", of.cross, q_memory)
        else:
            g_signal += of.q_linear @ memories.direct
        g = g_signal if noise is None else g_signal + noise.directions
        others = of.alpha * g[of.direction]
        if noise is not None:
            others += noise.patches
        signal, equal_time, outputs = np.empty(n), np.empty(n), np.empty(n)
        gradients = np.empty((self._blocks, x.shape[1]), x.dtype)
        weights = linear.astype(x.dtype)

        def work(block: int, worker: int) -> None:
            rows = self._block(block)
            own = np.empty(rows.stop - rows.start)
            terms.fill(rows, signal[rows], equal_time[rows])
            own_terms(memory, of.own_weights, rows.start, own)
            signal[rows] += self._patches.norm[rows] ** 2 * own + np.dot(x[rows], weights)
            if cross is not None:
                signal[rows] += cross[rows]
            outputs[rows] = signal[rows] + others[rows]
            residual = of.y[rows] * self._loss.slope(of.y[rows] * outputs[rows]) / count
            np.dot(residual.astype(x.dtype), x[rows], out=gradients[block])

        self._pool.run(work, self._blocks)
        f: Array = self._train.alpha * g[self._train.direction]
        f[self._patches.seen] = outputs
        gradient = gradients.sum(axis=0, dtype=np.float64)
        squared = np.zeros(len(memories.squared_norm)) if past is None else self._squared_gradient(past, equal_time)
        return Evaluation(f, g, signal, g_signal, total, gradient, squared, q_memory, terms, noise)

    def _block(self, block: int) -> slice:
        return slice(block * self._rows, min((block + 1) * self._rows, len(self._patches.x)))

    def _squared_gradient(self, past: Residuals, equal_time: Array) -> Array:
        """Squared norm of the data term's gradient in each layer, at the patterns of its own time."""
        of, norm, residual, q = self._geometry, self._patches.norm, past.patches, past.directions
        w = float((residual * (equal_time + norm**2 * residual * (of.arcsine / 4.0))).sum())
        v = of.arcsine * float(q @ of.q_equal_time @ q)
        if of.cross_equal_time is not None:
            total = past.linear + q @ of.directions
            between = 2.0 * of.arcsine * float(q @ of.cross_equal_time @ residual)
            return np.array([w + v + between + float((total * total).sum()) * of.linear])
        return np.array([w + float((past.linear * past.linear).sum()) * of.linear, v + float(q @ of.q_linear @ q)])

    def gathered(self, at: Evaluation, residual: Array, *, whole: bool) -> Residuals:
        """Residuals (N,) gathered by what sees them.

        ``whole`` says that they are those of the whole training set at these outputs, whose gradient is known.
        """
        own = residual[self._patches.seen]
        q = np.bincount(self._train.direction, weights=residual * self._train.alpha, minlength=3)
        return at.residuals(self._geometry, own, q, at.gradient if whole else self._gradient(own))

    def _gradient(self, own: Array) -> Array:
        x = self._patches.x
        weights, gradients = own.astype(x.dtype), np.empty((self._blocks, x.shape[1]), x.dtype)

        def work(block: int, worker: int) -> None:
            rows = self._block(block)
            np.dot(weights[rows], x[rows], out=gradients[block])

        self._pool.run(work, self._blocks)
        total: Array = gradients.sum(axis=0, dtype=np.float64)
        return total

    def fresh(self, at: Evaluation, test: Data) -> tuple[Array, Array]:
        """Outputs on the fresh examples: f and its signal part, both (n_test,) float64."""
        f, signal = test.alpha * at.g[test.direction], test.alpha * at.g_signal[test.direction]
        part = at.terms.fresh()
        part += np.dot(self._patches.x_test, (at.linear * self._geometry.linear).astype(self._patches.x.dtype))
        if self._geometry.cross_test is not None:
            part += np.einsum("edn,ed->n", self._geometry.cross_test, at.directions_memory)
        signal[self._patches.seen_test] += part
        f[self._patches.seen_test] += part
        if at.noise is not None:
            f[self._patches.seen_test] += at.noise.fresh
        return f, signal
