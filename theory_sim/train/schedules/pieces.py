"""The user's schedule: [[until_tau, rate], ...]; the last rate goes on."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.train.schedules.base import Schedule

__all__ = ["Pieces"]


class Pieces(Schedule):
    """Piecewise constant rate; a piece ends at the first step that leaves at or after its ``until_tau``."""

    def __init__(self, experiment: Experiment) -> None:
        self._pieces = experiment.pieces or ()
        self._previous = math.nan

    def rate(self, tau: float, training_loss: float) -> float:
        rate = next((rate for until, rate in self._pieces if tau < until * (1 - 1e-12)), self._pieces[-1][1])
        if rate < self._previous and math.isnan(self.annealed_tau):
            self.annealed_tau = tau
        self._previous = rate
        return rate

    def state(self) -> tuple[float, ...]:
        return self.annealed_tau, self._previous

    def restore(self, state: tuple[float, ...]) -> None:
        self.annealed_tau, self._previous = state
