"""The infinitely wide network of the error function, step by step (THEORY §6, §7 with another activation).

The two-time kernel (`theory_sim.theory.erf_kernel`) at a = tau_s^2 |x|^2, b = tau_t^2 |x'|^2 and c = rho tau_s tau_t <x, x'> is
A_s(x) A_t(x') (1 - (rho v_s(x) v_t(x') cos theta)^2)^(-1/2): unlike ReLU's it depends on the noise level. The power series of
the bracket converges, and each of its powers factorises: what is written at s, a recursion from s to t, what is read at t.
Examples along one direction of x_2 differ by alpha, and so by A and v alone: three memories a power are enough for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.limit.geometry import Patches
from theory_sim.network.perturbed import Perturbed
from theory_sim.numeric.limit_kernels import pair_series
from theory_sim.numeric.pool import BlockPool
from theory_sim.theory.erf_kernel import amplitude, coefficients, powers_for, visibility
from theory_sim.train.clock import Clock, largest_level

__all__ = ["ErrorFunctionNetwork"]

# Constant, though each row is summed by itself.
_ROWS: Final = 64


class ErrorFunctionNetwork:
    """Outputs of the infinitely wide split network with paired neurons, and the memories that carry them.

    Parameters
    ----------
    experiment : Experiment
        Description of the run; widths are not read.
    train, test : Data
        Training set, and the fresh examples on which `outputs` can be asked.
    pool : BlockPool
        Open pool of threads.
    tolerance : float
        Largest error of the kernel, relative to |x| |x'| A A'.

    Attributes
    ----------
    clock : Clock
        Level and age of the accumulated noise.
    f, g : (N,), (3,) arrays
        Outputs on the training set and at z - zeta, z, z + zeta; all of it signal, since pairs put no noise out.
    kernel_error : float
        Bound of the kernel's error.
    """

    def __init__(self, experiment: Experiment, train: Data, test: Data, pool: BlockPool, *, tolerance: float) -> None:
        e = experiment
        self._pool, self._train, self._test = pool, train, test
        self.clock = Clock(e, "moving")
        self._patches = patches = Patches(train, test)
        self._x, x_test = patches.x.astype(np.float64), patches.x_test.astype(np.float64)
        unit, unit_test = self._x / patches.norm[:, None], x_test / patches.norm_test[:, None]
        self._x_test = x_test
        self._cosines, self._cosines_test = np.clip(unit @ unit.T, -1.0, 1.0), np.clip(unit_test @ unit.T, -1.0, 1.0)
        np.fill_diagonal(self._cosines, 1.0)
        self.directions = np.array([[1.0, side * e.r] for side in (-1, 0, 1)])
        self._gram = self.directions @ self.directions.T
        self._lengths = np.sqrt(np.diag(self._gram))
        norms = [patches.norm, patches.norm_test, *(data.alpha * self._lengths[data.direction] for data in (train, test)),
                 self._lengths]
        variance = np.array((largest_level(e) * max(float(norm.max(initial=0.0)) for norm in norms)) ** 2)
        largest = float(visibility(variance)) ** 2
        self._count = powers_for(largest, tolerance)
        self._series = coefficients(self._count)
        self.kernel_error = float(coefficients(self._count + 1)[-1] * largest**self._count / (1.0 - largest))
        squared = (self._gram / np.outer(self._lengths, self._lengths)) ** 2
        np.fill_diagonal(squared, 1.0)
        self._of_directions = self._series[:, None, None] * self._gram * squared ** np.arange(self._count)[:, None, None]
        self._memory, self._q_memory = np.zeros((self._count, len(self._x))), np.zeros((self._count, 3))
        self._squared_norm = np.zeros(2)
        self._evaluate()

    # -- outputs ----------------------------------------------------------------------------------

    def _evaluate(self) -> None:
        of_P = self._of_patches(self._cosines, self._x, self._patches.norm, self._memory)
        self.g = self._of_second(np.ones(3), np.arange(3), self._q_memory)
        self._of_Q = self._of_second(self._train.alpha, self._train.direction, self._q_memory)
        self._of_P = np.zeros(len(self._train))
        self._of_P[self._patches.seen] = of_P
        self.f: Array = self._of_P + self._of_Q

    @property
    def g_signal(self) -> Array:
        """Signal part of `g`, all of it."""
        return self.g

    def _written(self, norm: Array) -> Array:
        """A v^2k of inputs of these norms at the present level, (K, n)."""
        variance = (self.clock.level * norm) ** 2
        return np.asarray(amplitude(variance) * visibility(variance) ** np.arange(self._count)[:, None])

    def _of_patches(self, cosines: Array, x: Array, norm: Array, memory: Array) -> Array:
        """Outputs of W at inputs x (n', d) with cosines (n', n) to the training patches."""
        variance = (self.clock.level * norm) ** 2
        seen, scaled, out = visibility(variance), self._series[:, None] * self._patches.norm * memory, np.empty(len(x))

        def work(block: int, worker: int) -> None:
            rows = slice(block * _ROWS, (block + 1) * _ROWS)
            pair_series(cosines[rows], seen[rows], scaled, out[rows])

        self._pool.run(work, -(-len(x) // _ROWS))
        return np.asarray(norm * amplitude(variance) * out)

    def _of_second(self, alpha: Array, direction: Array, memory: Array) -> Array:
        """Outputs of V at alpha (n,) times directions (n,)."""
        of_directions = np.einsum("kab,kb->ka", self._of_directions, memory)
        return np.asarray(alpha * (self._written(alpha * self._lengths[direction]) * of_directions[:, direction]).sum(axis=0))

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on the fresh examples given at the start: f and its signal part, which are equal, both (n,) float64."""
        if data is not self._test:
            raise InputError("other examples than those given at the start", "pairs with the training set are built once",
                             "give them as test")
        f = self._of_second(data.alpha, data.direction, self._q_memory)
        f[self._patches.seen_test] += self._of_patches(self._cosines_test, self._x_test, self._patches.norm_test, self._memory)
        return f, f

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1 at |x_1| = 1, (d,)."""
        return np.asarray((self._memory[0] @ self._x) * amplitude(np.array(self.clock.level**2)))

    def signal_norms(self) -> Array:
        """Frobenius norm of the signal in each layer."""
        return np.asarray(np.sqrt(np.maximum(self._squared_norm, 0.0)))

    def spatial_error(self) -> float:
        """Every pair is computed."""
        return 0.0

    # -- steps ------------------------------------------------------------------------------------

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        """One step of THEORY §3 with the derivative (N,) of the mean training loss by each output."""
        train, seen = self._train, self._patches.seen
        patches = residual[seen] * self._written(self._patches.norm)
        second = residual * train.alpha * self._written(train.alpha * self._lengths[train.direction])
        directions = np.stack([second[:, train.direction == k].sum(axis=1) for k in range(3)], axis=1)
        descent = -np.array([residual @ self._of_P, residual @ self._of_Q])
        square = np.array([
            residual[seen] @ self._of_patches(self._cosines, self._x, self._patches.norm, patches),
            residual @ self._of_second(train.alpha, train.direction, directions),
        ])
        tick = self.clock.step(rate)
        faded = (math.exp(-2.0 * tick.age) ** np.arange(self._count))[:, None]
        self._memory = faded * (tick.decay * self._memory - rate * patches)
        self._q_memory = faded * (tick.decay * self._q_memory - rate * directions)
        self._squared_norm = tick.decay**2 * self._squared_norm + 2.0 * rate * tick.decay * descent + rate**2 * square
        self._evaluate()

    def perturbed(self, step: int, level: float) -> Perturbed:
        """Outputs of which a step takes its residuals: there is no placed noise."""
        return Perturbed(self.f, 0.0)

    def annealed(self) -> None:
        """The learning rate falls for the first time, which changes nothing here."""

    # -- what a limit has not, and storage ----------------------------------------------------------

    def filters(self) -> Mapping[str, Array]:
        """None: the limit has no neurons."""
        return {}

    def pre_activations(self, feature: str, x: Array) -> None:
        """None: the limit has no neurons."""

    def checkpoint(self) -> Mapping[str, Array]:
        """Memories, from which the outputs follow."""
        return {"memory": self._memory, "q_memory": self._q_memory, "squared_norm": self._squared_norm}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self._memory, self._q_memory, self._squared_norm = (state[name] for name in ("memory", "q_memory", "squared_norm"))
        self._evaluate()

    def state(self) -> Mapping[str, Any]:
        """Linear part of the signal; the limit has no weights."""
        return {"linear_part": (("x1",), self.signal_direction(), {"long_name": "linear part of the signal on x_1"})}
