"""Nesterov's accelerated gradient, as it is used in practice."""

from __future__ import annotations

from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.theory.linear_rules import Move
from theory_sim.train.optimisers.momentum import MomentumOptimiser

__all__ = ["Nesterov"]


@OPTIMISERS.register
class Nesterov(MomentumOptimiser):
    """b <- mu b + g, U <- U - gamma (g + mu b): PyTorch's ``SGD(momentum=mu, nesterov=True)``."""

    name = "nesterov"
    summary = r"$b\leftarrow\mu b+g$, $U\leftarrow U-\gamma(g+\mu b)$: momentum that looks ahead"

    def move(self, step: int) -> Move:
        return Move(self.momentum, 1.0, self.momentum, 1.0)
