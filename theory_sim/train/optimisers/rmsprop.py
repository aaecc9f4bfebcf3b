"""RMSProp (Hinton 2012)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.theory.linear_rules import Move
from theory_sim.train.optimisers.adaptive import EPSILON, PRECONDITIONER, AdaptiveOptimiser, Squares
from theory_sim.train.optimisers.base import DECAY

__all__ = ["RMSProp"]


@OPTIMISERS.register
class RMSProp(AdaptiveOptimiser):
    """s <- alpha s + (1 - alpha) g^2, U <- U - gamma g / (sqrt(s) + epsilon): PyTorch's ``RMSprop``, alpha = smoothing."""

    name = "rmsprop"
    summary = r"$s\leftarrow\alpha s+(1-\alpha)g^2$, $U\leftarrow U-\gamma g/(\sqrt s+\epsilon)$"
    fields: ClassVar[Mapping[str, Any]] = {
        "smoothing": Annotated[float, Field(0.99, ge=0, lt=1, description="alpha: share of the mean square that a step keeps")],
        "epsilon": EPSILON, "preconditioner": PRECONDITIONER, "decay": DECAY,
    }

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._smoothing = experiment.own_values["smoothing"]

    def move(self, step: int) -> Move:
        return Move()

    def squares(self, step: int) -> Squares:
        return Squares(self._smoothing)
