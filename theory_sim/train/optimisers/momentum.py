"""Gradient descent whose buffer keeps a share, mu, of what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.train.optimisers.base import DECAY
from theory_sim.train.optimisers.linear import LinearOptimiser

__all__ = ["MomentumOptimiser"]

_MOMENTUM: Final = Annotated[float, Field(0.9, ge=0, lt=1, description="momentum mu: share of the buffer that a step keeps")]


class MomentumOptimiser(LinearOptimiser):
    """b <- mu b + g; a subclass says in `move` how U follows."""

    fields: ClassVar[Mapping[str, Any]] = {"momentum": _MOMENTUM, "decay": DECAY}
    keeps_velocity = True

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self.momentum: float = experiment.own_values["momentum"]
