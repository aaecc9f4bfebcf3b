"""L-S of THEORY §3: eta_1 until the training loss first falls to epsilon_1 + q_hat log 2, then eta_2."""

from __future__ import annotations

import math

from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment
from theory_sim.train.schedules.base import Schedule

__all__ = ["Threshold"]


class Threshold(Schedule):
    """Large rate, then small for good.

    Raises
    ------
    ExperimentError
        If the stop loss would be reached before the threshold, with the data's own share of Q-only.
    """

    def __init__(self, experiment: Experiment, q_hat: float) -> None:
        self.threshold = experiment.epsilon_1 + q_hat * math.log(2)
        if experiment.epsilon_2 is not None and self.threshold <= experiment.epsilon_2:
            raise ExperimentError(
                f"epsilon_1 + q_hat log 2 = {self.threshold:.4g} with q_hat = {q_hat:.4g} drawn, at or below the stop "
                f"loss epsilon_2 = {experiment.epsilon_2:g}",
                "the run must be able to anneal before it stops",
                "raise epsilon_1 or lower epsilon_2",
            )
        self._large, self._small = experiment.eta_1, experiment.eta_2

    def rate(self, tau: float, training_loss: float) -> float:
        if math.isnan(self.annealed_tau) and training_loss <= self.threshold:
            self.annealed_tau = tau
        return self._large if math.isnan(self.annealed_tau) else self._small
