"""The split network f(x) = N_W(w, W; x_1) + N_V(v, V; x_2) (THEORY §2), stepped block by block.

A step needs every neuron's output before it can form the residuals, and nothing else in common. So each
block takes its gradient, its noise, its update and its forward pass at the new weights while it is in cache, and the
threads meet once a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.network.layer import Layer
from theory_sim.network.layers import BLOCK_V, BLOCK_W, make_layers
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.numeric.kernels import plane_forward, plane_gradient, plane_observe
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.clock import make_clock

__all__ = ["SplitNetwork"]

Array = np.ndarray[Any, Any]


class SplitNetwork:
    """State of a run: both layers, their split, and the outputs on the training set.

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    data : Data
        Training set, N examples.
    pool : BlockPool
        Open pool of threads.
    initial : mapping, optional
        U_0 and second layers in place of what is drawn, as for `make_layers`.

    Attributes
    ----------
    W, V : Layer
        First layers, (m_W, d) and (m_V, 2); V in the plane of z and zeta.
    f : (N,) float64 array
        Outputs on the training set at the present weights.
    g : (3,) float64 array
        Output of the V part at z - zeta, z, z + zeta.
    clock : AnyClock
        Level and age of the accumulated noise.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        self._experiment, self._data, self._pool = experiment, data, pool
        self.clock = make_clock(experiment, "moving")
        layers = make_layers(experiment, initial)
        self.W, self.V = layers["W"], layers["V"]
        # Q-only examples have x_1 = 0: they neither see W nor move it.
        self._seen = np.flatnonzero(data.has_x1)
        self._x1 = np.ascontiguousarray(data.x1[self._seen])
        # A transposed second factor costs BLAS more packing for each block than one transposition of its own here.
        self._x1_columns = np.ascontiguousarray(self._x1.T)
        self._pull = np.empty_like(self._x1)
        dtype = self._x1.dtype
        self._pattern = np.empty((experiment.m_W, len(self._seen)), dtype)
        self._f_W = np.empty((self.W.blocks, len(self._seen)), dtype)
        self._g = np.empty((self.V.blocks, 3))
        # Zeros, since without noise the step multiplies what lies here by zero, and 0 x NaN is NaN.
        self._scratch = [
            (np.zeros((BLOCK_W, experiment.d), dtype), np.zeros((BLOCK_V, 2), dtype)) for _ in range(pool.threads)
        ]
        self._scratch_forward = [self.W.scratch(len(self._seen)) for _ in range(pool.threads)]
        self.f: Array = np.zeros(len(data))
        self.g: Array = np.zeros(3)
        self._pool.run(self._forward_block, self.W.blocks + self.V.blocks)
        self._collect()

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        """Move U, its signal and its noise by one step of THEORY §3, then evaluate the training set.

        Parameters
        ----------
        residual : (N,) float64 array
            Derivative of the mean training loss with respect to each example's output.
        rate : float
            Learning rate gamma_t.
        step : int
            Step number t, the address of the noise.
        perturbed, whole
            Not read: there is no placed noise, and an example without a residual costs as much as one with.
        """
        np.multiply(self._x1, residual[self._seen, None].astype(self._x1.dtype), out=self._pull)
        pull_V = np.bincount(self._data.direction, weights=residual * self._data.alpha, minlength=3)
        def block_step(block: int, worker: int) -> None:
            scratch_W, scratch_V = self._scratch[worker]
            if block < self.W.blocks:
                rows = self.W.rows(block)
                np.dot(self._pattern[rows], self._pull, out=self.W.gradient[rows])
                self.W.update(block, step, rate, scratch_W)
            else:
                index = block - self.W.blocks
                rows = self.V.rows(index)
                plane_gradient(self.V.signal[rows], self.V.noise[self.V.noise_rows(index)], self.V.share, self._data.r, pull_V,
                               self.V.gradient[rows])
                self.V.update(index, step, rate, scratch_V)
            self._forward_block(block, worker)

        self._pool.run(block_step, self.W.blocks + self.V.blocks)
        self.clock.step(rate)
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

    @property
    def layers(self) -> dict[str, Layer]:
        """Both layers, by their labels."""
        return {"W": self.W, "V": self.V}

    @property
    def patterns_follow_weights(self) -> bool:
        """Whether the patterns are those of U, as always here."""
        return True

    @property
    def directions(self) -> Array:
        """z - zeta, z, z + zeta in the basis (z, zeta / r), (3, 2)."""
        return np.array([[1.0, s * self._data.r] for s in (-1, 0, 1)])

    def filters(self) -> dict[str, Array]:
        """W for x_1 and V for x_2."""
        return {"P": self.W.weights, "Q": self.V.weights}

    def pre_activations(self, feature: str, x: Array) -> Array:
        """Pre-activations whose signs are the patterns of the filters that see x_1 ("P") or x_2 ("Q"), at x (n, k): (m, n)."""
        return {"P": self.W, "Q": self.V}[feature].pre_activations(x)

    def perturbed(self, step: int, level: float) -> Perturbed:
        """Outputs of which a step takes its residuals: this network has no placed noise."""
        return Perturbed(self.f, 0.0)

    def annealed(self) -> None:
        """The learning rate falls for the first time, which changes nothing here."""

    # -- evaluation that does not change the state ------------------------------------------------

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part N_U(signal), both (n,) float64."""
        g_signal = self.plane().g_signal
        f = data.alpha * self.g[data.direction]
        f_signal = data.alpha * g_signal[data.direction]
        seen = np.flatnonzero(data.has_x1)
        part = self.W.outputs(data.x1[seen], self._pool)
        f[seen] += part[0]
        f_signal[seen] += part[1]
        return f, f_signal

    def checkpoint(self) -> dict[str, Array]:
        """The layers, with what the optimiser keeps; outputs follow from them."""
        return {f"{name} {part}": array for name, layer in self.layers.items() for part, array in layer.checkpoint().items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        for name, layer in self.layers.items():
            layer.restore({part: state[f"{name} {part}"] for part in layer.checkpoint()})
        self._pool.run(self._forward_block, self.W.blocks + self.V.blocks)
        self._collect()

    def state(self) -> dict[str, Any]:
        """Final weights, their split, and the second layers, labelled."""
        state: dict[str, Any] = {}
        for name, layer, k in (("W", self.W, "x1"), ("V", self.V, "plane")):
            neuron = f"neuron_{name}"
            state[name] = ((neuron, k), layer.weights, {"long_name": f"final weights {name}"})
            state[f"{name}_signal"] = ((neuron, k), layer.signal, {"long_name": f"signal part of {name}"})
            state[f"{name}_noise"] = ((neuron, k), layer.noise_of_neurons, {"long_name": f"accumulated noise of {name}"})
            state[name.lower()] = ((neuron,), layer.u, {"long_name": f"second layer of {name}"})
        return state

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

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,): (1/2) sum_j w_j Wbar_j, each pattern being active half the time."""
        return np.asarray(self.W.u.astype(np.float64) @ self.W.signal) / 2
