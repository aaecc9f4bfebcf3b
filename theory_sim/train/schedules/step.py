"""Rate cut by a constant factor every ``step_tau`` of learning-rate time."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.train.schedules.base import Schedule

__all__ = ["Step"]


class Step(Schedule):
    """eta_1 * step_factor^floor(tau / step_tau)."""

    def __init__(self, experiment: Experiment) -> None:
        self._first, self._factor = experiment.eta_1, experiment.step_factor
        self._every = experiment.step_tau or math.inf

    def rate(self, tau: float, training_loss: float) -> float:
        cuts = math.floor(tau / self._every * (1 + 1e-12))
        if cuts and self._factor < 1 and math.isnan(self.annealed_tau):
            self.annealed_tau = tau
        return self._first * self._factor**cuts
