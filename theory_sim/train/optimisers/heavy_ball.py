"""Heavy ball: gradient descent with momentum (Polyak 1964)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.theory.linear_rules import Move
from theory_sim.train.optimisers.base import DECAY
from theory_sim.train.optimisers.linear import LinearOptimiser

__all__ = ["MOMENTUM", "HeavyBall"]

MOMENTUM: Final = Annotated[float, Field(0.9, ge=0, lt=1, description="momentum mu: share of the buffer that a step keeps")]


@OPTIMISERS.register
class HeavyBall(LinearOptimiser):
    """b <- mu b + g, U <- U - gamma b: PyTorch's ``SGD(momentum=mu)``; a change of the rate acts at once."""

    name = "heavy-ball"
    summary = r"$b\leftarrow\mu b+g$, $U\leftarrow U-\gamma b$: momentum"
    fields: ClassVar[Mapping[str, Any]] = {"momentum": MOMENTUM, "decay": DECAY}
    keeps_velocity = True

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._momentum = experiment.own_values["momentum"]

    def move(self, step: int) -> Move:
        return Move(self._momentum, 1.0, 1.0, 0.0)
