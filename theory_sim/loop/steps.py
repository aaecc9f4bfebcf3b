"""One step of a run: which examples it sees, with which noise, and the residuals that the network takes it by (THEORY §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, draw_fresh
from theory_sim.experiment import Experiment
from theory_sim.numeric.streams import StepStream
from theory_sim.observe.base import Outputs
from theory_sim.reading.answers import require_answer
from theory_sim.train.losses import Loss
from theory_sim.train.noise import LabelNoise, make_placement
from theory_sim.train.sampling import OnePass, make_sampling

__all__ = ["Network", "Steps"]


class Perturbed(Protocol):
    """Outputs of which a step takes its residuals; the network's own, with what else it needs for the step."""

    @property
    def f(self) -> Array:
        """Outputs on the training set, (N,)."""


class Network(Outputs, Protocol):
    """What a run steps: outputs that observers read, one step, and the state that is stored at the end."""

    def perturbed(self, step: int, level: float) -> Perturbed:
        """What a step takes its residuals of, with placed noise of a level; asked only if there is any."""

    def annealed(self) -> None:
        """The learning rate falls for the first time; called between two steps."""

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Any = None, whole: bool = False
    ) -> None:
        """Take a step with the derivative (N,) of the mean training loss with respect to each output.

        ``perturbed`` is what `perturbed` gave; ``whole`` says that every example has its residual, as none of a mini-batch has.
        """

    def state(self) -> Mapping[str, Any]:
        """Variables of the end, each (dimensions, values, attributes)."""

    def checkpoint(self) -> Mapping[str, Array]:
        """Arrays from which `restore` continues to the bitwise same result; views, not to be kept."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave."""


@runtime_checkable
class StepsOnOthers(Protocol):
    """A network that can take a step on other examples than its training set."""

    def step_on(self, examples: Data, residual_of: Callable[[Array], Array], rate: float, step: int) -> None:
        """`Network.step` by the gradient of examples, whose residuals (n,) follow from their outputs (n,)."""


class Steps:
    """What a run's steps are made of, each addressed by its number.

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    train : Data
        Training set.
    loss : Loss
        What is minimised.
    """

    def __init__(self, experiment: Experiment, train: Data, loss: Loss) -> None:
        self._experiment, self._train, self._loss = experiment, train, loss
        self._sampling = make_sampling(experiment)
        self._placement = make_placement(experiment)
        self._label_noise = StepStream(experiment.seed_of("noise"), "label noise")

    def take(self, network: Network, step: int, rate: float, tau: float, annealed_tau: float) -> None:
        """Take a step; ``tau`` and ``annealed_tau``, when the rate first fell, give the level of placed noise."""
        level = 0.0 if self._placement is None else self._placement.level(tau, annealed_tau)
        if isinstance(self._sampling, OnePass):
            self._on_fresh(self._sampling, network, step, rate, level)
        else:
            self._on_training_set(network, step, rate, level)

    def _on_fresh(self, sampling: OnePass, network: object, step: int, rate: float, level: float) -> None:
        size = self._experiment.batch_size
        assert size is not None and isinstance(network, StepsOnOthers), "rules of the sampling and of its engine"
        examples = draw_fresh(self._experiment, size, sampling.draws(step))
        network.step_on(examples, lambda f: self._residual(examples.y, f, step, level) / size, rate, step)

    def _on_training_set(self, network: Network, step: int, rate: float, level: float) -> None:
        of_labels = self._placement is None or isinstance(self._placement, LabelNoise)
        perturbed = None if of_labels else network.perturbed(step, level)
        residual = self._residual(self._train.y, network.f if perturbed is None else perturbed.f, step, level)
        batch = self._sampling.at(step)
        if batch is not None and self._sampling.is_users():
            self._require_indices(batch, len(residual))
        if batch is None:
            residual /= len(residual)
        else:
            seen, counts = np.unique(batch, return_counts=True)
            chosen = residual[seen] * counts / len(batch)
            residual = np.zeros_like(residual)
            residual[seen] = chosen
        whole = batch is None and not self._disturbs_labels(level)
        network.step(residual, rate, step, perturbed=perturbed, whole=whole)

    def _require_indices(self, batch: Any, n: int) -> None:
        require_answer(type(self._sampling), "at", batch, lambda seen: isinstance(seen, np.ndarray) and seen.dtype.kind in "iu"
                       and seen.ndim == 1 and seen.min() >= 0 and seen.max() < n,
                       f"indices of a step's examples, an array of whole numbers from 0 to {n - 1}; or None for all")

    def _disturbs_labels(self, level: float) -> bool:
        return isinstance(self._placement, LabelNoise) and level > 0

    def _residual(self, y: Array, f: Array, step: int, level: float) -> Array:
        """Derivative (n,) of each example's loss by its output f, at the step's labels."""
        if isinstance(self._placement, LabelNoise) and level > 0:
            return self._placement.residual(self._label_noise.at(step), level, y, f, self._loss)
        return np.asarray(y * self._loss.slope(y * f))
