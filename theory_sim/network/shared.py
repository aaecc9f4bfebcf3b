"""The shared network f(x) = N_U(x_1) + N_U(x_2): one filter bank sees both patches (THEORY §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from theory_sim.data import Data, shared_directions
from theory_sim.experiment import Experiment
from theory_sim.network.layer import Layer
from theory_sim.network.layers import BLOCK_W, make_layers
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.clock import make_clock

__all__ = ["SharedNetwork"]

Array = np.ndarray[Any, Any]


class SharedNetwork:
    """State of a run: one layer, its split, and the outputs on the training set.

    Filters are evaluated at the training patches x_1 and at z - zeta, z, z + zeta, now vectors in R^d; a second patch is alpha
    times one of these three, and so is its output.

    Parameters
    ----------
    experiment : Experiment
        Description of the run; ``m_W`` is the number of filters.
    data : Data
        Training set, N examples.
    pool : BlockPool
        Open pool of threads.
    initial : mapping, optional
        U_0 and second layers in place of what is drawn, as for `make_layers`.

    Attributes
    ----------
    U : Layer
        First layer, (m_W, d).
    f : (N,) float64 array
        Outputs on the training set at the present weights.
    g : (3,) float64 array
        Output of one filter bank at z - zeta, z, z + zeta.
    directions : (3, d) float64 array
        These three.
    clock : AnyClock
        Level and age of the accumulated noise.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        self._experiment, self._data, self._pool = experiment, data, pool
        self.clock = make_clock(experiment, "moving")
        self.U = make_layers(experiment, initial)["U"]
        self.directions = shared_directions(experiment, data.w_star)
        self._seen = np.flatnonzero(data.has_x1)
        self._sites = np.concatenate([data.x1[self._seen], self.directions.astype(data.x1.dtype)])
        self._columns = np.ascontiguousarray(self._sites.T)
        self._pull = np.empty_like(self._sites)
        dtype = self._sites.dtype
        self._pattern = np.empty((experiment.m_W, len(self._sites)), dtype)
        self._parts = np.empty((self.U.blocks, len(self._sites)), dtype)
        self._scratch = [np.zeros((BLOCK_W, experiment.d), dtype) for _ in range(pool.threads)]
        self._scratch_forward = [self.U.scratch(len(self._sites)) for _ in range(pool.threads)]
        self.f: Array = np.zeros(len(data))
        self.g: Array = np.zeros(3)
        self._forward()

    @property
    def layers(self) -> dict[str, Layer]:
        """The one layer, by its label."""
        return {"U": self.U}

    @property
    def patterns_follow_weights(self) -> bool:
        """Whether the patterns are those of U, as always here."""
        return True

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        """Move U, its signal and its noise by one step of THEORY §3; arguments as for `SplitNetwork.step`."""
        weight = np.concatenate([
            residual[self._seen], np.bincount(self._data.direction, weights=residual * self._data.alpha, minlength=3)
        ])
        np.multiply(self._sites, weight[:, None].astype(self._sites.dtype), out=self._pull)

        def block_step(block: int, worker: int) -> None:
            rows = self.U.rows(block)
            np.dot(self._pattern[rows], self._pull, out=self.U.gradient[rows])
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

    def perturbed(self, step: int, level: float) -> Perturbed:
        """Outputs of which a step takes its residuals: this network has no placed noise."""
        return Perturbed(self.f, 0.0)

    def annealed(self) -> None:
        """The learning rate falls for the first time, which changes nothing here."""

    # -- evaluation that does not change the state ------------------------------------------------

    def filters(self) -> dict[str, Array]:
        """The same filters see x_1 and x_2."""
        return {"P": self.U.weights, "Q": self.U.weights}

    def pre_activations(self, feature: str, x: Array) -> Array:
        """Pre-activations whose signs are the filters' patterns, at patches x (n, d): (m, n)."""
        return self.U.pre_activations(x)

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part N_U(signal), both (n,) float64."""
        g_signal = self.plane().g_signal
        f, f_signal = data.alpha * self.g[data.direction], data.alpha * g_signal[data.direction]
        seen = np.flatnonzero(data.has_x1)
        part = self.U.outputs(data.x1[seen], self._pool)
        f[seen] += part[0]
        f_signal[seen] += part[1]
        return f, f_signal

    def plane(self) -> Plane:
        """The signal on Q's directions, and the patterns that it has moved there."""
        directions = self.directions.astype(self._sites.dtype)
        signal = self.U.outputs(directions, self._pool)[1]
        of_signal, of_noise = self.U.at(directions)
        active, noise = of_signal + of_noise > 0, of_noise > 0
        near = (active != active[:, 1:2]).any(axis=1)
        return Plane(signal.astype(np.float64), (active != noise).sum(axis=0).astype(np.float64), float(near.sum()))

    def signal_direction(self) -> Array:
        """Linear part of the signal, (d,): (1/2) sum_j u_j Ubar_j, each pattern being active half the time."""
        return np.asarray(self.U.u.astype(np.float64) @ self.U.signal) / 2

    # -- storage ----------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Array]:
        """The layer, with what the optimiser keeps; outputs follow from it."""
        return self.U.checkpoint()

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self.U.restore(state)
        self._forward()

    def state(self) -> dict[str, Any]:
        """Final weights, their split, and the second layer, labelled."""
        return {
            "U": (("neuron_U", "x1"), self.U.weights, {"long_name": "final weights U"}),
            "U_signal": (("neuron_U", "x1"), self.U.signal, {"long_name": "signal part of U"}),
            "U_noise": (("neuron_U", "x1"), self.U.noise_of_neurons, {"long_name": "accumulated noise of U"}),
            "u": (("neuron_U",), self.U.u, {"long_name": "second layer of U"}),
            "directions": (("direction", "x1"), self.directions, {"long_name": "z - zeta, z, z + zeta"}),
        }
