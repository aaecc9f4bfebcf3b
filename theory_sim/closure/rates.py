"""Schedules of an Experiment as the closure asks for them: the rate, and for how long it stays."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.train.schedules import make_schedule

__all__ = ["ClosureRates"]


class ClosureRates:
    """The very schedules of the other engines, with q0 for the share of Q-only in a data set."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment, self._schedule = experiment, make_schedule(experiment, experiment.q0)

    @property
    def annealed_tau(self) -> float:
        """Time at which the rate first fell, NaN before."""
        return self._schedule.annealed_tau

    def rate(self, tau: float, training_loss: float) -> float:
        """Rate of the step that leaves ``tau``."""
        return self._schedule.rate(tau, training_loss)

    def largest(self) -> float:
        """Largest rate that can occur."""
        return max(self._experiment.rates().values())

    def until(self, tau: float) -> float:
        """Time up to which steps that leave from ``tau`` on have one rate."""
        return math.inf if self._schedule.steady else self._schedule.until(tau)

    def threshold(self) -> float:
        """Training loss at which the rate will change, -inf if no loss changes it."""
        return self._schedule.threshold()
