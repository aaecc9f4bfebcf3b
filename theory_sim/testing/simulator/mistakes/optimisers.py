"""Mistakes in what an optimiser makes of gradients, and in weight decay beside it."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.optimiser_rule import Memory, Numbers
from theory_sim.testing.simulator.rule import Pair, Rule

__all__ = ["IN_OPTIMISERS"]


class _OtherNumbers(Rule):
    """Another rule of momentum."""

    def numbers(self, t: int) -> Numbers:
        right = super().numbers(t)
        return self.changed(right) if self.e.optimiser in ("heavy-ball", "nesterov") else right

    def changed(self, right: Numbers) -> Numbers:
        """What stands in place of the right numbers."""
        raise NotImplementedError


class _VelocityTwice(_OtherNumbers):
    says = "the momentum buffer is multiplied by mu twice"

    def changed(self, right: Numbers) -> Numbers:
        return right._replace(kept=right.kept**2)


class _NoMomentum(_OtherNumbers):
    says = "no momentum"

    def changed(self, right: Numbers) -> Numbers:
        return Numbers()


class _Dampened(_OtherNumbers):
    says = "momentum that averages gradients: 1 - mu times each, where the theory has 1 times"

    def changed(self, right: Numbers) -> Numbers:
        return right._replace(taken=1.0 - self.momentum)


class _NoLookAhead(Rule):
    says = "Nesterov's rule without its look-ahead: the step of heavy ball"

    def numbers(self, t: int) -> Numbers:
        right = super().numbers(t)
        return right._replace(along_buffer=1.0, along_gradient=0.0) if self.e.optimiser == "nesterov" else right


class _RateInVelocity(Rule):
    says = "the momentum buffer holds the rate: a change of the rate acts late"

    def remember(self, memory: Memory, g: Array, error: Array, t: int) -> Memory:
        size = 1.0 if self.adaptive else self.rate(t)
        return super().remember(memory, size * g, size * error, t)

    def direction(self, memory: Memory, g: Array, error: Array, t: int) -> tuple[Array, Array]:
        size = 1.0 if self.adaptive else self.rate(t)
        found, off = super().direction(memory, size * g, size * error, t)
        return found / size, off / size


class _NoFirstCorrection(Rule):
    says = "Adam without the bias correction of the mean gradient"

    def first_correction(self, t: int) -> float:
        return 1.0


class _NoSecondCorrection(Rule):
    says = "Adam without the bias correction of the mean square"

    def second_correction(self, t: int) -> float:
        return 1.0


class _NoCorrection(_NoFirstCorrection, _NoSecondCorrection):
    says = "Adam without bias correction"


class _LateCorrection(Rule):
    says = "Adam's bias correction counts steps from 2, not from 1"

    def first_correction(self, t: int) -> float:
        return super().first_correction(t + 1)

    def second_correction(self, t: int) -> float:
        return super().second_correction(t + 1)


class _EpsilonInside(Rule):
    says = "epsilon inside the root, not added to it"

    def divisor(self, squares: Array, t: int) -> Array:
        return np.asarray(np.sqrt(squares / self.second_correction(t) + self.epsilon))


class _EpsilonBeforeCorrection(Rule):
    says = "epsilon added to the root before its bias correction"

    def divisor(self, squares: Array, t: int) -> Array:
        return np.asarray((np.sqrt(squares) + self.epsilon) / np.sqrt(self.second_correction(t)))


class _NoRoot(Rule):
    says = "division by the mean square, not by its root"

    def divisor(self, squares: Array, t: int) -> Array:
        return squares / self.second_correction(t) + self.epsilon


class _SwappedBetas(Rule):
    says = "beta_1 and beta_2 exchanged"

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array, levels: Array) -> None:
        super().__init__(experiment, answer, rates, levels)
        if experiment.optimiser in ("adam", "adamw"):
            self.momentum, self.smoothing = self.smoothing, self.momentum


class _NeuronsForPairs(Rule):
    says = "each neuron has a mean square of its own, where its pair has one"

    def of_pairs(self, squares: Array) -> Array:
        return squares


class _NoiseBeside(Rule):
    says = "noise beside the optimiser: it does not go through momentum or preconditioner"

    def noise(self, t: int) -> Pair:
        return 0.0, 0.0

    def increments(self, t: int) -> Pair:
        (a, b), (xi_W, xi_V) = super().increments(t), super().noise(t)
        return a + self.rate(t) * xi_W, b + self.rate(t) * xi_V


class _OtherDecay(Rule):
    says = "weight decay coupled where it is decoupled, or decoupled where it is coupled"

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array, levels: Array) -> None:
        super().__init__(experiment, answer, rates, levels)
        self.coupled = not self.coupled or OPTIMISERS[experiment.optimiser].in_theory


class _DecayOfFirstRate(Rule):
    says = "decoupled weight decay at the first step's rate: it does not follow the schedule"

    def kept(self, rate: float) -> float:
        return super().kept(self.rate(0))


IN_OPTIMISERS = (
    _VelocityTwice, _NoMomentum, _Dampened, _NoLookAhead, _RateInVelocity, _NoCorrection, _NoFirstCorrection,
    _NoSecondCorrection, _LateCorrection, _EpsilonInside, _EpsilonBeforeCorrection, _NoRoot, _SwappedBetas, _NeuronsForPairs,
    _NoiseBeside, _OtherDecay, _DecayOfFirstRate,
)
