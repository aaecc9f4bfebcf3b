"""What W and V share: the second layer, and first-layer weights as the sum of their signal and noise parts.

The sum is not kept. Where the noise is large, a sum in the same precision has no digits left for the signal, and its own
rounding would add up over the steps. Pre-activations of both parts are taken apart where neurons come in pairs: there the noise
cancels in the output, which so keeps the signal's digits whatever tau_0 is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.network import NeuronLaw
from theory_sim.numeric.kernels import paired_forward, paired_pattern_forward, pattern_forward, relu_forward
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream, generator
from theory_sim.train.optimisers import Block, Optimiser

__all__ = ["Layer", "Weights", "neurons_a_row"]

_COLUMNS: Final = 1024


def neurons_a_row(neurons: str) -> int:
    """Neurons that have one row of the noise, by the law of the neurons."""
    return 2 if neurons == "paired" else 1


class Weights:
    """First-layer weights of m neurons as the sum of two parts.

    Attributes
    ----------
    signal : (m, k) array
        Signal part.
    noise : (m / share, k) array
        Accumulated noise; share = 2 for paired neurons.
    share : int
        Neurons that have one row of the noise.
    """

    def __init__(self, signal: Array, noise: Array) -> None:
        self.signal, self.noise = signal, noise
        self.share = len(signal) // len(noise)

    @property
    def weights(self) -> Array:
        """The sum, (m, k) float64: a copy."""
        return self.signal.astype(np.float64) + self.noise_of_neurons

    @property
    def noise_of_neurons(self) -> Array:
        """Accumulated noise of each neuron, (m, k)."""
        return np.repeat(self.noise, self.share, axis=0)

    def at(self, x: Array) -> tuple[Array, Array]:
        """Pre-activations of the signal, and of the noise of each neuron, at inputs x (n, k): both (m, n)."""
        x = x.astype(self.signal.dtype, copy=False)
        return np.dot(self.signal, x.T), np.repeat(np.dot(self.noise, x.T), self.share, axis=0)

    def pre_activations(self, x: Array) -> Array:
        """Pre-activations at inputs x (n, k), (m, n); their signs are exactly those of both parts' sum."""
        signal, noise = self.at(x)
        signal += noise
        return signal

    def copy(self) -> Weights:
        """The weights of now, which later steps do not move."""
        return Weights(self.signal.copy(), self.noise.copy())


class Layer(Weights):
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
    optimiser : Optimiser
        Rule of a step.
    splits_pairs : bool
        Whether paired neurons keep a noise part each; U_0 and xi are a pair's all the same.

    Attributes
    ----------
    signal, gradient : (m, k) arrays
        Signal part of U_t, and the gradient of the data term at the last step taken.
    noise : (m / share, k) array
        Accumulated noise; share = 2 for paired neurons.
    repeated : int
        Rows of the noise that have one row of U_0 and of xi: 2 where pairs are split.
    u : (m,) array
        Second layer, entries +-1/sqrt(m).
    buffers : dict
        What the optimiser keeps from step to step.
    given_xi : (m / share / repeated, k) array or None
        The next step's noise in units of tau_xi, in place of what the streams draw.
    """

    def __init__(
        self,
        index: int,
        shape: tuple[int, int],
        *,
        block: int,
        neurons: NeuronLaw,
        tau_0: float,
        dtype: str,
        seed_init: int,
        seed_noise: int,
        optimiser: Optimiser,
        splits_pairs: bool = False,
    ) -> None:
        m, k = shape
        self.repeated = neurons_a_row(neurons) if splits_pairs else 1
        share = neurons_a_row(neurons) // self.repeated
        super().__init__(np.zeros((m, k), dtype), np.empty((m // share, k), dtype))
        self.block = block
        self.blocks = -(-m // block)
        if neurons == "independent":
            sign = generator(seed_init, "signs", index).choice(np.array([-1.0, 1.0]), size=m)
        else:
            sign = np.resize(np.array([1.0, -1.0]), m)
        self.u: Array = (sign / np.sqrt(m)).astype(dtype)
        for b in range(self.blocks):
            self.fill(b, StepStream(seed_init, "init", index, b), 0, self.noise)
        self.noise *= np.dtype(dtype).type(tau_0)
        self.gradient: Array = np.zeros_like(self.signal)
        self.given_xi: Array | None = None
        self._streams = [StepStream(seed_noise, "noise", index, b) for b in range(self.blocks)]
        self._optimiser = optimiser
        self.buffers = optimiser.buffers(self.signal, self.noise)
        self._views = [self._views_of(b) for b in range(self.blocks)]

    def begin_at(self, weights: Array | None, u: Array | None) -> None:
        """Begin at other weights U_0 (m, k), equal in a pair, and another second layer (m,); None leaves what was drawn."""
        if weights is not None:
            self.noise[:] = weights[:: self.share]
        if u is not None:
            self.u[:] = u

    def rows(self, block: int) -> slice:
        """Neurons of a block."""
        return slice(block * self.block, min((block + 1) * self.block, len(self.signal)))

    def noise_rows(self, block: int) -> slice:
        """Rows of ``noise`` of a block."""
        return slice(block * self.block // self.share, min((block + 1) * self.block // self.share, len(self.noise)))

    def drawn_rows(self, block: int) -> int:
        """Rows of xi of a block: neurons of a pair share one."""
        rows = self.noise_rows(block)
        return int(rows.stop - rows.start) // self.repeated

    def fill(self, block: int, stream: StepStream, step: int, out: Array) -> None:
        """Fill a block's rows of ``out``, shaped as the noise, with a step's N(0, 1) numbers, the same in a pair."""
        part = out[self.noise_rows(block)]
        if self.repeated == 1:
            stream.normal(step, part)
            return
        drawn = np.empty((self.drawn_rows(block), part.shape[1]), part.dtype)
        stream.normal(step, drawn)
        part[:] = np.repeat(drawn, self.repeated, axis=0)

    def evaluate(
        self, block: int, columns: Array, pattern: Array, f: Array, scratch: Array, *, extra: Array | None = None,
        pattern_z: Array | None = None,
    ) -> None:
        """Add a block's outputs at inputs to ``f``, and leave its activation patterns in ``pattern``.

        Parameters
        ----------
        block : int
            Index of the block, of b neurons.
        columns : (k, n) array
            The inputs.
        pattern : (b, n) array
            Set to 1 where a neuron is active, to 0 elsewhere.
        f : (n,) array
            Gains sum_j u_j 1(A_j x > 0) U_j x over the block.
        scratch : array
            Memory of `scratch`, for these many inputs.
        extra : (b / share, n) array, optional
            Added to the pre-activations.
        pattern_z : (b, n) array, optional
            Pre-activations of which the patterns are, in place of those of U.
        """
        rows, noise_rows = self.rows(block), self.noise_rows(block)
        u, signal, noise = self.u[rows], self.signal[rows], self.noise[noise_rows]
        if self.share == 1:
            # Independent neurons put the noise out: U's own rounding adds nothing to that of the noise.
            np.dot(np.add(signal, noise, out=scratch[: len(noise)]), columns, out=pattern)
            if extra is not None:
                pattern += extra
            if pattern_z is None:
                relu_forward(pattern, u, f)
            else:
                pattern_forward(pattern, pattern_z, u, f)
            return
        z_noise = scratch[: len(noise)]
        np.dot(signal, columns, out=pattern)
        np.dot(noise, columns, out=z_noise)
        if extra is not None:
            z_noise += extra
        if pattern_z is None:
            paired_forward(pattern, z_noise, u, f)
        else:
            paired_pattern_forward(pattern, z_noise, pattern_z, u, f)

    def scratch(self, inputs: int) -> Array:
        """Scratch memory for `evaluate` at a number of inputs."""
        rows = min(self.block, len(self.signal)) // self.share
        return np.empty((rows, inputs if self.share == 2 else self.signal.shape[1]), self.signal.dtype)

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
            pattern = np.empty((rows.stop - rows.start, len(x)), x.dtype)
            self.evaluate(block, x.T, pattern, parts[block, 0], self.scratch(len(x)))
            pattern_forward(np.dot(self.signal[rows], x.T), pattern, self.u[rows], parts[block, 1])

        pool.run(work, self.blocks)
        return np.asarray(parts.sum(axis=0, dtype=np.float64))

    def xi(self, block: int, step: int, out: Array) -> Array:
        """The block's noise of a step in units of tau_xi, drawn or as given, in ``out`` (at least the block's rows of xi)."""
        xi = out[: self.drawn_rows(block)]
        if self.given_xi is None:
            self._streams[block].normal(step, xi)
        else:
            first = self.noise_rows(block).start // self.repeated
            xi[:] = self.given_xi[first : first + len(xi)]
        return xi

    def update(self, block: int, step: int, rate: float, scratch: Array) -> None:
        """Take one step with the block's ``gradient``, in which the second layer has not been applied yet."""
        signal, noise, gradient, u, buffers = self._views[block]
        xi = self.xi(block, step, scratch) if self._optimiser.tau_xi > 0 else scratch[: len(noise) // self.repeated]
        self._optimiser.update(Block(signal, noise, gradient, xi, u, buffers), rate, step)

    def _views_of(self, block: int) -> tuple[Array, Array, Array, Array, dict[str, Array]]:
        """A block's signal, noise, gradient, second layer and buffers, which no step moves elsewhere."""
        rows, noise_rows = self.rows(block), self.noise_rows(block)
        buffers = {name: buffer[rows if name.startswith("signal") else noise_rows] for name, buffer in self.buffers.items()}
        return self.signal[rows], self.noise[noise_rows], self.gradient[rows], self.u[rows], buffers

    def checkpoint(self) -> dict[str, Array]:
        """Both parts of the weights, and the optimiser's buffers; views."""
        return {"signal": self.signal, "noise": self.noise, **self.buffers}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave."""
        for name, part in self.checkpoint().items():
            part[:] = state[name]
