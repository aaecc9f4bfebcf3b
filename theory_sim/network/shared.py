"""The shared network f(x) = N_U(x_1) + N_U(x_2): one filter bank sees both patches (THEORY §2)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.network.base import LayeredNetwork, add_patches
from theory_sim.network.layers import BLOCK_W
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.numeric.pool import BlockPool

__all__ = ["SharedNetwork"]


class SharedNetwork(LayeredNetwork):
    """One layer; ``m_W`` is the number of filters.

    Filters are evaluated at the training patches x_1 and at z - zeta, z, z + zeta, now vectors in R^d; a second patch is alpha
    times one of these three, and so is its output.

    Attributes
    ----------
    U : Layer
        First layer, (m_W, d).
    g : (3,) float64 array
        Output of one filter bank at z - zeta, z, z + zeta.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        super().__init__(experiment, data, pool, initial)
        self.U = self.layers["U"]
        self._seen = np.flatnonzero(data.has_x1)
        self._sites = np.concatenate([data.x1[self._seen], self.directions.astype(data.x1.dtype)])
        self._columns = np.ascontiguousarray(self._sites.T)
        self._weighted = np.empty_like(self._sites)
        dtype = self._sites.dtype
        self._pattern = np.empty((experiment.m_W, len(self._sites)), dtype)
        self._parts = np.empty((self.U.blocks, len(self._sites)), dtype)
        self._scratch = [np.zeros((BLOCK_W, experiment.d), dtype) for _ in range(pool.threads)]
        self._scratch_forward = [self.U.scratch(len(self._sites)) for _ in range(pool.threads)]
        self.g: Array = np.zeros(3)
        self._forward()

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        weight = np.concatenate([
            residual[self._seen], np.bincount(self._data.direction, weights=residual * self._data.alpha, minlength=3)
        ])
        np.multiply(self._sites, weight[:, None].astype(self._sites.dtype), out=self._weighted)

        def block_step(block: int, worker: int) -> None:
            rows = self.U.rows(block)
            np.dot(self._pattern[rows], self._weighted, out=self.U.gradient[rows])
            self.U.update(block, step, rate, self._scratch[worker])
            self._forward_block(block, worker)

        self._pool.run(block_step, self.U.blocks)
        self.clock.step(rate)
        self._collect()

    def _forward(self) -> None:
        self._pool.run(self._forward_block, self.U.blocks)
        self._collect()

    def _forward_block(self, block: int, worker: int) -> None:
        part = self._parts[block]
        part[:] = 0
        self.U.evaluate(block, self._columns, self._pattern[self.U.rows(block)], part, self._scratch_forward[worker])

    def _collect(self) -> None:
        total = self._parts.sum(axis=0, dtype=np.float64)
        self.g = total[-3:]
        self.f = self._data.alpha * self.g[self._data.direction]
        self.f[self._seen] += total[:-3]

    # -- evaluation that does not change the state ------------------------------------------------

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part N_U(signal), both (n,) float64."""
        return add_patches(data, self.g, self.plane().g_signal, lambda x: self.U.outputs(x, self._pool))

    def plane(self) -> Plane:
        """The signal on Q's directions, and the patterns that it has moved there."""
        directions = self.directions.astype(self._sites.dtype)
        signal = self.U.outputs(directions, self._pool)[1]
        of_signal, of_noise = self.U.at(directions)
        return Plane.of_patterns(signal.astype(np.float64), of_signal + of_noise > 0, of_noise > 0)

    # -- storage ----------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Array]:
        """The layer, with what the optimiser keeps; outputs follow from it."""
        return self.U.checkpoint()

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self.U.restore(state)
        self._forward()
