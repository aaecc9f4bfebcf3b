"""Noise level and correlations under rules other than gradient descent (THEORY §5, §15).

Momentum makes the accumulated noise smooth: an entry of it is one component of a Gaussian Markov chain of two, (U, b), so that
its correlation between two times is no product over the steps between them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.train.optimisers import LinearOptimiser

__all__ = ["LinearClock", "Marked", "UnknownClock"]


class Marked(NamedTuple):
    """A time as the noise sees it, with its correlation with each earlier time that was asked for.

    Attributes
    ----------
    level : float
        tau_t, standard deviation of an entry of the accumulated noise; NaN if no law gives it.
    step : int
        Steps taken.
    steps, correlations : (n,) arrays
        Earlier steps, and the correlation of the patterns then and now; NaN if no law gives it.
    """

    level: float
    step: int
    steps: Array
    correlations: Array

    def rho(self, other: Any) -> float:
        """Correlation of the accumulated noise, and so of the patterns, at both times; NaN if no law gives it."""
        if self.step == other.step:
            return 1.0
        last, first = (self, other) if self.step > other.step else (other, self)
        at = int(np.searchsorted(last.steps, first.step))
        found = at < len(last.steps) and int(last.steps[at]) == first.step
        return float(last.correlations[at]) if found else math.nan

    def numbers(self) -> Array:
        """All of it in one array, for `from_numbers`."""
        return np.concatenate([[self.level, self.step], self.steps, self.correlations])

    @classmethod
    def from_numbers(cls, numbers: Array) -> Marked:
        """Take back what `numbers` gave."""
        steps, correlations = np.split(numbers[2:], 2)
        return cls(float(numbers[0]), int(numbers[1]), steps.astype(np.int64), correlations)


class _Clock:
    """Marks times, and knows which patterns move."""

    def __init__(self, kernel: str) -> None:
        self._kernel, self._step = kernel, 0
        self._steps: Array = np.zeros(0, np.int64)
        # Correlation of U's patterns with those marked earlier, from when they were frozen.
        self._frozen: Array | None = None

    @property
    def level(self) -> float:
        """tau_t at present."""
        raise NotImplementedError

    def _correlations(self) -> Array:
        """Correlation with each marked step while patterns move."""
        raise NotImplementedError

    def _mark(self) -> None:
        """Follow the present step's correlation with later ones from here on."""
        raise NotImplementedError

    @property
    def now(self) -> Marked:
        """The present time; that it was asked for lets later times tell their correlation with it."""
        if not len(self._steps) or self._steps[-1] != self._step:
            self._mark()
            self._steps = np.append(self._steps, self._step)
            if self._frozen is not None:
                self._frozen = np.append(self._frozen, 1.0)
        return Marked(self.level, self._step, self._steps, self.correlations())

    @property
    def seen(self) -> bool:
        """Whether patterns exist now: not if they follow noise that is zero, for a ReLU at 0 has no gradient."""
        return self.level > 0 or self._kernel in ("frozen", "independent")

    def correlations(self) -> Array:
        """Correlation of the patterns now with those at each step that was marked, (n,)."""
        if self._kernel == "independent":
            return np.where(self._steps == self._step, 1.0, 0.0)
        if self._frozen is not None:
            return self._frozen
        return np.ones(len(self._steps)) if self._kernel == "frozen" else self._correlations()

    def annealed(self) -> None:
        """The learning rate has fallen for the first time."""
        if self._kernel == "frozen-at-annealing":
            self._kernel, self._frozen = "frozen", self._correlations()

    def state(self) -> dict[str, Array]:
        """What `restore` takes back."""
        frozen = {} if self._frozen is None else {"frozen": self._frozen}
        return {"step": np.array(self._step), "steps": self._steps, **frozen}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` gave; `annealed` has been called if it had been then."""
        self._step, self._steps, self._frozen = int(state["step"]), state["steps"], state.get("frozen")


class LinearClock(_Clock):
    """Carries forward the law of (U, b), an entry of the accumulated noise and of its buffer.

    Parameters
    ----------
    experiment : Experiment
        Gives tau_0.
    optimiser : LinearOptimiser
        The rule.
    kernel : {"moving", "frozen", "frozen-at-annealing", "independent"}
        As for `theory_sim.train.clock.Clock`.
    """

    def __init__(self, experiment: Experiment, optimiser: LinearOptimiser, kernel: str) -> None:
        super().__init__(kernel)
        self._rule = optimiser
        self._covariance = np.diag([experiment.tau_0_value**2, 0.0])
        self._crossing: Array = np.zeros((0, 2))  # of U at each marked step with (U, b) now
        self._scales: Array = np.zeros(0)  # tau_s of these

    @property
    def level(self) -> float:
        return math.sqrt(max(self._covariance[0, 0], 0.0))

    def step(self, rate: float, increment: float = 0.0) -> None:
        """One step: S <- A S A^T + tau_xi^2 B B^T, and covariances with the past follow A.

        ``increment`` is the standard deviation of what placed noise moves U by.
        """
        a, b = self._rule.matrices(rate)
        self._covariance = a @ self._covariance @ a.T + self._rule.tau_xi**2 * np.outer(b, b)
        self._covariance[0, 0] += increment * increment
        # Not by BLAS, whose sums may depend on how many there are.
        first, last = self._crossing[:, 0], self._crossing[:, 1]
        self._crossing = np.stack([a[0, 0] * first + a[0, 1] * last, a[1, 0] * first + a[1, 1] * last], axis=1)
        self._step += 1

    def _mark(self) -> None:
        self._crossing = np.concatenate([self._crossing, self._covariance[:1]])
        self._scales = np.append(self._scales, self.level)

    def _correlations(self) -> Array:
        scale = self._scales * self.level
        rho = np.divide(self._crossing[:, 0], scale, out=np.zeros(len(scale)), where=scale > 0)
        rho[self._steps == self._step] = 1.0
        return np.clip(rho, -1.0, 1.0)

    def state(self) -> dict[str, Array]:
        return super().state() | {"covariance": self._covariance, "crossing": self._crossing, "scales": self._scales}

    def restore(self, state: Mapping[str, Array]) -> None:
        super().restore(state)
        self._covariance, self._crossing, self._scales = state["covariance"], state["crossing"], state["scales"]


class UnknownClock(_Clock):
    """Of a rule whose noise depends on the run: nothing is known of it but tau_0, and patterns that do not move.

    Parameters
    ----------
    experiment : Experiment
        Gives tau_0.
    kernel : str
        As for `LinearClock`.
    """

    def __init__(self, experiment: Experiment, kernel: str) -> None:
        super().__init__(kernel)
        self._tau_0 = experiment.tau_0_value

    @property
    def level(self) -> float:
        return self._tau_0 if self._step == 0 else math.nan

    def step(self, rate: float, increment: float = 0.0) -> None:
        """One step, whatever it does."""
        self._step += 1

    def _mark(self) -> None:
        """Nothing to follow."""

    def _correlations(self) -> Array:
        return np.where(self._steps == self._step, 1.0, math.nan)
