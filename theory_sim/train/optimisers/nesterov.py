"""Nesterov's accelerated gradient, as it is used in practice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.theory.linear_rules import Move
from theory_sim.train.optimisers.base import DECAY
from theory_sim.train.optimisers.heavy_ball import MOMENTUM
from theory_sim.train.optimisers.linear import LinearOptimiser

__all__ = ["Nesterov"]


@OPTIMISERS.register
class Nesterov(LinearOptimiser):
    """b <- mu b + g, U <- U - gamma (g + mu b): PyTorch's ``SGD(momentum=mu, nesterov=True)``."""

    name = "nesterov"
    summary = r"$b\leftarrow\mu b+g$, $U\leftarrow U-\gamma(g+\mu b)$: momentum that looks ahead"
    fields: ClassVar[Mapping[str, Any]] = {"momentum": MOMENTUM, "decay": DECAY}
    keeps_velocity = True

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._momentum = experiment.own_values["momentum"]

    def move(self, step: int) -> Move:
        return Move(self._momentum, 1.0, self._momentum, 1.0)
