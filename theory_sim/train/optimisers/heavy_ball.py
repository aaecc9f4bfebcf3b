"""Heavy ball: gradient descent with momentum (Polyak 1964)."""

from __future__ import annotations

from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.theory.linear_rules import Move
from theory_sim.train.optimisers.momentum import MomentumOptimiser

__all__ = ["HeavyBall"]


@OPTIMISERS.register
class HeavyBall(MomentumOptimiser):
    """b <- mu b + g, U <- U - gamma b: PyTorch's ``SGD(momentum=mu)``; a change of the rate acts at once."""

    name = "heavy-ball"
    summary = r"$b\leftarrow\mu b+g$, $U\leftarrow U-\gamma b$: momentum"

    def move(self, step: int) -> Move:
        return Move(self.momentum, 1.0, 1.0, 0.0)
