"""The past of a run whose rule of the step has a buffer: every step's residuals, and what each still does (THEORY §15).

Under gradient descent what a residual does fades by one factor a step, and so does the correlation of its patterns with those
of now: each exponent of the compressed kernel needs one number a patch. A rule with a buffer has neither factor. So the
residuals are kept, and at each step every exponent's memory is the sum over all of them of h(t, s) rho(s, t)^p r(s), with the
rule's impulse response h, the move of U_t by a unit gradient at step s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.limit.memories import Memories, Residuals
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.linear_clock import LinearClock
from theory_sim.train.optimisers import LinearOptimiser

__all__ = ["STEPS_AT_ONCE", "History"]

# Constant, since sums run chunk by chunk and blocks are shared out among threads: a change changes last digits.
STEPS_AT_ONCE: Final = 256
"""Steps whose residuals are multiplied by their weights in one product."""
_PATCHES: Final = 256
# A weight of e^-600 changes no sum that it is added to. Those below e^-708, some per mille, would be subnormal numbers, which
# processors multiply a hundred times more slowly: a third to a half of a run's time.
_FADED: Final = 600.0


class History:
    """Residuals of every step, their responses, and the linear part as the rule moves it.

    Parameters
    ----------
    optimiser : LinearOptimiser
        The rule.
    clock : LinearClock
        Of the same rule; it is stepped here.
    exponents : (E,) array
        Powers of |rho|.
    n, d, layers : int
        Patches x_1, their dimension, and layers.
    pool : BlockPool
        Open pool of threads.
    """

    def __init__(
        self, optimiser: LinearOptimiser, clock: LinearClock, exponents: Array, n: int, d: int, layers: int, pool: BlockPool
    ) -> None:
        self._rule, self._clock, self._exponents, self._pool, self._layers = optimiser, clock, exponents, pool, layers
        self._patches: list[Array] = []  # (STEPS_AT_ONCE, n) each
        self._n = n
        self._directions: Array = np.zeros((0, 3))
        self._response: Array = np.zeros((0, 2))  # of (U, b) now to a unit gradient at each step
        self._hidden: Array = np.zeros(0)  # age that placed noise adds to the patterns of each step
        self._linear, self._direct = np.zeros((2, d)), np.zeros((2, 3))

    def __len__(self) -> int:
        return len(self._response)

    def step(self, residuals: Residuals, rate: float, hidden: float) -> Memories:
        """Take a step, the clock's included, and return the memories after it.

        Parameters
        ----------
        residuals : Residuals
            At the step's start.
        rate : float
            Learning rate.
        hidden : float
            -log of the correlation between the patterns through which placed noise let the residuals be seen, and U's own.
        """
        self._clock.now  # noqa: B018  marks the time, so that later ones know their correlation with it
        if not self._clock.seen:
            residuals = residuals.times(0.0)
        a, b = self._rule.matrices(rate)
        row = len(self) % STEPS_AT_ONCE
        if row == 0:
            self._patches.append(np.zeros((STEPS_AT_ONCE, self._n)))
        self._patches[-1][row] = residuals.patches
        self._directions = np.concatenate([self._directions, residuals.directions[None]])
        self._hidden = np.append(self._hidden, hidden)
        first, last = self._response[:, 0], self._response[:, 1]
        moved = np.stack([a[0, 0] * first + a[0, 1] * last, a[1, 0] * first + a[1, 1] * last], axis=1)
        self._response = np.concatenate([moved, b[None]])
        self._linear = _advanced(a, b, self._linear, residuals.linear)
        self._direct = _advanced(a, b, self._direct, residuals.directions)
        self._clock.step(rate)
        return self.memories()

    def memories(self) -> Memories:
        """Memories now; the signal's norm is NaN: it takes the buffer's inner product with each gradient, which is not kept."""
        weights = self._weights()
        patches = np.zeros((len(self._exponents), self._n))

        def work(block: int, worker: int) -> None:
            columns = slice(block * _PATCHES, (block + 1) * _PATCHES)
            for i, chunk in enumerate(self._patches):
                part = weights[:, i * STEPS_AT_ONCE : (i + 1) * STEPS_AT_ONCE]
                patches[:, columns] += np.dot(part, chunk[: part.shape[1], columns])

        self._pool.run(work, -(-self._n // _PATCHES))
        directions = np.zeros((len(self._exponents), 3))
        for start in range(0, len(self), STEPS_AT_ONCE):
            steps = slice(start, start + STEPS_AT_ONCE)
            directions += np.dot(weights[:, steps], self._directions[steps])
        return Memories(patches, directions, self._linear[0], self._direct[0], np.full(self._layers, np.nan))

    def _weights(self) -> Array:
        """h(t, s) sign(rho) |rho(s, t)|^p of every earlier step, (E, steps)."""
        rho = self._clock.correlations()[: len(self)]
        with np.errstate(divide="ignore"):
            age = self._hidden - np.log(np.abs(rho))
        lost = np.isinf(age)
        power = np.outer(self._exponents, np.where(lost, 0.0, age))
        faded = np.exp(-power, out=np.zeros_like(power), where=power < _FADED)
        weights: Array = faded * np.where(lost, 0.0, np.sign(rho) * self._response[:, 0])
        return weights

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint keeps."""
        # Chunk by chunk, as they lie there: a copy of all would take as much memory again.
        chunks = {f"residuals {i}": chunk[: len(self) - i * STEPS_AT_ONCE] for i, chunk in enumerate(self._patches)}
        return {**chunks, "q_residuals": self._directions, "response": self._response, "hidden": self._hidden,
                "linear": self._linear, "q_direct": self._direct}

    def restore(self, state: Mapping[str, Array]) -> Memories:
        """Take back what `arrays` gave, once the clock has been restored; return the memories."""
        self._directions, self._response, self._hidden = state["q_residuals"], state["response"], state["hidden"]
        self._linear, self._direct = state["linear"], state["q_direct"]
        self._patches = []
        for i in range(-(-len(self) // STEPS_AT_ONCE)):
            part = state[f"residuals {i}"]
            self._patches.append(np.zeros((STEPS_AT_ONCE, self._n)))
            self._patches[-1][: len(part)] = part
        return self.memories()


def _advanced(a: Array, b: Array, state: Array, gradient: Array) -> Array:
    """(U, b), each a row of ``state`` (2, k), after a step with a gradient (k,)."""
    return np.stack([a[i, 0] * state[0] + a[i, 1] * state[1] + b[i] * gradient for i in range(2)])
