"""Adam (Kingma and Ba 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.theory.linear_rules import Move
from theory_sim.train.optimisers.adaptive import EPSILON, PRECONDITIONER, AdaptiveOptimiser, Squares
from theory_sim.train.optimisers.base import DECAY

__all__ = ["AVERAGES", "Adam"]

AVERAGES: Final = {
    "beta_1": Annotated[float, Field(0.9, ge=0, lt=1, description="share of the mean gradient that a step keeps")],
    "beta_2": Annotated[float, Field(0.999, ge=0, lt=1, description="share of the mean squared gradient that a step keeps")],
    "epsilon": EPSILON, "preconditioner": PRECONDITIONER,
}


@OPTIMISERS.register
class Adam(AdaptiveOptimiser):
    """U <- U - gamma (m / c_1) / (sqrt(s / c_2) + epsilon), c_i = 1 - beta_i^t: PyTorch's ``Adam``.

    m <- beta_1 m + (1 - beta_1) g and s <- beta_2 s + (1 - beta_2) g^2.
    """

    name = "adam"
    summary = r"$U\leftarrow U-\gamma\hat m/(\sqrt{\hat s}+\epsilon)$, means of $g$ and $g^2$ corrected for their start"
    fields: ClassVar[Mapping[str, Any]] = {**AVERAGES, "decay": DECAY}
    keeps_velocity = True

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._beta_1, self._beta_2 = experiment.own_values["beta_1"], experiment.own_values["beta_2"]

    def move(self, step: int) -> Move:
        return Move(self._beta_1, 1.0 - self._beta_1, 1.0 / (1.0 - self._beta_1 ** (step + 1)), 0.0)

    def squares(self, step: int) -> Squares:
        return Squares(self._beta_2, 1.0 - self._beta_2 ** (step + 1))
