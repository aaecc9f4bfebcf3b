"""Gradient descent, the paper's."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.numeric.kernels import split_update
from theory_sim.theory.linear_rules import Move
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.train.optimisers.base import Block
from theory_sim.train.optimisers.linear import LinearOptimiser

__all__ = ["GradientDescent"]


@OPTIMISERS.register
class GradientDescent(LinearOptimiser):
    """U <- (1 - gamma lambda) U - gamma g: coupled and decoupled weight decay are the same."""

    name = "gradient-descent"
    summary = r"$U\leftarrow(1-\gamma\lambda)U-\gamma g$, as in the paper"
    in_theory = True

    def move(self, step: int) -> Move:
        return Move()

    @classmethod
    def stationary_level(cls, experiment: Experiment, rate: float) -> float:
        return tau_stationary(rate, experiment.lambda_, experiment.tau_xi)

    def update(self, block: Block, rate: float, step: int) -> None:
        split_update(block.signal, block.noise, block.gradient, block.xi, block.u, rate, self.lambda_, self.tau_xi)
