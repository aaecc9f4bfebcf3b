"""What W and V share: the second layer, and first-layer weights beside their signal and noise parts."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np

from theory_sim.numeric.kernels import signal_forward, split_update
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream, generator

__all__ = ["Layer"]

Array = np.ndarray[Any, Any]
_COLUMNS: Final = 1024


class Layer:
    """m neurons with k inputs each, stored in blocks of constant size (THEORY §2, §4).

    Parameters
    ----------
    index : int
        0 for W, 1 for V; part of the streams' address.
    shape : tuple of int
        (m, k).
    block : int
        Neurons a block, even; the last block may be smaller.
    neurons : {"paired", "independent", "balanced"}
        Law of the second layer. Paired: neurons 2j and 2j + 1 have opposite u and one noise part. Balanced: opposite u,
        independent noise. Independent: random signs.
    tau_0 : float
        Standard deviation of the entries of U_0.
    dtype : str
        Precision of the weights.
    seed_init, seed_noise : int
        Seeds of the signs and U_0, and of xi.

    Attributes
    ----------
    weights, signal, gradient : (m, k) arrays
        U_t, its signal part, and the gradient of the data term at the last step taken.
    noise : (m / share, k) array
        Accumulated noise; share = 2 for paired neurons.
    u : (m,) array
        Second layer, entries +-1/sqrt(m).
    """

    def __init__(
        self,
        index: int,
        shape: tuple[int, int],
        *,
        block: int,
        neurons: Literal["paired", "independent", "balanced"],
        tau_0: float,
        dtype: str,
        seed_init: int,
        seed_noise: int,
    ) -> None:
        m, k = shape
        self.share = 2 if neurons == "paired" else 1
        self.block = block
        self.blocks = -(-m // block)
        if neurons == "independent":
            sign = generator(seed_init, "signs", index).choice(np.array([-1.0, 1.0]), size=m)
        else:
            sign = np.resize(np.array([1.0, -1.0]), m)
        self.u: Array = (sign / np.sqrt(m)).astype(dtype)
        self.noise: Array = np.empty((m // self.share, k), dtype)
        for b in range(self.blocks):
            StepStream(seed_init, "init", index, b).normal(0, self.noise[self.noise_rows(b)])
        self.noise *= np.dtype(dtype).type(tau_0)
        self.weights: Array = np.repeat(self.noise, self.share, axis=0)
        self.signal: Array = np.zeros_like(self.weights)
        self.gradient: Array = np.zeros_like(self.weights)
        self._streams = [StepStream(seed_noise, "noise", index, b) for b in range(self.blocks)]

    def rows(self, block: int) -> slice:
        """Neurons of a block."""
        return slice(block * self.block, min((block + 1) * self.block, len(self.weights)))

    def noise_rows(self, block: int) -> slice:
        """Rows of ``noise`` of a block."""
        return slice(block * self.block // self.share, min((block + 1) * self.block // self.share, len(self.noise)))

    @property
    def noise_of_neurons(self) -> Array:
        """Accumulated noise of each neuron, (m, k)."""
        return np.repeat(self.noise, self.share, axis=0)

    def outputs(self, x: Array, pool: BlockPool) -> Array:
        """N_U(U; x) and N_U(signal; x) at inputs x (n, k): (2, n) float64 (THEORY §2)."""
        found = np.empty((2, len(x)))
        for start in range(0, len(x), _COLUMNS):
            part = np.ascontiguousarray(x[start : start + _COLUMNS])
            found[:, start : start + _COLUMNS] = self._outputs(part, pool)
        return found

    def _outputs(self, x: Array, pool: BlockPool) -> Array:
        parts = np.zeros((self.blocks, 2, len(x)), x.dtype)

        def work(block: int, worker: int) -> None:
            rows = self.rows(block)
            total, signal = np.dot(self.weights[rows], x.T), np.dot(self.signal[rows], x.T)
            signal_forward(total, signal, self.u[rows], parts[block, 0], parts[block, 1])

        pool.run(work, self.blocks)
        return np.asarray(parts.sum(axis=0, dtype=np.float64))

    def xi(self, block: int, step: int, out: Array) -> Array:
        """Draw the block's noise of a step, N(0, 1) entries, into ``out`` (at least the block's noise rows)."""
        rows = self.noise_rows(block)
        xi = out[: rows.stop - rows.start]
        self._streams[block].normal(step, xi)
        return xi

    def update(self, block: int, step: int, rate: float, decay: float, tau_xi: float, scratch: Array) -> None:
        """Take one step with the block's ``gradient``, in which the second layer has not been applied yet."""
        rows, noise_rows = self.rows(block), self.noise_rows(block)
        xi = self.xi(block, step, scratch) if tau_xi > 0 else scratch[: noise_rows.stop - noise_rows.start]
        split_update(
            self.weights[rows], self.signal[rows], self.noise[noise_rows], self.gradient[rows], xi, self.u[rows],
            rate, decay, tau_xi, self.share,
        )
