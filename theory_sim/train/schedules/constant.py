"""The large learning rate throughout."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.base import Schedule

__all__ = ["Constant"]


@SCHEDULES.register
class Constant(Schedule):
    """The same rate, eta_1, at every step."""

    name = "constant"
    summary = "`eta_1` throughout"
    reads = ("eta_1",)
    piecewise_constant = True
    steady = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        (self._rate,) = self.rates(experiment).values()

    def rate(self, tau: float, training_loss: float) -> float:
        return self._rate
