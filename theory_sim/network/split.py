"""The split network f(x) = N_W(w, W; x_1) + N_V(v, V; x_2) (THEORY §2), stepped block by block.

A step needs every neuron's output before it can form the residuals, and nothing else in common. So each
block takes its gradient, its noise, its update and its forward pass at the new weights while it is in cache, and the
threads meet once a step.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.network.base import LayeredNetwork, add_patches
from theory_sim.network.layers import BLOCK_V, BLOCK_W
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.numeric.kernels import plane_forward, plane_gradient, plane_observe
from theory_sim.numeric.pool import BlockPool

__all__ = ["SplitNetwork"]


class SplitNetwork(LayeredNetwork):
    """Both layers, stepped together.

    Attributes
    ----------
    W, V : Layer
        First layers, (m_W, d) and (m_V, 2); V in the plane of z and zeta.
    g : (3,) float64 array
        Output of the V part at z - zeta, z, z + zeta.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        super().__init__(experiment, data, pool, initial)
        self.W, self.V = self.layers["W"], self.layers["V"]
        # Q-only examples have x_1 = 0: they neither see W nor move it.
        self._seen = np.flatnonzero(data.has_x1)
        self._x1 = np.ascontiguousarray(data.x1[self._seen])
        # A transposed second factor costs BLAS more packing for each block than one transposition of its own here.
        self._x1_columns = np.ascontiguousarray(self._x1.T)
        self._weighted = np.empty_like(self._x1)
        dtype = self._x1.dtype
        self._pattern = np.empty((experiment.m_W, len(self._seen)), dtype)
        self._f_W = np.empty((self.W.blocks, len(self._seen)), dtype)
        self._g = np.empty((self.V.blocks, 3))
        # Zeros, since without noise the step multiplies what lies here by zero, and 0 x NaN is NaN.
        self._scratch = [
            (np.zeros((BLOCK_W, experiment.d), dtype), np.zeros((BLOCK_V, 2), dtype)) for _ in range(pool.threads)
        ]
        self._scratch_forward = [self.W.scratch(len(self._seen)) for _ in range(pool.threads)]
        self.g: Array = np.zeros(3)
        self._forward()

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        np.multiply(self._x1, residual[self._seen, None].astype(self._x1.dtype), out=self._weighted)
        of_V = np.bincount(self._data.direction, weights=residual * self._data.alpha, minlength=3)
        def block_step(block: int, worker: int) -> None:
            scratch_W, scratch_V = self._scratch[worker]
            if block < self.W.blocks:
                rows = self.W.rows(block)
                np.dot(self._pattern[rows], self._weighted, out=self.W.gradient[rows])
                self.W.update(block, step, rate, scratch_W)
            else:
                index = block - self.W.blocks
                rows = self.V.rows(index)
                plane_gradient(self.V.signal[rows], self.V.noise[self.V.noise_rows(index)], self.V.share, self._data.r, of_V,
                               self.V.gradient[rows])
                self.V.update(index, step, rate, scratch_V)
            self._forward_block(block, worker)

        self._pool.run(block_step, self.W.blocks + self.V.blocks)
        self.clock.step(rate)
        self._collect()

    def _forward(self) -> None:
        self._pool.run(self._forward_block, self.W.blocks + self.V.blocks)
        self._collect()

    def _forward_block(self, block: int, worker: int) -> None:
        if block < self.W.blocks:
            f = self._f_W[block]
            f[:] = 0
            self.W.evaluate(block, self._x1_columns, self._pattern[self.W.rows(block)], f, self._scratch_forward[worker])
        else:
            index = block - self.W.blocks
            rows = self.V.rows(index)
            noise = self.V.noise[self.V.noise_rows(index)]
            plane_forward(self.V.signal[rows], noise, self.V.u[rows], self.V.share, self._data.r, self._g[index])

    def _collect(self) -> None:
        # numpy adds the rows of a C-ordered array one after another: a fixed order.
        self.g = self._g.sum(axis=0)
        self.f = self._data.alpha * self.g[self._data.direction]
        self.f[self._seen] += self._f_W.sum(axis=0, dtype=np.float64)

    # -- evaluation that does not change the state ------------------------------------------------

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part N_U(signal), both (n,) float64."""
        return add_patches(data, self.g, self.plane().g_signal, lambda x: self.W.outputs(x, self._pool))

    def plane(self) -> Plane:
        """The signal on Q's directions, and the patterns that it has moved there."""
        parts = np.empty((self.V.blocks, 7))

        def work(block: int, worker: int) -> None:
            rows = self.V.rows(block)
            plane_observe(
                self.V.signal[rows], self.V.noise[self.V.noise_rows(block)], self.V.u[rows], self._data.r, self.V.share,
                parts[block],
            )

        self._pool.run(work, self.V.blocks)
        total = parts.sum(axis=0)
        return Plane(total[0:3], total[3:6], float(total[6]))
