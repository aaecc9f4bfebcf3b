"""Rules that divide each gradient by its own recent size: linear in the gradients, given what divides them (THEORY §15)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Final, Literal, NamedTuple

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.numeric.kernels import scale_rows
from theory_sim.numeric.optimiser_kernels import adaptive_part, advance_squares
from theory_sim.reading.answers import require_answer
from theory_sim.train.optimisers.base import Block, Optimiser

__all__ = ["EPSILON", "PRECONDITIONER", "AdaptiveOptimiser", "Squares"]

EPSILON: Final = Annotated[float, Field(1e-8, gt=0, le=1e12, description="added to the root of the mean squared gradient")]
PRECONDITIONER: Final = Annotated[Literal["neuron", "pair"], Field(
    "neuron", description="whose weights have mean squares of their own: each neuron, or each pair, whose noise then cancels")]


class Squares(NamedTuple):
    """How a step averages squared gradients: s' = kept s + (1 - kept) g^2, and the root is that of s' / correction."""

    kept: float
    correction: float = 1.0


class AdaptiveOptimiser(Optimiser):
    """A rule whose direction is divided by sqrt(s' / correction) + epsilon, s' the mean of the whole gradient's square.

    The whole gradient is that of the loss, the noise xi, and weight decay where it is coupled. Neurons of a pair share xi, but
    not the gradient of the loss: with one mean for each neuron they divide xi differently, and their noise no longer cancels in
    the output. With one mean for each pair, of both neurons' squares, it does.

    A subclass has the own fields ``epsilon`` and ``preconditioner``.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._epsilon = experiment.own_values["epsilon"]

    @abstractmethod
    def squares(self, step: int) -> Squares:
        """How step ``step``, the first being 0, averages squared gradients."""

    def buffers(self, signal: Array, noise: Array) -> dict[str, Array]:
        return {**super().buffers(signal, noise), "noise squares": np.zeros_like(noise)}

    @classmethod
    def numbers_a_weight(cls, experiment: Experiment) -> tuple[float, float]:
        signal, noise = super().numbers_a_weight(experiment)
        return signal, noise + 1.0

    @classmethod
    def splits_pairs(cls, experiment: Experiment) -> bool:
        return bool(experiment.own_values["preconditioner"] == "neuron")

    @classmethod
    def stationary_level(cls, experiment: Experiment, rate: float) -> float:
        return math.nan

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        super().require_answers(experiment)
        require_answer(cls, "squares", cls(experiment).squares(0), lambda found: isinstance(found, Squares)
                       and 0.0 <= found.kept <= 1.0 and 0.0 < found.correction < math.inf,
                       "Squares with a kept share from 0 to 1 and a correction above 0")

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        yield from super().faults(experiment)
        e = experiment
        if e.own_values["preconditioner"] == "pair" and not e.paired:
            yield Fault(f"preconditioner = 'pair' with neurons = {e.neurons!r}",
                        "only paired neurons come in pairs that share xi",
                        "set neurons = 'paired', or preconditioner = 'neuron'", ("preconditioner", "neurons"))
        epsilon, least = e.own_values["epsilon"], float(np.finfo(e.dtype).tiny)
        if epsilon < least:
            yield Fault(f"epsilon = {epsilon:g} in {e.dtype}", f"at least {least:.2g}, the least of full precision there",
                        "raise epsilon, or set dtype = 'float64'", ("epsilon", "dtype"))

    def update(self, block: Block, rate: float, step: int) -> None:
        scale_rows(block.gradient, block.u)
        decay = self.lambda_ if self.coupled else 0.0
        keep = 1.0 if self.coupled else 1.0 - rate * self.lambda_
        move, squares, mean = self.move(step), self.squares(step), block.buffers["noise squares"]
        advance_squares(block.signal, block.noise, block.gradient, block.xi, self.tau_xi, decay, squares.kept, mean)
        for part, gradient, size in (("signal", block.gradient, 1.0), ("noise", block.xi, self.tau_xi)):
            weight = getattr(block, part)
            velocity = block.buffers.get(f"{part} velocity", weight[:0])
            adaptive_part(weight, velocity, gradient, mean, size, decay, keep, rate, *move, squares.correction, self._epsilon)
