"""What an optimiser is: a rule that is linear in the gradients, but for what divides them, which both parts share (THEORY §15).

The rule applied to the noise xi alone, started at U_0, is the accumulated noise; applied to the gradient of the loss alone,
from 0, it is the signal. Their sum is the rule applied to the whole gradient. What the choice of a mini-batch adds, which §15
counts as noise too, is part of the gradient here, and of the signal.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS, PLACEMENTS, OptimiserChoice
from theory_sim.reading.answers import is_number, is_size, require_answer
from theory_sim.theory.linear_rules import Move
from theory_sim.train.noise import WeightNoise

__all__ = ["DECAY", "Block", "Optimiser", "make_optimiser", "splits_pairs"]

DECAY: Final = Annotated[Literal["coupled", "decoupled"], Field(
    "coupled", description="weight decay lambda U added to the gradient, or U shrunk by 1 - gamma lambda beside the rule")]
"""Own field ``decay`` of the rules to which it makes a difference."""


class Block(NamedTuple):
    """Views of a block of neurons, which `Optimiser.update` changes in place.

    Attributes
    ----------
    signal, gradient : (b, k) arrays
        Signal, and gradient of the loss without the second layer; the update multiplies it by ``u``.
    noise, xi : (b / share, k), (b / drawn, k) arrays
        Accumulated noise, and N(0, 1) numbers; neurons of a pair share a row of ``xi``.
    u : (b,) array
        Second layer.
    buffers : mapping
        What `Optimiser.buffers` made, of this block.
    """

    signal: Array
    noise: Array
    gradient: Array
    xi: Array
    u: Array
    buffers: Mapping[str, Array]


class Optimiser(OptimiserChoice, ABC):
    """Rule of a step; a `LinearOptimiser` or `AdaptiveOptimiser` that declares `Choice`'s attributes and registers itself.

    Parameters
    ----------
    experiment : Experiment
        Gives lambda, tau_xi and the values of own fields.

    Attributes
    ----------
    keeps_velocity : bool
        Whether it has the buffer b of a `Move`, one for each part.
    coupled : bool
        Whether weight decay is part of the gradient.
    """

    keeps_velocity: ClassVar[bool] = False

    def __init__(self, experiment: Experiment) -> None:
        self.lambda_, self.tau_xi = experiment.lambda_, experiment.tau_xi
        self.coupled = experiment.own_values.get("decay", "coupled") == "coupled"

    @abstractmethod
    def move(self, step: int) -> Move:
        """How step ``step``, the first being 0, makes its direction of a gradient."""

    def buffers(self, signal: Array, noise: Array) -> dict[str, Array]:
        """Buffers of a layer at the start, by name; rows go with those of the signal (m, k) or of the noise (m / share, k)."""
        return {"signal velocity": np.zeros_like(signal), "noise velocity": np.zeros_like(noise)} if self.keeps_velocity else {}

    @abstractmethod
    def update(self, block: Block, rate: float, step: int) -> None:
        """Take a step in place."""

    @property
    def stability(self) -> float:
        """Largest stable rate times curvature on a quadratic loss; NaN if the rule has no such number."""
        return float("nan")

    @classmethod
    def numbers_a_weight(cls, experiment: Experiment) -> tuple[float, float]:
        """Buffers' numbers for each of the signal, and for each of the noise."""
        each = 1.0 if cls.keeps_velocity else 0.0
        return each, each

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        e = experiment
        if not cls.in_theory and e.has_placed_noise and issubclass(PLACEMENTS[e.noise_placement], WeightNoise):
            yield Fault(f"noise_placement = {e.noise_placement!r} with optimiser = {cls.name!r}",
                        "noise that moves the weights past the optimiser is defined for gradient descent",
                        "use tau_xi, the noise that goes through the optimiser, or optimiser = 'gradient-descent'",
                        ("noise_placement", "optimiser"))


    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        super().require_answers(experiment)
        rule, (signal, noise) = cls(experiment), (np.zeros((4, 3)), np.zeros((2, 3)))
        require_answer(cls, "move", rule.move(0), lambda move: isinstance(move, Move) and all(map(_is_finite, move)),
                       "a Move of four numbers, of theory_sim.theory.linear_rules")
        require_answer(cls, "stability", rule.stability, is_number, "a number; NaN if there is none")
        require_answer(cls, "numbers_a_weight", cls.numbers_a_weight(experiment),
                       lambda found: len(found) == 2 and all(map(is_size, found)), "two numbers")
        shapes = {"signal": signal.shape, "noise": noise.shape}
        require_answer(cls, "buffers", rule.buffers(signal, noise), lambda found: all(
            buffer.shape == shapes[name.partition(" ")[0]] and buffer.dtype == signal.dtype for name, buffer in found.items()),
            f"arrays of the precision and shape of the signal, {signal.shape}, or of the noise, {noise.shape}, by names that "
            "begin with 'signal ' or 'noise '")


def _is_finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


def make_optimiser(experiment: Experiment) -> Optimiser:
    """Optimiser of an experiment."""
    chosen = OPTIMISERS[experiment.optimiser]
    assert issubclass(chosen, Optimiser), f"{chosen} is an Optimiser"
    return chosen(experiment)


def splits_pairs(experiment: Experiment) -> bool:
    """Whether an experiment's neurons come in pairs of which each keeps a noise part of its own."""
    return experiment.paired and OPTIMISERS[experiment.optimiser].splits_pairs(experiment)
